// SPDX-License-Identifier: MIT
#pragma once

/// Paths are bytes; Python's texts are characters. Python's own bridge ("surrogateescape", os.fsdecode) writes a byte
/// that is not UTF-8 as a lone surrogate, U+DC80 to U+DCFF, and its pickles and arrays keep surrogates as three bytes.

#include <cstdint>
#include <string>
#include <string_view>

namespace mien::exchange {

/// A character as UTF-8; surrogates, which UTF-8 has none of, become three bytes as well.
void append_utf8(std::string& text, std::uint32_t code);

/// The next character of UTF-8 with surrogates, and removes it from text.
/// returns: false, and removes nothing, where the text does not start with one
bool next_code(std::string_view& text, std::uint32_t& code);

/// Any bytes as a text that Python can hold.
std::string to_python(std::string_view bytes);

/// The bytes back; os.fsencode in Python.
std::string from_python(std::string_view text);

}  // namespace mien::exchange
