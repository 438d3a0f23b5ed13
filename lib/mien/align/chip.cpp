// SPDX-License-Identifier: MIT
#include <mien/align/chip.hpp>

#include <mien/core/error.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numeric>
#include <span>

namespace mien::align {
namespace {

using Complex = std::complex<double>;  // a point of the plane; a similarity is z ↦ a·z + b

/// The mean face that dlib cuts its chips by, in units of the face's width: points 27 to 54 and 60 to 64 of the 68
/// (nose, eyes, upper lip, mouth). Figures: dlib 19.24, get_face_chip_details.
struct MeanPoint {
    int index;
    Complex at;
};
constexpr std::array k_mean_face68{
    MeanPoint{27, {0.490127, 0.203352}}, MeanPoint{28, {0.490127, 0.307009}}, MeanPoint{29, {0.490127, 0.409805}},
    MeanPoint{30, {0.490127, 0.515625}}, MeanPoint{31, {0.36688, 0.587326}},  MeanPoint{32, {0.426036, 0.609345}},
    MeanPoint{33, {0.490127, 0.628106}}, MeanPoint{34, {0.554217, 0.609345}}, MeanPoint{35, {0.613373, 0.587326}},
    MeanPoint{36, {0.121737, 0.216423}}, MeanPoint{37, {0.187122, 0.178758}}, MeanPoint{38, {0.265825, 0.179852}},
    MeanPoint{39, {0.334606, 0.231733}}, MeanPoint{40, {0.260918, 0.245099}}, MeanPoint{41, {0.182743, 0.244077}},
    MeanPoint{42, {0.645647, 0.231733}}, MeanPoint{43, {0.714428, 0.179852}}, MeanPoint{44, {0.793132, 0.178758}},
    MeanPoint{45, {0.858516, 0.216423}}, MeanPoint{46, {0.79751, 0.244077}},  MeanPoint{47, {0.719335, 0.245099}},
    MeanPoint{48, {0.254149, 0.780233}}, MeanPoint{49, {0.340985, 0.745405}}, MeanPoint{50, {0.428858, 0.727388}},
    MeanPoint{51, {0.490127, 0.742578}}, MeanPoint{52, {0.551395, 0.727388}}, MeanPoint{53, {0.639268, 0.745405}},
    MeanPoint{54, {0.726104, 0.780233}}, MeanPoint{60, {0.290379, 0.784792}}, MeanPoint{61, {0.428096, 0.778746}},
    MeanPoint{62, {0.490127, 0.785343}}, MeanPoint{63, {0.552157, 0.778746}}, MeanPoint{64, {0.689874, 0.784792}},
};
/// The same for dlib's five points. Same source.
constexpr std::array<Complex, 5> k_mean_face5{
    Complex{0.8595674595992, 0.2134981538014}, Complex{0.6460604764104, 0.2289674387677},
    Complex{0.1205750620789, 0.2137274526848}, Complex{0.3340850613712, 0.2290642403242},
    Complex{0.4901123135679, 0.6277975316475}};
/// Where a 112-pixel ArcFace chip has its five points. Figures: insightface's alignment template.
constexpr std::array<Complex, 5> k_arcface112{Complex{38.2946, 51.6963}, Complex{73.5318, 51.5014},
                                              Complex{56.0252, 71.7366}, Complex{41.5493, 92.3655},
                                              Complex{70.7299, 92.2041}};

struct Similarity {
    Complex a;
    Complex b;
};

Complex mean(std::span<const Complex> points) {
    return std::accumulate(points.begin(), points.end(), Complex{}) / static_cast<double>(points.size());
}

/// Least squares over rotation, scale and shift.
Similarity fit(std::span<const Complex> from, std::span<const Complex> to) {
    const Complex from_mean = mean(from);
    const Complex to_mean = mean(to);
    Complex cross{};
    double spread = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
        cross += std::conj(from[i] - from_mean) * (to[i] - to_mean);
        spread += std::norm(from[i] - from_mean);
    }
    if (!(spread > 0) || !std::isfinite(spread)) {
        throw Error(ErrorCode::runtime, "the points of a face coincide; it cannot be aligned");
    }
    const Complex a = cross / spread;
    return {a, to_mean - a * from_mean};
}

/// Eye centres, nose tip and mouth corners of a 68-point list.
std::array<Complex, 5> five_of(const std::array<Complex, 68>& p) {
    const auto centre = [&p](std::size_t first) { return mean(std::span(p).subspan(first, 6)); };
    return {centre(36), centre(42), p[30], p[48], p[54]};
}

std::array<Complex, 5> mean_face_arcface5() {
    std::array<Complex, 68> points{};
    for (const auto& point : k_mean_face68) {
        points[static_cast<std::size_t>(point.index)] = point.at;
    }
    return five_of(points);
}

std::size_t points_in(LandmarkScheme scheme) { return scheme == LandmarkScheme::dlib68 ? 68 : 5; }

/// Pairs of a point in the photo and the place where the chip wants it.
struct Pairs {
    std::vector<Complex> photo;
    std::vector<Complex> chip;
};

/// Against dlib's mean face, before padding.
Pairs pairs_on_mean_face(const Landmarks& landmarks) {
    Pairs pairs;
    for (const auto& point : landmarks.points) {
        pairs.photo.emplace_back(static_cast<double>(point.x), static_cast<double>(point.y));
    }
    switch (landmarks.scheme) {
        case LandmarkScheme::dlib68: {
            const auto all = std::move(pairs.photo);
            pairs.photo.clear();
            for (const auto& point : k_mean_face68) {
                pairs.photo.push_back(all[static_cast<std::size_t>(point.index)]);
                pairs.chip.push_back(point.at);
            }
            break;
        }
        case LandmarkScheme::dlib5: pairs.chip.assign(k_mean_face5.begin(), k_mean_face5.end()); break;
        case LandmarkScheme::arcface5: {
            const auto five = mean_face_arcface5();
            pairs.chip.assign(five.begin(), five.end());
            break;
        }
    }
    return pairs;
}

Pairs pairs_on_arcface(const Landmarks& landmarks) {
    auto pairs = pairs_on_mean_face(landmarks);
    if (landmarks.scheme == LandmarkScheme::dlib5) {
        // The template has no eye corners: take the mean face to it, and dlib's five points along.
        const auto to_template = fit(mean_face_arcface5(), k_arcface112);
        for (auto& at : pairs.chip) {
            at = to_template.a * at + to_template.b;
        }
        return pairs;
    }
    if (landmarks.scheme == LandmarkScheme::dlib68) {
        std::array<Complex, 68> all{};
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = {static_cast<double>(landmarks.points[i].x), static_cast<double>(landmarks.points[i].y)};
        }
        const auto five = five_of(all);
        pairs.photo.assign(five.begin(), five.end());
    }
    pairs.chip.assign(k_arcface112.begin(), k_arcface112.end());
    return pairs;
}

