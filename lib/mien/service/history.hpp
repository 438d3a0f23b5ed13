// SPDX-License-Identifier: MIT
#pragma once

/// `log`, `undo`, `restore`, `compact`: the store's life.

#include <mien/core/json.hpp>
#include <mien/core/types.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mien::service {

struct ToldChange {
    std::uint64_t number{};
    UnixTime time{};
    std::string user;
    std::string verb;
    std::string summary;
    std::size_t operations{};
};

/// The last changes, newest first. count 0: all that the store remembers.
/// throws: Error{store_missing, store_corrupt}
std::vector<ToldChange> log(const std::filesystem::path& store, std::size_t count);

struct HistoryOptions {
    std::filesystem::path store;
    double wait_seconds{0};
    bool dry_run{false};
};

/// What a verb that goes back did, or would do.
struct WentBack {
    std::uint64_t change{};          ///< the number that going back got; of a dry run: that it would get
    std::uint64_t to{};              ///< the change after which the store was so
    std::vector<ToldChange> undone;  ///< newest first
    std::vector<ToldChange> kept;  ///< on the way, with nothing to undo: erasures, and what they emptied; newest first
    std::size_t encodings{};
    std::size_t people{};
};

/// Takes the last `changes` back.
/// throws: Error{store_missing, store_locked, store_corrupt}, Error{runtime} where it cannot go back so far, or where
///         nothing on the way can be undone because it is an erasure; then nothing has happened
WentBack undo(const HistoryOptions& options, std::uint64_t changes);

/// Goes back to a time ("2026-01-31T09:00:00Z", also without the Z for local time, or only a date) or to a change's
/// number: what the store was after the last change up to then.
/// throws: as undo; Error{usage} for a text that is neither
WentBack restore(const HistoryOptions& options, const std::string& at);

struct Compacted {
    std::uint64_t bytes_before{};  ///< all files of the store
    std::uint64_t bytes_after{};
    std::size_t encodings{};
    bool forgot{};
};

/// Folds the journal into the archive; with forget_history also drops what tells of earlier states.
Compacted compact(const HistoryOptions& options, bool forget_history);

Json to_json(const ToldChange& change);
Json to_json(const WentBack& went_back);
Json to_json(const Compacted& compacted);

}  // namespace mien::service
