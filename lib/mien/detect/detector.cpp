// SPDX-License-Identifier: MIT
#include <mien/detect/detector.hpp>

#include <mien/core/error.hpp>
#include <mien/detect/engines.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace mien::detect {
namespace {

constexpr int k_most_upsampling = 4;

/// dlib's detectors see no face below about 80 pixels, so a small photo deserves a second look, enlarged.
constexpr int k_large_smallest_face = 60;

/// A face at least this wide, of the photo's short side, makes a portrait.
constexpr float k_portrait_share = 0.2F;

/// Searches bgr at `factor` times its size; boxes and points in pixels of bgr.
std::vector<Detection> detect_scaled(Detector& detector, const cv::Mat& bgr, double factor) {
    cv::Mat searched = bgr;
    if (factor != 1.0) {
        const auto side = [factor](int pixels) { return std::max(1, static_cast<int>(std::lround(pixels * factor))); };
        cv::resize(bgr, searched, {side(bgr.cols), side(bgr.rows)}, 0, 0,
                   factor < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    }
    auto found = detector.detect(searched);
    for (auto& detection : found) {
        scale(detection, static_cast<float>(1 / factor));
    }
    return found;
}

/// Whether one face dominates the photo, as in a portrait: a closer look would find its background only.
bool shows_portrait(const std::vector<Detection>& found, const cv::Mat& bgr) {
    const auto enough = k_portrait_share * static_cast<float>(std::min(bgr.cols, bgr.rows));
    return std::any_of(found.begin(), found.end(),
                       [enough](const Detection& face) { return face.box.width >= enough; });
}

}  // namespace

void scale(Detection& detection, float factor) {
    auto& box = detection.box;
    box = {box.left * factor, box.top * factor, box.width * factor, box.height * factor};
    if (detection.landmarks) {
        for (auto& point : detection.landmarks->points) {
            point = {point.x * factor, point.y * factor};
        }
    }
}

std::string resolve_detector(const std::string& name, const models::Finder& finder) {
    if (name != "auto") {
        return models::card(models::Kind::detector, name).name;
    }
    return finder.find(models::card(models::Kind::detector, "yunet")) ? "yunet" : "hog";
}

std::unique_ptr<Detector> make_detector(const std::string& name, const models::Finder& finder) {
    const auto resolved = resolve_detector(name, finder);
    if (resolved == "hog") {
        return make_hog();
    }
    const auto file = finder.require(models::card(models::Kind::detector, resolved));
    return resolved == "cnn" ? make_cnn(file, finder.digest(file)) : make_yunet(file, finder.digest(file));
}

std::vector<Detection> search(Detector& detector, const cv::Mat& bgr, const SearchOptions& options) {
    if (options.size < 0 || options.upsample < 0 || options.upsample > k_most_upsampling) {
        throw Error(ErrorCode::usage, "the detector's size must not be negative, and upsampling be 0 to 4");
    }
    const int long_side = std::max(bgr.cols, bgr.rows);
    const auto factor_for = [long_side](int size) { return std::min(1.0, static_cast<double>(size) / long_side); };
    const int size = options.size > 0 ? options.size : detector.default_size();
    if (options.size == 0 && options.upsample == 0 && detector.glance_size() < std::min(size, long_side)) {
        auto found = detect_scaled(detector, bgr, factor_for(detector.glance_size()));
        if (shows_portrait(found, bgr)) {
            return found;
        }
    }
    auto found = detect_scaled(detector, bgr, factor_for(size) * std::pow(2.0, options.upsample));
    const bool misses_small_faces = detector.smallest_face() >= k_large_smallest_face;
    if (found.empty() && options.upsample == 0 && misses_small_faces && 2 * long_side <= size) {
        found = detect_scaled(detector, bgr, 2);
    }
    return found;
}

}  // namespace mien::detect
