// SPDX-License-Identifier: MIT
#include <mien/quality/measure.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mien::quality {
namespace {

constexpr int k_size = 112;
constexpr double k_degrees = 180 / CV_PI;

/// The part of the chip that is face: an ellipse from the brows to the chin.
constexpr double k_middle_x = 56;
constexpr double k_middle_y = 70;
constexpr double k_radius_x = 36;
constexpr double k_radius_y = 39;
const cv::Rect k_face(20, 31, 73, 79);

/// Regions of the chip whose structure shows that nothing covers them.
const cv::Rect k_left_eye(28, 45, 20, 13);
const cv::Rect k_right_eye(64, 45, 20, 13);
const cv::Rect k_mouth(40, 86, 32, 13);

/// Luminance of ISO/IEC 29794-5's white end.
constexpr int k_white = 247;
/// Contrast below this is noise of the sensor or the codec: sharpness is not measured against less. Grey levels.
constexpr double k_least_contrast = 2;

/// Five points of an average head, x and y as the chip has them and z towards the camera (the tip of the nose stands
/// out by 0.43 of the distance between the eyes). Landmarkers differ about the nose: YuNet's median pitch in LFW is
/// about 7 degrees with this one, our own points on the sample people about as much below zero.
constexpr std::array<std::array<double, 3>, 5> k_head{
    {{38.29, 51.70, 0}, {73.53, 51.50, 0}, {56.03, 72.90, 15}, {41.55, 92.37, 2}, {70.73, 92.20, 2}}};
/// Eyes to mouth, in distances between the eyes, of that head: the size of a face in profile.
constexpr double k_eyes_over_mouth = 0.866;
/// dlib's five points have no mouth; their nose (its base) stands out by this much of the distance between the eyes.
constexpr double k_nose_base = 0.3;

struct Five {
    std::array<cv::Vec2d, 5> at;
    bool has_mouth{true};
};

cv::Vec2d to_vec(const Point& p) { return {static_cast<double>(p.x), static_cast<double>(p.y)}; }

std::optional<Five> five_of(const Landmarks& landmarks) {
    const auto& p = landmarks.points;
    Five five;
    switch (landmarks.scheme) {
        case LandmarkScheme::dlib68: {
            if (p.size() != 68) {
                return std::nullopt;
            }
            cv::Vec2d left;
            cv::Vec2d right;
            for (std::size_t i = 0; i < 6; ++i) {
                left += to_vec(p[36 + i]) / 6;
                right += to_vec(p[42 + i]) / 6;
            }
            five.at = {left, right, to_vec(p[30]), to_vec(p[48]), to_vec(p[54])};
            break;
        }
        case LandmarkScheme::dlib5:
            if (p.size() != 5) {
                return std::nullopt;
            }
            five.at = {(to_vec(p[2]) + to_vec(p[3])) / 2, (to_vec(p[0]) + to_vec(p[1])) / 2, to_vec(p[4]), {}, {}};
            five.has_mouth = false;
            break;
        case LandmarkScheme::arcface5:
            if (p.size() != 5) {
                return std::nullopt;
            }
            std::transform(p.begin(), p.end(), five.at.begin(), to_vec);
            break;
    }
    const bool finite = std::all_of(five.at.begin(), five.at.end(),
                                    [](const auto& at) { return std::isfinite(at[0]) && std::isfinite(at[1]); });
    return finite ? std::optional(five) : std::nullopt;
}

struct Pose {
    double size{};  ///< distance between the eyes as it would be from the front
    double yaw{};
    double pitch{std::numeric_limits<double>::quiet_NaN()};
    double roll{};
};

Pose pose_without_mouth(const Five& five) {
    const auto across = five.at[1] - five.at[0];
    const double size = cv::norm(across);
    const auto nose = five.at[2] - (five.at[0] + five.at[1]) / 2;
    Pose pose;
    pose.size = size;
    pose.yaw = std::atan2(size > 0 ? nose.dot(across) / (size * size) : 0, k_nose_base) * k_degrees;
    pose.roll = std::atan2(across[1], across[0]) * k_degrees;
    return pose;
}

/// The affine camera that takes k_head to the points (least squares), read as a rotation.
Pose pose_of(const Five& five) {
    if (!five.has_mouth) {
        return pose_without_mouth(five);
    }
    using Camera = cv::Matx<double, 2, 3>;
    cv::Vec3d centre;
    cv::Vec2d middle;
    for (std::size_t i = 0; i < 5; ++i) {
        centre += cv::Vec3d(k_head[i].data()) / 5;
        middle += five.at[i] / 5;
    }
    auto spread = cv::Matx33d::zeros();
    auto cross = Camera::zeros();
    for (std::size_t i = 0; i < 5; ++i) {
        const auto model = cv::Vec3d(k_head[i].data()) - centre;
        spread += model * model.t();
        cross += (five.at[i] - middle) * model.t();
    }
    const Camera camera = cross * spread.inv();
    const double roll = std::atan2(camera(1, 0) - camera(0, 1), camera(0, 0) + camera(1, 1));
    const cv::Matx22d upright(std::cos(roll), std::sin(roll), -std::sin(roll), std::cos(roll));
    const Camera turned = upright * camera;
    const auto down = (five.at[3] + five.at[4] - five.at[0] - five.at[1]) / 2;
    Pose pose;
    pose.size = std::max(cv::norm(five.at[1] - five.at[0]), k_eyes_over_mouth * cv::norm(down));
    pose.yaw = std::atan2(turned(0, 2), std::abs(turned(0, 0))) * k_degrees;
    pose.pitch = std::atan2(turned(1, 2), std::abs(turned(1, 1))) * k_degrees;
    pose.roll = roll * k_degrees;
    return pose;
}

bool in_face(int x, int y) {
    const double dx = (x - k_middle_x) / k_radius_x;
    const double dy = (y - k_middle_y) / k_radius_y;
    return dx * dx + dy * dy <= 1;
}

/// 1 2 1 in both directions, 16 times the mean, exact.
cv::Mat1i smoothed(const cv::Mat1b& grey) {
    cv::Mat1i smooth(grey.size(), 0);
    for (int y = 1; y + 1 < grey.rows; ++y) {
        const auto* above = grey[y - 1];
        const auto* here = grey[y];
        const auto* below = grey[y + 1];
        for (int x = 1; x + 1 < grey.cols; ++x) {
            const auto column = [&](int at) { return above[at] + 2 * here[at] + below[at]; };
            smooth(y, x) = column(x - 1) + 2 * column(x) + column(x + 1);
        }
    }
    return smooth;
}

template <class Image>
double laplacian(const Image& image, int x, int y) {
    return static_cast<double>(image(y - 1, x) + image(y + 1, x) + image(y, x - 1) + image(y, x + 1) - 4 * image(y, x));
}

double deviation_in(const cv::Mat1i& smooth, const cv::Rect& region) {
    double sum = 0;
    double squares = 0;
    for (int y = region.y; y < region.y + region.height; ++y) {
        for (int x = region.x; x < region.x + region.width; ++x) {
            const double value = smooth(y, x) / 16.0;
            sum += value;
            squares += value * value;
        }
    }
    const double mean = sum / region.area();
    return std::sqrt(std::max(0.0, squares / region.area() - mean * mean));
}

/// Share of the box that is inside the photo; 0 where the box makes no sense.
double share_inside(const Rect& box, int width, int height) {
    const auto overlap = [](double start, double length, double limit) {
        return std::min(start + length, limit) - std::max(start, 0.0);
    };
    const double w = overlap(static_cast<double>(box.left), static_cast<double>(box.width), width);
    const double h = overlap(static_cast<double>(box.top), static_cast<double>(box.height), height);
    const double share = w * h / (static_cast<double>(box.width) * static_cast<double>(box.height));
    return w > 0 && h > 0 && std::isfinite(share) ? std::min(share, 1.0) : 0;
}

}  // namespace

