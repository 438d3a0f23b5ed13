// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace mien::http {

/// Tells the service manager (sd_notify(3)); does nothing where none listens. "READY=1", "RELOADING=1", "STOPPING=1".
void notify_systemd(std::string_view state);

}  // namespace mien::http
