// SPDX-License-Identifier: MIT
#pragma once

/// The store as a file: train.mien.

#include <mien/gallery/gallery.hpp>

#include <filesystem>
#include <memory>

namespace mien::gallery {

/// Opens and checks a store. The file may be replaced meanwhile; this gallery stays as it was.
/// throws: Error{store_missing}, Error{store_corrupt}, each with the file and the remedy
std::shared_ptr<const Gallery> load_store(const std::filesystem::path& file);

/// Replaces the store atomically and durably; readers see the old one or the new one. Mode 0600.
/// throws: Error{runtime}
void save_store(const std::filesystem::path& file, const Gallery& gallery);

/// The lock that a writer of this store holds.
std::filesystem::path lock_file(const std::filesystem::path& store);

}  // namespace mien::gallery
