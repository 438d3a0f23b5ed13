// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/detect/engines.hpp>
#include <mien/nn/network.hpp>

#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace mien::detect {
namespace {

constexpr int k_multiple = 32;  ///< the network halves its input five times
constexpr float k_least_score = 0.6F;
constexpr float k_most_overlap = 0.3F;  ///< intersection over union of two boxes that count as one face
constexpr std::array<int, 3> k_strides{8, 16, 32};

/// YuNet's file of March 2023, whose twelve raw outputs are decoded here: OpenCV 4.6 has a reader for the older file
/// only. Source: model card "yunet" in models/catalogue.cpp.
class Yunet : public Detector {
public:
    Yunet(const std::filesystem::path& file, std::string digest) : m_weights(std::move(digest)) {
        try {
            m_net = nn::read_onnx(file);
        } catch (const cv::Exception& error) {
            throw Error(ErrorCode::model_missing, "cannot read " + printable(file.native()) + ": " + error.err);
        }
        for (const char* kind : {"cls_", "obj_", "bbox_", "kps_"}) {
            for (const int stride : k_strides) {
                m_outputs.push_back(kind + std::to_string(stride));
            }
        }
    }

    [[nodiscard]] std::string name() const override { return "yunet"; }
    [[nodiscard]] std::string weights() const override { return m_weights; }
    [[nodiscard]] int default_size() const override { return 640; }
    [[nodiscard]] int glance_size() const override { return 320; }
    [[nodiscard]] int smallest_face() const override { return 10; }

    std::vector<Detection> detect(const cv::Mat& bgr) override {
        const auto up = [](int side) { return (side + k_multiple - 1) / k_multiple * k_multiple; };
        cv::Mat padded;
        cv::copyMakeBorder(bgr, padded, 0, up(bgr.rows) - bgr.rows, 0, up(bgr.cols) - bgr.cols, cv::BORDER_CONSTANT);
        std::vector<cv::Mat> outputs;
        try {
            m_net.setInput(cv::dnn::blobFromImage(padded));  // BGR, 0..255, as trained
            m_net.forward(outputs, m_outputs);
        } catch (const cv::Exception& error) {
            throw Error(ErrorCode::runtime, "the yunet detector failed: " + error.err);
        }
        std::vector<Detection> found;
        for (std::size_t i = 0; i < k_strides.size(); ++i) {
            collect(outputs[i], outputs[3 + i], outputs[6 + i], outputs[9 + i], k_strides[i], padded.cols, found);
        }
        return best_of_overlapping(std::move(found));
    }

private:
    /// One level: a cell every `stride` pixels. Outputs have one row a cell: class and object score, box (centre's
    /// shift and log size in strides), five points (shift in strides).
    static void collect(const cv::Mat& cls, const cv::Mat& obj, const cv::Mat& bbox, const cv::Mat& kps, int stride,
                        int width, std::vector<Detection>& found) {
        const auto* class_scores = cls.ptr<float>();
        const auto* object_scores = obj.ptr<float>();
        const int columns = width / stride;
        const int cells = static_cast<int>(cls.total());
        const auto step = static_cast<float>(stride);
        for (int cell = 0; cell < cells; ++cell) {
            const float score =
                std::sqrt(std::clamp(class_scores[cell], 0.0F, 1.0F) * std::clamp(object_scores[cell], 0.0F, 1.0F));
            if (score < k_least_score) {
                continue;
            }
            const auto column = static_cast<float>(cell % columns);
            const auto row = static_cast<float>(cell / columns);
            const float* box = bbox.ptr<float>() + 4 * cell;
            const float w = std::exp(box[2]) * step;
            const float h = std::exp(box[3]) * step;
            Detection detection;
            detection.box = {(column + box[0]) * step - w / 2, (row + box[1]) * step - h / 2, w, h};
            detection.score = score;
            Landmarks landmarks{LandmarkScheme::arcface5, {}};
            const float* points = kps.ptr<float>() + 10 * cell;
            for (int p = 0; p < 5; ++p) {
                landmarks.points.push_back({(column + points[2 * p]) * step, (row + points[2 * p + 1]) * step});
            }
            detection.landmarks = std::move(landmarks);
            found.push_back(std::move(detection));
        }
    }

    static std::vector<Detection> best_of_overlapping(std::vector<Detection> found) {
        std::stable_sort(found.begin(), found.end(),
                         [](const Detection& a, const Detection& b) { return a.score > b.score; });
        std::vector<Detection> kept;
        for (auto& candidate : found) {
            if (std::none_of(kept.begin(), kept.end(), [&candidate](const Detection& other) {
                    return overlap(candidate.box, other.box) > k_most_overlap;
                })) {
                kept.push_back(std::move(candidate));
            }
        }
        return kept;
    }

    cv::dnn::Net m_net;
    std::string m_weights;
    std::vector<std::string> m_outputs;
};

}  // namespace

std::unique_ptr<Detector> make_yunet(const std::filesystem::path& file, std::string digest) {
    return std::make_unique<Yunet>(file, std::move(digest));
}

}  // namespace mien::detect
