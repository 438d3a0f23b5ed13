// SPDX-License-Identifier: MIT
#include <mien/encode/encoder.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/encode/dlib_encoder.hpp>
#include <mien/encode/onnx_encoder.hpp>

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string_view>

extern "C" const unsigned char mien_starter_encoder[];
extern "C" const unsigned char mien_starter_encoder_end[];

namespace mien::encode {
namespace {

constexpr std::string_view k_onnx_prefix = "onnx:";
constexpr std::uint64_t k_largest_network = 1ULL << 31U;

Bytes starter_network() { return std::as_bytes(std::span(&mien_starter_encoder[0], &mien_starter_encoder_end[0])); }

/// Encodes each chip and its mirror image: the mean of both vectors, of length 1 where the metric is cosine.
class MirrorEncoder : public Encoder {
public:
    explicit MirrorEncoder(std::unique_ptr<Encoder> encoder) : m_encoder(std::move(encoder)) {}

    [[nodiscard]] const models::Card& card() const override { return m_encoder->card(); }
    [[nodiscard]] ContractPtr contract() const override { return m_encoder->contract(); }

    std::vector<Encoding> encode(std::span<const cv::Mat> chips) override {
        std::vector<cv::Mat> mirrored(chips.size());
        for (std::size_t i = 0; i < chips.size(); ++i) {
            cv::flip(chips[i], mirrored[i], 1);
        }
        auto encodings = m_encoder->encode(chips);
        const auto others = m_encoder->encode(mirrored);
        for (std::size_t i = 0; i < encodings.size(); ++i) {
            merge(encodings[i].values, others[i].values);
        }
        return encodings;
    }

private:
    void merge(std::vector<float>& values, const std::vector<float>& others) const {
        double squares = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] += others[i];
            squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
        }
        const double length = card().metric == Metric::cosine ? std::sqrt(squares) : 2;
        const auto factor = static_cast<float>(length > 0 ? 1 / length : 0);
        for (float& value : values) {
            value *= factor;
        }
    }

    std::unique_ptr<Encoder> m_encoder;
};

std::unique_ptr<Encoder> make_from_file(const models::Card& card, const std::filesystem::path& file,
                                        const models::Finder& finder) {
    const auto network = read_file(file, k_largest_network);
    return make_onnx_encoder(card, network, finder.digest(file));
}

}  // namespace

std::string resolve_encoder(const std::string& name, const models::Finder& finder) {
    if (name.starts_with(k_onnx_prefix)) {
        const std::filesystem::path file = name.substr(k_onnx_prefix.size());
        const auto found = std::filesystem::absolute(finder.find_file(file).value_or(file));
        return std::string(k_onnx_prefix) + found.lexically_normal().native();
    }
    if (name != "auto") {
        return models::card(models::Kind::encoder, name).name;
    }
    for (const auto& card : models::catalogue()) {
        if (card.kind == models::Kind::encoder && finder.has(card)) {
            return card.name;
        }
    }
    throw Error(ErrorCode::model_missing, "no encoder is present; get one with 'mien models fetch dlib'");
}

models::Card encoder_card(const std::string& resolved, const models::Finder& finder) {
    if (!resolved.starts_with(k_onnx_prefix)) {
        return models::card(models::Kind::encoder, resolved);
    }
    auto card = models::read_onnx_card(resolved.substr(k_onnx_prefix.size()), finder);
    card.name = std::string(k_onnx_prefix) + card.name;  // so that it can't pass for one of the catalogue
    return card;
}

namespace {

std::unique_ptr<Encoder> make_plain(const std::string& name, const models::Finder& finder) {
    const auto resolved = resolve_encoder(name, finder);
    const auto card = encoder_card(resolved, finder);
    if (resolved.starts_with(k_onnx_prefix)) {
        return make_from_file(card, resolved.substr(k_onnx_prefix.size()), finder);
    }
    if (card.file.empty()) {
        const auto network = starter_network();
        return make_onnx_encoder(card, network, to_hex(sha256(network)));
    }
    const auto file = finder.require(card);
    return card.chip.frame == ChipFrame::dlib ? make_dlib_encoder(card, file, finder.digest(file))
                                              : make_from_file(card, file, finder);
}

}  // namespace

std::unique_ptr<Encoder> make_encoder(const std::string& name, const models::Finder& finder, std::optional<bool> flip) {
    auto encoder = make_plain(name, finder);
    if (flip.value_or(encoder->card().mirror)) {
        return std::make_unique<MirrorEncoder>(std::move(encoder));
    }
    return encoder;
}

}  // namespace mien::encode
