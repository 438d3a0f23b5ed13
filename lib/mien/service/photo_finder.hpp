// SPDX-License-Identifier: MIT
#pragma once

/// The photos behind a store's records.

#include <mien/core/hash.hpp>
#include <mien/service/workspace.hpp>

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace mien::service {

/// Finds photos by their content: where they were first, then anywhere in the workspace's folders.
/// threads: any
class PhotoFinder {
public:
    explicit PhotoFinder(const Workspace& workspace) : m_workspace(workspace) {}

    /// name: as the store names the photo
    /// returns: the bytes, or nothing where no file has this content any more
    std::optional<std::vector<std::byte>> read(const std::string& name, const Sha256& hash);

private:
    void look_everywhere();

    const Workspace& m_workspace;
    std::mutex m_mutex;
    std::optional<std::unordered_map<Sha256, std::filesystem::path, Sha256Hash>> m_places;
};

}  // namespace mien::service
