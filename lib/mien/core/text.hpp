// SPDX-License-Identifier: MIT
#pragma once

/// Text: paths are bytes, labels are UTF-8 in NFC.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace mien {

bool is_utf8(std::string_view text);

/// The canonical composed form, so that "é" typed on any system is one label.
/// throws: Error{usage} if text is not UTF-8
std::string to_nfc(std::string_view text);

/// A label as the store keeps it: NFC, surrounding blanks removed.
/// throws: Error{usage} if it is empty, longer than 255 bytes, not UTF-8, or holds control characters
std::string to_label(std::string_view text);

/// For messages and JSON: bytes that are not UTF-8 become U+FFFD and control characters become '?'.
std::string printable(std::string_view bytes);

/// Quoted for a POSIX shell where needed, so that printed commands can be pasted.
std::string shell_quoted(std::string_view text);

/// RFC 4648, with padding, on one line.
std::string to_base64(std::span<const std::byte> bytes);

}  // namespace mien
