// SPDX-License-Identifier: MIT
#pragma once

/// `reset`: back to the people in dataset_reserve/.
///
/// dataset/ and dataset_training/ are emptied, dataset_reserve/ is copied into dataset_training/, and the store is
/// built anew from it. The new folders and the new store are complete and durable before the old ones are touched, and
/// the old ones are kept until the store's history is forgotten: one undo brings all of it back.

#include <mien/core/error.hpp>
#include <mien/core/json.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/train.hpp>
#include <mien/service/workspace.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace mien::service {

struct ResetOptions {
    Workspace workspace;
    pipeline::Options pipeline;  ///< "auto" keeps what the store that is there was built with
    pipeline::Faces faces{pipeline::Faces::one};
    int jobs{1};
    bool dry_run{false};
    double wait_seconds{0};
    std::string user{};  ///< whom the log names; empty: the process's user
    bool ahead{false};   ///< encode before the store is locked, so that others can change it meanwhile
};

struct ResetSummary {
    std::size_t uploads{};   ///< photos that leave dataset/
    std::size_t training{};  ///< photos that leave dataset_training/
    std::size_t reserve{};   ///< photos that come from dataset_reserve/
    std::size_t people_before{};
    std::size_t records_before{};
    std::size_t people{};    ///< afterwards; of a dry run: 0
    std::size_t records{};   ///< afterwards; of a dry run: 0
    std::size_t failed{};    ///< reserve photos that gave no encoding, save duplicates
    std::string kept_in;     ///< where the old folders lie now, in the workspace
    std::uint64_t change{};  ///< for undo
    double seconds{};
};

/// There is nobody to go back to.
class ReserveEmpty : public Error {
public:
    explicit ReserveEmpty(const std::string& message) : Error(ErrorCode::usage, message) {}
};

/// throws: ReserveEmpty; Error{usage} where a folder is a link to elsewhere;
///         Error{store_locked, model_missing, interrupted, runtime}; then everything is as it was
ResetSummary reset(const ResetOptions& options, const models::Finder& finder, const TrainEvents& events);

Json to_json(const ResetSummary& summary);

}  // namespace mien::service
