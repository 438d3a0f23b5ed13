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

#include <algorithm>
#include <atomic>
#include <cerrno>
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

/// A file with the bytes in the folder where they shall lie; gone unless it was put into its place.
class Aside {
public:
    Aside(const fs::path& folder, Bytes bytes) {
        static std::atomic<unsigned> s_count{0};
        m_path = folder / (".adding." + std::to_string(::getpid()) + "." + std::to_string(s_count++));
        remove_durably(m_path);  // of a process of the same number that died
        try {
            AppendFile file(m_path);
            file.append(bytes);
            file.sync();
        } catch (const Error&) {
            discard();
            throw;
        }
    }
    ~Aside() { discard(); }
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;

    /// returns: false where something lies there already
    bool put(const fs::path& path) {
        try {
            move_durably(m_path, path);
            m_path.clear();
            return true;
        } catch (const Error&) {
            if (is_there(path)) {
                return false;
            }
            throw;
        }
    }

private:
    void discard() noexcept {
        if (!m_path.empty()) {
            ::unlink(m_path.c_str());
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

bool is_called(std::string_view name, const std::string& label) {
    try {
        return to_label(name) == label;
    } catch (const Error&) {
        return false;
    }
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
    make_folder_durably(folder);
    std::optional<Aside> aside;
    for (;;) {
        auto place = place_for(folder, name, bytes);
        if (place.there) {
            sync_folder(folder);  // whoever put it there may have died before
            return place.path;
        }
        if (!aside) {
            aside.emplace(folder, bytes);
        }
        if (aside->put(place.path)) {  // else somebody was quicker: look again
            return place.path;
        }
    }
}

fs::path place_in(const fs::path& path, const fs::path& folder) {
    return folder / fs::canonical(path).lexically_relative(fs::canonical(folder));
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
