// SPDX-License-Identifier: MIT
#pragma once

/// Whether all files of a store are whole, and what can be kept where they are not.

#include <mien/gallery/file_store.hpp>

#include <string>
#include <vector>

namespace mien::gallery {

enum class FsckKind {
    good,
    note,    ///< nothing is lost: a torn tail, what a crash left
    damage,  ///< something is lost, or would be used wrongly
};

struct FsckFinding {
    FsckKind kind{};
    std::filesystem::path file;
    std::string what;  ///< for people; names the byte
};

struct FsckReport {
    std::vector<FsckFinding> findings;
    std::size_t records{};  ///< that can be used, after the repair if there was one
    std::uint64_t last_change{};
    // Of a repair:
    bool repaired{};
    std::size_t dropped_records{};
    std::size_t dropped_changes{};
    bool rest_lost{};                         ///< something of settings, skipped photos, denials, calibration
    std::vector<std::filesystem::path> kept;  ///< the damaged files, under their new names

    [[nodiscard]] bool is_whole() const;
};

/// Reads every byte of every file of the store; changes nothing and takes no lock.
/// throws: Error{store_missing}; Error{runtime} where a file cannot be read, which says nothing about damage
FsckReport check_store(const std::filesystem::path& store);

/// Keeps what is provably good, says what it dropped, and keeps the damaged files beside. Does nothing to a store that
/// is whole.
/// throws: Error{store_locked, store_missing}, Error{store_corrupt} where nothing can be kept: then nothing has changed
FsckReport repair_store(const std::filesystem::path& store, const WriterOptions& options);

}  // namespace mien::gallery
