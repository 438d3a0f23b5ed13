// SPDX-License-Identifier: MIT
#pragma once

/// multipart/form-data (RFC 7578). No Debian package parses it apart from a web server of its own.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mien::http {

struct Part {
    std::string name;
    std::string file_name;     ///< as sent: hostile, never a path; empty where none was sent
    std::string content_type;  ///< lower case, without parameters; empty where none was sent
    std::string_view body;     ///< into the parsed body
};

inline constexpr std::size_t k_largest_number_of_parts = 64;
inline constexpr std::size_t k_largest_part_header = 4096;

/// The boundary of a Content-Type, nothing where there is none or RFC 2046 does not allow it.
std::optional<std::string> boundary_of(std::string_view content_type);

/// The parts in their order; the views last as long as `body`.
/// throws: Refusal{400, bad_multipart} with the reason: no closing boundary, too many parts, a part without a name, …
std::vector<Part> parse_multipart(std::string_view body, std::string_view boundary);

}  // namespace mien::http
