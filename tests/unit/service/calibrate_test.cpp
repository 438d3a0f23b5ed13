// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/eval/random.hpp>
#include <mien/match/distance.hpp>
#include <mien/service/calibrate.hpp>

#include "number_workspace.hpp"

#include <support/synthetic.hpp>

namespace mien::service {
namespace {

TEST(PairProbes, AreTheNearestPhotosOfEveryOtherPerson) {
    const auto gallery = test::synthetic_gallery({.people = 6, .photos_each = 3, .spread = 0.5});
    const auto probes = pair_probes(*gallery, {}, {0.1}, 2);
    EXPECT_EQ(probes.share, 1);
    EXPECT_EQ(probes.photos, std::vector<std::uint32_t>(6, 3));
    ASSERT_EQ(probes.nearest.size(), 18U * 5);
    std::vector<float> expected;
    double own = 0;
    for (std::size_t row = 0; row < gallery->rows(); ++row) {
        std::vector<float> nearest(6, 9);
        for (std::size_t other = 0; other < gallery->rows(); ++other) {
            if (other != row) {
                auto& of = nearest[gallery->persons()[other]];
                of = std::min(of, match::distance(Metric::cosine, gallery->encoding(row), gallery->encoding(other)));
            }
        }
        for (std::uint32_t person = 0; person < 6; ++person) {
            if (person == gallery->persons()[row]) {
                own += static_cast<double>(nearest[person]);
            } else {
                expected.push_back(nearest[person]);
            }
        }
    }
    std::sort(expected.begin(), expected.end());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(probes.nearest[i].distance, expected[i], 1e-5F);
    }
    ASSERT_EQ(probes.own.size(), 18U);
    for (const auto& comparison : probes.own) {
        own -= static_cast<double>(comparison.distance);
    }
    EXPECT_NEAR(own, 0, 1e-4);
}

TEST(PairProbes, StrangersMeetTheGalleryAndNotEachOther) {
    const auto gallery = test::synthetic_gallery({.people = 4, .photos_each = 20});
    std::vector<Stranger> strangers;
    for (const std::uint32_t person : {4U, 4U, 6U}) {
        strangers.push_back({person, test::unit(std::vector<float>(16, 1))});
    }
    const auto probes = pair_probes(*gallery, strangers, {0.1}, 1);
    EXPECT_EQ(probes.gallery_people, 4U);
    EXPECT_EQ(probes.photos, (std::vector<std::uint32_t>{8, 8, 8, 8, 2, 0, 1})) << "some photos of each are enough";
    EXPECT_EQ(probes.nearest.size(), 32U * 3 + 3 * 4);
    EXPECT_EQ(probes.own.size(), 32U);
}

TEST(PairProbes, OfVeryManyAPartIsLookedAtAndTheThresholdStays) {
    // 1.4 million comparisons, of which a rate of 0.5 would keep nearly all
    const auto gallery = test::synthetic_gallery({.people = 1200, .photos_each = 1, .dim = 8, .spread = 0});
    const eval::PairRequest request{0.5, 1, 1};
    const auto probes = pair_probes(*gallery, {}, request, 2);
    EXPECT_NEAR(probes.share, 1e6 / (8 * 0.5 * 1200 * 1200), 1e-9);
    EXPECT_NEAR(static_cast<double>(probes.nearest.size()), probes.share * 1200 * 1199, 2000);
    // directions that know nothing of each other: half of them are nearer than a right angle
    EXPECT_NEAR(eval::calibrate_pairs(probes, request).threshold, 1, 0.02);
    const auto again = pair_probes(*gallery, {}, request, 1);
    EXPECT_EQ(again.nearest.size(), probes.nearest.size()) << "the same for any number of jobs";
    EXPECT_EQ(again.nearest.back().distance, probes.nearest.back().distance);
}

class CalibrateTest : public testing::Test {
protected:
    NumberWorkspace in;

    void SetUp() override {
        std::vector<gallery::Record> records;
        for (std::size_t person = 0; person < 12; ++person) {
            for (std::size_t photo = 0; photo < 2; ++photo) {
                records.push_back(in.record(test::person_label(person), std::to_string(photo) + ".jpg",
                                            in.face(3 * person, 0.1F * static_cast<float>(photo + person))));
            }
        }
        in.save(records);
    }
    CalibrateResult calibrate(std::optional<double> far, double fpir = 0.3, bool remove = false) const {
        CalibrateOptions options;
        options.store = in.workspace().store();
        options.far = far;
        options.request.fpir = fpir;
        options.request.draws = 100;
        options.remove = remove;
        return service::calibrate(options, in.finder(), {});
    }
};

TEST_F(CalibrateTest, EachKindKeepsTheOther) {
    const auto model = in.identifier().threshold();
    const auto pairs = calibrate(0.1).pairs_after->threshold;
    EXPECT_EQ(in.identifier().threshold(), model) << "1:N is as it was";
    EXPECT_NEAR(in.identifier().pair_threshold(), pairs, 1e-6);

    const auto all = calibrate({}).after->threshold;
    EXPECT_NEAR(in.identifier().threshold(), all, 1e-6);
    EXPECT_NEAR(in.identifier().pair_threshold(), pairs, 1e-6);

    const auto renewed = calibrate(0.2);
    ASSERT_TRUE(renewed.pairs_before);
    EXPECT_EQ(renewed.pairs_before->far, 0.1);
    EXPECT_TRUE(renewed.before);
    EXPECT_NEAR(in.identifier().threshold(), all, 1e-6);

    const auto removed = calibrate({}, 0.3, true);
    EXPECT_TRUE(removed.before && removed.pairs_before);
    EXPECT_EQ(in.identifier().threshold(), model);
    EXPECT_EQ(in.identifier().pair_threshold(), model);
}

TEST_F(CalibrateTest, TooFewPairsChangeNothing) {
    const auto before = in.store()->extras();
    EXPECT_THROW(calibrate(0.001), Error);
    EXPECT_EQ(in.store()->extras(), before);
}

}  // namespace
}  // namespace mien::service
