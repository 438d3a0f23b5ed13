// SPDX-License-Identifier: MIT
#include <mien/http/openapi.hpp>

#include <gtest/gtest.h>

namespace mien::http {
namespace {

RouteTable table_of(Route route) {
    RouteTable table;
    table.add(Dialect{"mien", "mien's own routes", own_refusal});
    route.dialect = "mien";
    route.handler = OnIo{[](const Request&) { return Response{}; }};
    table.add(std::move(route));
    return table;
}

Json operation(Route route, const OpenApiInfo& info) {
    const auto path = route.path;
    const auto method = to_lower(route.method);
    return openapi(table_of(std::move(route)), info).at("paths").at(path).at(method);
}

Route photo_route() {
    Route route;
    route.method = "POST";
    route.path = "/people/{user_id}/photos/";
    route.summary = "Adds a photo";
    route.fields = {{Field::In::path, "user_id", {{"type", "string"}}, true, "Who"},
                    {Field::In::header, "X-Why", {{"type", "string"}}, false, "Why"},
                    {Field::In::body, "note", {{"type", "string"}}, false, "What for"},
                    image_field("file")};
    route.replies = {{200, "Added", {{"id", 1}, {"names", Json::array({"a"})}}},
                     {200, "Known already", {{"id", nullptr}}},
                     {404, "Nobody", {{"message", "nobody"}}}};
    return route;
}

TEST(OpenApi, APhotoMayComeInThreeWays) {
    const auto post = operation(photo_route(), {"1", false, false});
    EXPECT_EQ(post["operationId"], "post_people_user_id_photos");
    const auto& content = post["requestBody"]["content"];
    EXPECT_TRUE(post["requestBody"]["required"]);
    EXPECT_FALSE(content["multipart/form-data"]["schema"]["properties"]["file"].contains("contentEncoding"));
    EXPECT_EQ(content["application/json"]["schema"]["properties"]["file"]["contentEncoding"], "base64");
    EXPECT_EQ(content["application/json"]["schema"]["required"], Json::array({"file"}));
    EXPECT_TRUE(content.contains("image/*"));
}

TEST(OpenApi, FieldsThatAreNotInTheBodyAreParameters) {
    const auto parameters = operation(photo_route(), {"1", false, false})["parameters"];
    ASSERT_EQ(parameters.size(), 2U);
    EXPECT_EQ(parameters[0]["name"], "user_id");
    EXPECT_EQ(parameters[0]["in"], "path");
    EXPECT_TRUE(parameters[0]["required"]);
    EXPECT_EQ(parameters[1]["in"], "header");
    EXPECT_FALSE(parameters[1]["required"]);
}

TEST(OpenApi, SchemasComeFromExamples) {
    const auto responses = operation(photo_route(), {"1", false, false})["responses"];
    const auto& media = responses["200"]["content"]["application/json"];
    ASSERT_EQ(media["schema"]["anyOf"].size(), 2U);
    const auto& first = media["schema"]["anyOf"][0];
    EXPECT_EQ(first["properties"]["id"]["type"], "integer");
    EXPECT_EQ(first["properties"]["names"]["items"]["type"], "string");
    EXPECT_EQ(first["required"], Json::array({"id", "names"}));
    EXPECT_EQ(media["schema"]["anyOf"][1]["properties"]["id"], Json::object()) << "null says nothing about the type";
    EXPECT_EQ(media["examples"].size(), 2U);
    EXPECT_TRUE(responses.contains("404"));
    EXPECT_EQ(responses["default"]["$ref"], "#/components/responses/Refusal");
}

TEST(OpenApi, AnArrayOfSeveralKindsAllowsEach) {
    auto route = photo_route();
    route.replies = {{200, "A pair", Json::array({"done", 200, "again"})}};
    const auto schema =
        operation(route, {"1", false, false})["responses"]["200"]["content"]["application/json"]["schema"];
    EXPECT_EQ(schema["items"].dump(), R"({"anyOf":[{"type":"string"},{"type":"integer"}]})");
}

TEST(OpenApi, SaysWhereATokenIsAskedFor) {
    auto route = photo_route();
    const OpenApiInfo open{"1", false, false};
    const OpenApiInfo tokens{"1", true, false};
    const OpenApiInfo strict{"1", true, true};
    const Json bearer{{"bearer", Json::array()}};
    EXPECT_EQ(operation(route, open)["security"], Json::array());
    EXPECT_EQ(operation(route, tokens)["security"], Json::array({bearer}));
    route.need = Need::nothing;
    EXPECT_EQ(operation(route, tokens)["security"], Json::array());
    route.need = Need::verify;
    EXPECT_EQ(operation(route, tokens)["security"], Json::array({Json::object(), bearer}));
    EXPECT_EQ(operation(route, strict)["security"], Json::array({bearer}));
    route.fields.push_back({Field::In::header, "Authorization", {{"type", "string"}}, true, "Bearer TOKEN"});
    EXPECT_EQ(operation(route, open)["security"], Json::array({bearer})) << "the route refuses requests without it";
}

TEST(OpenApi, LeavesHiddenRoutesOut) {
    auto route = photo_route();
    route.hidden = true;
    const auto document = openapi(table_of(std::move(route)), {"1", false, false});
    EXPECT_TRUE(document["paths"].empty());
    EXPECT_TRUE(document["tags"].empty());
}

TEST(OpenApi, IsServedWithItsPages) {
    auto table = table_of(photo_route());
    OpenApiInfo now{"4.5.6", false, false};
    add_document_routes(table, [&now] { return now; });
    const auto get = [&table](const char* path) {
        const auto match = table.match("GET", path);
        EXPECT_NE(match.route, nullptr) << path;
        if (match.route == nullptr) {
            return Response{};
        }
        const auto* beside = std::get_if<OnSide>(&match.route->handler);
        return beside != nullptr ? beside->run(Request{}) : std::get<OnIo>(match.route->handler).run(Request{});
    };
    const auto document = Json::parse(get("/openapi.json").body);
    EXPECT_EQ(document["info"]["version"], "4.5.6");
    EXPECT_TRUE(document["paths"].contains("/people/{user_id}/photos/"));
    EXPECT_TRUE(document["paths"].contains("/openapi.json"));
    EXPECT_FALSE(document["paths"].contains("/docs"));
    const auto token_asked = [&get] {
        return !Json::parse(get("/openapi.json").body)["paths"]["/people/{user_id}/photos/"]["post"]["security"]
                    .empty();
    };
    EXPECT_FALSE(token_asked());
    now.needs_token = true;  // a reload
    EXPECT_TRUE(token_asked());
    for (const char* path : {"/docs", "/redoc", "/redoc/redoc.js", "/redoc/redoc.css"}) {
        const auto page = get(path);
        EXPECT_FALSE(page.body.empty()) << path;
        EXPECT_EQ(page.body.find("://"), std::string::npos) << path << " names an address outside";
        EXPECT_NE(page.headers.get("Content-Security-Policy").value_or("").find("default-src 'none'"),
                  std::string_view::npos);
    }
}

}  // namespace
}  // namespace mien::http
