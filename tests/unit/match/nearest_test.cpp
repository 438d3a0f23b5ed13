// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/match/distance.hpp>
#include <mien/match/nearest.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mien::match {
namespace {

Encoding probe_of(const gallery::Gallery& gallery, std::size_t record) {
    const auto view = gallery.record(record);
    return {std::make_shared<const ModelContract>(gallery.contract()), {view.encoding.begin(), view.encoding.end()}};
}

TEST(Distance, AgreesWithTheDefinitionForEveryLength) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    for (std::size_t dim = 1; dim < 70; ++dim) {
        std::vector<float> a(dim);
        std::vector<float> b(dim);
        double squares = 0;
        double dot = 0;
        for (std::size_t i = 0; i < dim; ++i) {
            a[i] = normal(random);
            b[i] = normal(random);
            squares += (static_cast<double>(a[i]) - static_cast<double>(b[i])) *
                       (static_cast<double>(a[i]) - static_cast<double>(b[i]));
            dot += static_cast<double>(a[i]) * static_cast<double>(b[i]);
        }
        EXPECT_NEAR(static_cast<double>(distance(Metric::l2, a, b)), std::sqrt(squares), 1e-4);
        EXPECT_NEAR(static_cast<double>(distance(Metric::cosine, a, b)), 1 - dot, 1e-4);
    }
}

TEST(Nearest, FindsThePersonOfANoisyProbe) {
    const auto gallery = test::synthetic_gallery({50, 4, 32});
    const NearestMatcher matcher(gallery);
    for (std::size_t i = 0; i < gallery->size(); i += 7) {
        auto probe = probe_of(*gallery, i);
        probe.values[0] += 0.05F;
        probe.values = test::unit(probe.values);
        const auto ranks = matcher.rank(std::vector{probe}, 3);
        ASSERT_EQ(ranks[0].size(), 3U);
        EXPECT_EQ(ranks[0][0].label, gallery->record(i).label);
        EXPECT_LE(ranks[0][0].distance, ranks[0][1].distance);
    }
}

TEST(Nearest, EachPersonComesOnceAndMoreThanThereAreIsNoHarm) {
    const auto gallery = test::synthetic_gallery({3, 5});
    const auto ranks = NearestMatcher(gallery).rank(std::vector{probe_of(*gallery, 0)}, 100);
    EXPECT_EQ(ranks[0].size(), 3U);
}

TEST(Nearest, AnEmptyGalleryKnowsNobody) {
    const auto gallery = gallery::Gallery::build({test::synthetic_contract(4), {}, {}}, {}, {});
    const Encoding probe{std::make_shared<const ModelContract>(gallery->contract()), {1, 0, 0, 0}};
    EXPECT_TRUE(NearestMatcher(gallery).rank(std::vector{probe}, 3)[0].empty());
}

TEST(Nearest, ANumberThatIsNoneIsNeverNear) {
    auto records = test::synthetic_records({2, 1, 4});
    records[0].encoding.assign(4, std::numeric_limits<float>::quiet_NaN());
    const auto gallery = gallery::Gallery::build({test::synthetic_contract(4), {}, {}}, records, {});
    const auto ranks = NearestMatcher(gallery).rank(std::vector{probe_of(*gallery, 1)}, 5);
    ASSERT_EQ(ranks[0].size(), 1U);
    EXPECT_EQ(ranks[0][0].label, "person_1");
}

TEST(Nearest, EqualDistancesComeInTheOrderOfLabels) {
    auto records = test::synthetic_records({3, 1, 4});
    for (auto& record : records) {
        record.encoding = {1, 0, 0, 0};
    }
    const auto gallery = gallery::Gallery::build({test::synthetic_contract(4), {}, {}}, records, {});
    const auto ranks = NearestMatcher(gallery).rank(std::vector{probe_of(*gallery, 2)}, 3);
    EXPECT_EQ(ranks[0][0].label, "person_0");
    EXPECT_EQ(ranks[0][2].label, "person_2");
}

TEST(Nearest, AnotherModelsProbeIsRefusedWithBothNames) {
    const auto gallery = test::synthetic_gallery({2, 1});
    auto contract = gallery->contract();
    contract.encoder = "other";
    const Encoding probe{std::make_shared<const ModelContract>(contract), std::vector<float>(16)};
    try {
        static_cast<void>(NearestMatcher(gallery).rank(std::vector{probe}, 1));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::model_mismatch);
        EXPECT_NE(std::string(error.what()).find("other"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("synthetic"), std::string::npos);
    }
}

}  // namespace
}  // namespace mien::match