cv::Matx23f to_matrix(const Similarity& s) {
    return {static_cast<float>(s.a.real()), static_cast<float>(-s.a.imag()), static_cast<float>(s.b.real()),
            static_cast<float>(s.a.imag()), static_cast<float>(s.a.real()),  static_cast<float>(s.b.imag())};
}

Similarity fit_chip(const Landmarks& landmarks, const ChipSpec& spec) {
    if (landmarks.points.size() != points_in(landmarks.scheme)) {
        throw Error(ErrorCode::runtime, "a face has the wrong number of points");
    }
    const double size = spec.size;
    auto pairs = spec.frame == ChipFrame::dlib ? pairs_on_mean_face(landmarks) : pairs_on_arcface(landmarks);
    for (auto& at : pairs.chip) {
        if (spec.frame == ChipFrame::dlib) {
            const double padding = static_cast<double>(spec.padding);
            at = (at + Complex{padding, padding}) / (2 * padding + 1) * size;
        } else {
            at *= size / 112.0;
        }
    }
    return fit(pairs.photo, pairs.chip);
}

}  // namespace

cv::Matx23f chip_transform(const Landmarks& landmarks, const ChipSpec& spec) {
    return to_matrix(fit_chip(landmarks, spec));
}

cv::Mat extract_chip(const cv::Mat& bgr, const Landmarks& landmarks, const ChipSpec& spec) {
    const auto similarity = fit_chip(landmarks, spec);
    const double scale = std::abs(similarity.a);
    const cv::Size size(spec.size, spec.size);
    cv::Mat chip;
    // Bilinear sampling reads four pixels a place: where the face is more than twice the chip, average it down first.
    if (scale >= 0.5) {
        cv::warpAffine(bgr, chip, to_matrix(similarity), size, cv::INTER_LINEAR, cv::BORDER_CONSTANT);
        return chip;
    }
    double left = bgr.cols;
    double top = bgr.rows;
    double right = 0;
    double bottom = 0;
    for (const Complex corner : {Complex{0, 0}, Complex{1, 0}, Complex{0, 1}, Complex{1, 1}}) {
        const Complex at = (corner * static_cast<double>(spec.size) - similarity.b) / similarity.a;
        left = std::min(left, at.real());
        right = std::max(right, at.real());
        top = std::min(top, at.imag());
        bottom = std::max(bottom, at.imag());
    }
    const double margin = 2 / scale;
    const auto clamped = [](double value, int limit) {
        return static_cast<int>(std::clamp(value, 0.0, static_cast<double>(limit)));
    };
    const cv::Rect region(cv::Point(clamped(left - margin, bgr.cols), clamped(top - margin, bgr.rows)),
                          cv::Point(clamped(right + margin, bgr.cols), clamped(bottom + margin, bgr.rows)));
    if (region.width < 2 || region.height < 2) {
        return cv::Mat::zeros(size, bgr.type());
    }
    cv::Mat shrunk;
    cv::resize(bgr(region), shrunk, {}, scale, scale, cv::INTER_AREA);
    const double sx = static_cast<double>(shrunk.cols) / region.width;
    const double sy = static_cast<double>(shrunk.rows) / region.height;
    // Pixel centres: (x + 0.5) * s - 0.5 in the shrunk region belongs to x in the region.
    auto matrix = to_matrix(similarity);
    const float a = matrix(0, 0);
    const float b = matrix(1, 0);
    const auto fx = static_cast<float>(1 / sx);
    const auto fy = static_cast<float>(1 / sy);
    const auto ox = static_cast<float>(region.x + 0.5 / sx - 0.5);
    const auto oy = static_cast<float>(region.y + 0.5 / sy - 0.5);
    const cv::Matx23f moved(a * fx, -b * fy, a * ox - b * oy + matrix(0, 2),  //
                            b * fx, a * fy, b * ox + a * oy + matrix(1, 2));
    cv::warpAffine(shrunk, chip, moved, size, cv::INTER_LINEAR, cv::BORDER_CONSTANT);
    return chip;
}

}  // namespace mien::align
