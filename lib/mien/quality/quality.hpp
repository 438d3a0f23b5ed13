// SPDX-License-Identifier: MIT
#pragma once

/// How good a face is for recognition: what can be measured of it, one score, and the reasons in words.
/// Pure functions of their arguments: any thread, no state, the same answer everywhere. About 0.2 ms a face.

#include <mien/core/types.hpp>

#include <opencv2/core/mat.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mien::quality {

/// What is measured. Names after ISO/IEC 29794-5 where it has one. In brackets the unit of Quality::measures.
enum class Component : std::uint8_t {
    inter_eye_distance,          ///< [pixels of the photo] as it would be if the head were not turned
    sharpness,                   ///< [log2] fine detail of the chip against its contrast; about −2.2 in a sharp photo
    noise,                       ///< [log2] the finest detail against fine detail; about 0.6 in a clean photo
    dynamic_range,               ///< [bits] entropy of the face's luminance, 0..8
    under_exposure_prevention,   ///< [grey levels] mean luminance of the face, 0..255
    over_exposure_prevention,    ///< [share] of the face's pixels at 247 and above
    illumination_uniformity,     ///< [share] by which one half of the face outshines the other
    head_pose_yaw,               ///< [degrees] + the nose points to the viewer's right
    head_pose_pitch,             ///< [degrees] + looking down
    head_pose_roll,              ///< [degrees] + clockwise in the photo
    eyes_visible,                ///< structure of the flatter eye region against the face's contrast
    mouth_occlusion_prevention,  ///< the same of the mouth region
    face_in_photo,               ///< [share] of the face's box inside the photo
    detector_score,              ///< YuNet's
};
inline constexpr std::size_t k_components = 14;

std::string_view to_string(Component component);

/// One number for each component; NaN where it cannot be measured with these landmarks or this detector.
using Measures = std::array<float, k_components>;

/// A face as quality looks at it.
struct View {
    cv::Mat chip;         ///< cut as chip_spec() says, 8-bit BGR
    Landmarks landmarks;  ///< pixels of the upright photo
    Rect box;             ///< the same
    int width{};          ///< of the upright photo
    int height{};
    std::optional<float> detector_score;  ///< YuNet's, 0..1; other detectors' scores have another scale: nothing
};

struct Quality {
    /// 0..1: the share of the similarity to the person's other photos that a face like this is expected to keep,
    /// where a flawless one keeps all. The product of `parts`.
    float score{};
    Measures parts{};  ///< 0..1, the same if only this component were poor; 1 where it is not measured
    Measures measures{};
};

/// What View::chip must be: the same for every encoder, so that scores are comparable between encoders.
ChipSpec chip_spec();

/// Any view is answered: score 0 where the landmarks are missing, not finite, coincide, or the chip is not as asked.
Quality assess(const View& view);

/// The score of known measures. Every part is monotone in its measure (or in its distance from frontal).
Quality judge(const Measures& measures);

/// Why the score is not higher, worst first, for people: "the face is small (21 px between the eyes)", "blurred".
/// Empty where no component costs more than a few percent.
std::vector<std::string> reasons(const Quality& quality);

}  // namespace mien::quality
