// SPDX-License-Identifier: MIT
#include <mien/image/exif.hpp>
#include <mien/image/formats.hpp>

#include <algorithm>

namespace mien::image {
namespace {

constexpr std::uint16_t k_tag_width = 256;
constexpr std::uint16_t k_tag_height = 257;
constexpr std::uint16_t k_tag_bits = 258;
constexpr std::uint16_t k_tag_compression = 259;
constexpr std::uint16_t k_tag_strip_offsets = 273;
constexpr std::uint16_t k_tag_channels = 277;
constexpr std::uint16_t k_tag_strip_sizes = 279;
constexpr std::uint16_t k_tag_tile_width = 322;
constexpr std::uint16_t k_tag_tile_height = 323;
constexpr std::uint16_t k_tag_tile_offsets = 324;
constexpr std::uint16_t k_tag_tile_sizes = 325;
constexpr std::uint16_t k_tag_sample_format = 339;

/// Bytes of all strips or tiles; nothing if one of them reaches past the end of the file.
std::optional<std::uint64_t> packed_size(const TiffDirectory& directory, Bytes file) {
    const Reader reader(file, ByteOrder::big, "TIFF");
    const bool tiled = directory.find(k_tag_tile_offsets) != nullptr;
    const auto* offsets = directory.find(tiled ? k_tag_tile_offsets : k_tag_strip_offsets);
    const auto* sizes = directory.find(tiled ? k_tag_tile_sizes : k_tag_strip_sizes);
    if (offsets == nullptr || sizes == nullptr || offsets->count != sizes->count) {
        refuse_damaged("TIFF", "it does not say where its pixels lie");
    }
    std::uint64_t total = 0;
    // Both lists lie in the file (value() sees to it), so its size bounds this loop.
    for (std::uint64_t i = 0; i < offsets->count; ++i) {
        const auto size = directory.value(*sizes, i);
        if (!reader.holds(directory.value(*offsets, i), size)) {
            return std::nullopt;
        }
        total += size;
    }
    return total;
}

std::string refusal(const TiffDirectory& directory, Bytes file, const Stored& stored) {
    // Readers would disagree about such a file, and we could not promise its size.
    if (directory.repeats_a_tag()) {
        return "the TIFF file is damaged: it says the same thing twice";
    }
    constexpr std::uint64_t k_whole_numbers = 1;
    if (directory.number(k_tag_sample_format).value_or(k_whole_numbers) != k_whole_numbers) {
        return "TIFF with floating-point or signed pixels is not supported; convert it to 8 bits";
    }
    const auto bits = directory.number(k_tag_bits).value_or(1);
    if (bits > 16) {
        return "TIFF with " + std::to_string(bits) + " bits is not supported; convert it to 8 bits";
    }
    // libtiff makes room for a whole tile.
    constexpr std::uint64_t k_max_tile = 16384;
    if (directory.number(k_tag_tile_width).value_or(0) > k_max_tile ||
        directory.number(k_tag_tile_height).value_or(0) > k_max_tile) {
        return "the TIFF file's tiles are too large";
    }
    try {
        const auto packed = packed_size(directory, file);
        constexpr std::uint64_t k_uncompressed = 1;
        const bool sane = stored.width <= k_max_side && stored.height <= k_max_side;
        const auto channels = std::min<std::uint64_t>(directory.number(k_tag_channels).value_or(1), 64);
        if (!packed || (sane && directory.number(k_tag_compression).value_or(k_uncompressed) == k_uncompressed &&
                        *packed < stored.width * stored.height * channels * bits / 8)) {
            return "the TIFF file is cut short";
        }
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

}  // namespace

Stored read_tiff(Bytes file) {
    const TiffDirectory directory(file);
    const auto width = directory.number(k_tag_width);
    const auto height = directory.number(k_tag_height);
    if (!width || !height) {
        refuse_damaged("TIFF", "it does not say how large it is");
    }
    Stored stored{
        Format::tiff, *width, *height, valid_orientation(directory.number(k_tag_orientation).value_or(1)), {}};
    stored.refusal = refusal(directory, file, stored);
    return stored;
}

std::vector<std::byte> upright_tiff(Bytes file) {
    std::vector<std::byte> upright(file.begin(), file.end());
    const TiffDirectory directory(file);
    if (const auto* entry = directory.find(k_tag_orientation)) {
        const bool little = file[0] == std::byte{'I'};
        for (unsigned i = 0; i < entry->value_size; ++i) {
            const bool lowest = little ? i == 0 : i == entry->value_size - 1;
            upright[static_cast<std::size_t>(entry->at) + i] = lowest ? std::byte{1} : std::byte{0};
        }
    }
    return upright;
}

}  // namespace mien::image
