// SPDX-License-Identifier: MIT
#pragma once

/// `train`: labelled folders to a store.

#include <mien/core/json.hpp>
#include <mien/match/matcher.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/workspace.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mien::service {

/// What photos gave that were looked at before the store was locked.
class AheadResults;

struct TrainOptions {
    Workspace workspace;
    std::filesystem::path dataset;  ///< empty: the workspace's dataset_training
    std::filesystem::path output;   ///< empty: the workspace's train.mien
    /// "auto" keeps the detector and encoder of the store that is there
    pipeline::Options pipeline;
    std::optional<pipeline::Faces> faces;  ///< nothing: as the store that is there was trained, else one
    match::MatcherOptions matcher;         ///< fitted and kept; "stored": the one that the store keeps, if any
    /// Altered copies of each face that the svm learns from, too; nothing: as many as the store has
    std::optional<std::size_t> augment;
    int jobs{1};
    bool rebuild{false};  ///< reuse nothing, replace even a damaged store
    double wait_seconds{0};
    std::string user{};                           ///< whom the log names; empty: the process's user
    std::shared_ptr<const AheadResults> ahead{};  ///< of encode_ahead() with these options, or null
};

/// What became of one photo: encoded, reused, no_face, several_faces, unreadable, duplicate, bad_label.
struct TrainedPhoto {
    std::string photo;
    std::string outcome;
    std::string label;   ///< empty for bad_label
    std::string reason;  ///< for people; empty for encoded and reused
};

struct TrainSummary {
    std::size_t photos{};
    std::size_t encoded{};
    std::size_t reused{};      ///< known from the last run or from an interrupted one, whose record was kept
    std::size_t duplicates{};  ///< the same content as another photo
    std::size_t failed{};      ///< everything that gave no record, save duplicates
    std::size_t removed{};     ///< records whose photo is gone, or gives none with these settings
    std::size_t people{};
    std::size_t records{};
    std::size_t augmented{};  ///< altered copies that were encoded
    double seconds{};
    std::string detector;
    std::string encoder;
    std::filesystem::path store;
    bool changed{};  ///< false: the store was as it should be and was not written
};

struct TrainEvents {
    std::function<void(std::size_t photos)> started;
    std::function<void(const TrainedPhoto&)> photo;  ///< in the order of the paths
};

/// Encodes what is new, keeps what is known, drops what is gone, and replaces the store atomically. The same input
/// gives the same bytes for any number of jobs. Interrupted work is kept in OUTPUT.partial for the next run.
/// throws: Error{store_locked, store_corrupt, model_mismatch, model_missing, interrupted, runtime}; the old store stays
TrainSummary train(const TrainOptions& options, const models::Finder& finder, const TrainEvents& events);

/// Encodes what train() with these options would encode, without a lock on the store: train() has little to do then,
/// and others can change the store meanwhile. What they changed is heeded.
/// throws: Error{store_corrupt, model_mismatch, model_missing, interrupted, runtime}
std::shared_ptr<const AheadResults> encode_ahead(const TrainOptions& options, const models::Finder& finder);

Json to_json(const TrainedPhoto& photo);
Json to_json(const TrainSummary& summary);

}  // namespace mien::service
