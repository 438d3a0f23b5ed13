// SPDX-License-Identifier: MIT
#include <mien/quality/quality.hpp>

#include <mien/quality/curves.hpp>
#include <mien/quality/measure.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace mien::quality {
namespace {

/// A part below this is a reason.
constexpr float k_poor = 0.95F;

// Fitted (bench/quality --fit --people 500 --most 5, mobilefacenet, YuNet, LFW) on one half of the people: 1,336 photos
// as they are and worsened; noise's lower knots then moved up by hand, so that codecs' noise is not blamed.
constexpr std::array k_sharpness{Knot{-5.5, 0.21}, Knot{-4.5, 0.38}, Knot{-3.8, 0.61},
                                 Knot{-3.2, 0.71}, Knot{-2.8, 0.96}, Knot{-2.4, 1}};
constexpr std::array k_noise{Knot{1, 1}, Knot{1.4, 0.82}, Knot{1.8, 0.82}, Knot{2.3, 0.67}};
constexpr std::array k_dynamic_range{Knot{2.5, 0.28}, Knot{3.5, 0.6}, Knot{4.5, 0.79}, Knot{5.5, 0.79}, Knot{6.3, 1}};
constexpr std::array k_under_exposure{Knot{0, 0.37}, Knot{10, 0.92}, Knot{20, 1}};
constexpr std::array k_yaw{Knot{30, 1}, Knot{45, 0.94}, Knot{60, 0.62}, Knot{90, 0.2}};
constexpr std::array k_eyes{Knot{0.02, 0.71}, Knot{0.15, 0.79}, Knot{0.3, 0.98}, Knot{0.45, 0.98}, Knot{0.6, 1}};
constexpr std::array k_mouth{Knot{0.02, 0.88}, Knot{0.3, 0.93}, Knot{0.45, 1}};
constexpr std::array k_detector_score{Knot{0.7, 0.42},  Knot{0.8, 0.52}, Knot{0.85, 0.63},
                                      Knot{0.88, 0.91}, Knot{0.9, 0.91}, Knot{0.915, 1}};

// By hand: the fit gives glare's cost to the dynamic range it takes away; this keeps a word for it.
constexpr std::array k_over_exposure{Knot{0.02, 1}, Knot{0.1, 0.98}, Knot{0.5, 0.94}, Knot{0.95, 0.76}};
// By hand. The fit gives the whole cost of smallness to sharpness, which a small face lacks in the enlarged chip; some
// of it is size's even where sharpening or noise hides that.
constexpr std::array k_inter_eye_distance{Knot{6, 0.8}, Knot{12, 0.9}, Knot{24, 1}};
// By hand after the fit (0.74 at 30, 0.56 at 45 degrees), which sees YuNet's points only: flat as far as landmarkers
// differ about what is level.
constexpr std::array k_pitch{Knot{20, 1}, Knot{30, 0.8}, Knot{45, 0.56}};
// By hand: the fit found no cost within LFW, where no face is half in the dark.
constexpr std::array k_uniformity{Knot{0.25, 1}, Knot{0.5, 0.9}};
// By hand. Chips are cut upright, so that roll costs little until the detector loses the face; in LFW all are upright.
constexpr std::array k_roll{Knot{30, 1}, Knot{60, 0.9}, Knot{90, 0.8}};
// By hand: nearly every face of LFW is whole. Half a face gone costs as much as covered eyes and mouth together.
constexpr std::array k_face_in_photo{Knot{0.5, 0.7}, Knot{0.7, 0.85}, Knot{0.9, 1}};

constexpr std::array<Curve, k_components> k_curves{{
    {Component::inter_eye_distance, false, false, k_inter_eye_distance},
    {Component::sharpness, false, true, k_sharpness},
    {Component::noise, false, true, k_noise},
    {Component::dynamic_range, false, true, k_dynamic_range},
    {Component::under_exposure_prevention, false, true, k_under_exposure},
    {Component::over_exposure_prevention, false, false, k_over_exposure},
    {Component::illumination_uniformity, false, false, k_uniformity},
    {Component::head_pose_yaw, true, true, k_yaw},
    {Component::head_pose_pitch, true, false, k_pitch},
    {Component::head_pose_roll, true, false, k_roll},
    {Component::eyes_visible, false, true, k_eyes},
    {Component::mouth_occlusion_prevention, false, true, k_mouth},
    {Component::face_in_photo, false, false, k_face_in_photo},
    {Component::detector_score, false, true, k_detector_score},
}};

double part_of(const Curve& curve, float measure) {
    const double value = std::abs(static_cast<double>(measure)) * (curve.symmetric || measure >= 0 ? 1 : -1);
    const auto above = std::upper_bound(curve.knots.begin(), curve.knots.end(), value,
                                        [](double at, const Knot& knot) { return at < knot.at; });
    if (above == curve.knots.begin()) {
        return above->part;
    }
    const auto below = std::prev(above);
    if (above == curve.knots.end()) {
        return below->part;
    }
    const double share = (value - below->at) / (above->at - below->at);
    return below->part + share * (above->part - below->part);
}

template <class... Values>
std::string text(const char* format, Values... values) {
    std::array<char, 96> buffer{};
    std::snprintf(buffer.data(), buffer.size(), format, values...);
    return buffer.data();
}

/// Faces smaller than this are enlarged so much that they look blurred in the chip: they are small.
constexpr float k_small = 30;

std::string reason(Component component, float measure) {
    const double value = static_cast<double>(measure);
    // Angles from five points are no better than that.
    const int angle = static_cast<int>(std::lround(std::abs(value) / 5)) * 5;
    switch (component) {
        case Component::inter_eye_distance: return text("the face is small (%.0f px between the eyes)", value);
        case Component::sharpness: return "blurred";
        case Component::noise: return "noisy";
        case Component::dynamic_range: return "little contrast";
        case Component::under_exposure_prevention: return "too dark";
        case Component::over_exposure_prevention: return "too bright";
        case Component::illumination_uniformity: return "one side of the face is in shadow";
        case Component::head_pose_yaw: return text("turned to the side (about %d°)", angle);
        case Component::head_pose_pitch:
            return text(value > 0 ? "looking down (about %d°)" : "looking up (about %d°)", angle);
        case Component::head_pose_roll: return text("tilted (about %d°)", angle);
        case Component::eyes_visible: return "the eyes are hardly visible";
        case Component::mouth_occlusion_prevention: return "the mouth is hardly visible";
        case Component::face_in_photo: return text("cut off by the edge of the photo (%.0f %% is inside)", 100 * value);
        case Component::detector_score: return text("the detector is unsure of it (%.2f)", value);
    }
    return {};
}

}  // namespace

