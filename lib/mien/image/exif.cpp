// SPDX-License-Identifier: MIT
#include <mien/image/exif.hpp>

#include <algorithm>
#include <array>

namespace mien::image {
namespace {

ByteOrder byte_order(Bytes tiff) {
    const Reader reader(tiff, ByteOrder::big, "TIFF");
    const auto mark = reader.u16(0);
    if (mark != 0x4949 && mark != 0x4D4D) {
        refuse_damaged("TIFF", "it names no byte order");
    }
    return mark == 0x4949 ? ByteOrder::little : ByteOrder::big;
}

/// Bytes a value of this TIFF type takes.
unsigned type_size(std::uint16_t type) {
    constexpr std::array<unsigned, 19> k_sizes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
    return type < k_sizes.size() ? k_sizes[type] : 0;
}

bool is_whole_number(std::uint16_t type) {
    return type == 1 || type == 3 || type == 4 || type == 13 || type == 16;  // BYTE, SHORT, LONG, IFD, LONG8
}

}  // namespace

TiffDirectory::TiffDirectory(Bytes tiff) : m_reader(tiff, byte_order(tiff), "TIFF") {
    const auto version = m_reader.u16(2);
    const bool big = version == 43;
    if (!big && version != 42) {
        refuse_damaged("TIFF", "its version is neither 42 nor 43");
    }
    std::uint64_t at = big ? m_reader.u64(8) : m_reader.u32(4);
    const std::uint64_t count = big ? m_reader.u64(at) : m_reader.u16(at);
    at += big ? 8U : 2U;
    const std::uint64_t entry_size = big ? 20 : 12;
    // The reservation below is bounded by what the file really holds.
    if (at > m_reader.size() || count > (m_reader.size() - at) / entry_size) {
        refuse_cut_short("TIFF");
    }
    m_entries.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i, at += entry_size) {
        const auto type = m_reader.u16(at + 2);
        Entry entry;
        entry.tag = m_reader.u16(at);
        entry.count = big ? m_reader.u64(at + 4) : m_reader.u32(at + 4);
        entry.value_size = is_whole_number(type) ? type_size(type) : 0;
        const std::uint64_t field = at + (big ? 12 : 8);
        const std::uint64_t field_size = big ? 8 : 4;
        const auto size = type_size(type);
        const bool fits = size != 0 && entry.count <= field_size / size;
        entry.at = fits ? field : (big ? m_reader.u64(field) : m_reader.u32(field));
        m_entries.push_back(entry);
    }
}

const TiffDirectory::Entry* TiffDirectory::find(std::uint16_t tag) const {
    const auto found = std::ranges::find(m_entries, tag, &Entry::tag);
    return found == m_entries.end() ? nullptr : &*found;
}

std::uint64_t TiffDirectory::value(const Entry& entry, std::uint64_t index) const {
    if (entry.value_size == 0 || index >= entry.count || index > m_reader.size() || !m_reader.holds(entry.at, 0)) {
        refuse_damaged("TIFF", "tag " + std::to_string(entry.tag) + " has no such value");
    }
    const auto at = entry.at + index * entry.value_size;
    switch (entry.value_size) {
        case 1: return m_reader.u8(at);
        case 2: return m_reader.u16(at);
        case 4: return m_reader.u32(at);
        default: return m_reader.u64(at);
    }
}

std::optional<std::uint64_t> TiffDirectory::number(std::uint16_t tag) const {
    const auto* entry = find(tag);
    return entry == nullptr ? std::nullopt : std::optional(value(*entry, 0));
}

bool TiffDirectory::repeats_a_tag() const {
    std::vector<std::uint16_t> tags;
    std::ranges::transform(m_entries, std::back_inserter(tags), &Entry::tag);
    std::ranges::sort(tags);
    return std::ranges::adjacent_find(tags) != tags.end();
}

int exif_orientation(Bytes exif) noexcept {
    try {
        const Reader reader(exif, ByteOrder::big, "EXIF");
        constexpr std::string_view k_prefix("Exif\0\0", 6);
        const TiffDirectory directory(reader.says(0, k_prefix) ? exif.subspan(k_prefix.size()) : exif);
        return valid_orientation(directory.number(k_tag_orientation).value_or(1));
    } catch (const std::exception&) {
        return 1;  // a photo with broken EXIF is still a photo
    }
}

}  // namespace mien::image
