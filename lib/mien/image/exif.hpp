// SPDX-License-Identifier: MIT
#pragma once

/// The directory of tags that TIFF files and EXIF blocks share.
/// source: TIFF 6.0 section 2, Exif 2.32 section 4.6, BigTIFF (libtiff's description)

#include <mien/image/reader.hpp>

#include <optional>
#include <vector>

namespace mien::image {

/// The first directory of a TIFF structure, either byte order, classic or BigTIFF. Further ones are never followed.
class TiffDirectory {
public:
    struct Entry {
        std::uint16_t tag{};
        std::uint64_t count{};
        std::uint64_t at{};     ///< where the first value lies
        unsigned value_size{};  ///< 1, 2, 4 or 8 bytes; 0: no kind of whole number
    };

    /// throws: Error{unreadable} if it is no such structure or ends inside the directory
    explicit TiffDirectory(Bytes tiff);

    [[nodiscard]] const Entry* find(std::uint16_t tag) const;
    /// throws: Error{unreadable} if the value lies outside the file or is no whole number
    [[nodiscard]] std::uint64_t value(const Entry& entry, std::uint64_t index) const;
    /// The tag's first value.
    [[nodiscard]] std::optional<std::uint64_t> number(std::uint16_t tag) const;
    /// Whether a tag stands there twice: then readers disagree about what the file says.
    [[nodiscard]] bool repeats_a_tag() const;

private:
    Reader m_reader;
    std::vector<Entry> m_entries;
};

inline constexpr std::uint16_t k_tag_orientation = 274;

/// exif: the TIFF structure of an EXIF block, with or without "Exif\0\0" in front. Damaged or silent ones mean upright.
/// returns: 1..8
int exif_orientation(Bytes exif) noexcept;

/// 1..8; anything else means upright
inline int valid_orientation(std::uint64_t value) { return value >= 1 && value <= 8 ? static_cast<int>(value) : 1; }

}  // namespace mien::image
