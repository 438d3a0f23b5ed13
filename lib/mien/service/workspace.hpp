// SPDX-License-Identifier: MIT
#pragma once

/// Where things lie in a workspace, and which photos are in a folder.

#include <mien/core/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mien::service {

/// Photo files larger than this are not read: 1 GiB.
inline constexpr std::uint64_t k_largest_photo_file = 1ULL << 30U;

struct Workspace {
    std::filesystem::path root{"."};

    [[nodiscard]] std::filesystem::path training() const { return (root / "dataset_training").lexically_normal(); }
    /// Photos that reset starts again from.
    [[nodiscard]] std::filesystem::path reserve() const { return (root / "dataset_reserve").lexically_normal(); }
    /// Uploads that wait for a decision.
    [[nodiscard]] std::filesystem::path inbox() const { return (root / "dataset").lexically_normal(); }
    [[nodiscard]] std::filesystem::path store() const { return (root / "train.mien").lexically_normal(); }
    /// The store that a user named; empty: the usual one.
    [[nodiscard]] std::filesystem::path store(const std::filesystem::path& named) const {
        return named.empty() ? store() : named;
    }
    /// A store of its own: the faces of the uploads, all under one label. It may go; they are looked at again then.
    [[nodiscard]] std::filesystem::path pending_store() const { return (root / "pending.mien").lexically_normal(); }

    /// Where `mien serve` listens for the command line.
    [[nodiscard]] std::filesystem::path socket() const { return (root / "serve.sock").lexically_normal(); }

    /// How a store names a photo: relative to the workspace, '/' between the parts.
    [[nodiscard]] std::string name_of(const std::filesystem::path& photo) const;
};

/// All photos at any depth, sorted by the bytes of their paths; hidden files and folders, and files without an image's
/// extension, are passed over. Links to files are followed, links to folders are not.
/// throws: Error{runtime} if the folder is absent or cannot be read
std::vector<std::filesystem::path> photos_in(const std::filesystem::path& folder);

}  // namespace mien::service
