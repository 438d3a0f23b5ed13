// SPDX-License-Identifier: MIT
#include <mien/eval/cluster.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace mien::eval {
namespace {

struct Faces {
    std::vector<float> rows;
    std::vector<std::uint32_t> people;
};

Faces synthetic_faces(std::size_t people, std::size_t each) {
    Faces faces;
    const auto records = test::synthetic_records({people, each, 32, 0.08, 3});
    for (std::size_t i = 0; i < records.size(); ++i) {
        faces.rows.insert(faces.rows.end(), records[i].encoding.begin(), records[i].encoding.end());
        faces.people.push_back(static_cast<std::uint32_t>(i / each));
    }
    return faces;
}

TEST(ChineseWhispers, FindsPeopleWhoAreApart) {
    const auto faces = synthetic_faces(20, 6);
    const auto graph = neighbours(Metric::cosine, 32, faces.rows, 0.4);
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        EXPECT_EQ(chinese_whispers(graph, {}, seed), faces.people) << "groups are numbered by their first faces";
    }
}

TEST(ChineseWhispers, FacesThatMustStayApartDo) {
    // Nine faces at one place: whoever must stay apart never ends in one group, and nobody else is lost.
    const std::vector<float> rows(9 * 2, 0.5F);
    const auto graph = neighbours(Metric::l2, 2, rows, 1);
    EXPECT_EQ(chinese_whispers(graph, {}, 1), std::vector<std::uint32_t>(9, 0));
    const std::vector<Apart> apart{{0, 1}, {0, 2}, {1, 2}};
    for (std::uint64_t seed = 1; seed < 30; ++seed) {
        const auto groups = chinese_whispers(graph, apart, seed);
        EXPECT_EQ(std::set(groups.begin(), groups.begin() + 3).size(), 3U) << seed;
        EXPECT_EQ(groups, chinese_whispers(graph, apart, seed));
    }
}

TEST(ChineseWhispers, NobodyNearIsAGroupOfOne) {
    const std::vector<float> rows{0, 10, 20};
    EXPECT_EQ(chinese_whispers(neighbours(Metric::l2, 1, rows, 1), {}, 1), (std::vector<std::uint32_t>{0, 1, 2}));
    EXPECT_TRUE(chinese_whispers({}, {}, 1).empty());
}

TEST(Neighbours, AreWeightedByNearness) {
    const std::vector<float> rows{0, 1, 3};
    const auto near = neighbours_of(0, Metric::l2, 1, rows, 2);
    ASSERT_EQ(near.size(), 1U);
    EXPECT_EQ(near[0].face, 1U);
    EXPECT_FLOAT_EQ(near[0].weight, 0.5F);
}

TEST(ClusterQuality, AgreesWithCountingByHand) {
    // people a a a b b, groups {a a b} {a b}
    const std::vector<std::uint32_t> people{0, 0, 0, 1, 1};
    const std::vector<std::uint32_t> groups{0, 0, 1, 0, 1};
    const auto q = cluster_quality(groups, people);
    EXPECT_DOUBLE_EQ(q.pair_precision, 1.0 / 4);  // aa | ab ab | ab
    EXPECT_DOUBLE_EQ(q.pair_recall, 1.0 / 4);     // aa of aa aa aa bb
    EXPECT_DOUBLE_EQ(q.bcubed_precision, (2.0 / 3 + 2.0 / 3 + 1.0 / 2 + 1.0 / 3 + 1.0 / 2) / 5);
    EXPECT_DOUBLE_EQ(q.bcubed_recall, (2.0 / 3 + 2.0 / 3 + 1.0 / 3 + 1.0 / 2 + 1.0 / 2) / 5);
    const auto perfect = cluster_quality(people, people);
    EXPECT_DOUBLE_EQ(perfect.pair_f1, 1);
    EXPECT_DOUBLE_EQ(perfect.bcubed_f, 1);
}

}  // namespace
}  // namespace mien::eval
