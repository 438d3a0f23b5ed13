// SPDX-License-Identifier: MIT
#include <mien/eval/scores.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace mien::eval {
namespace {

Comparison same(float distance, std::uint32_t person = 0) { return {distance, true, person, person}; }
Comparison strangers(float distance, std::uint32_t a = 0, std::uint32_t b = 1) { return {distance, false, a, b}; }

/// Ten strangers at 1.0, 1.1 … 1.9; four friends at 0.2, 0.4, 1.05 and one that was not found.
Scores example() {
    std::vector<Comparison> all{same(0.2F), same(0.4F), same(1.05F), same(k_never)};
    for (int i = 0; i < 10; ++i) {
        all.push_back(strangers(1.0F + 0.1F * static_cast<float>(i)));
    }
    return Scores(std::move(all));
}

TEST(Scores, AtAThreshold) {
    const auto at = example().at(1.1001);
    EXPECT_DOUBLE_EQ(at.false_rate, 0.2);
    EXPECT_DOUBLE_EQ(at.true_rate, 0.75);  // what was not found is never accepted
    EXPECT_DOUBLE_EQ(example().at(1e9).true_rate, 0.75);
}

TEST(Scores, AtARateOfStrangers) {
    const auto tenth = example().at_rate(0.1);
    ASSERT_TRUE(tenth);
    EXPECT_DOUBLE_EQ(tenth->false_rate, 0.1);
    EXPECT_DOUBLE_EQ(tenth->true_rate, 0.75);
    EXPECT_NEAR(tenth->threshold, 1.075, 1e-6);  // between the friend at 1.05 and the second stranger
    EXPECT_DOUBLE_EQ(example().at_rate(0.19)->false_rate, 0.1);
    EXPECT_DOUBLE_EQ(example().at_rate(0.99)->false_rate, 0.9);
}

TEST(Scores, ARateThatTooFewStrangersShowIsNotGiven) {
    EXPECT_FALSE(example().at_rate(0.09));
    EXPECT_FALSE(Scores({strangers(1), strangers(2)}).at_rate(0.5));  // nobody to accept
}

TEST(Scores, EqualDistancesAreAcceptedTogetherOrNotAtAll) {
    const Scores scores({strangers(0.5F), strangers(0.5F), strangers(0.9F), strangers(0.9F), same(0.5F), same(0.3F)});
    const auto point = scores.at_rate(0.25);
    ASSERT_TRUE(point);
    EXPECT_DOUBLE_EQ(point->false_rate, 0);
    EXPECT_DOUBLE_EQ(point->true_rate, 0.5);
    EXPECT_GE(point->threshold, 0.3);
    EXPECT_LT(point->threshold, 0.5);
    EXPECT_DOUBLE_EQ(scores.at(point->threshold).true_rate, point->true_rate);
}

TEST(Scores, TheThresholdOfARateGivesThatRate) {
    for (const double rate : {0.1, 0.2, 0.5, 0.9}) {
        const auto point = example().at_rate(rate);
        ASSERT_TRUE(point);
        const auto again = example().at(point->threshold);
        EXPECT_DOUBLE_EQ(again.false_rate, point->false_rate);
        EXPECT_DOUBLE_EQ(again.true_rate, point->true_rate);
    }
}

TEST(Scores, EqualErrorRate) {
    // Accepting up to 0.5 takes one of four strangers and refuses one of four friends.
    const Scores scores({same(0.1F), same(0.2F), same(0.3F), same(0.9F), strangers(0.25F), strangers(1),
                         strangers(1.1F), strangers(1.2F)});
    EXPECT_NEAR(*scores.equal_error(), 0.25, 1e-12);
    EXPECT_NEAR(*Scores({same(0.1F), strangers(0.9F)}).equal_error(), 0, 1e-12);
    EXPECT_NEAR(*Scores({same(0.9F), strangers(0.1F)}).equal_error(), 1, 1e-12);
}

TEST(Scores, DrawnPeopleWeighPairsOfStrangersByBoth) {
    const Scores scores({strangers(0.5F, 0, 1), strangers(0.8F, 1, 2), same(0.1F, 2)});
    const std::vector<std::uint32_t> drawn{1, 2, 0};
    // pair 0-1 counts 2, pair 1-2 not at all, person 2's not at all
    EXPECT_DOUBLE_EQ(scores.at(0.6, drawn).false_rate, 1);
    EXPECT_DOUBLE_EQ(scores.at(0.6, drawn).true_rate, 0);
    EXPECT_DOUBLE_EQ(weight_of(scores.sorted()[1], drawn), 2);
}

TEST(Scores, TheCurveRisesAndItsThinningKeepsItsEnds) {
    std::vector<Comparison> all;
    for (int i = 0; i < 5000; ++i) {
        all.push_back(strangers(0.5F + static_cast<float>(i) * 1e-4F));
        all.push_back(same(0.3F + static_cast<float>(i) * 1e-4F));
    }
    const Scores scores(std::move(all));
    const auto curve = scores.curve(100);
    ASSERT_LE(curve.size(), 110U);
    ASSERT_GE(curve.size(), 40U);
    for (std::size_t i = 1; i < curve.size(); ++i) {
        EXPECT_GT(curve[i].false_rate, curve[i - 1].false_rate);
        EXPECT_GE(curve[i].true_rate, curve[i - 1].true_rate);
    }
    EXPECT_DOUBLE_EQ(curve.front().false_rate, 0);
    EXPECT_NEAR(curve.front().true_rate, 0.4, 1e-3);
    EXPECT_DOUBLE_EQ(curve.back().false_rate, 1);
}

TEST(Scores, TheLogisticCurveFindsWhatMadeTheData) {
    // Distances whose odds are known: friends ~ exp(-b d), drawn evenly by inverting the logistic distribution.
    std::vector<Comparison> all;
    constexpr double k_middle = 0.7;
    constexpr double k_slope = 20;
    for (int i = 0; i <= 1000; ++i) {
        const double d = 0.4 + 0.6 * i / 1000;
        const double p = 1 / (1 + std::exp(k_slope * (d - k_middle)));
        const int of_thousand = static_cast<int>(std::lround(50 * p));
        for (int k = 0; k < 50; ++k) {
            all.push_back(k < of_thousand ? same(static_cast<float>(d)) : strangers(static_cast<float>(d)));
        }
    }
    const auto fitted = fit_logistic(Scores(std::move(all)));
    ASSERT_TRUE(fitted);
    EXPECT_NEAR(fitted->middle, k_middle, 0.01);
    EXPECT_NEAR(fitted->slope, k_slope, 1.0);
}

}  // namespace
}  // namespace mien::eval
