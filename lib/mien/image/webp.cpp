// SPDX-License-Identifier: MIT
#include <mien/image/exif.hpp>
#include <mien/image/formats.hpp>

namespace mien::image {
namespace {

constexpr std::uint8_t k_has_animation = 0x02;
constexpr std::size_t k_first_chunk = 12;

std::uint32_t u24(const Reader& reader, std::uint64_t at) {
    return reader.u16(at) | static_cast<std::uint32_t>(reader.u8(at + 2)) << 16U;
}

/// EXIF lies behind the pixels, so the chunks are walked as far as they go.
int orientation(const Reader& reader) {
    std::uint64_t at = k_first_chunk;
    while (reader.holds(at, 8)) {
        const std::uint64_t length = reader.u32(at + 4);
        if (reader.says(at, "EXIF") && reader.holds(at + 8, length)) {
            return exif_orientation(reader.part(at + 8, length));
        }
        at += 8 + length + (length & 1U);
    }
    return 1;
}

}  // namespace

Stored read_webp(Bytes file) {
    const Reader reader(file, ByteOrder::little, "WebP");
    Stored stored{Format::webp, 0, 0, 1, {}};
    constexpr std::uint64_t k_data = k_first_chunk + 8;
    if (reader.says(k_first_chunk, "VP8X")) {
        stored.width = u24(reader, k_data + 4) + 1U;
        stored.height = u24(reader, k_data + 7) + 1U;
        stored.orientation = orientation(reader);
        if ((reader.u8(k_data) & k_has_animation) != 0) {
            stored.refusal = "animated WebP is not supported; convert it to JPEG";
        }
    } else if (reader.says(k_first_chunk, "VP8L")) {
        if (reader.u8(k_data) != 0x2F) {
            refuse_damaged("WebP", "its header is missing");
        }
        const auto bits = reader.u32(k_data + 1);
        stored.width = (bits & 0x3FFFU) + 1U;
        stored.height = (bits >> 14U & 0x3FFFU) + 1U;
    } else if (reader.says(k_first_chunk, "VP8 ")) {
        if (!reader.says(k_data + 3, "\x9D\x01\x2A")) {
            refuse_damaged("WebP", "its header is missing");
        }
        stored.width = reader.u16(k_data + 6) & 0x3FFFU;
        stored.height = reader.u16(k_data + 8) & 0x3FFFU;
    } else {
        refuse_damaged("WebP", "its header is missing");
    }
    if (std::uint64_t{reader.u32(4)} + 8 > file.size()) {
        stored.refusal = "the WebP file is cut short";
    }
    return stored;
}

}  // namespace mien::image