std::string_view to_string(Component component) {
    switch (component) {
        case Component::inter_eye_distance: return "inter_eye_distance";
        case Component::sharpness: return "sharpness";
        case Component::noise: return "noise";
        case Component::dynamic_range: return "dynamic_range";
        case Component::under_exposure_prevention: return "under_exposure_prevention";
        case Component::over_exposure_prevention: return "over_exposure_prevention";
        case Component::illumination_uniformity: return "illumination_uniformity";
        case Component::head_pose_yaw: return "head_pose_yaw";
        case Component::head_pose_pitch: return "head_pose_pitch";
        case Component::head_pose_roll: return "head_pose_roll";
        case Component::eyes_visible: return "eyes_visible";
        case Component::mouth_occlusion_prevention: return "mouth_occlusion_prevention";
        case Component::face_in_photo: return "face_in_photo";
        case Component::detector_score: return "detector_score";
    }
    return "";
}

std::span<const Curve> curves() { return k_curves; }

Quality judge(const Measures& measures) {
    Quality quality;
    quality.measures = measures;
    quality.parts.fill(1);
    if (std::isnan(measures[static_cast<std::size_t>(Component::inter_eye_distance)])) {
        return quality;  // nothing was measured
    }
    double score = 1;
    for (const auto& curve : k_curves) {
        const auto i = static_cast<std::size_t>(curve.component);
        if (!std::isnan(measures[i])) {
            const double part = part_of(curve, measures[i]);
            quality.parts[i] = static_cast<float>(part);
            score *= part;
        }
    }
    quality.score = static_cast<float>(score);
    return quality;
}

Quality assess(const View& view) { return judge(measure(view)); }

std::vector<std::string> reasons(const Quality& quality) {
    if (std::isnan(quality.measures[static_cast<std::size_t>(Component::inter_eye_distance)])) {
        return {"its eyes, nose and mouth could not be placed"};
    }
    std::array<std::size_t, k_components> order{};
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return quality.parts[a] < quality.parts[b]; });
    std::vector<std::string> answer;
    for (const auto i : order) {
        auto component = static_cast<Component>(i);
        const float eyes = quality.measures[static_cast<std::size_t>(Component::inter_eye_distance)];
        if (component == Component::sharpness && eyes < k_small) {
            component = Component::inter_eye_distance;
        }
        auto words = reason(component, quality.measures[static_cast<std::size_t>(component)]);
        if (quality.parts[i] < k_poor && std::find(answer.begin(), answer.end(), words) == answer.end()) {
            answer.push_back(std::move(words));
        }
    }
    return answer;
}

}  // namespace mien::quality
