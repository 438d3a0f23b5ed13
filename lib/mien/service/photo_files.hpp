// SPDX-License-Identifier: MIT
#pragma once

/// Photos as files of the workspace: names that cannot lead anywhere else, copies that overwrite nothing and are
/// durable before anybody relies on them.

#include <mien/core/hash.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace mien::service {

/// A label that also serves as the name of the person's folder: to_label(), and no '/', no leading '.', no '\0'.
/// throws: Error{usage} that says what is wrong
std::string to_folder_label(std::string_view text);

/// Whether a folder of people, or a photo beside such folders, is the person's by its name (without extension). Names
/// that are no labels are nobody's.
bool is_called(std::string_view name, const std::string& label);

/// A name for a photo that somebody else chose (an upload's): the last part of it, letters and digits of any script
/// and "._- +()@" as they are, everything else '_', no leading '.' or '-', at most 100 bytes with its extension. Where
/// the bytes are a photo of a known kind and the extension is no photo's, the kind's is appended; a name with
/// nothing left in it becomes "photo".
std::string safe_photo_name(std::string_view name, Bytes bytes);

/// Writes bytes durably to folder/name; never over another file: where the name is taken by other content, name_1,
/// name_2 … is taken. The same content under one of these names is used as it is, so that a repeated call changes
/// nothing. Folders that are missing are made. Mode 0600 & the umask's: photos show people.
/// returns: where it lies
/// throws: Error{runtime}; then nothing was added but perhaps a hidden temporary file
std::filesystem::path add_photo(const std::filesystem::path& folder, const std::string& name, Bytes bytes);

/// A free or equal place as add_photo() would choose it, for somebody who moves the file there.
struct Place {
    std::filesystem::path path;
    bool there{};  ///< the same content lies there already
};
Place place_for(const std::filesystem::path& folder, const std::string& name, Bytes bytes);

/// Where a file that lies_in() the folder is, seen from there, whatever links its path went through.
std::filesystem::path place_in(const std::filesystem::path& path, const std::filesystem::path& folder);

/// Whether path names a regular file inside folder once links are resolved, so that a request cannot reach elsewhere.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace mien::service
