// SPDX-License-Identifier: MIT
#pragma once

/// `import`: records of other programs and of other stores, into a store.

#include <mien/core/json.hpp>
#include <mien/exchange/collection.hpp>
#include <mien/models/models.hpp>
#include <mien/service/workspace.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mien::service {

struct ImportOptions {
    Workspace workspace;
    std::filesystem::path file;              ///< "-": standard input
    std::filesystem::path store;             ///< empty: the workspace's train.mien
    std::optional<exchange::Format> format;  ///< nothing: by the first bytes
    /// Which encoder the encodings come from, where the file does not say: a name of the catalogue or "onnx:FILE".
    std::string encoder;
    bool skip_bad{false};  ///< leave bad records out, instead of taking nothing over
    bool dry_run{false};   ///< say what would happen; no lock is taken
    double wait_seconds{0};
};

struct ImportSummary {
    std::filesystem::path file;
    std::filesystem::path store;
    exchange::Format format{};
    std::string encoder;
    std::size_t records{};  ///< in the file, the bad ones too
    std::size_t added{};
    std::size_t present{};        ///< of added's kin: the store has the face already
    std::size_t differing{};      ///< has it, but under another label, which stays
    std::size_t denials{};        ///< that were added
    std::size_t without_photo{};  ///< added without the photo's content being known
    std::vector<exchange::BadEntry> bad;
    std::size_t people{};  ///< in the store afterwards
    std::size_t encodings{};
    bool created{};  ///< there was no store
    bool changed{};  ///< false: everything was there already, or a dry run
};

/// Everything or nothing, as one change that `undo` takes back. A face that is there already, about the same place of
/// the same photo, is passed over. throws: Error{usage} if neither the file nor the options name the encoder;
/// Error{model_mismatch} with both names;
///         Error{runtime} with the place of the first bad record; Error{store_locked, store_corrupt, model_missing}
ImportSummary import_records(const ImportOptions& options, const models::Finder& finder);

/// Whether a record was imported without its photo's content being known, so that only the photo's name says which
/// photo it is.
bool goes_by_name(const gallery::RecordView& record);

Json to_json(const ImportSummary& summary);

}  // namespace mien::service
