// SPDX-License-Identifier: MIT
#pragma once

/// mien's own routes: /healthz, /readyz, /metrics, /v1/predict, /v1/tools, /v1/faces.

#include <mien/http/route.hpp>
#include <mien/http/services.hpp>

namespace mien::http {

/// services must outlive the table.
void add_own_routes(RouteTable& table, Services& services);

}  // namespace mien::http
