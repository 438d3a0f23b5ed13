// SPDX-License-Identifier: MIT
#pragma once

/// `fsck`: whether a store is whole, and what can be kept where it is not.

#include <mien/core/json.hpp>
#include <mien/gallery/fsck.hpp>

namespace mien::service {

struct FsckOptions {
    std::filesystem::path store;
    bool repair{false};
    double wait_seconds{0};
};

/// throws: Error{store_missing, store_locked}; with repair, Error{store_corrupt} where nothing can be kept
gallery::FsckReport fsck(const FsckOptions& options);

Json to_json(const gallery::FsckReport& report);

}  // namespace mien::service
