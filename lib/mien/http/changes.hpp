// SPDX-License-Identifier: MIT
#pragma once

/// What all routes that change the store share: in whose name, and with what is loaded already.

#include <mien/http/services.hpp>
#include <mien/service/confirm.hpp>

#include <optional>
#include <string>

namespace mien::http {

/// Seconds. Others write for milliseconds, but `mien train` for longer: then the client hears 409 and tries again.
inline constexpr double k_wait_for_writer = 5;

/// Whom the log names: "http", "http:SUBJECT" where somebody was proved, empty (the server's own user) for the command
/// line.
std::string author_of(const Request& request);

/// A Confirmer's options for one request: over the store, the matcher and the tools that are served.
/// patience: seconds for other writers
/// seen: what a worker saw in the one photo that the decision is about; nothing where no photo will be looked at
service::ConfirmOptions confirm_options(Services& services, const Request& request, double patience,
                                        std::optional<pipeline::PhotoResult> seen = {});

}  // namespace mien::http
