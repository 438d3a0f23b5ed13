// SPDX-License-Identifier: MIT
#include <unit/image/made_images.hpp>

namespace mien::test {
namespace {

TEST(Encode, TakesExtensionsInAnyCase) {
    const auto bgr = sample(20, 10);
    for (const auto* extension : {".jpg", ".JPG", ".jpeg", ".png", ".Png", ".webp", ".bmp", ".tiff", ".TIF", ".ppm"}) {
        EXPECT_EQ(decode(image::encode(bgr, extension)).width, 20) << extension;
    }
}

TEST(Encode, RefusesOtherExtensions) {
    for (const auto* extension : {"", ".", "jpg", ".gif", ".jpg ", ".exr", ".\xFF"}) {
        try {
            image::encode(sample(4, 4), extension);
            ADD_FAILURE() << extension;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::usage) << extension;
        }
    }
}

TEST(Encode, RefusesOtherPixels) {
    for (const int type : {CV_32FC3, CV_8UC4, CV_16UC1}) {
        EXPECT_THROW(image::encode(cv::Mat(4, 4, type, cv::Scalar::all(0)), ".png"), Error);
    }
    EXPECT_THROW(image::encode({}, ".png"), Error);
    EXPECT_THROW(image::encode(cv::Mat(1, 70000, CV_8UC1, cv::Scalar(0)), ".jpg"), Error);
}

TEST(Encode, QualityCosts) {
    const auto bgr = sample(200, 150);
    EXPECT_LT(image::encode(bgr, ".jpg", 30).size(), image::encode(bgr, ".jpg", 98).size());
    EXPECT_FALSE(image::encode(bgr, ".jpg", -5).empty());
    EXPECT_FALSE(image::encode(bgr, ".jpg", 500).empty());
}

TEST(Encode, TakesPartsOfImages) {
    const auto bgr = sample(40, 30);
    const cv::Mat part = bgr(cv::Rect(5, 6, 11, 12));
    for (const auto* extension : {".png", ".bmp", ".tiff", ".ppm"}) {
        EXPECT_EQ(largest_difference(decode(image::encode(part, extension)).bgr, part), 0) << extension;
    }
    EXPECT_LE(largest_difference(decode(image::encode(part, ".jpg", 98)).bgr, part), 8);
}

}  // namespace
}  // namespace mien::test
