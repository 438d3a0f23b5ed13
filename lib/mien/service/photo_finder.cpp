// SPDX-License-Identifier: MIT
#include <mien/service/photo_finder.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

std::optional<std::vector<std::byte>> read_if(const fs::path& file, const Sha256& hash) {
    try {
        auto bytes = read_file(file, k_largest_photo_file);
        return sha256(bytes) == hash ? std::optional(std::move(bytes)) : std::nullopt;
    } catch (const Error&) {
        return std::nullopt;
    }
}

}  // namespace

std::optional<std::vector<std::byte>> PhotoFinder::read(const std::string& name, const Sha256& hash) {
    if (auto bytes = read_if(m_workspace.root / fs::path(name), hash)) {
        return bytes;
    }
    const std::lock_guard lock(m_mutex);
    if (!m_places) {
        look_everywhere();
    }
    const auto found = m_places->find(hash);
    return found == m_places->end() ? std::nullopt : read_if(found->second, hash);
}

void PhotoFinder::look_everywhere() {
    m_places.emplace();
    for (const char* folder : {"dataset_training", "dataset_reserve", "dataset"}) {
        const auto path = m_workspace.root / folder;
        if (!fs::is_directory(path)) {
            continue;
        }
        for (const auto& photo : photos_in(path)) {
            try {
                m_places->emplace(sha256(read_file(photo, k_largest_photo_file)), photo);
            } catch (const Error&) {
                continue;  // what cannot be read is not there
            }
        }
    }
}

}  // namespace mien::service
