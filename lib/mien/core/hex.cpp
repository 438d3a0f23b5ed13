// SPDX-License-Identifier: MIT
#include <mien/core/hex.hpp>

namespace mien {

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view k_digits = "0123456789abcdef";
    std::string digits;
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        digits += k_digits[value >> 4U];
        digits += k_digits[value & 0xFU];
    }
    return digits;
}

}  // namespace mien
