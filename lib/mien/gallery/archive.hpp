// SPDX-License-Identifier: MIT
#pragma once

/// The bytes of train.mien; man mien-store.5 specifies them.

#include <mien/core/hash.hpp>
#include <mien/gallery/gallery.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

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

/// What is provably good of a damaged archive.
struct Salvage {
    Archive archive;
    std::size_t dropped{};  ///< records of which a byte lies in a damaged chunk
    bool rest_lost{};       ///< some or all of: settings, skipped, denials, extras
    std::string damage;     ///< for people: which bytes
};

/// Nothing where its header or table is damaged, or its format has one checksum for everything.
std::optional<Salvage> salvage_archive(Bytes bytes);

/// What opening does not look at, because a store that mien wrote has it right: order and uniqueness.
/// returns: what is wrong, for people; empty: nothing
std::string check_order(const Gallery& gallery);

}  // namespace mien::gallery
