// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <string>

namespace mien {

/// printf's text, of any length. values: numbers and C strings, as the format says
template <class... Values>
std::string formatted(const char* format, Values... values) {
    const int length = std::snprintf(nullptr, 0, format, values...);
    std::string text(length > 0 ? static_cast<std::size_t>(length) : 0, '\0');
    std::snprintf(text.data(), text.size() + 1, format, values...);
    return text;
}

}  // namespace mien
