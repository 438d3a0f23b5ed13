// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace mien::http {

/// The variables of a .env file: KEY=value, 'single' and "double" quotes, "export", comments.
/// throws: Error{usage} with the line
std::map<std::string, std::string> parse_dotenv(std::string_view text);

}  // namespace mien::http
