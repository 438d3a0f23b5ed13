// SPDX-License-Identifier: MIT
#include <mien/gallery/file_store.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/archive.hpp>

namespace mien::gallery {

std::shared_ptr<const Gallery> load_store(const std::filesystem::path& file) {
    const std::string name = printable(file.native());
    if (!std::filesystem::exists(file)) {
        throw Error(ErrorCode::store_missing,
                    "there is no store at " + name + "; make one with 'mien train', or name another with --store");
    }
    const auto mapped = std::make_shared<const MappedFile>(file);
    try {
        return read_archive(mapped->bytes(), mapped);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::store_corrupt) {
            throw;
        }
        throw Error(
            ErrorCode::store_corrupt,
            name + ": " + error.what() + "; restore it from a copy, or build it anew with 'mien train --rebuild'");
    }
}

void save_store(const std::filesystem::path& file, const Gallery& gallery) {
    AtomicFile out(file, 0600);
    write_archive(gallery, [&out](Bytes bytes) { out.write(bytes); });
    out.commit();
}

std::filesystem::path lock_file(const std::filesystem::path& store) {
    auto path = store;
    path += ".lock";
    return path;
}

}  // namespace mien::gallery
