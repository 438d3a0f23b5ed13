// SPDX-License-Identifier: MIT
#include <mien/align/chip.hpp>
#include <mien/core/error.hpp>

#include <opencv2/imgproc.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace mien::align {
namespace {

const Landmarks k_template{
    LandmarkScheme::arcface5,
    {{38.2946F, 51.6963F}, {73.5318F, 51.5014F}, {56.0252F, 71.7366F}, {41.5493F, 92.3655F}, {70.7299F, 92.2041F}}};

Landmarks moved(Landmarks landmarks, double angle, double scale, double dx, double dy) {
    for (auto& p : landmarks.points) {
        const double x = static_cast<double>(p.x);
        const double y = static_cast<double>(p.y);
        p = {static_cast<float>(scale * (std::cos(angle) * x - std::sin(angle) * y) + dx),
             static_cast<float>(scale * (std::sin(angle) * x + std::cos(angle) * y) + dy)};
    }
    return landmarks;
}

Point apply(const cv::Matx23f& m, const Point& p) {
    return {m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2), m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2)};
}

TEST(Chip, TheTemplateItselfIsLeftAlone) {
    const auto m = chip_transform(k_template, {});
    EXPECT_NEAR(m(0, 0), 1, 1e-5);
    EXPECT_NEAR(m(1, 0), 0, 1e-5);
    EXPECT_NEAR(m(0, 2), 0, 1e-3);
}

TEST(Chip, RotationScaleAndShiftAreUndone) {
    const auto m = chip_transform(moved(k_template, 0.4, 3.0, 200, -50), {});
    const auto back = moved(k_template, 0.4, 3.0, 200, -50);
    for (std::size_t i = 0; i < 5; ++i) {
        const auto at = apply(m, back.points[i]);
        EXPECT_NEAR(at.x, k_template.points[i].x, 1e-2);
        EXPECT_NEAR(at.y, k_template.points[i].y, 1e-2);
    }
}

TEST(Chip, TheDlibFrameHasTheEyesWhereDlibWantsThem) {
    // Whatever the scheme, the eyes' middle comes to the same place of the chip, give or take a few pixels.
    const ChipSpec spec{ChipFrame::dlib, 150, 0.25F};
    const auto m = chip_transform(k_template, spec);
    const Point left = apply(m, k_template.points[0]);
    const Point right = apply(m, k_template.points[1]);
    EXPECT_NEAR(left.y, right.y, 3);
    EXPECT_NEAR((left.x + right.x) / 2, 74, 4);
    EXPECT_NEAR(right.x - left.x, 54, 6);
}

TEST(Chip, CoincidingOrMissingPointsAreAnError) {
    EXPECT_THROW(chip_transform({LandmarkScheme::arcface5, std::vector<Point>(5, Point{3, 3})}, {}), Error);
    EXPECT_THROW(chip_transform({LandmarkScheme::arcface5, {}}, {}), Error);
    EXPECT_THROW(chip_transform({LandmarkScheme::dlib68, std::vector<Point>(5)}, {}), Error);
    EXPECT_THROW(chip_transform({LandmarkScheme::arcface5, std::vector<Point>(5, Point{NAN, 3})}, {}), Error);
}

/// A smooth pattern in template coordinates, drawn at another scale.
cv::Mat pattern(double scale, int side) {
    cv::Mat image(side, side, CV_8UC3);
    for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
            const double u = (x + 0.5) / scale;
            const double v = (y + 0.5) / scale;
            const auto value = static_cast<unsigned char>(127 + 100 * std::sin(u / 9) * std::cos(v / 11));
            image.at<cv::Vec3b>(y, x) = {value, static_cast<unsigned char>(255 - value), 40};
        }
    }
    return image;
}

TEST(Chip, LargeFacesGiveTheSameChipAsSmallOnes) {
    const auto small = extract_chip(pattern(1, 112), moved(k_template, 0, 1, -0.5, -0.5), {});
    for (const double scale : {1.7, 3.0, 8.0}) {
        const int side = static_cast<int>(112 * scale);
        auto points = k_template;
        for (auto& p : points.points) {  // pixel centres: (x + 0.5) * scale - 0.5
            p = {static_cast<float>(static_cast<double>(p.x) * scale - 0.5),
                 static_cast<float>(static_cast<double>(p.y) * scale - 0.5)};
        }
        const auto chip = extract_chip(pattern(scale, side), points, {});
        ASSERT_EQ(chip.size(), small.size());
        cv::Mat difference;
        cv::absdiff(chip(cv::Rect(5, 5, 100, 100)), small(cv::Rect(5, 5, 100, 100)), difference);
        EXPECT_LT(cv::mean(difference)[0], 3.0) << scale;
    }
}

TEST(Chip, AFaceAtTheEdgeIsFilledWithBlack) {
    const cv::Mat white(60, 60, CV_8UC3, cv::Scalar(255, 255, 255));
    const auto chip = extract_chip(white, k_template, {});
    EXPECT_EQ(chip.at<cv::Vec3b>(100, 100), cv::Vec3b(0, 0, 0));
    EXPECT_EQ(chip.at<cv::Vec3b>(20, 20), cv::Vec3b(255, 255, 255));
    const auto far = extract_chip(white, moved(k_template, 0, 9, 5000, 5000), {});
    EXPECT_EQ(far.size(), cv::Size(112, 112));
}

}  // namespace
}  // namespace mien::align
