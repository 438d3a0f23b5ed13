// SPDX-License-Identifier: MIT
#include <mien/http/message.hpp>

#include <gtest/gtest.h>

namespace mien::http {
namespace {

TEST(Fields, AreFoundWithoutRegardToCase) {
    Fields fields;
    fields.add("User_Id", "a");
    fields.add("x-b", "1");
    fields.add("X-B", "2");
    EXPECT_EQ(fields.get("USER_ID"), "a");
    EXPECT_EQ(fields.get("user-id"), std::nullopt);
    EXPECT_EQ(fields.get_loosely("user-id"), "a");
    EXPECT_EQ(fields.get_loosely("user_id"), "a");
    fields.add("user-id", "a");
    EXPECT_EQ(fields.get_loosely("user_id"), "a");
    fields.add("USER-ID", "b");
    EXPECT_THROW(static_cast<void>(fields.get_loosely("user_id")), Refusal);
    EXPECT_EQ(fields.get("X-b"), "1");
    EXPECT_EQ(fields.count("x-B"), 2);
    fields.set("X-B", "3");
    EXPECT_EQ(fields.count("x-b"), 1);
    EXPECT_EQ(fields.get("x-b"), "3");
}

TEST(PercentSigns, AreDecodedOrRefused) {
    EXPECT_EQ(percent_decoded("a%20b%2Fc+d"), "a b/c+d");
    EXPECT_EQ(percent_decoded("a+b", true), "a b");
    for (const auto* text : {"%", "%2", "a%g0", "%0x"}) {
        EXPECT_EQ(percent_decoded(text), std::nullopt) << text;
    }
}

TEST(Targets, AreSplit) {
    Request request;
    request.method = "GET";
    request.target = "/a%2Fb/c?x=1&y=a%20b#there";
    ASSERT_EQ(split_target(request), "");
    EXPECT_EQ(request.path, "/a%2Fb/c");
    EXPECT_EQ(request.query.get("y"), "a b");
    request.target = "http://host:80/a?b=c";
    ASSERT_EQ(split_target(request), "");
    EXPECT_EQ(request.path, "/a");
    request.target = "http://host";
    ASSERT_EQ(split_target(request), "");
    EXPECT_EQ(request.path, "/");
    for (const auto* target : {"", "a", "*", "ftp://a/b", "/a?b=%"}) {
        request.target = target;
        EXPECT_NE(split_target(request), "") << target;
    }
    EXPECT_NE(split_target(request).find("%25"), std::string::npos);
    request.method = "OPTIONS";
    request.target = "*";
    EXPECT_EQ(split_target(request), "");
    EXPECT_EQ(request.path, "*");
}

TEST(Lists, AreSplitAndTrimmed) {
    EXPECT_EQ(split_list(" a, b ,,c,"), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_TRUE(split_list(" , ").empty());
}

}  // namespace
}  // namespace mien::http
