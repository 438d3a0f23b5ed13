// SPDX-License-Identifier: MIT
#include <mien/exchange/python_text.hpp>

#include <array>

namespace mien::exchange {
namespace {

constexpr std::uint32_t k_first_surrogate = 0xD800;
constexpr std::uint32_t k_last_surrogate = 0xDFFF;
constexpr std::uint32_t k_escape = 0xDC00;  ///< plus the byte

bool is_surrogate(std::uint32_t code) { return code >= k_first_surrogate && code <= k_last_surrogate; }

}  // namespace

void append_utf8(std::string& text, std::uint32_t code) {
    const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | (code >> 6U));
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | (code >> 12U));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | (code >> 18U));
        put(0x80U | ((code >> 12U) & 0x3FU));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

bool next_code(std::string_view& text, std::uint32_t& code) {
    if (text.empty()) {
        return false;
    }
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first < 0x80              ? 1
                               : (first & 0xE0U) == 0xC0 ? 2
                               : (first & 0xF0U) == 0xE0 ? 3
                               : (first & 0xF8U) == 0xF0 ? 4
                                                         : 0;
    if (length == 0 || text.size() < length) {
        return false;
    }
    constexpr std::array<std::uint32_t, 5> k_payload{0, 0x7F, 0x1F, 0x0F, 0x07};
    constexpr std::array<std::uint32_t, 5> k_smallest{0, 0, 0x80, 0x800, 0x10000};
    std::uint32_t value = first & k_payload[length];
    for (std::size_t i = 1; i < length; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xC0U) != 0x80) {
            return false;
        }
        value = (value << 6U) | (byte & 0x3FU);
    }
    constexpr std::uint32_t k_last_code = 0x10FFFF;
    if (value < k_smallest[length] || value > k_last_code) {
        return false;
    }
    code = value;
    text.remove_prefix(length);
    return true;
}

std::string to_python(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        std::uint32_t code{};
        auto rest = bytes;
        if (next_code(rest, code) && !is_surrogate(code)) {
            text += bytes.substr(0, bytes.size() - rest.size());
            bytes = rest;
        } else {
            append_utf8(text, k_escape + static_cast<unsigned char>(bytes.front()));
            bytes.remove_prefix(1);
        }
    }
    return text;
}

std::string from_python(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    while (!text.empty()) {
        std::uint32_t code{};
        const auto before = text;
        if (next_code(text, code) && code >= k_escape + 0x80 && code <= k_escape + 0xFF) {
            bytes += static_cast<char>(code - k_escape);
        } else if (text.size() < before.size()) {
            bytes += before.substr(0, before.size() - text.size());
        } else {
            bytes += text.front();
            text.remove_prefix(1);
        }
    }
    return bytes;
}

}  // namespace mien::exchange
