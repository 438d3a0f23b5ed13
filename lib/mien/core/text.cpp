// SPDX-License-Identifier: MIT
#include <mien/core/text.hpp>

#include <mien/core/error.hpp>

#include <openssl/evp.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace mien {
namespace {

/// The code point at the start of text and its length, or length 0 where the bytes are not UTF-8.
struct Scanned {
    utf8proc_int32_t code_point;
    std::size_t length;
};

Scanned scan(std::string_view text) {
    utf8proc_int32_t code_point{};
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &code_point);
    return length > 0 ? Scanned{code_point, static_cast<std::size_t>(length)} : Scanned{-1, 0};
}

bool is_control(utf8proc_int32_t code_point) {
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) || code_point == 0x2028 ||
           code_point == 0x2029;
}

/// Whether it can be printed as it is.
bool is_showable(std::string_view text) {
    while (!text.empty()) {
        const auto [code_point, length] = scan(text);
        if (length == 0 || is_control(code_point)) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

/// For between $' and '. Always three octal digits: hexadecimal ones would run on into what follows in some shells.
std::string escaped(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const auto [code_point, length] = scan(text);
        const auto piece = text.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0 || is_control(code_point)) {
            for (const char c : piece) {
                const auto byte = static_cast<unsigned char>(c);
                result += '\\';
                for (const unsigned shift : {6U, 3U, 0U}) {
                    result += static_cast<char>('0' + ((byte >> shift) & 7U));
                }
            }
        } else {
            if (piece == "'" || piece == "\\") {
                result += '\\';
            }
            result += piece;
        }
        text.remove_prefix(piece.size());
    }
    return result;
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto [code_point, length] = scan(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::string to_nfc(std::string_view text) {
    utf8proc_uint8_t* composed = nullptr;
    const auto length =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                     &composed, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, &std::free);
    if (length < 0) {
        throw Error(ErrorCode::usage, "not UTF-8: " + printable(text));
    }
    return {reinterpret_cast<const char*>(composed), static_cast<std::size_t>(length)};
}

std::string to_label(std::string_view text) {
    auto label = to_nfc(text);
    const auto first = label.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) {
        throw Error(ErrorCode::usage, "a label must not be empty");
    }
    label = label.substr(first, label.find_last_not_of(" \t\r\n") - first + 1);
    constexpr std::size_t k_longest = 255;
    if (label.size() > k_longest) {
        throw Error(ErrorCode::usage, "a label must not be longer than 255 bytes: " + label.substr(0, 40) + "…");
    }
    for (std::string_view rest = label; !rest.empty();) {
        const auto [code_point, length] = scan(rest);
        if (is_control(code_point)) {
            throw Error(ErrorCode::usage, "a label must not hold control characters: " + printable(label));
        }
        rest.remove_prefix(length);
    }
    return label;
}

std::string printable(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const auto [code_point, length] = scan(bytes);
        if (length == 0) {
            text += "\xEF\xBF\xBD";
            bytes.remove_prefix(1);
        } else {
            if (is_control(code_point)) {
                text += '?';
            } else {
                text += bytes.substr(0, length);
            }
            bytes.remove_prefix(length);
        }
    }
    return text;
}

std::string shell_quoted(std::string_view text) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_-./,:@%+=").find(c) != std::string_view::npos;
    };
    if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) {
        return std::string(text);
    }
    if (!is_showable(text)) {
        return std::string("$'").append(escaped(text)).append("'");
    }
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    return quoted + "'";
}

std::string to_base64(std::span<const std::byte> bytes) {
    constexpr std::size_t k_part = 3 << 20U;  // OpenSSL counts in int; three bytes are four letters
    std::string text;
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(k_part, bytes.size()))) {
        const auto part = std::min(k_part, bytes.size());
        const auto begin = text.size();
        text.resize(begin + (part + 2) / 3 * 4 + 1);  // and the NUL that OpenSSL writes
        const int length =
            EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data() + begin),
                            reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(part));
        text.resize(begin + static_cast<std::size_t>(length));
    }
    return text;
}

}  // namespace mien
