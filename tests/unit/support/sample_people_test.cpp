// SPDX-License-Identifier: MIT
#include <mien/detect/detector.hpp>

#include <support/sample_people.hpp>
#include <support/shared.hpp>

#include <gtest/gtest.h>

namespace mien::test {
namespace {

SamplePeople load() { return SamplePeople::load((source_dir() / "tests/support/sample_people.model").native()); }

TEST(SamplePeople, TheSameSeedsGiveTheSamePhotoAndOthersAnother) {
    const auto people = load();
    const auto draw = [&people](unsigned person, unsigned photo) {
        return people.draw(people.person(person), SamplePeople::everyday(photo, 200)).image;
    };
    const auto differs = [](const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b, cv::NORM_L1) > 0; };
    EXPECT_FALSE(differs(draw(1000, 1), draw(1000, 1)));
    EXPECT_TRUE(differs(draw(1000, 1), draw(1000, 2)));
    EXPECT_TRUE(differs(draw(1000, 1), draw(1001, 1)));
}

TEST(SamplePeople, DrawnFacesAreFoundWhereTheyWereDrawn) {
    const auto people = load();
    const auto detector = detect::make_detector("hog", models::Finder({}));
    for (unsigned seed = 2000; seed < 2010; ++seed) {
        const auto photo = people.draw(people.person(seed), SamplePeople::everyday(seed, 360));
        const auto found = detector->detect(photo.image);
        ASSERT_EQ(found.size(), 1U) << seed;
        const auto& box = photo.faces.at(0).box;
        EXPECT_NEAR(found[0].box.left + found[0].box.width / 2,
                    static_cast<float>(box.x) + static_cast<float>(box.width) / 2, 40)
            << seed;
    }
}

TEST(SamplePeople, AMissingModelIsAnError) { EXPECT_THROW(SamplePeople::load("absent.model"), std::runtime_error); }

}  // namespace
}  // namespace mien::test
