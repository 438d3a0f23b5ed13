// SPDX-License-Identifier: MIT
#pragma once

/// `forget`: erases a person, history included. It cannot be undone, and it proves that nothing is left.

#include <mien/core/json.hpp>
#include <mien/service/workspace.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace mien::service {

struct ForgetOptions {
    Workspace workspace;
    std::filesystem::path store;
    std::string label;
    bool keep_photos{false};  ///< leave dataset_training and dataset_reserve alone
    bool dry_run{false};
    double wait_seconds{0};
    std::string user{};  ///< whom the log names; empty: the process's user
};

struct Forgotten {
    std::string label;
    std::size_t encodings{};          ///< erased from the store
    std::size_t changes{};            ///< of journal and history that lost something
    std::size_t pending{};            ///< waiting faces that looked like the person, erased
    std::vector<std::string> photos;  ///< removed, relative to the workspace
    std::vector<std::string> files;   ///< that were searched for the person's encodings afterwards
    std::size_t traces{};             ///< encodings found in them: 0, or the erasure failed
};

/// Works again after an interruption: what is left is erased then.
/// throws: Error{usage} if nobody is called that; Error{store_missing, store_locked, store_corrupt, runtime}
Forgotten forget(const ForgetOptions& options);

Json to_json(const Forgotten& forgotten);

}  // namespace mien::service
