// SPDX-License-Identifier: MIT
#include <unit/image/made_images.hpp>

#include <mien/core/error.hpp>

#include <climits>

namespace mien::test {
namespace {

cv::Mat blank(int width, int height) { return {height, width, CV_8UC3, cv::Scalar::all(128)}; }

/// What differs from the blank photo.
cv::Rect touched(const cv::Mat& drawn) {
    cv::Mat difference;
    cv::absdiff(drawn, blank(drawn.cols, drawn.rows), difference);
    cv::Rect all;
    for (int y = 0; y < drawn.rows; ++y) {
        for (int x = 0; x < drawn.cols; ++x) {
            if (difference.at<cv::Vec3b>(y, x) != cv::Vec3b(0, 0, 0)) {
                all |= cv::Rect(x, y, 1, 1);
            }
        }
    }
    return all;
}

cv::Mat drawn(const cv::Mat& on, const image::Mark& mark) {
    auto copy = on.clone();
    image::draw(copy, std::vector{mark});
    return copy;
}

TEST(Draw, DrawsTheBoxInItsColour) {
    const auto good = drawn(blank(200, 100), {{20, 30, 50, 40}, "", true});
    EXPECT_EQ(touched(good), cv::Rect(20, 30, 50, 40));
    EXPECT_EQ(good.at<cv::Vec3b>(50, 40), cv::Vec3b(128, 128, 128));
    const auto edge = good.at<cv::Vec3b>(30, 40);
    EXPECT_GT(edge[1], edge[2]);  // green
    const auto bad = drawn(blank(200, 100), {{20, 30, 50, 40}, "", false}).at<cv::Vec3b>(30, 40);
    EXPECT_GT(bad[2], bad[0]);  // amber
}

TEST(Draw, KeepsTextInside) {
    const Box corners[]{{0, 0, 40, 40}, {370, 0, 30, 30}, {0, 270, 30, 30}, {370, 270, 30, 30}, {0, 0, 400, 300}};
    for (const auto& box : corners) {
        const auto with = drawn(blank(400, 300), {box, "Ada Lovelace", true});
        const auto without = drawn(blank(400, 300), {box, "", true});
        EXPECT_GT(cv::norm(with, without, cv::NORM_L1), 1000);
        // The plate is whole: as many pixels change as in the middle of the photo, where nothing is cut off.
        cv::Mat plate;
        cv::inRange(with, cv::Scalar(80, 175, 60), cv::Scalar(80, 175, 60), plate);
        EXPECT_GT(cv::countNonZero(plate), 800) << box.left << " " << box.top;
    }
}

TEST(Draw, GrowsWithThePhoto) {
    const auto height_of_text = [](int side) {
        const Box below{0, side, 0, 0};
        return touched(drawn(blank(side, side), {below, "Ada", true})).height;
    };
    EXPECT_GT(height_of_text(4000), 3 * height_of_text(800));
}

TEST(Draw, SurvivesAnyBoxAndText) {
    const Box boxes[]{{INT_MIN, INT_MIN, INT_MAX, INT_MAX},
                      {INT_MAX, INT_MAX, INT_MAX, INT_MAX},
                      {-50, -50, 20, 20},
                      {10, 10, -5, -5},
                      {0, 0, 0, 0},
                      {5, 5, 1, 1}};
    const std::string texts[]{"",        "Ada", std::string(255, 'W'), "\xFF\xFE", "\n\t", "Zoë Müller-Łukasiewicz",
                              "山田太郎"};
    for (const auto& size : {cv::Size(1, 1), cv::Size(3, 200), cv::Size(640, 480)}) {
        for (const auto& box : boxes) {
            for (const auto& text : texts) {
                EXPECT_NO_THROW(drawn(blank(size.width, size.height), {box, text, false}));
            }
        }
    }
    cv::Mat grey(4, 4, CV_8UC1, cv::Scalar(0));
    EXPECT_THROW(image::draw(grey, {}), Error);
}

TEST(Draw, WritesLettersThatTheFontHas) {
    const auto as = [](const std::string& text) { return drawn(blank(600, 200), {{100, 100, 80, 80}, text, true}); };
    const auto same = [&](const std::string& a, const std::string& b) { return largest_difference(as(a), as(b)) == 0; };
    EXPECT_TRUE(same("Zoë Núñez", "Zoe Nunez"));
    EXPECT_TRUE(same("Zoe\xCC\x88", "Zoe"));  // with a combining mark
    EXPECT_TRUE(same("Łódź", "Lodz"));
    EXPECT_TRUE(same("Jürgen Groß", "Jurgen Gross"));
    EXPECT_TRUE(same("Søren Æbel", "Soren AEbel"));
    EXPECT_TRUE(same("O’Neil", "O'Neil"));
    EXPECT_TRUE(same("山田", "??"));
    EXPECT_TRUE(
        same("a\xFF"
             "b",
             "a?b"));
    EXPECT_FALSE(same("Ada", "Eve"));
}

}  // namespace
}  // namespace mien::test
