// SPDX-License-Identifier: MIT
#include <mien/core/json.hpp>
#include <mien/core/types.hpp>

#include <gtest/gtest.h>

namespace mien {
namespace {

TEST(Types, BoxKeepsTheEdgesOfTheRectangle) {
    EXPECT_EQ(to_box({1.4F, 2.6F, 10.2F, 4.0F}), (Box{1, 3, 11, 4}));
    EXPECT_EQ(to_box({-3.5F, 0, 2, 2}), (Box{-4, 0, 2, 2}));
}

TEST(Types, TimesAreIso8601InUtc) {
    EXPECT_EQ(to_iso8601(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(to_iso8601(1769850000), "2026-01-31T09:00:00Z");
}

TEST(Types, EveryVerdictAndOriginHasItsWord) {
    EXPECT_EQ(to_string(Verdict::no_face), "no_face");
    EXPECT_EQ(to_string(Verdict::several_faces), "several_faces");
    EXPECT_EQ(to_string(Origin::enroll), "enroll");
}

TEST(Json, LinesHoldWholeTextAndReplaceBadBytes) {
    EXPECT_EQ(to_line({{"b", 1}, {"a", "é"}}), "{\"b\":1,\"a\":\"é\"}");
    EXPECT_EQ(to_line(Json(std::string("a\xff"))), "\"a\xEF\xBF\xBD\"");
}

TEST(Json, RoundingKeepsTheAskedPlaces) { EXPECT_DOUBLE_EQ(rounded(0.123456, 3), 0.123); }

}  // namespace
}  // namespace mien
