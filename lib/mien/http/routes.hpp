// SPDX-License-Identifier: MIT
#pragma once

/// The dialects: what the clients of five older services send and expect (man mien-http). Handlers only translate; the
/// work is done in service/. Services must outlive the table.

#include <mien/http/services.hpp>

#include <string>

namespace mien::http {

/// /ml/*: multipart, French, a bearer that is opaque or a JSON Web Token.
void add_ml_routes(RouteTable& table, Services& services);
/// /, /upload/, /confirm/, /reset_training/
void add_upload_routes(RouteTable& table, Services& services);
/// /register-face, /recognize, /status, /face, /health, /stats: base64 in JSON, user ids that are integers.
void add_flask_routes(RouteTable& table, Services& services, const std::string& version);
/// /api/v1/*: one frame is recognised, the system; the rest answers 501.
void add_api_v1_routes(RouteTable& table, Services& services, const std::string& version);
/// /v1/pending, /v1/clusters, /v1/undo, /v1/people, /v1/log, /v1/figures, and the operator's page /ui that uses them.
void add_console_routes(RouteTable& table, Services& services);

}  // namespace mien::http
