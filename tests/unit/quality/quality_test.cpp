// SPDX-License-Identifier: MIT
#include <mien/quality/quality.hpp>

#include <mien/align/chip.hpp>
#include <mien/quality/curves.hpp>

#include <support/sample_people.hpp>
#include <support/shared.hpp>

#include <opencv2/imgproc.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace mien::quality {
namespace {

/// A person who does not exist, evenly lit, from the front.
struct Portrait {
    cv::Mat bgr;
    Landmarks landmarks;
    Rect box;
};

Portrait portrait(std::uint64_t seed = 3) {
    static const auto people =
        test::SamplePeople::load((test::source_dir() / "tests/support/sample_people.model").native());
    test::PhotoOptions options;
    options.seed = seed;
    const auto photo = people.draw(people.person(seed), options);
    const auto& face = photo.faces.at(0);
    Portrait portrait{photo.image, {LandmarkScheme::arcface5, {}}, {}};
    for (const auto& point : face.landmarks) {
        portrait.landmarks.points.push_back({point.x, point.y});
    }
    portrait.box = {static_cast<float>(face.box.x), static_cast<float>(face.box.y), static_cast<float>(face.box.width),
                    static_cast<float>(face.box.height)};
    return portrait;
}

/// The same with pixels of its own.
Portrait copy_of(Portrait p) {
    p.bgr = p.bgr.clone();
    return p;
}

Quality quality_of(const Portrait& p) {
    return assess({align::extract_chip(p.bgr, p.landmarks, chip_spec()), p.landmarks, p.box, p.bgr.cols, p.bgr.rows,
                   std::nullopt});
}

float measured(const Quality& quality, Component component) {
    return quality.measures[static_cast<std::size_t>(component)];
}

Portrait resized(Portrait p, double factor) {
    cv::resize(p.bgr, p.bgr, {}, factor, factor, cv::INTER_AREA);
    const auto f = static_cast<float>(factor);
    for (auto& point : p.landmarks.points) {
        point = {point.x * f, point.y * f};
    }
    p.box = {p.box.left * f, p.box.top * f, p.box.width * f, p.box.height * f};
    return p;
}

bool has_reason(const Quality& quality, const std::string& words) {
    const auto all = reasons(quality);
    return std::any_of(all.begin(), all.end(), [&](const auto& r) { return r.find(words) != std::string::npos; });
}

TEST(Quality, AFrontalPortraitIsGoodAndNeedsNoReasons) {
    for (const std::uint64_t seed : {3U, 4U, 6U, 7U, 8U}) {
        const auto quality = quality_of(portrait(seed));
        EXPECT_GE(quality.score, 0.8F) << seed << " " << ::testing::PrintToString(reasons(quality));
        EXPECT_LE(quality.score, 1.0F) << seed;
        EXPECT_LE(std::abs(measured(quality, Component::head_pose_roll)), 5) << seed;
    }
}

TEST(Quality, BlurLowersSharpnessAndTheScoreStepByStep) {
    const auto sharp = portrait();
    auto last = quality_of(sharp);
    for (const double sigma : {2.0, 4.0, 8.0, 14.0}) {
        auto blurred = copy_of(sharp);
        cv::GaussianBlur(sharp.bgr, blurred.bgr, {}, sigma);
        const auto quality = quality_of(blurred);
        EXPECT_LT(measured(quality, Component::sharpness), measured(last, Component::sharpness)) << sigma;
        EXPECT_LE(quality.score, last.score) << sigma;
        last = quality;
    }
    EXPECT_LT(last.score, 0.7F);
    EXPECT_TRUE(has_reason(last, "blurred"));
}

TEST(Quality, DarkeningLowersLuminanceAndRange) {
    const auto bright = portrait();
    auto last = quality_of(bright);
    for (const double gain : {0.5, 0.2, 0.08, 0.03}) {
        auto dark = copy_of(bright);
        bright.bgr.convertTo(dark.bgr, -1, gain);
        const auto quality = quality_of(dark);
        EXPECT_LT(measured(quality, Component::under_exposure_prevention),
                  measured(last, Component::under_exposure_prevention));
        EXPECT_LT(measured(quality, Component::dynamic_range), measured(last, Component::dynamic_range));
        last = quality;
    }
    EXPECT_LT(last.score, quality_of(bright).score - 0.2F);
    EXPECT_TRUE(has_reason(last, "too dark") || has_reason(last, "little contrast"));
}

TEST(Quality, GlareRaisesTheShareOfWhite) {
    const auto normal = portrait();
    auto glaring = copy_of(normal);
    normal.bgr.convertTo(glaring.bgr, -1, 3, 60);
    const auto quality = quality_of(glaring);
    EXPECT_GT(measured(quality, Component::over_exposure_prevention),
              measured(quality_of(normal), Component::over_exposure_prevention) + 0.3F);
    EXPECT_LT(quality.score, quality_of(normal).score);
}

TEST(Quality, NoiseRaisesNoise) {
    const auto clean = portrait();
    auto noisy = copy_of(clean);
    std::mt19937 random(1);
    for (int y = 0; y < noisy.bgr.rows; ++y) {
        for (int x = 0; x < noisy.bgr.cols * 3; ++x) {
            auto& value = noisy.bgr.ptr(y)[x];
            value = cv::saturate_cast<std::uint8_t>(value + static_cast<int>(random() % 121) - 60);
        }
    }
    // at about the chip's own scale; shrinking averages noise away, as it does for the encoder
    const auto quality = quality_of(noisy);
    EXPECT_GT(measured(quality, Component::noise), measured(quality_of(clean), Component::noise));
}

TEST(Quality, ShrinkingLowersTheDistanceBetweenTheEyesAndTheScore) {
    const auto large = portrait();
    const auto before = quality_of(large);
    auto last = before;
    for (const double factor : {0.5, 0.25, 0.12}) {
        const auto quality = quality_of(resized(large, factor));
        EXPECT_NEAR(measured(quality, Component::inter_eye_distance) / measured(before, Component::inter_eye_distance),
                    factor, 0.01);
        EXPECT_LE(quality.score, last.score + 0.02F) << factor;
        last = quality;
    }
    EXPECT_LT(last.score, 0.8F);
    EXPECT_TRUE(has_reason(last, "px between the eyes"));
}

TEST(Quality, TurningThePointsTurnsRollAndNothingElse) {
    const auto upright = portrait();
    const auto before = quality_of(upright);
    for (const double degrees : {-40.0, -15.0, 20.0, 60.0}) {
        auto turned = upright;
        const double a = degrees * CV_PI / 180;
        for (auto& point : turned.landmarks.points) {
            const double x = static_cast<double>(point.x) - 180;
            const double y = static_cast<double>(point.y) - 180;
            point = {static_cast<float>(180 + std::cos(a) * x - std::sin(a) * y),
                     static_cast<float>(180 + std::sin(a) * x + std::cos(a) * y)};
        }
        const auto quality = quality_of(turned);
        EXPECT_NEAR(measured(quality, Component::head_pose_roll),
                    static_cast<double>(measured(before, Component::head_pose_roll)) + degrees, 0.1);
        EXPECT_NEAR(measured(quality, Component::head_pose_yaw), measured(before, Component::head_pose_yaw), 0.1);
        EXPECT_NEAR(measured(quality, Component::head_pose_pitch), measured(before, Component::head_pose_pitch), 0.1);
    }
}

/// A head of points, turned and seen from far away.
Landmarks seen(double yaw, double pitch) {
    constexpr std::array<std::array<double, 3>, 5> k_head{
        {{-17.6, -21.3, 0}, {17.6, -21.3, 0}, {0, 0, 15}, {-14.6, 19.4, 2}, {14.6, 19.4, 2}}};
    Landmarks landmarks{LandmarkScheme::arcface5, {}};
    const double a = yaw * CV_PI / 180;
    const double b = pitch * CV_PI / 180;
    for (const auto& [x, y, z] : k_head) {
        const double turned_x = std::cos(a) * x + std::sin(a) * z;
        const double turned_z = -std::sin(a) * x + std::cos(a) * z;
        const double turned_y = std::cos(b) * y + std::sin(b) * turned_z;
        landmarks.points.push_back({static_cast<float>(100 + 2 * turned_x), static_cast<float>(100 + 2 * turned_y)});
    }
    return landmarks;
}

TEST(Quality, TurningTheHeadTurnsYawAndPitch) {
    const cv::Mat chip(112, 112, CV_8UC3, cv::Scalar::all(120));
    const auto pose = [&](double yaw, double pitch) {
        return assess({chip, seen(yaw, pitch), {10, 10, 80, 80}, 200, 200, std::nullopt});
    };
    for (const double yaw : {-60.0, -30.0, 0.0, 15.0, 45.0}) {
        EXPECT_NEAR(measured(pose(yaw, 0), Component::head_pose_yaw), yaw, 4) << yaw;
    }
    for (const double pitch : {-25.0, 0.0, 25.0}) {
        EXPECT_NEAR(measured(pose(0, pitch), Component::head_pose_pitch), pitch, 5) << pitch;
    }
    EXPECT_LT(pose(50, 0).score, pose(0, 0).score);
    EXPECT_TRUE(has_reason(pose(60, 0), "turned to the side (about 60°)"));
    // As wide as it is seen from the front.
    EXPECT_NEAR(measured(pose(60, 0), Component::inter_eye_distance),
                measured(pose(0, 0), Component::inter_eye_distance), 8);
}

TEST(Quality, CoveredEyesAndMouthAreSeen) {
    const auto open = portrait();
    const auto cover = [&](std::size_t from, std::size_t to) {
        auto covered = copy_of(open);
        const auto& a = covered.landmarks.points.at(from);
        const auto& b = covered.landmarks.points.at(to);
        const int x = cvRound(a.x) - 30;
        cv::rectangle(covered.bgr, cv::Rect(x, cvRound(a.y) - 18, cvRound(b.x) + 30 - x, 36), cv::Scalar::all(40),
                      cv::FILLED);
        return quality_of(covered);
    };
    const auto before = quality_of(open);
    EXPECT_LT(measured(cover(0, 1), Component::eyes_visible), measured(before, Component::eyes_visible) / 3);
    EXPECT_TRUE(has_reason(cover(0, 1), "the eyes"));
    EXPECT_LT(measured(cover(3, 4), Component::mouth_occlusion_prevention),
              measured(before, Component::mouth_occlusion_prevention) / 3);
}

TEST(Quality, EveryPartIsMonotone) {
    for (const auto& curve : curves()) {
        ASSERT_GE(curve.knots.size(), 2U);
        const bool falling = curve.knots.front().part > curve.knots.back().part;
        float last = falling ? 1.0F : 0.0F;
        for (int step = 0; step <= 400; ++step) {
            const double low = curve.knots.front().at;
            const double high = curve.knots.back().at;
            Measures measures;
            measures.fill(std::numeric_limits<float>::quiet_NaN());
            measures[0] = 100;
            measures[static_cast<std::size_t>(curve.component)] =
                static_cast<float>(low + (high - low) * (step - 50) / 300.0);
            if (curve.symmetric && measures[static_cast<std::size_t>(curve.component)] < 0) {
                continue;
            }
            const float score = judge(measures).score;
            EXPECT_TRUE(falling ? score <= last : score >= last) << to_string(curve.component) << " " << step;
            EXPECT_GE(score, 0.0F);
            EXPECT_LE(score, 1.0F);
            last = score;
        }
        for (std::size_t i = 1; i < curve.knots.size(); ++i) {
            EXPECT_LT(curve.knots[i - 1].at, curve.knots[i].at) << to_string(curve.component);
        }
    }
}

TEST(Quality, ComponentsAreInTheCurvesOrderAndNamed) {
    ASSERT_EQ(curves().size(), k_components);
    for (std::size_t i = 0; i < k_components; ++i) {
        EXPECT_EQ(static_cast<std::size_t>(curves()[i].component), i);
        EXPECT_FALSE(to_string(curves()[i].component).empty());
    }
}

TEST(Quality, HostileViewsAreAnswered) {
    const auto good = portrait();
    const cv::Mat chip = align::extract_chip(good.bgr, good.landmarks, chip_spec());
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinite = std::numeric_limits<float>::infinity();
    const auto score = [&](const Landmarks& landmarks, const Rect& box, const cv::Mat& pixels) {
        const auto quality = assess({pixels, landmarks, box, good.bgr.cols, good.bgr.rows, nan});
        EXPECT_TRUE(quality.score >= 0 && quality.score <= 1);
        (void)reasons(quality);
        return quality.score;
    };
    for (const Rect& box : {Rect{-1e9F, -1e9F, 1, 1}, Rect{nan, nan, nan, nan}, Rect{0, 0, infinite, infinite},
                            Rect{10, 10, 0, 0}, Rect{10, 10, -5, -5}, Rect{1e30F, 0, 1e30F, 1}, Rect{50, 50, 1, 1}}) {
        score(good.landmarks, box, chip);
    }
    EXPECT_TRUE(has_reason(assess({chip, good.landmarks, {-1000, 0, 10, 10}, 360, 360, std::nullopt}), "cut off"));
    for (const Point& point : {Point{nan, 1}, Point{infinite, -infinite}}) {
        auto landmarks = good.landmarks;
        landmarks.points[2] = point;
        EXPECT_EQ(score(landmarks, good.box, chip), 0);
    }
    EXPECT_EQ(score({LandmarkScheme::arcface5, std::vector<Point>(5, Point{3, 3})}, good.box, chip), 0);
    EXPECT_EQ(score({LandmarkScheme::dlib5, std::vector<Point>(5, Point{3, 3})}, good.box, chip), 0);
    EXPECT_EQ(score({LandmarkScheme::dlib68, {}}, good.box, chip), 0);
    score({LandmarkScheme::arcface5, {{1e30F, 0}, {-1e30F, 0}, {0, 1e30F}, {1, 1}, {2, 2}}}, good.box, chip);
    EXPECT_EQ(score(good.landmarks, good.box, cv::Mat()), 0);
    EXPECT_EQ(score(good.landmarks, good.box, cv::Mat(1, 1, CV_8UC3)), 0);
    EXPECT_EQ(score(good.landmarks, good.box, cv::Mat(112, 112, CV_8UC1)), 0);
    score(good.landmarks, good.box, cv::Mat::zeros(112, 112, CV_8UC3));
    score(good.landmarks, good.box, cv::Mat(112, 112, CV_8UC3, cv::Scalar::all(255)));
}

}  // namespace
}  // namespace mien::quality
