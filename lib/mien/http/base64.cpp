// SPDX-License-Identifier: MIT
#include <mien/http/base64.hpp>

#include <mien/http/message.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <limits>

namespace mien::http {
namespace {

/// 0..63 for the alphabet, 64 for blanks, 65 for the rest.
constexpr std::array<unsigned char, 256> k_values = [] {
    std::array<unsigned char, 256> values{};
    values.fill(65);
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<unsigned char>(i);
    }
    for (const char blank : {' ', '\t', '\r', '\n'}) {
        values[static_cast<unsigned char>(blank)] = 64;
    }
    return values;
}();

unsigned char value_of(char c) { return k_values[static_cast<unsigned char>(c)]; }

const unsigned char* as_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::optional<std::string> base64_decoded(std::string_view text) {
    while (!text.empty() && value_of(text.back()) == 64) {
        text.remove_suffix(1);
    }
    std::size_t padding = 0;
    for (; padding < 2 && !text.empty() && text.back() == '='; ++padding) {
        text.remove_suffix(1);
    }
    unsigned char seen = 0;
    for (const char c : text) {
        seen = std::max(seen, value_of(c));
    }
    if (seen > 64) {
        return std::nullopt;
    }
    std::string compact;
    if (seen == 64) {
        compact.reserve(text.size());
        std::copy_if(text.begin(), text.end(), std::back_inserter(compact), [](char c) { return value_of(c) < 64; });
        text = compact;
    }
    const auto rest = text.size() % 4;
    if (rest == 1 || (padding > 0 && rest + padding != 4) ||
        text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        return std::nullopt;
    }
    if ((rest == 2 && (value_of(text.back()) & 0xFU) != 0) || (rest == 3 && (value_of(text.back()) & 0x3U) != 0)) {
        return std::nullopt;
    }
    const auto whole = text.size() - rest;
    std::string bytes(whole / 4 * 3 + (rest != 0 ? rest - 1 : 0), '\0');
    // OpenSSL's block decoder wants whole groups; the last one is done here.
    if (whole > 0 && EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), as_bytes(text),
                                     static_cast<int>(whole)) != static_cast<int>(whole / 4 * 3)) {
        return std::nullopt;
    }
    if (rest != 0) {
        unsigned group = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            group = (group << 6U) | (i < rest ? value_of(text[whole + i]) : 0U);
        }
        for (std::size_t i = 0; i + 1 < rest; ++i) {
            bytes[whole / 4 * 3 + i] = static_cast<char>((group >> (16 - 8 * i)) & 0xFFU);
        }
    }
    return bytes;
}

std::optional<std::string> data_uri_decoded(std::string_view text, std::string& media_type) {
    text = trimmed(text);
    constexpr std::string_view scheme = "data:";
    if (equal_without_case(text.substr(0, scheme.size()), scheme)) {
        // The head is short; a comma far inside the data would not be one.
        const auto comma = text.substr(0, 256).find(',');
        if (comma == std::string_view::npos) {
            return std::nullopt;
        }
        const auto head = text.substr(scheme.size(), comma - scheme.size());
        const auto semicolon = head.rfind(';');
        if (semicolon == std::string_view::npos || !equal_without_case(trimmed(head.substr(semicolon + 1)), "base64")) {
            return std::nullopt;
        }
        media_type = to_lower(trimmed(head.substr(0, head.find(';'))));
        text.remove_prefix(comma + 1);
    }
    return base64_decoded(text);
}

std::string base64_encoded(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), as_bytes(bytes), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

}  // namespace mien::http
