// SPDX-License-Identifier: MIT
#pragma once

/// `reencode`: the same people with another encoder, from the photos.

#include <mien/core/json.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/workspace.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace mien::service {

struct ReencodeOptions {
    Workspace workspace;
    std::filesystem::path store;
    pipeline::Options pipeline;  ///< the new encoder and what goes with it
    int jobs{1};
    bool dry_run{false};
    bool drop_missing{false};  ///< go on although some records cannot be made anew; they are dropped from the new store
    double wait_seconds{0};
};

struct LostRecord {
    std::string label;
    std::string photo;
    std::string reason;  ///< the photo is gone, has changed, the face was not found again
};

struct Reencoded {
    std::string from;  ///< encoder
    std::string to;
    std::size_t records{};
    std::vector<LostRecord> lost;
    std::uint64_t change{};  ///< for undo; 0 with dry_run
    double seconds{};
};

struct ReencodeEvents {
    std::function<void(std::size_t photos)> started;
    std::function<void(std::size_t done)> progress;
};

/// Builds the new store beside the old one, then switches; the old one is kept for undo.
/// throws: Error{usage} where records would be lost and drop_missing is not set (nothing has changed then);
///         Error{store_missing, store_locked, store_corrupt, model_missing, interrupted, runtime}
Reencoded reencode(const ReencodeOptions& options, const models::Finder& finder, const ReencodeEvents& events);

Json to_json(const Reencoded& reencoded);

}  // namespace mien::service
