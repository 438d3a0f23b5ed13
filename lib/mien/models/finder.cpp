// SPDX-License-Identifier: MIT
#include <mien/models/models.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/json.hpp>
#include <mien/core/log.hpp>
#include <mien/models/variable.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <utility>

namespace mien::models {
namespace {

namespace fs = std::filesystem;

std::string name_of(const fs::path& path) { return printable(path.native()); }

std::optional<fs::path> user_models() {
    const auto folder = user_folder("XDG_DATA_HOME", ".local/share");
    return folder ? std::optional(*folder / "models") : std::nullopt;
}

std::optional<fs::path> note_path() {
    const auto folder = user_folder("XDG_CACHE_HOME", ".cache");
    return folder ? std::optional(*folder / "verified.json") : std::nullopt;
}

bool is_file(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

std::int64_t nanoseconds(const timespec& time) {
    constexpr std::int64_t k_per_second = 1'000'000'000;
    return static_cast<std::int64_t>(time.tv_sec) * k_per_second + static_cast<std::int64_t>(time.tv_nsec);
}

/// What has to stay the same for a digest to stay true. The change time is there because anybody can set the other one.
struct Fingerprint {
    std::uint64_t size{};
    std::int64_t modified{};
    std::int64_t changed{};
    std::uint64_t inode{};
    friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

struct Note {
    Fingerprint file;
    std::string sha256;
};

std::optional<Fingerprint> fingerprint(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return Fingerprint{static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
                       nanoseconds(status.st_ctim), static_cast<std::uint64_t>(status.st_ino)};
}

std::string hash_file(int fd, const fs::path& path) {
    Sha256Stream stream;
    for_each_block(fd, path, [&stream](Bytes bytes) { stream.update(bytes); });
    return to_hex(stream.finish());
}

using Notes = std::map<std::string, Note>;

/// A note that cannot be read is no note: the worst that follows is hashing once more.
Notes read_notes(const fs::path& path) {
    constexpr std::uint64_t k_largest_note = 1 << 20;
    Notes notes;
    try {
        const auto bytes = read_file(path, k_largest_note);
        const auto* first = reinterpret_cast<const char*>(bytes.data());
        const auto all = Json::parse(first, first + bytes.size());
        for (const auto& [file, entry] : all.at("files").items()) {
            Note note{{entry.at("size").get<std::uint64_t>(), entry.at("modified_ns").get<std::int64_t>(),
                       entry.at("changed_ns").get<std::int64_t>(), entry.at("inode").get<std::uint64_t>()},
                      entry.at("sha256").get<std::string>()};
            (void)sha256_from_hex(note.sha256);
            notes.insert_or_assign(file, std::move(note));
        }
    } catch (const std::exception&) {
        return {};
    }
    return notes;
}

void write_notes(const fs::path& path, const Notes& notes) {
    Json all;
    auto& files = all["files"] = Json::object();
    for (const auto& [file, note] : notes) {
        if (is_file(file)) {
            files[file] = {{"size", note.file.size},
                           {"modified_ns", note.file.modified},
                           {"changed_ns", note.file.changed},
                           {"inode", note.file.inode},
                           {"sha256", note.sha256}};
        }
    }
    fs::create_directories(path.parent_path());
    AtomicFile file(path);
    const auto text = to_line(all) + "\n";
    file.write(std::as_bytes(std::span(text)));
    file.commit();
}

/// Digests found in this process, so that ten workers hash once even where no note can be kept.
class Memory {
public:
    std::optional<std::string> find(const std::string& path, const Fingerprint& print) {
        const std::lock_guard lock(m_mutex);
        const auto found = m_notes.find(path);
        return found != m_notes.end() && found->second.file == print ? std::optional(found->second.sha256)
                                                                     : std::nullopt;
    }
    void keep(const std::string& path, Note note) {
        const std::lock_guard lock(m_mutex);
        m_notes.insert_or_assign(path, std::move(note));
    }

private:
    std::mutex m_mutex;
    Notes m_notes;
};

Memory& memory() {
    static Memory memory;
    return memory;
}

std::string listed(const std::vector<fs::path>& folders) {
    std::string text;
    for (const auto& folder : folders) {
        text += (text.empty() ? "" : ", ") + name_of(folder);
    }
    return text;
}

std::string described(const Card& card) {
    return "the " + std::string(to_string(card.kind)) + (card.kind == Kind::landmarks ? " model \"" : " \"") +
           card.name + "\"";
}

std::string fetch_command(const Card& card) {
    return "mien models fetch " + card.name + (user_models() ? "" : " --to DIR --models DIR");
}

}  // namespace

Finder::Finder(FinderOptions options)
    : m_folders(std::move(options.folders)),
      m_explicit_folder(!m_folders.empty()),
      m_trust_digests(options.trust_digests) {
    const auto add = [this](const fs::path& folder) {
        if (!folder.empty() && std::find(m_folders.begin(), m_folders.end(), folder) == m_folders.end()) {
            m_folders.push_back(folder);
        }
    };
    if (const auto value = environment(k_folders_variable)) {
        for (std::size_t begin = 0; begin <= value->size();) {
            const auto end = std::min(value->find(':', begin), value->size());
            add(value->substr(begin, end - begin));
            begin = end + 1;
        }
    }
    if (const auto folder = user_models()) {
        add(*folder);
    }
    add("/usr/local/share/mien/models");
    add("/usr/share/mien/models");
    add("/usr/share/dlib");  // Debian's libdlib-data: the 68-point predictor
}

std::optional<fs::path> Finder::find(const Card& card) const {
    if (card.file.empty()) {
        return std::nullopt;
    }
    if (fs::path(card.file).is_absolute()) {
        return is_file(card.file) ? std::optional<fs::path>(card.file) : std::nullopt;
    }
    for (const auto& folder : m_folders) {
        if (auto path = folder / card.file; is_file(path)) {
            return path;
        }
    }
    return std::nullopt;
}

std::optional<fs::path> Finder::find_file(const fs::path& file) const {
    if (is_file(file)) {
        return file;
    }
    if (file.is_relative() && !file.empty()) {
        for (const auto& folder : m_folders) {
            if (auto path = folder / file; is_file(path)) {
                return path;
            }
        }
    }
    return std::nullopt;
}

fs::path Finder::require(const Card& card) const {
    if (card.file.empty()) {
        throw Error(ErrorCode::runtime, described(card) + " is compiled in and has no file");
    }
    const auto path = find(card);
    if (!path) {
        const auto remedy =
            card.url.empty()
                ? "there is no published address: put the file into one of these folders, or name its folder "
                  "with --models DIR"
                : "get it with: " + fetch_command(card);
        throw Error(ErrorCode::model_missing, described(card) + " is missing: no " + name_of(card.file) + " in " +
                                                  listed(m_folders) + "; " + remedy);
    }
    if (m_trust_digests || card.sha256.empty()) {
        return *path;
    }
    const auto actual = digest(*path);
    if (std::find(card.sha256.begin(), card.sha256.end(), actual) == card.sha256.end()) {
        std::string published;
        for (const auto& digest : card.sha256) {
            published += (published.empty() ? "" : " or ") + digest;
        }
        const auto remedy = card.url.empty()
                                ? std::string("replace it")
                                : "replace it with: " + fetch_command(card) + " --to " +
                                      shell_quoted(path->has_parent_path() ? path->parent_path().native() : ".");
        throw Error(ErrorCode::model_missing, name_of(*path) + " is not the published file of " + described(card) +
                                                  ": its sha256 is " + actual + ", published is " + published + "; " +
                                                  remedy + ", or take it as it is with --trust-models");
    }
    return *path;
}

std::string Finder::digest(const fs::path& file) const {
    const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd.is_open()) {
        throw_errno("cannot open " + name_of(file));
    }
    const auto print = fingerprint(fd.get());
    if (!print) {
        throw Error(ErrorCode::runtime, "not a regular file: " + name_of(file));
    }
    std::error_code failed;
    auto canonical = fs::canonical(file, failed);
    const auto key = (failed ? fs::absolute(file) : canonical).native();

    if (auto known = memory().find(key, *print)) {
        return *known;
    }
    // JSON holds UTF-8 only; other names are hashed every time.
    const auto note_file = is_utf8(key) ? note_path() : std::nullopt;
    if (note_file) {
        const auto notes = read_notes(*note_file);
        if (const auto found = notes.find(key); found != notes.end() && found->second.file == *print) {
            memory().keep(key, found->second);
            return found->second.sha256;
        }
    }
    const Note note{*print, hash_file(fd.get(), file)};
    if (fingerprint(fd.get()) != print) {
        return note.sha256;  // somebody is writing it: true for what was read, not worth a note
    }
    memory().keep(key, note);
    if (note_file) {
        try {
            // Read again, because another process may have added to it during the hashing.
            auto notes = read_notes(*note_file);
            notes.insert_or_assign(key, note);
            write_notes(*note_file, notes);
        } catch (const std::exception& error) {
            log::debug("no note of checked models: {}", error.what());
        }
    }
    return note.sha256;
}

fs::path Finder::fetch_folder() const {
    if (m_explicit_folder) {
        return m_folders.front();
    }
    if (const auto folder = user_models()) {
        return *folder;
    }
    throw Error(ErrorCode::usage, "HOME is not set, so there is no folder for models: name one with --to DIR");
}

}  // namespace mien::models
