// SPDX-License-Identifier: MIT
#include <mien/encode/onnx_encoder.hpp>

#include <mien/core/error.hpp>
#include <mien/nn/network.hpp>

#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include <cmath>

namespace mien::encode {
namespace {

class OnnxEncoder : public Encoder {
public:
    OnnxEncoder(const models::Card& card, Bytes network, std::string digest)
        : m_card(card),
          m_contract(std::make_shared<const ModelContract>(
              ModelContract{card.name, std::move(digest), card.dim, card.metric})) {
        try {
            m_net = nn::read_onnx(network);
        } catch (const cv::Exception& error) {
            throw Error(ErrorCode::model_missing, "cannot read the network of encoder " + card.name + ": " + error.err);
        }
    }

    [[nodiscard]] const models::Card& card() const override { return m_card; }
    [[nodiscard]] ContractPtr contract() const override { return m_contract; }

    std::vector<Encoding> encode(std::span<const cv::Mat> chips) override {
        std::vector<Encoding> encodings;
        encodings.reserve(chips.size());
        // One face a forward pass: batches gain nothing on the CPU, and a face's bits must not depend on its company.
        for (const auto& chip : chips) {
            encodings.push_back({m_contract, encode_one(chip)});
        }
        return encodings;
    }

private:
    std::vector<float> encode_one(const cv::Mat& chip) {
        cv::Mat output;
        try {
            m_net.setInput(to_blob(chip));
            output = m_net.forward();
        } catch (const cv::Exception& error) {
            throw Error(ErrorCode::runtime, "encoder " + m_card.name + " failed: " + error.err);
        }
        if (output.total() != m_card.dim || output.type() != CV_32F) {
            throw Error(ErrorCode::model_missing, "encoder " + m_card.name + " gives " +
                                                      std::to_string(output.total()) + " numbers where its card says " +
                                                      std::to_string(m_card.dim) + "; correct the card's dim");
        }
        std::vector<float> values(output.ptr<float>(), output.ptr<float>() + output.total());
        if (m_card.metric == Metric::cosine) {
            normalise(values);
        }
        return values;
    }

    /// 1 × 3 × size × size floats, channels in the network's order, (value - mean) / scale.
    [[nodiscard]] cv::Mat to_blob(const cv::Mat& chip) const {
        const auto& p = m_card.preprocessing;
        cv::Mat floats;
        chip.convertTo(floats, CV_32FC3);
        const int sizes[] = {1, 3, chip.rows, chip.cols};
        cv::Mat blob(4, sizes, CV_32F);
        std::array<cv::Mat, 3> planes;
        for (std::size_t c = 0; c < 3; ++c) {
            planes[p.rgb ? 2 - c : c] = cv::Mat(chip.rows, chip.cols, CV_32F, blob.ptr<float>(0, static_cast<int>(c)));
        }
        cv::split(floats, planes.data());
        for (std::size_t c = 0; c < 3; ++c) {
            auto& plane = planes[p.rgb ? 2 - c : c];
            plane.convertTo(plane, CV_32F, 1.0 / static_cast<double>(p.scale[c]),
                            -static_cast<double>(p.mean[c]) / static_cast<double>(p.scale[c]));
        }
        return blob;
    }

    static void normalise(std::vector<float>& values) {
        double sum = 0;
        for (const float value : values) {
            sum += static_cast<double>(value) * static_cast<double>(value);
        }
        const auto factor = static_cast<float>(sum > 0 ? 1 / std::sqrt(sum) : 0);
        for (float& value : values) {
            value *= factor;
        }
    }

    models::Card m_card;
    ContractPtr m_contract;
    cv::dnn::Net m_net;
};

}  // namespace

std::unique_ptr<Encoder> make_onnx_encoder(const models::Card& card, Bytes network, std::string digest) {
    return std::make_unique<OnnxEncoder>(card, network, std::move(digest));
}

}  // namespace mien::encode
