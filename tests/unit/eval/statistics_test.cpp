// SPDX-License-Identifier: MIT
#include <mien/eval/statistics.hpp>

#include <gtest/gtest.h>

#include <numeric>

namespace mien::eval {
namespace {

TEST(Statistics, QuantilesAreInterpolated) {
    EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0.5), 2);
    EXPECT_DOUBLE_EQ(quantile({0, 10}, 0.25), 2.5);
    EXPECT_DOUBLE_EQ(quantile({7}, 0.9), 7);
    EXPECT_EQ(middle_of({0, 1, 2, 3, 4}, 0.5), (Interval{1, 3}));
}

TEST(Statistics, WilsonsIntervalAgreesWithTheLiterature) {
    // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611
    const auto common = wilson(81, 263, 1.959964);
    EXPECT_NEAR(common.low, 0.2553, 5e-5);
    EXPECT_NEAR(common.high, 0.3662, 5e-5);
    const auto none = wilson(0, 20, 1.959964);
    EXPECT_NEAR(none.low, 0, 1e-12);
    EXPECT_NEAR(none.high, 0.1611, 5e-5);
}

TEST(Statistics, RuleOfThree) {
    EXPECT_EQ(rule_of_three(0.01), 300U);
    EXPECT_EQ(rule_of_three(0.001), 3000U);
}

TEST(Statistics, McNemarIsTheExactBinomialTest) {
    EXPECT_DOUBLE_EQ(mcnemar(0, 0), 1);
    EXPECT_DOUBLE_EQ(mcnemar(5, 5), 1);
    EXPECT_NEAR(mcnemar(0, 5), 0.0625, 1e-12);       // 2 / 2^5
    EXPECT_NEAR(mcnemar(1, 9), 0.021484375, 1e-12);  // 2 (1 + 10) / 2^10
    EXPECT_NEAR(mcnemar(9, 1), mcnemar(1, 9), 1e-15);
    EXPECT_LT(mcnemar(0, 5000), 1e-300);  // and no NaN
}

TEST(Statistics, PeopleAreDrawnWithReplacementAndTheSameForASeed) {
    Random first(7);
    Random second(7);
    const auto times = draw_people(1000, first);
    EXPECT_EQ(times, draw_people(1000, second));
    EXPECT_EQ(std::accumulate(times.begin(), times.end(), 0U), 1000U);
    const auto absent = std::count(times.begin(), times.end(), 0U);
    EXPECT_NEAR(static_cast<double>(absent), 368, 60);  // 1000 / e
}

}  // namespace
}  // namespace mien::eval
