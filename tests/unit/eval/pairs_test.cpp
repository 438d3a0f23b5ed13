// SPDX-License-Identifier: MIT
#include <mien/eval/pairs.hpp>

#include <mien/core/error.hpp>

#include <gtest/gtest.h>

namespace mien::eval {
namespace {

constexpr const char* k_two_folds =
    "2\t1\n"
    "Ada\t1\t2\n"
    "Ada\t1\tBo Li\t3\n"
    "Cy\t1\tportrait.png\r\n"
    "Cy\t1\tAda\t2\n";

TEST(ReadPairs, LfwsFormat) {
    const auto pairs = read_pairs(k_two_folds, "pairs.txt");
    ASSERT_EQ(pairs.size(), 4U);
    EXPECT_EQ(pairs[0].first.photo, "Ada/Ada_0001.jpg");
    EXPECT_EQ(pairs[0].second.photo, "Ada/Ada_0002.jpg");
    EXPECT_TRUE(pairs[0].same);
    EXPECT_EQ(pairs[1].second.photo, "Bo Li/Bo Li_0003.jpg");
    EXPECT_FALSE(pairs[1].same);
    EXPECT_EQ(pairs[1].fold, 0U);
    EXPECT_EQ(pairs[2].second.photo, "Cy/portrait.png");
    EXPECT_EQ(pairs[2].fold, 1U);
    EXPECT_EQ(read_pairs("1\nAda 1 2\nAda 1 Cy 1\n", "f").size(), 2U);
}

TEST(ReadPairs, RefusesWhatMakesNoSense) {
    const auto refused = [](const std::string& text) {
        try {
            read_pairs(text, "pairs.txt");
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_NE(refused("").find("pairs.txt, line 1"), std::string::npos);
    EXPECT_NE(refused("2\t1\nAda\t1\n").find("line 2: neither 3 nor 4 fields"), std::string::npos);
    EXPECT_NE(refused("1\t2\nAda\t1\t2\n").find("1 pairs where the first line says 4"), std::string::npos);
    EXPECT_NE(refused("1\t1\nA\t1\t2\nA\t1\tB\t2\nA\t1\t2\n").find("more pairs"), std::string::npos);
    EXPECT_NE(refused("4000000000\t4000000000\n"), "");
    EXPECT_NE(refused("x\t1\n"), "");
}

std::vector<Pair> folds_of(std::size_t folds, std::size_t each) {
    std::vector<Pair> pairs;
    for (std::uint32_t fold = 0; fold < folds; ++fold) {
        for (std::size_t i = 0; i < 2 * each; ++i) {
            pairs.push_back({{}, {}, i < each, fold});
        }
    }
    return pairs;
}

TEST(JudgePairs, AFoldIsJudgedAtTheThresholdOfTheOthers) {
    // Fold 0: friends at 0.2, strangers at 0.4. Fold 1: friends at 0.6, strangers at 0.8. Each fold's own best
    // threshold would make no error; the other's makes fold 0 accept its strangers and fold 1 refuse its friends.
    const auto pairs = folds_of(2, 2);
    std::vector<Comparison> comparisons;
    for (const auto& pair : pairs) {
        const float base = pair.fold == 0 ? 0.2F : 0.6F;
        comparisons.push_back({pair.same ? base : base + 0.2F, pair.same, 0, pair.same ? 0U : 1U});
    }
    const auto result = judge_pairs(pairs, comparisons, {}, 0, 1);
    EXPECT_DOUBLE_EQ(result.accuracy, 0.5);
    EXPECT_DOUBLE_EQ(result.folds[0], 0.5);
    EXPECT_NEAR(result.thresholds[0], 0.7, 1e-6);
    EXPECT_NEAR(result.thresholds[1], 0.3, 1e-6);
    EXPECT_DOUBLE_EQ(result.sd, 0);
}

TEST(JudgePairs, AFaceThatWasNotFoundIsAnErrorWhateverThePair) {
    const auto pairs = folds_of(2, 2);
    std::vector<Comparison> comparisons;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        comparisons.push_back({pairs[i].same ? 0.2F : 0.8F, pairs[i].same, 0, pairs[i].same ? 0U : 1U});
    }
    comparisons[0].distance = k_never;  // friends
    comparisons[2].distance = k_never;  // strangers, who would be right if "not found" meant "not the same"
    const auto result = judge_pairs(pairs, comparisons, {}, 0, 1);
    EXPECT_EQ(result.not_found, 2U);
    EXPECT_DOUBLE_EQ(result.folds[0], 0.5);
    EXPECT_DOUBLE_EQ(result.folds[1], 1);
    const auto right = right_pairs(pairs, comparisons, result.thresholds);
    EXPECT_EQ(right, (std::vector<bool>{false, true, false, true, true, true, true, true}));
}

TEST(JudgePairs, TheIntervalHoldsTheAccuracyAndIsTheSameForASeed) {
    const auto pairs = folds_of(10, 30);
    std::vector<Comparison> comparisons;
    Random random(3);
    for (std::uint32_t i = 0; i < pairs.size(); ++i) {
        const float noise = static_cast<float>(random.below(1000)) / 1000.0F;
        const bool same = pairs[i].same;
        comparisons.push_back({(same ? 0.1F : 0.6F) + 0.6F * noise, same, i % 97, same ? i % 97 : (i + 1) % 97});
    }
    const auto result = judge_pairs(pairs, comparisons, {0.1, 0.0001}, 200, 5);
    EXPECT_LT(result.interval.low, result.accuracy);
    EXPECT_GT(result.interval.high, result.accuracy);
    EXPECT_EQ(result.interval, judge_pairs(pairs, comparisons, {0.1}, 200, 5).interval);
    EXPECT_TRUE(result.tar.at(0.1).point);
    EXPECT_FALSE(result.tar.at(0.0001).point) << "300 pairs of strangers cannot show one in 10,000";
}

}  // namespace
}  // namespace mien::eval
