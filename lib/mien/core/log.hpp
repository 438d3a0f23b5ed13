// SPDX-License-Identifier: MIT
#pragma once

/// The conversation on stderr. Never put encodings, photos, tokens or passwords into it.

#include <mien/core/text.hpp>

#include <spdlog/spdlog.h>

namespace mien::log {

enum class Level { error, warning, info, debug };

/// Sends everything to stderr, one line a message; colour on a terminal only. Call once, at the start.
void start(Level level);

/// Another level from now on. threads: any
void set_level(Level level);

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

}  // namespace mien::log
