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

/// Looks at one face once more, enlarged to k_sharp_face, and takes the points from there: a network that looks for
/// faces places points to within a part of its cells, which is much of a face that is a few cells wide.
void sharpen_points(Detector& detector, const cv::Mat& bgr, Detection& face) {
    constexpr int k_sharp_face = 224;      ///< pixels of the longer side of the box
    constexpr int k_sharp_image = 320;     ///< side of the square around it
    constexpr float k_most_enlarging = 4;  ///< beyond, there is nothing to see
    constexpr float k_same_face = 0.5F;
    const float side = std::max(face.box.width, face.box.height);
    if (!(side >= 1)) {
        return;
    }
    const float factor = std::min(k_most_enlarging, k_sharp_face / side);
    // From the photo to the square, between the outer corners of pixels, so half a pixel is taken along.
    const float left = k_sharp_image / 2.0F - factor * (face.box.left + face.box.width / 2);
    const float top = k_sharp_image / 2.0F - factor * (face.box.top + face.box.height / 2);
    const float half = (factor - 1) / 2;
    const cv::Matx23f to_square(factor, 0, left + half, 0, factor, top + half);
    cv::Mat square;
    cv::warpAffine(bgr, square, to_square, {k_sharp_image, k_sharp_image}, cv::INTER_LINEAR, cv::BORDER_CONSTANT);
    const Rect expected{factor * face.box.left + left, factor * face.box.top + top, factor * face.box.width,
                        factor * face.box.height};
    float most = k_same_face;
    for (auto& found : detector.detect(square)) {
        if (found.landmarks && overlap(found.box, expected) > most) {
            most = overlap(found.box, expected);
            face.landmarks = std::move(found.landmarks);
            for (auto& point : face.landmarks->points) {
                point = {(point.x - left) / factor, (point.y - top) / factor};
            }
        }
    }
}

/// searched_at: how large the photo was when they were found. Faces that were seen large enough stay as they are.
void sharpen_small(Detector& detector, const cv::Mat& bgr, double searched_at, std::vector<Detection>& found) {
    constexpr double k_large_enough = 190;
    for (auto& face : found) {
        const auto side = static_cast<double>(std::max(face.box.width, face.box.height));
        if (face.landmarks && side * searched_at < k_large_enough) {
            sharpen_points(detector, bgr, face);
        }
    }
}

}  // namespace

float overlap(const Rect& a, const Rect& b) {
    const float width = std::min(a.left + a.width, b.left + b.width) - std::max(a.left, b.left);
    const float height = std::min(a.top + a.height, b.top + b.height) - std::max(a.top, b.top);
    if (width <= 0 || height <= 0) {
        return 0;
    }
    const float both = width * height;
    return both / (a.width * a.height + b.width * b.height - both);
}

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
        const double factor = factor_for(detector.glance_size());
        auto found = detect_scaled(detector, bgr, factor);
        if (shows_portrait(found, bgr)) {
            sharpen_small(detector, bgr, factor, found);
            return found;
        }
    }
    const double factor = factor_for(size) * std::pow(2.0, options.upsample);
    auto found = detect_scaled(detector, bgr, factor);
    const bool misses_small_faces = detector.smallest_face() >= k_large_smallest_face;
    if (found.empty() && options.upsample == 0 && misses_small_faces && 2 * long_side <= size) {
        found = detect_scaled(detector, bgr, 2);
    }
    sharpen_small(detector, bgr, factor, found);
    return found;
}

}  // namespace mien::detect
