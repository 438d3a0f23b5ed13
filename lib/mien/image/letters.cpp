// SPDX-License-Identifier: MIT
#include <mien/image/letters.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace mien::image {
namespace {

struct Spelling {
    utf8proc_int32_t letter;
    std::string_view ascii;
};

/// Letters of names that are no base letter with an accent.
constexpr std::array k_spellings{
    Spelling{0x00C6, "AE"}, Spelling{0x00D0, "D"},  Spelling{0x00D8, "O"},  Spelling{0x00DE, "Th"},
    Spelling{0x00DF, "ss"}, Spelling{0x00E6, "ae"}, Spelling{0x00F0, "d"},  Spelling{0x00F8, "o"},
    Spelling{0x00FE, "th"}, Spelling{0x0110, "D"},  Spelling{0x0111, "d"},  Spelling{0x0131, "i"},
    Spelling{0x0141, "L"},  Spelling{0x0142, "l"},  Spelling{0x0152, "OE"}, Spelling{0x0153, "oe"},
    Spelling{0x02BC, "'"},  Spelling{0x2010, "-"},  Spelling{0x2011, "-"},  Spelling{0x2013, "-"},
    Spelling{0x2014, "-"},  Spelling{0x2018, "'"},  Spelling{0x2019, "'"},
};

bool is_accent(utf8proc_int32_t letter) {
    const auto category = utf8proc_category(letter);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME || category == UTF8PROC_CATEGORY_MC;
}

void append_plain(std::string& plain, utf8proc_int32_t letter) {
    if (letter >= ' ' && letter <= '~') {
        plain += static_cast<char>(letter);
    } else if (const auto* known = std::ranges::find(k_spellings, letter, &Spelling::letter);
               known != k_spellings.end()) {
        plain += known->ascii;
    } else if (!is_accent(letter)) {
        plain += '?';
    }
}

}  // namespace

std::string to_plain_letters(std::string_view text) {
    std::string plain;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    auto left = static_cast<utf8proc_ssize_t>(text.size());
    while (left > 0) {
        utf8proc_int32_t letter = -1;
        auto length = utf8proc_iterate(bytes, left, &letter);
        if (length <= 0) {  // not UTF-8
            length = 1;
            letter = 0xFFFD;
        }
        bytes += length;
        left -= length;
        // The base letter and its accents; the longest decomposition has 18 parts.
        std::array<utf8proc_int32_t, 32> parts{};
        int boundary = 0;
        const auto count =
            utf8proc_decompose_char(letter, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()),
                                    static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT), &boundary);
        if (count < 0 || count > static_cast<utf8proc_ssize_t>(parts.size())) {
            plain += '?';
            continue;
        }
        std::for_each_n(parts.begin(), count, [&](utf8proc_int32_t part) { append_plain(plain, part); });
    }
    return plain;
}

}  // namespace mien::image
