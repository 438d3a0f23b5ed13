// SPDX-License-Identifier: MIT
#include <mien/service/photo_files.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/text.hpp>
#include <mien/image/decode.hpp>
#include <mien/service/workspace.hpp>

#include <utf8proc.h>

#include <sys/stat.h>
#include <unistd.h>

#include <fcntl.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_longest_name = 100;

bool is_harmless(utf8proc_int32_t letter) {
    switch (utf8proc_category(letter)) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ND: return true;
        default:
            return letter < 0x80 &&
                   std::string_view("._- +()@").find(static_cast<char>(letter)) != std::string_view::npos;
    }
}

/// Every letter that is not harmless as '_'; never longer than `limit` bytes and never cut inside a letter.
std::string harmless(std::string_view text, std::size_t limit) {
    std::string clean;
    while (!text.empty()) {
        utf8proc_int32_t letter = -1;
        auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &letter);
        const bool keep = length > 0 && is_harmless(letter);
        length = std::max<utf8proc_ssize_t>(length, 1);
        const auto piece = keep ? text.substr(0, static_cast<std::size_t>(length)) : std::string_view("_");
        if (clean.size() + piece.size() > limit) {
            break;
        }
        clean += piece;
        text.remove_prefix(static_cast<std::size_t>(length));
    }
    return clean;
}

std::string_view usual_extension(Bytes bytes) {
    try {
        switch (image::read_header(bytes).format) {
            case image::Format::jpeg: return ".jpg";
            case image::Format::png: return ".png";
            case image::Format::webp: return ".webp";
            case image::Format::bmp: return ".bmp";
            case image::Format::tiff: return ".tif";
            case image::Format::pnm: return ".pnm";
        }
    } catch (const Error&) {  // it waits as what it is called; reading it will say what is wrong
    }
    return {};
}

bool is_there(const fs::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) {
        return true;
    }
    if (errno != ENOENT) {
        throw_errno("cannot examine " + printable(path.native()));
    }
    return false;
}

bool holds(const fs::path& path, Bytes bytes) {
    std::error_code problem;
    if (fs::file_size(path, problem) != bytes.size() || problem || fs::is_symlink(path)) {
        return false;
    }
    const auto there = read_file(path, k_largest_photo_file);
    return std::equal(there.begin(), there.end(), bytes.begin(), bytes.end());
}

/// name, name_1, name_2 … (before the extension)
std::string numbered(const std::string& name, unsigned number) {
    if (number == 0) {
        return name;
    }
    const fs::path parts(name);
    return parts.stem().native() + "_" + std::to_string(number) + parts.extension().native();
}

/// A file with the bytes beside the place where it shall be; gone unless put().
class Aside {
public:
    Aside(const fs::path& folder, Bytes bytes) {
        auto pattern = (folder / ".adding.XXXXXX").native();
        FileDescriptor fd(::mkostemp(pattern.data(), O_CLOEXEC));
        if (!fd.is_open()) {
            throw_errno("cannot create a file in " + printable(folder.native()));
        }
        m_path = pattern;
        while (!bytes.empty()) {
            const auto written = ::write(fd.get(), bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) {
                continue;
            }
            if (written < 0) {
                discard();
                throw_errno("cannot write " + printable(pattern));
            }
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
        if (::fsync(fd.get()) != 0) {
            discard();
            throw_errno("cannot make durable " + printable(pattern));
        }
    }
    ~Aside() { discard(); }
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;

    /// false: something lies there already
    bool put(const fs::path& path) {
        if (::renameat2(AT_FDCWD, m_path.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) {
            m_path.clear();
            return true;
        }
        if (errno == EEXIST) {
            return false;
        }
        // Some file systems know no such renaming, but links.
        if (errno == EINVAL || errno == ENOSYS) {
            if (::link(m_path.c_str(), path.c_str()) == 0) {
                return true;
            }
            if (errno == EEXIST) {
                return false;
            }
        }
        throw_errno("cannot create " + printable(path.native()));
    }

private:
    void discard() {
        if (!m_path.empty()) {
            const int saved = errno;
            ::unlink(m_path.c_str());
            errno = saved;
        }
    }
    fs::path m_path;
};

}  // namespace

std::string to_folder_label(std::string_view text) {
    auto label = to_label(text);
    if (label.find('/') != std::string::npos || label.find('\0') != std::string::npos) {
        throw Error(ErrorCode::usage, "a label must not hold '/', because it names a folder: " + printable(label));
    }
    if (label.front() == '.') {
        throw Error(ErrorCode::usage, "a label must not begin with a dot, because it names a folder: " + label);
    }
    return label;
}

std::string safe_photo_name(std::string_view name, Bytes bytes) {
    name = name.substr(name.find_last_of("/\\") == std::string_view::npos ? 0 : name.find_last_of("/\\") + 1);
    const auto first = name.find_first_not_of(" .-");
    name = first == std::string_view::npos ? std::string_view() : name.substr(first);
    const auto dot = name.rfind('.');
    std::string extension;
    if (dot != std::string_view::npos && image::has_image_extension(name)) {
        extension = name.substr(dot);
        name = name.substr(0, dot);
    } else {
        extension = usual_extension(bytes);
    }
    auto stem = harmless(name, k_longest_name - extension.size());
    if (std::all_of(stem.begin(), stem.end(), [](char c) { return c == '_' || c == ' ' || c == '.'; })) {
        stem = "photo";
    }
    return stem + extension;
}

Place place_for(const fs::path& folder, const std::string& name, Bytes bytes) {
    for (unsigned number = 0;; ++number) {
        auto path = folder / numbered(name, number);
        if (!is_there(path)) {
            return {std::move(path), false};
        }
        if (holds(path, bytes)) {
            return {std::move(path), true};
        }
    }
}

fs::path add_photo(const fs::path& folder, const std::string& name, Bytes bytes) {
    make_folders(folder);
    std::optional<Aside> aside;
    for (;;) {
        auto place = place_for(folder, name, bytes);
        if (!place.there) {
            if (!aside) {
                aside.emplace(folder, bytes);
            }
            if (!aside->put(place.path)) {
                continue;  // somebody was quicker: look again
            }
        }
        sync_folder(folder);
        return place.path;
    }
}

void make_folders(const fs::path& folder) {
    if (folder.empty() || fs::is_directory(folder)) {
        return;
    }
    const auto parent = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
    make_folders(parent);
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
        throw_errno("cannot make the folder " + printable(folder.native()));
    }
    sync_folder(parent);
}

void remove_photo(const fs::path& file) {
    if (::unlink(file.c_str()) != 0) {
        if (errno == ENOENT) {
            return;
        }
        throw_errno("cannot remove " + printable(file.native()));
    }
    sync_folder(file.has_parent_path() ? file.parent_path() : fs::path("."));
}

bool lies_in(const fs::path& path, const fs::path& folder) {
    std::error_code problem;
    const auto file = fs::canonical(path, problem);
    if (problem || !fs::is_regular_file(file, problem) || problem) {
        return false;
    }
    const auto house = fs::canonical(folder, problem);
    if (problem) {
        return false;
    }
    const auto inside = file.lexically_relative(house);
    return !inside.empty() && *inside.begin() != "..";
}

}  // namespace mien::service
