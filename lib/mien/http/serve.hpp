// SPDX-License-Identifier: MIT
#pragma once

/// `serve`: the whole server, from a configuration until SIGTERM.

#include <mien/http/config.hpp>
#include <mien/models/models.hpp>

#include <functional>

namespace mien::http {

/// Serves until SIGTERM or SIGINT came and everything accepted is answered. reread: the configuration as it is at the
/// time of a SIGHUP.
/// throws: Error of the configuration, the store, the models, or the addresses, before anything is served
void serve(const Config& config, const models::Finder& finder, const std::function<Config()>& reread);

}  // namespace mien::http
