// SPDX-License-Identifier: MIT
#include <mien/http/config.hpp>
#include <mien/http/dotenv.hpp>

#include <gtest/gtest.h>

namespace mien::http {
namespace {

using Scale = Threshold::Scale;

TEST(Thresholds, OldDefaultsAreTheEncodersOwn) {
    for (const double usual : {0.6, 0.53, 0.637}) {
        EXPECT_DOUBLE_EQ((Threshold{Scale::dlib, 0.6}).distance(usual), usual);
        EXPECT_DOUBLE_EQ((Threshold{Scale::similarity, 0.5}).distance(usual), usual);
    }
}

TEST(Thresholds, EachScaleHasItsOwnDirection) {
    EXPECT_LT((Threshold{Scale::dlib, 0.5}).distance(0.6), 0.6);        // stricter
    EXPECT_GT((Threshold{Scale::similarity, 0.4}).distance(0.6), 0.6);  // "lower = easier"
    EXPECT_DOUBLE_EQ((Threshold{Scale::dlib, 0.3}).distance(0.6), 0.3);
    EXPECT_DOUBLE_EQ((Threshold{Scale::similarity, 1}).distance(0.6), 0);
    EXPECT_DOUBLE_EQ((Threshold{Scale::encoder, 0.42}).distance(0.6), 0.42);
}

TEST(Dotenv, IsRead) {
    const auto variables = parse_dotenv("A=1\n# no\nexport B='x y' # c\nC=\"a\\nb\"\nD = d#e # f\n\nE=\r\n");
    EXPECT_EQ(variables.at("A"), "1");
    EXPECT_EQ(variables.at("B"), "x y");
    EXPECT_EQ(variables.at("C"), "a\nb");
    EXPECT_EQ(variables.at("D"), "d#e");
    EXPECT_EQ(variables.at("E"), "");
    EXPECT_ANY_THROW(parse_dotenv("A"));
    EXPECT_ANY_THROW(parse_dotenv("=1"));
    EXPECT_ANY_THROW(parse_dotenv("A B=1"));
    EXPECT_ANY_THROW(parse_dotenv("A=\"x"));
}

}  // namespace
}  // namespace mien::http
