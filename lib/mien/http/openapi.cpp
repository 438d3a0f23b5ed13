// SPDX-License-Identifier: MIT
#include <mien/http/openapi.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace mien::http {
namespace {

/// What every value like this one fits. Null says nothing about the type.
Json schema_of(const Json& example) {
    switch (example.type()) {
        case Json::value_t::boolean: return {{"type", "boolean"}};
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned: return {{"type", "integer"}};
        case Json::value_t::number_float: return {{"type", "number"}};
        case Json::value_t::string: return {{"type", "string"}};
        case Json::value_t::array: {
            Json kinds = Json::array();
            for (const auto& item : example) {
                if (auto kind = schema_of(item); std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
                    kinds.push_back(std::move(kind));
                }
            }
            Json schema{{"type", "array"}};
            if (!kinds.empty()) {
                schema["items"] = kinds.size() == 1 ? kinds.front() : Json{{"anyOf", kinds}};
            }
            return schema;
        }
        case Json::value_t::object: {
            Json schema{{"type", "object"}, {"properties", Json::object()}};
            for (const auto& [name, value] : example.items()) {
                schema["properties"][name] = schema_of(value);
                schema["required"].push_back(name);
            }
            return schema;
        }
        default: return Json::object();
    }
}

std::string_view place_of(Field::In in) {
    switch (in) {
        case Field::In::path: return "path";
        case Field::In::query: return "query";
        case Field::In::header: return "header";
        case Field::In::body: break;
    }
    return "body";
}

bool is_photo(const Field& field) { return field.schema.value("format", "") == "binary"; }

Json parameters_of(const Route& route) {
    Json parameters = Json::array();
    for (const auto& field : route.fields) {
        // The tokens' header is described by the security scheme; OpenAPI has parameters of this name ignored.
        if (field.in != Field::In::body && !equal_without_case(field.name, "Authorization")) {
            parameters.push_back({{"name", field.name},
                                  {"in", place_of(field.in)},
                                  {"required", field.required},
                                  {"description", field.about},
                                  {"schema", field.schema}});
        }
    }
    return parameters;
}

/// The object that carries the body's fields; `photo`: how it writes the photo.
Json form_schema(const Route& route, const Json& photo) {
    Json schema{{"type", "object"}, {"properties", Json::object()}};
    Json required = Json::array();
    for (const auto& field : route.fields) {
        if (field.in != Field::In::body) {
            continue;
        }
        auto property = is_photo(field) ? photo : field.schema;
        property["description"] = field.about;
        schema["properties"][field.name] = std::move(property);
        if (field.required) {
            required.push_back(field.name);
        }
    }
    if (!required.empty()) {
        schema["required"] = std::move(required);
    }
    return schema;
}

Json request_body_of(const Route& route) {
    const auto in_body = [](const Field& field) { return field.in == Field::In::body; };
    if (std::none_of(route.fields.begin(), route.fields.end(), in_body)) {
        return nullptr;
    }
    // OpenAPI 3.1: a string without a contentEncoding is raw bytes in multipart; in JSON it is base64.
    const Json raw{{"type", "string"}, {"contentMediaType", "image/*"}};
    const Json base64{{"type", "string"}, {"contentEncoding", "base64"}, {"contentMediaType", "image/*"}};
    Json content = Json::object();
    if (route.takes_image()) {
        content["multipart/form-data"]["schema"] = form_schema(route, raw);
        content["application/json"]["schema"] = form_schema(route, base64);
        content["image/*"] = Json::object();  // the bytes; other fields of the body go into the query
    } else {
        for (const auto* type : {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}) {
            content[type]["schema"] = form_schema(route, raw);
        }
    }
    const bool required = std::any_of(route.fields.begin(), route.fields.end(),
                                      [&](const Field& field) { return in_body(field) && field.required; });
    return {{"required", required}, {"content", std::move(content)}};
}

Json responses_of(const Route& route) {
    std::map<int, std::vector<const Reply*>> by_status;
    for (const auto& reply : route.replies) {
        by_status[reply.status].push_back(&reply);
    }
    Json responses = Json::object();
    for (const auto& [status, replies] : by_status) {
        Json response{{"description", replies.front()->about}};
        Json schemas = Json::array();
        Json examples = Json::object();
        for (const auto* reply : replies) {
            if (reply != replies.front()) {
                response["description"] = response["description"].get<std::string>() + "; " + reply->about;
            }
            if (!reply->example.is_null()) {
                schemas.push_back(schema_of(reply->example));
                examples[std::to_string(examples.size() + 1)] = {{"summary", reply->about}, {"value", reply->example}};
            }
        }
        if (!schemas.empty()) {
            auto& media = response["content"][replies.front()->content_type];
            media["schema"] = schemas.size() == 1 ? schemas.front() : Json{{"anyOf", schemas}};
            media["examples"] = std::move(examples);
        } else if (replies.front()->content_type != "application/json") {
            response["content"][replies.front()->content_type] = Json::object();
        }
        responses[std::to_string(status)] = std::move(response);
    }
    responses["default"] = {{"$ref", "#/components/responses/Refusal"}};
    return responses;
}

/// Nothing, an optional token, or a token.
Json security_of(const Route& route, const OpenApiInfo& info) {
    const Json token{{"bearer", Json::array()}};
    const bool asks = route.need == Need::user || route.need == Need::admin ||
                      (route.need == Need::verify && info.verify_needs_token);
    // Some old services' frames demanded the header where nobody looks at the token.
    const bool header = std::any_of(route.fields.begin(), route.fields.end(), [](const Field& field) {
        return field.in == Field::In::header && field.required && equal_without_case(field.name, "Authorization");
    });
    if (header) {
        return Json::array({token});
    }
    if (!info.needs_token || route.need == Need::nothing) {
        return Json::array();
    }
    return asks ? Json::array({token}) : Json::array({Json::object(), token});
}

/// "post /ml/enroll-face" as one word that programs can use as a name.
std::string operation_id(const Route& route) {
    std::string id = to_lower(route.method);
    bool gap = true;
    for (const char c : route.path) {
        const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (word && gap) {
            id += '_';
        }
        if (word) {
            id += c;
        }
        gap = !word;
    }
    return id;
}

Json components() {
    const Json refusal{{"type", "object"},
                       {"properties",
                        {{"success", {{"const", false}}},
                         {"code", {{"type", "string"}, {"description", "Stable, for programs"}}},
                         {"message", {{"type", "string"}}},
                         {"detail",
                          {{"description", "The message again; for invalid fields (422) an array that names them"},
                           {"type", {"string", "array"}}}},
                         {"request_id", {{"type", "string"}}}}},
                       {"required", {"success", "code", "message", "detail"}}};
    return {{"schemas", {{"Refusal", refusal}}},
            {"responses",
             {{"Refusal",
               {{"description",
                 "A refusal, worded as the clients of this path expect it: 400 and 422 for what was sent, 401 and 403 "
                 "for who asks, 404, 413 for too much, 429 and 503 with Retry-After, 500"},
                {"content", {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Refusal"}}}}}}}}}}},
            {"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}}}}};
}

extern "C" {
extern const char mien_docs_redoc_html[], mien_docs_redoc_html_end[];
extern const char mien_docs_redoc_js[], mien_docs_redoc_js_end[];
extern const char mien_docs_redoc_css[], mien_docs_redoc_css_end[];
#ifdef MIEN_HAS_SWAGGER_UI
extern const char mien_docs_swagger_html[], mien_docs_swagger_html_end[];
extern const char mien_docs_swagger_js[], mien_docs_swagger_js_end[];
extern const char mien_swagger_ui_js[], mien_swagger_ui_js_end[];
extern const char mien_swagger_ui_css[], mien_swagger_ui_css_end[];
#else
extern const char mien_docs_no_swagger_html[], mien_docs_no_swagger_html_end[];
#endif
}

struct Page {
    const char* path;
    const char* content_type;
    const char* begin;
    const char* end;
};

constexpr const char* k_html = "text/html; charset=utf-8";
constexpr const char* k_javascript = "text/javascript; charset=utf-8";
constexpr const char* k_css = "text/css; charset=utf-8";

/// Swagger UI writes styles into its elements and draws with data: images; nothing may come from elsewhere.
constexpr const char* k_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

void add_page(RouteTable& table, const Page& page) {
    Route route;
    route.method = "GET";
    route.path = page.path;
    route.dialect = "mien";
    route.need = Need::nothing;
    route.hidden = true;
    route.handler = OnIo{[page](const Request&) {
        auto response = reply_exactly(std::string(page.begin, page.end), page.content_type);
        response.headers.set("Content-Security-Policy", k_policy);
        response.headers.set("Cache-Control", "no-cache");
        return response;
    }};
    table.add(std::move(route));
}

}  // namespace

Json openapi(const RouteTable& table, const OpenApiInfo& info) {
    Json document{
        {"openapi", "3.1.0"},
        {"info",
         {{"title", "mien serve"},
          {"version", info.version},
          {"summary", "Learns people from photos and names the faces in new ones"},
          {"description",
           "One server that speaks the languages of five older services. A photo may come as multipart/form-data, "
           "as base64 in JSON (with or without the head of a data URI), or as the body itself with an image type. "
           "Every path is served with and without a slash at its end."},
          {"license", {{"name", "MIT"}, {"identifier", "MIT"}}}}},
        {"tags", Json::array()},
        {"paths", Json::object()},
        {"components", components()}};
    for (const auto& dialect : table.dialects()) {
        const auto speaks = [&](const auto& route) { return !route->hidden && route->dialect == dialect.name; };
        if (std::any_of(table.routes().begin(), table.routes().end(), speaks)) {
            document["tags"].push_back({{"name", dialect.name}, {"description", dialect.about}});
        }
    }
    for (const auto& route : table.routes()) {
        if (route->hidden) {
            continue;
        }
        Json operation{{"tags", {route->dialect}},
                       {"summary", route->summary},
                       {"operationId", operation_id(*route)},
                       {"security", security_of(*route, info)}};
        if (auto parameters = parameters_of(*route); !parameters.empty()) {
            operation["parameters"] = std::move(parameters);
        }
        if (auto body = request_body_of(*route); !body.is_null()) {
            operation["requestBody"] = std::move(body);
        }
        operation["responses"] = responses_of(*route);
        document["paths"][route->path][to_lower(route->method)] = std::move(operation);
    }
    return document;
}

void add_document_routes(RouteTable& table, const std::function<OpenApiInfo()>& now) {
    const std::vector<Page> pages{
        {"/redoc", k_html, mien_docs_redoc_html, mien_docs_redoc_html_end},
        {"/redoc/redoc.js", k_javascript, mien_docs_redoc_js, mien_docs_redoc_js_end},
        {"/redoc/redoc.css", k_css, mien_docs_redoc_css, mien_docs_redoc_css_end},
#ifdef MIEN_HAS_SWAGGER_UI
        {"/docs", k_html, mien_docs_swagger_html, mien_docs_swagger_html_end},
        {"/docs/swagger.js", k_javascript, mien_docs_swagger_js, mien_docs_swagger_js_end},
        {"/docs/swagger-ui-bundle.js", k_javascript, mien_swagger_ui_js, mien_swagger_ui_js_end},
        {"/docs/swagger-ui.css", k_css, mien_swagger_ui_css, mien_swagger_ui_css_end},
#else
        {"/docs", k_html, mien_docs_no_swagger_html, mien_docs_no_swagger_html_end},
#endif
    };
    Route document;
    document.method = "GET";
    document.path = "/openapi.json";
    document.dialect = "mien";
    document.summary = "This document";
    document.replies = {
        {200, "OpenAPI 3.1", Json{{"openapi", "3.1.0"}, {"info", Json::object()}, {"paths", Json::object()}}}};
    document.need = Need::nothing;
    // The table is complete once the server runs; then only who may ask changes. Most servers are never asked, so the
    // start does not wait for it.
    struct Texts {
        std::mutex mutex;
        std::map<std::pair<bool, bool>, std::string> of;  ///< guarded by mutex
    };
    document.handler = OnSide{[texts = std::make_shared<Texts>(), &table, now](const Request&) {
        const auto info = now();
        const std::lock_guard lock(texts->mutex);
        auto& text = texts->of[{info.needs_token, info.verify_needs_token}];
        if (text.empty()) {
            text = openapi(table, info).dump();
        }
        return reply_exactly(text);
    }};
    table.add(std::move(document));
    for (const auto& page : pages) {
        add_page(table, page);
    }
}

}  // namespace mien::http
