// SPDX-License-Identifier: MIT
#include <mien/image/exif.hpp>
#include <mien/image/formats.hpp>

#include <algorithm>
#include <array>

namespace mien::image {
namespace {

constexpr std::size_t k_signature = 8;
constexpr std::size_t k_around = 12;  // a chunk's length, type and checksum

struct Chunk {
    std::string_view type;
    Bytes data;
    Bytes whole;  ///< with its length, type and checksum
    std::uint32_t checksum{};
};

/// Calls visit(chunk) for every whole chunk up to IEND.
/// returns: whether IEND was reached
template <typename Visit>
bool for_each_chunk(Bytes file, Visit visit) {
    const Reader reader(file, ByteOrder::big, "PNG");
    std::uint64_t at = k_signature;
    while (reader.holds(at, k_around)) {
        const std::uint64_t length = reader.u32(at);
        if (!reader.holds(at, length + k_around)) {
            return false;
        }
        const Chunk chunk{Reader::as_text(reader.part(at + 4, 4)), reader.part(at + 8, length),
                          reader.part(at, length + k_around), reader.u32(at + 8 + length)};
        visit(chunk);
        if (chunk.type == "IEND") {
            return true;
        }
        at += length + k_around;
    }
    return false;
}

/// The CRC-32 of zlib and PNG, eight bytes at a time.
constexpr auto k_crc_tables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 1U) != 0 ? 0xEDB88320U ^ (crc >> 1U) : crc >> 1U;
        }
        tables[0][byte] = crc;
    }
    for (std::size_t byte = 0; byte < 256; ++byte) {
        for (std::size_t i = 1; i < tables.size(); ++i) {
            tables[i][byte] = tables[0][tables[i - 1][byte] & 255U] ^ (tables[i - 1][byte] >> 8U);
        }
    }
    return tables;
}();

std::uint32_t crc32(Bytes data) {
    std::uint32_t crc = ~0U;
    std::size_t at = 0;
    const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(data[at + i]); };
    for (; data.size() - at >= 8; at += 8) {
        const auto mixed = crc ^ (byte(0) | byte(1) << 8U | byte(2) << 16U | byte(3) << 24U);
        crc = k_crc_tables[7][mixed & 255U] ^ k_crc_tables[6][mixed >> 8U & 255U] ^
              k_crc_tables[5][mixed >> 16U & 255U] ^ k_crc_tables[4][mixed >> 24U] ^ k_crc_tables[3][byte(4)] ^
              k_crc_tables[2][byte(5)] ^ k_crc_tables[1][byte(6)] ^ k_crc_tables[0][byte(7)];
    }
    for (; at < data.size(); ++at) {
        crc = k_crc_tables[0][(crc ^ byte(0)) & 255U] ^ (crc >> 8U);
    }
    return ~crc;
}

constexpr std::uint8_t k_palette_colours = 3;

std::uint64_t channels(std::uint8_t colour_type) {
    switch (colour_type) {
        case 2: return 3;
        case 4: return 2;
        case 6: return 4;
        default: return 1;
    }
}

}  // namespace

Stored read_png(Bytes file) {
    const Reader reader(file, ByteOrder::big, "PNG");
    if (reader.u32(k_signature) != 13 || !reader.says(k_signature + 4, "IHDR")) {
        refuse_damaged("PNG", "its header is missing");
    }
    Stored stored{Format::png, reader.u32(16), reader.u32(20), 1, {}};
    const std::uint64_t bits = reader.u8(24) * channels(reader.u8(25));
    std::uint64_t compressed = 0;
    bool palette = reader.u8(25) != k_palette_colours;
    const bool whole = for_each_chunk(file, [&](const Chunk& chunk) {
        if (chunk.type == "IDAT") {
            compressed += chunk.data.size();
        } else if (chunk.type == "eXIf") {
            stored.orientation = exif_orientation(chunk.data);
        } else if (chunk.type == "PLTE" && compressed == 0) {
            palette = true;
        }
    });
    // Deflate cannot shrink more than 1032-fold: what claims more is short of pixels, and refused before we make room.
    constexpr std::uint64_t k_most_deflated = 1032;
    const bool sane = stored.width <= k_max_side && stored.height <= k_max_side;
    if (!whole) {
        stored.refusal = "the PNG file is cut short";
    } else if (!palette) {
        stored.refusal = "the PNG file is damaged: its palette is missing";
    } else if (compressed == 0 || (sane && stored.width * stored.height * bits / 8 / k_most_deflated > compressed)) {
        stored.refusal = "the PNG file is damaged: it holds too few pixels";
    }
    return stored;
}

std::vector<std::byte> slim_png(Bytes file) {
    constexpr std::array<std::string_view, 5> k_needed{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"};
    std::vector<std::byte> slim(file.begin(), file.begin() + k_signature);
    slim.reserve(file.size());
    for_each_chunk(file, [&](const Chunk& chunk) {
        if (std::ranges::find(k_needed, chunk.type) == k_needed.end()) {
            return;
        }
        if (crc32(chunk.whole.subspan(4, chunk.data.size() + 4)) != chunk.checksum) {
            refuse_damaged("PNG", "the checksum of its " + std::string(chunk.type) + " chunk is wrong");
        }
        slim.insert(slim.end(), chunk.whole.begin(), chunk.whole.end());
    });
    return slim;
}

}  // namespace mien::image
