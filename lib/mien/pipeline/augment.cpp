// SPDX-License-Identifier: MIT
#include <mien/pipeline/augment.hpp>

#include <mien/align/chip.hpp>

#include <opencv2/imgproc.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <random>

namespace mien::pipeline {
namespace {

constexpr double k_most_turned = 10 * CV_PI / 180;
constexpr double k_most_gamma = 1.6;
constexpr double k_least_contrast = 0.75;
constexpr double k_most_contrast = 1.25;
/// Of the blur's standard deviation, in widths of the chip.
constexpr double k_most_blur = 1.0 / 80;

/// Numbers that depend on the photo, the face and the copy only, and on no library's distributions.
class Draws {
public:
    Draws(const Sha256& photo_hash, std::size_t face, std::size_t copy) {
        std::array<std::uint64_t, 2> place{face, copy};
        std::array<std::byte, sizeof(Sha256) + sizeof(place)> seed{};
        std::memcpy(seed.data(), photo_hash.bytes.data(), sizeof(Sha256));
        std::memcpy(seed.data() + sizeof(Sha256), place.data(), sizeof(place));
        m_random.seed(xxh3(seed));
    }
    double between(double low, double high) {
        constexpr double k_steps = 9007199254740992.0;  // 2^53
        return low + (high - low) * static_cast<double>(m_random() >> 11U) / k_steps;
    }

private:
    std::mt19937_64 m_random;
};

/// The points turned around their middle, so that the chip is cut out turned, with what is around the face in its
/// corners.
Landmarks turned(Landmarks landmarks, double angle) {
    cv::Point2d middle;
    for (const auto& point : landmarks.points) {
        middle.x += static_cast<double>(point.x) / static_cast<double>(landmarks.points.size());
        middle.y += static_cast<double>(point.y) / static_cast<double>(landmarks.points.size());
    }
    for (auto& point : landmarks.points) {
        const double x = static_cast<double>(point.x) - middle.x;
        const double y = static_cast<double>(point.y) - middle.y;
        point.x = static_cast<float>(middle.x + std::cos(angle) * x - std::sin(angle) * y);
        point.y = static_cast<float>(middle.y + std::sin(angle) * x + std::cos(angle) * y);
    }
    return landmarks;
}

/// Other light: a gamma curve, and contrast around the middle of the range.
cv::Mat lit(const cv::Mat& chip, double gamma, double contrast) {
    constexpr double k_white = 255;
    constexpr double k_middle = 0.5;
    cv::Mat table(1, 256, CV_8U);
    for (int value = 0; value < 256; ++value) {
        const double curved = std::pow(value / k_white, gamma);
        table.at<std::uint8_t>(value) =
            cv::saturate_cast<std::uint8_t>(k_white * (k_middle + contrast * (curved - k_middle)));
    }
    cv::Mat result;
    cv::LUT(chip, table, result);
    return result;
}

}  // namespace

std::vector<cv::Mat> altered_chips(const cv::Mat& bgr, const Landmarks& landmarks, const ChipSpec& spec,
                                   const Sha256& photo_hash, std::size_t face, std::size_t count) {
    std::vector<cv::Mat> chips;
    for (std::size_t copy = 0; copy < count; ++copy) {
        Draws draws(photo_hash, face, copy);
        const double angle = draws.between(-k_most_turned, k_most_turned);
        const double gamma = std::exp(draws.between(-std::log(k_most_gamma), std::log(k_most_gamma)));
        const double contrast = draws.between(k_least_contrast, k_most_contrast);
        const double blur = draws.between(0, k_most_blur) * spec.size;
        auto chip = lit(align::extract_chip(bgr, turned(landmarks, angle), spec), gamma, contrast);
        constexpr double k_no_blur = 0.3;  // it would change no pixel worth mentioning
        if (blur > k_no_blur) {
            cv::GaussianBlur(chip, chip, {}, blur);
        }
        if (copy % 2 == 0) {
            cv::flip(chip, chip, 1);
        }
        chips.push_back(std::move(chip));
    }
    return chips;
}

}  // namespace mien::pipeline
