// SPDX-License-Identifier: MIT

/// What every Detector promises.

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/detect/detector.hpp>
#include <mien/image/decode.hpp>

#include <support/shared.hpp>

#include <opencv2/imgproc.hpp>

#include <gtest/gtest.h>

namespace mien::detect {
namespace {

class DetectorContract : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        const models::Finder finder({{test::shared_models()}, false});
        const auto& card = models::card(models::Kind::detector, GetParam());
        if (!card.file.empty() && !finder.find(card)) {
            GTEST_SKIP() << GetParam() << "'s weights are not here";
        }
        m_detector = make_detector(GetParam(), finder);
    }

    static cv::Mat photo(const std::string& name) {
        return image::decode(read_file(test::source_dir() / "tests/data/photos" / name, 1 << 24), {}).bgr;
    }

    std::unique_ptr<Detector> m_detector;
};

TEST_P(DetectorContract, SaysWhatItIs) {
    EXPECT_EQ(m_detector->name(), GetParam());
    EXPECT_EQ(m_detector->weights().size(), 64U);
    EXPECT_GT(m_detector->default_size(), 0);
    EXPECT_GT(m_detector->smallest_face(), 0);
}

TEST_P(DetectorContract, FindsTheOneFaceOfAPortraitWhereItIs) {
    const auto image = photo("exif_1.jpg");
    const auto found = m_detector->detect(image);
    ASSERT_EQ(found.size(), 1U);
    const auto& box = found[0].box;
    EXPECT_GT(box.width, 40);
    EXPECT_GT(box.height, 40);
    EXPECT_GT(box.left + box.width / 2, 0.2F * static_cast<float>(image.cols));
    EXPECT_LT(box.left + box.width / 2, 0.8F * static_cast<float>(image.cols));
    if (found[0].landmarks) {
        const auto& points = found[0].landmarks->points;
        ASSERT_EQ(points.size(), 5U);
        EXPECT_LT(points[0].x, points[1].x);  // the viewer's left eye first
        EXPECT_LT(points[0].y, points[3].y);  // eyes above the mouth
        EXPECT_LT(points[3].x, points[4].x);
    }
}

TEST_P(DetectorContract, FindsSeveralFacesBestFirst) {
    const auto found = m_detector->detect(photo("group.jpg"));
    EXPECT_GE(found.size(), 3U);
    for (std::size_t i = 1; i < found.size(); ++i) {
        EXPECT_GE(found[i - 1].score, found[i].score);
    }
}

TEST_P(DetectorContract, FindsNothingInAnEmptySceneNorInPlainColours) {
    EXPECT_TRUE(m_detector->detect(photo("nobody.jpg")).empty());
    for (const auto& size : {cv::Size(1, 1), cv::Size(3, 200), cv::Size(200, 3), cv::Size(97, 61)}) {
        EXPECT_TRUE(m_detector->detect(cv::Mat(size, CV_8UC3, cv::Scalar(120, 130, 140))).empty()) << size;
    }
}

TEST_P(DetectorContract, TheSameImageGivesTheSameAnswer) {
    const auto image = photo("exif_1.jpg");
    const auto first = m_detector->detect(image);
    static_cast<void>(m_detector->detect(photo("group.jpg")));  // another shape in between
    const auto second = m_detector->detect(image);
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(first[i].box, second[i].box);
        EXPECT_EQ(first[i].score, second[i].score);
    }
}

TEST_P(DetectorContract, SearchBoundsTheSizeAndGivesBoxesOfThePhoto) {
    const auto image = photo("exif_1.jpg");
    cv::Mat large;
    cv::resize(image, large, {}, 4, 4, cv::INTER_LINEAR);
    const auto found = search(*m_detector, large, {std::max(image.cols, image.rows), 0});
    ASSERT_EQ(found.size(), 1U);
    const auto direct = m_detector->detect(image);
    EXPECT_NEAR(static_cast<double>(found[0].box.left), 4.0 * static_cast<double>(direct.at(0).box.left), 40);
    EXPECT_NEAR(static_cast<double>(found[0].box.width), 4.0 * static_cast<double>(direct.at(0).box.width), 60);
    EXPECT_THROW(search(*m_detector, image, {-1, 0}), Error);
    EXPECT_THROW(search(*m_detector, image, {0, 9}), Error);
}

INSTANTIATE_TEST_SUITE_P(Every, DetectorContract, testing::Values("hog", "cnn", "yunet"),
                         [](const auto& tested) { return tested.param; });

TEST(DetectorFactory, UnknownNamesAndMissingWeightsSaySo) {
    const test::TemporaryFolder empty;
    const models::Finder finder({{empty.path()}, false});
    EXPECT_THROW(make_detector("eyes", finder), Error);
    if (!finder.find(models::card(models::Kind::detector, "cnn"))) {
        try {
            make_detector("cnn", finder);
            FAIL();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::model_missing);
            EXPECT_NE(std::string(error.what()).find("mien models fetch cnn"), std::string::npos);
        }
    }
}

}  // namespace
}  // namespace mien::detect