ChipSpec chip_spec() { return {ChipFrame::arcface, k_size, 0.0F}; }

Measures measure(const View& view) {
    Measures measures;
    measures.fill(std::numeric_limits<float>::quiet_NaN());
    const auto set = [&measures](Component component, double value) {
        measures[static_cast<std::size_t>(component)] = static_cast<float>(value);
    };
    const auto five = five_of(view.landmarks);
    if (!five || view.chip.size() != cv::Size(k_size, k_size) || view.chip.type() != CV_8UC3) {
        return measures;
    }
    const auto pose = pose_of(*five);
    if (!(pose.size > 0) || !std::isfinite(pose.size) || !std::isfinite(pose.yaw)) {
        return measures;
    }
    cv::Mat1b grey;
    cv::cvtColor(view.chip, grey, cv::COLOR_BGR2GRAY);
    const auto smooth = smoothed(grey);

    std::array<int, 256> histogram{};
    int pixels = 0;
    double finest = 0;
    double fine = 0;
    double halves[2]{};
    for (int y = k_face.y; y < k_face.y + k_face.height; ++y) {
        for (int x = k_face.x; x < k_face.x + k_face.width; ++x) {
            if (!in_face(x, y)) {
                continue;
            }
            ++pixels;
            ++histogram[grey(y, x)];
            finest += std::pow(laplacian(grey, x, y), 2);
            fine += std::pow(laplacian(smooth, x, y) / 16, 2);
            halves[x < k_middle_x ? 0 : 1] += grey(y, x);
        }
    }
    double mean = 0;
    double squares = 0;
    double white = 0;
    double entropy = 0;
    for (int value = 0; value < 256; ++value) {
        const double share = static_cast<double>(histogram[static_cast<std::size_t>(value)]) / pixels;
        mean += share * value;
        squares += share * value * value;
        white += value >= k_white ? share : 0;
        entropy -= share > 0 ? share * std::log2(share) : 0;
    }
    const double contrast = std::max(k_least_contrast, std::sqrt(std::max(0.0, squares - mean * mean)));
    const auto log_share = [&](double sum) { return std::log2(std::sqrt(sum / pixels) / contrast + 1e-3); };

    set(Component::inter_eye_distance, pose.size);
    set(Component::sharpness, log_share(fine));
    set(Component::noise, log_share(finest) - log_share(fine));
    set(Component::dynamic_range, entropy);
    set(Component::under_exposure_prevention, mean);
    set(Component::over_exposure_prevention, white);
    set(Component::illumination_uniformity, std::abs(halves[0] - halves[1]) / std::max(1.0, halves[0] + halves[1]));
    set(Component::head_pose_yaw, pose.yaw);
    set(Component::head_pose_pitch, pose.pitch);
    set(Component::head_pose_roll, pose.roll);
    set(Component::eyes_visible,
        std::min(deviation_in(smooth, k_left_eye), deviation_in(smooth, k_right_eye)) / contrast);
    set(Component::mouth_occlusion_prevention, deviation_in(smooth, k_mouth) / contrast);
    set(Component::face_in_photo, share_inside(view.box, view.width, view.height));
    if (view.detector_score) {
        set(Component::detector_score, static_cast<double>(*view.detector_score));
    }
    return measures;
}

}  // namespace mien::quality
