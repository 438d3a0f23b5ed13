// SPDX-License-Identifier: MIT
#pragma once

/// `merge`: several stores, built on several machines, as one.

#include <mien/core/json.hpp>
#include <mien/core/types.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace mien::service {

enum class OnConflict { refuse, first, last };

struct MergeOptions {
    std::vector<std::filesystem::path> stores;  ///< at least one, in the order that first and last mean
    std::filesystem::path output;
    OnConflict on_conflict{OnConflict::refuse};
    bool force{false};  ///< replace a store that is there; `undo` brings it back
    bool dry_run{false};
    double wait_seconds{0};
};

/// One face of one photo of which two stores say different things.
struct MergeConflict {
    std::string photo;
    Box box;
    std::string first;  ///< a label; "not LABEL" or "not a face" where an operator denied it
    std::string last;
    std::filesystem::path first_store;
    std::filesystem::path last_store;
};

struct MergeSummary {
    std::vector<std::filesystem::path> stores;
    std::filesystem::path output;
    std::size_t records{};     ///< in all stores together
    std::size_t duplicates{};  ///< faces that a store before had already
    std::vector<MergeConflict> conflicts;
    std::vector<std::string> dropped;  ///< extras of the stores that do not fit the merged one: "calibration"
    std::size_t people{};
    std::size_t encodings{};
    bool changed{};  ///< false: conflicts were refused, or a dry run
};

/// The same stores in the same order give the same bytes. Conflicts under `refuse` are an answer, not an error: nothing
/// is written.
/// throws: Error{usage} if the output exists and force is not set; Error{model_mismatch} with both names;
///         Error{store_missing, store_corrupt, store_locked}
MergeSummary merge_stores(const MergeOptions& options);

Json to_json(const MergeConflict& conflict);
Json to_json(const MergeSummary& summary);

}  // namespace mien::service
