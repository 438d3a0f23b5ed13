// SPDX-License-Identifier: MIT
#include <mien/http/route.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace mien::http {
namespace {

Route route(const std::string& method, const std::string& path) {
    Route made;
    made.method = method;
    made.path = path;
    made.dialect = "test";
    made.handler = OnIo{[path](const Request&) { return reply_exactly(path); }};
    return made;
}

class Routes : public testing::Test {
protected:
    Routes() {
        table.add(Dialect{"test", "", own_refusal});
        for (const auto* path : {"/", "/status/{user_id}", "/status/all", "/upload/", "/a/{x}/c/{y}", "/a/b/{z}"}) {
            table.add(route("GET", path));
        }
        table.add(route("DELETE", "/status/{user_id}"));
    }

    std::string found(std::string_view method, std::string_view path) const {
        const auto match = table.match(method, path);
        return match.malformed ? "malformed" : match.route == nullptr ? "" : match.route->path;
    }

    RouteTable table;
};

TEST_F(Routes, AreServedWithAndWithoutASlashAtTheEnd) {
    EXPECT_EQ(found("GET", "/"), "/");
    EXPECT_EQ(found("GET", "/upload"), "/upload/");
    EXPECT_EQ(found("GET", "/upload/"), "/upload/");
    EXPECT_EQ(found("GET", "/status/7/"), "/status/{user_id}");
    EXPECT_EQ(found("GET", "/upload//"), "");
    EXPECT_EQ(found("GET", "/status/"), "");
}

TEST_F(Routes, LiteralPartsWinAndPlacesAreTriedAfterThem) {
    EXPECT_EQ(found("GET", "/status/all"), "/status/all");
    EXPECT_EQ(found("GET", "/a/b/c"), "/a/b/{z}");
    EXPECT_EQ(found("GET", "/a/b/c/d"), "/a/{x}/c/{y}");
    EXPECT_EQ(found("DELETE", "/status/all"), "/status/{user_id}");
}

TEST_F(Routes, PlacesAreDecodedPartByPart) {
    const auto match = table.match("GET", "/a/x%2Fy/c/L%C3%A9a");
    ASSERT_NE(match.route, nullptr);
    EXPECT_EQ(match.params.get("x"), "x/y");
    EXPECT_EQ(match.params.get("y"), "Léa");
    for (const auto* path : {"/status/%", "/status/%00", "/status/%ff", "/status/a%0ab"}) {
        EXPECT_EQ(found("GET", path), "malformed") << path;
    }
}

TEST_F(Routes, KnowTheirMethods) {
    EXPECT_EQ(found("HEAD", "/upload"), "/upload/");
    const auto match = table.match("POST", "/status/7");
    EXPECT_EQ(match.route, nullptr);
    EXPECT_EQ(match.allowed, (std::vector<std::string>{"GET", "HEAD", "DELETE"}));
    EXPECT_TRUE(table.match("POST", "/nothing").allowed.empty());
}

TEST_F(Routes, CannotBeDefinedTwice) {
    EXPECT_THROW(table.add(route("GET", "/status/{name}")), std::logic_error);
    EXPECT_THROW(table.add(route("GET", "/upload")), std::logic_error);
    auto stranger = route("GET", "/x");
    stranger.dialect = "unheard";
    EXPECT_THROW(table.add(std::move(stranger)), std::logic_error);
}

TEST(Refusals, CarryTheKeysOfAllDialects) {
    EXPECT_EQ(to_line(own_refusal(Refusal(404, "not_found", "Endpoint not found"))),
              R"({"success":false,"message":"Endpoint not found","detail":"Endpoint not found","code":"not_found"})");
}

}  // namespace
}  // namespace mien::http
