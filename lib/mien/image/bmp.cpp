// SPDX-License-Identifier: MIT
#include <mien/image/formats.hpp>

namespace mien::image {

Stored read_bmp(Bytes file) {
    const Reader reader(file, ByteOrder::little, "BMP");
    const std::uint64_t pixels_at = reader.u32(10);
    const auto header_size = reader.u32(14);
    Stored stored{Format::bmp, 0, 0, 1, {}};
    std::uint64_t bits = 0;
    std::uint32_t compression = 0;
    std::uint64_t packed_size = 0;
    if (header_size == 12) {  // OS/2 1.x
        stored.width = reader.u16(18);
        stored.height = reader.u16(20);
        bits = reader.u16(24);
    } else if (header_size >= 40 && header_size <= 256) {  // Windows 3 (40) to Windows 98 (124), OS/2 2.x (64)
        const auto width = static_cast<std::int32_t>(reader.u32(18));
        const std::int64_t height =
            static_cast<std::int32_t>(reader.u32(22));  // negative: the first row is the upper one
        stored.width = width > 0 ? static_cast<std::uint64_t>(width) : 0;
        stored.height = static_cast<std::uint64_t>(height < 0 ? -height : height);
        bits = reader.u16(28);
        compression = reader.u32(30);
        packed_size = reader.u32(34);
    } else {
        refuse_damaged("BMP", "its header has an unknown size");
    }
    if (bits == 0 || bits > 32) {
        refuse_damaged("BMP", "its pixels have " + std::to_string(bits) + " bits");
    }
    constexpr std::uint32_t k_rle8 = 1;
    constexpr std::uint32_t k_rle4 = 2;
    constexpr std::uint32_t k_bit_fields = 3;
    const bool packed = compression == k_rle8 || compression == k_rle4;
    if (compression > k_bit_fields) {
        stored.refusal =
            "BMP with compression " + std::to_string(compression) + " is not supported; convert it to JPEG";
    } else if (stored.width <= k_max_side && stored.height <= k_max_side) {
        const auto row = (stored.width * bits + 31) / 32 * 4;
        if (!reader.holds(pixels_at, packed ? packed_size : row * stored.height)) {
            stored.refusal = "the BMP file is cut short";
        }
    }
    return stored;
}

}  // namespace mien::image
