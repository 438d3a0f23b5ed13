// SPDX-License-Identifier: MIT
#pragma once

/// RFC 4648: the standard alphabet, strictly.

#include <optional>
#include <string>
#include <string_view>

namespace mien::http {

/// Line breaks and blanks are passed over, missing '=' at the end is forgiven; everything else that is not of the
/// alphabet, and bits set beyond the last byte, give nothing.
std::optional<std::string> base64_decoded(std::string_view text);

/// The same for "data:image/jpeg;base64,…", with or without that head; media_type is set where it has one.
/// Nothing for a data URI that is not base64.
std::optional<std::string> data_uri_decoded(std::string_view text, std::string& media_type);

std::string base64_encoded(std::string_view bytes);

}  // namespace mien::http
