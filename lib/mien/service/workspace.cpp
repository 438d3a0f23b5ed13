// SPDX-License-Identifier: MIT
#include <mien/service/workspace.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/image/decode.hpp>

#include <algorithm>

namespace mien::service {

namespace fs = std::filesystem;

std::string Workspace::name_of(const fs::path& photo) const {
    return fs::absolute(photo).lexically_normal().lexically_relative(fs::absolute(root).lexically_normal()).native();
}

std::vector<fs::path> photos_in(const fs::path& folder) {
    if (!fs::is_directory(folder)) {
        throw Error(ErrorCode::runtime, "there is no folder " + printable(folder.native()));
    }
    std::vector<fs::path> photos;
    try {
        for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator();
             ++entry) {
            const auto name = entry->path().filename().native();
            if (name.starts_with('.')) {
                entry.disable_recursion_pending();
                continue;
            }
            if (image::has_image_extension(name) && !entry->is_directory()) {
                photos.push_back(entry->path());
            }
        }
    } catch (const fs::filesystem_error& error) {
        throw Error(ErrorCode::runtime,
                    "cannot read " + printable(error.path1().native()) + ": " + error.code().message());
    }
    std::sort(photos.begin(), photos.end(),
              [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
    return photos;
}

}  // namespace mien::service
