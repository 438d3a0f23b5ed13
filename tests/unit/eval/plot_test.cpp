// SPDX-License-Identifier: MIT
#include <mien/eval/plot.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace mien::eval {
namespace {

TEST(Plot, DrawsPointsWhereTheAxesSay) {
    Plot plot{"t", {"x", 0, 1, false}, {"y", 0, 1, false}, {{"s", {{0, 0}, {0.5, 0.5}, {1, 1}}, false}}};
    const auto svg = to_svg(plot);
    EXPECT_NE(svg.find("d=\"M70.0 365.0L345.0 202.5L620.0 40.0\""), std::string::npos) << svg;
}

TEST(Plot, LogarithmicAxesAndWhatLiesBelowThem) {
    Plot plot{"t", {"x", 0.001, 1, true}, {"y", 0, 1, false}, {{"s", {{0, 0.5}, {0.001, 0.5}, {1, 0.5}}, false}}};
    const auto svg = to_svg(plot);
    EXPECT_NE(svg.find("d=\"M70.0 202.5L70.0 202.5L620.0 202.5\""), std::string::npos) << svg;
    EXPECT_NE(svg.find(">0.01<"), std::string::npos);
}

TEST(Plot, NamesCannotBreakOutAndNonsenseIsLeftOut) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    Plot plot{"<script>", {"a&b", 0, 1, false}, {"y", 0, 1, false}, {{"\"q'", {{nan, 1}, {0, nan}, {1, 1}}, true}}};
    const auto svg = to_svg(plot);
    EXPECT_EQ(svg.find("<script>"), std::string::npos);
    EXPECT_NE(svg.find("&lt;script&gt;"), std::string::npos);
    EXPECT_NE(svg.find("a&amp;b"), std::string::npos);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace mien::eval
