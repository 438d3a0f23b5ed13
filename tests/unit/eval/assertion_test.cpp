// SPDX-License-Identifier: MIT
#include <mien/eval/assertion.hpp>

#include <mien/core/error.hpp>

#include <gtest/gtest.h>

namespace mien::eval {
namespace {

TEST(Assertion, IsReadAsItIsWritten) {
    const auto fnir = parse_assertion("fnir@fpir=0.01<=0.05");
    EXPECT_EQ(fnir.name, "fnir");
    EXPECT_DOUBLE_EQ(*fnir.rate, 0.01);
    EXPECT_EQ(fnir.comparison, "<=");
    EXPECT_DOUBLE_EQ(fnir.bound, 0.05);
    EXPECT_TRUE(fnir.holds(0.05));
    EXPECT_FALSE(fnir.holds(0.0501));
    const auto tar = parse_assertion(" tar @ far = 0.1% >= 95% ");
    EXPECT_DOUBLE_EQ(*tar.rate, 0.001);
    EXPECT_DOUBLE_EQ(tar.bound, 0.95);
    EXPECT_FALSE(parse_assertion("accuracy>0.99").holds(0.99));
    EXPECT_TRUE(parse_assertion("not_found<1").holds(0));
}

TEST(Assertion, NonsenseIsRefused) {
    for (const char* text : {"", "accuracy", "accuracy=0.9", "speed>1", "fnir<=0.05", "fnir@far=0.01<=0.05",
                             "accuracy@far=0.1>0.9", "tar@far=2>0.9", "tar@far=>0.9", "eer<=", "eer<=x", "eer<=1e999",
                             "eer<=-1", "eer<=nan", "<=1", "fnir@fpir=0.01<=0.05<=0.06"}) {
        EXPECT_THROW(parse_assertion(text), Error) << text;
    }
}

}  // namespace
}  // namespace mien::eval
