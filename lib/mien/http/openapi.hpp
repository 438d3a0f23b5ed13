// SPDX-License-Identifier: MIT
#pragma once

/// The documents: OpenAPI 3.1 made from the table that routes, and the two pages that show it.

#include <mien/http/route.hpp>

#include <functional>
#include <string>

namespace mien::http {

struct OpenApiInfo {
    std::string version;  ///< of the program
    bool needs_token{};   ///< false with --auth none: then no route asks for one
    bool verify_needs_token{};
};

/// Everything in the table that is not hidden. Schemas of answers are made from their examples: every field of an
/// example is promised, further ones may come.
Json openapi(const RouteTable& table, const OpenApiInfo& info);

/// Adds GET /openapi.json, /docs, /redoc and what the pages load. The document is made when it is asked for first; the
/// table must be complete then, and stay where it is. now: asked at each request, on any thread
void add_document_routes(RouteTable& table, const std::function<OpenApiInfo()>& now);

}  // namespace mien::http
