// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace mien {

/// Two digits a byte: for JSON, which cannot hold a path that is not UTF-8.
std::string to_hex(std::string_view bytes);

}  // namespace mien
