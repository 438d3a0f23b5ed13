// SPDX-License-Identifier: MIT
// A JPEG may come out smaller, but never smaller than asked.
#include <unit/image/made_images.hpp>

namespace mien::test {
namespace {

TEST(Scale, KeepsEnough) {
    for (const auto& [width, height] :
         {std::pair{1000, 600}, std::pair{601, 1203}, std::pair{640, 640}, std::pair{17, 9}}) {
        const auto file = encoded(sample(width, height), ".jpg");
        for (const int enough :
             {0, 1, 80, 125, 126, 150, 151, 250, 251, 320, 500, 501, 602, 640, 999, 1000, 1001, 1'000'000}) {
            const auto photo = decode(file, enough);
            const int long_side = std::max(photo.bgr.cols, photo.bgr.rows);
            const int full = std::max(width, height);
            EXPECT_EQ(photo.width, width);
            EXPECT_EQ(photo.height, height);
            EXPECT_FLOAT_EQ(photo.scale, static_cast<float>(photo.bgr.cols) / static_cast<float>(width));
            if (enough == 0 || enough >= full) {
                EXPECT_EQ(long_side, full) << enough;
            } else {
                EXPECT_GE(long_side, enough);
                // The next smaller step would be too small, or there is none.
                int divisor = 1;
                while ((full + divisor - 1) / divisor != long_side) {
                    divisor *= 2;
                    ASSERT_LE(divisor, 8);
                }
                EXPECT_TRUE(divisor == 8 || (full + 2 * divisor - 1) / (2 * divisor) < enough)
                    << full << " " << enough << " " << long_side;
            }
        }
    }
}

TEST(Scale, IsHalfQuarterAndEighth) {
    const auto file = encoded(sample(800, 400), ".jpg");
    EXPECT_EQ(decode(file, 401).bgr.size(), cv::Size(800, 400));
    EXPECT_EQ(decode(file, 400).bgr.size(), cv::Size(400, 200));
    EXPECT_EQ(decode(file, 200).bgr.size(), cv::Size(200, 100));
    EXPECT_EQ(decode(file, 1).bgr.size(), cv::Size(100, 50));
    EXPECT_FLOAT_EQ(decode(file, 200).scale, 0.25F);
}

TEST(Scale, ShowsTheSamePhoto) {
    const auto bgr = sample(800, 400);
    const auto small = decode(encoded(bgr, ".jpg"), 100).bgr;
    for (int y = 0; y < small.rows; ++y) {
        for (int x = 0; x < small.cols; ++x) {
            for (int channel = 0; channel < 3; ++channel) {
                ASSERT_NEAR(small.at<cv::Vec3b>(y, x)[channel], bgr.at<cv::Vec3b>(y * 8 + 4, x * 8 + 4)[channel], 6);
            }
        }
    }
}

TEST(Scale, WorksOnTurnedPhotos) {
    const auto file = jpeg_with_exif(encoded(sample(801, 403), ".jpg"), exif_block(6, ByteOrder::big));
    const auto photo = decode(file, 201);
    EXPECT_EQ(photo.width, 403);
    EXPECT_EQ(photo.height, 801);
    EXPECT_EQ(photo.bgr.size(), cv::Size(101, 201));
    EXPECT_FLOAT_EQ(photo.scale, 101.0F / 403.0F);
}

TEST(Scale, LeavesOtherFormatsWhole) {
    for (const auto* extension : {".png", ".webp", ".bmp", ".tiff", ".ppm"}) {
        EXPECT_EQ(decode(encoded(sample(80, 40), extension), 10).bgr.cols, 80) << extension;
    }
}

}  // namespace
}  // namespace mien::test
