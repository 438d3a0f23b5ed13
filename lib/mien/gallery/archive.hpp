// SPDX-License-Identifier: MIT
#pragma once

/// The bytes of train.mien; man mien-store.5 specifies them.

#include <mien/core/hash.hpp>
#include <mien/gallery/gallery.hpp>

#include <functional>
#include <memory>

namespace mien::gallery {

inline constexpr std::uint32_t k_format_version = 2;
inline constexpr std::size_t k_header_size = 256;

/// What an archive knows of the store's life.
struct Lineage {
    std::uint64_t id{};           ///< names the archive: a checksum over all of it. 0: there is none
    std::uint64_t predecessor{};  ///< the id of the archive that it took the place of
    std::uint64_t last_change{};  ///< the number of the last change that it holds
};

struct Archive {
    std::shared_ptr<const Gallery> gallery;
    Lineage lineage;
};

/// Hands the archive to `write` piece by piece; vacant rows are left out. The same gallery gives the same bytes.
/// lineage: without the id
/// returns: the id
std::uint64_t write_archive(const Gallery& gallery, const Lineage& lineage, const std::function<void(Bytes)>& write);

/// Checks and opens an archive of any format. Columns and encodings are not copied: `keep` must own the bytes.
/// throws: Error{store_corrupt} that says what is wrong and at which offset; never reads past the bytes nor allocates
///         more than a small multiple of them
Archive read_archive(Bytes bytes, std::shared_ptr<const void> keep);

}  // namespace mien::gallery
