// SPDX-License-Identifier: MIT
#include <mien/core/file.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

namespace mien {
namespace {

namespace fs = std::filesystem;

std::string name_of(const fs::path& path) { return printable(path.native()); }

FileDescriptor open_or_throw(const fs::path& path, int flags, unsigned mode = 0) {
    FileDescriptor fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd.is_open()) {
        throw_errno("cannot open " + name_of(path));
    }
    return fd;
}

std::uint64_t regular_size(const FileDescriptor& fd, const fs::path& path) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) {
        throw_errno("cannot examine " + name_of(path));
    }
    if (!S_ISREG(status.st_mode)) {
        throw Error(ErrorCode::runtime, "not a regular file: " + name_of(path));
    }
    return static_cast<std::uint64_t>(status.st_size);
}

void write_all(int fd, Bytes data, const fs::path& path) {
    while (!data.empty()) {
        const auto written = ::write(fd, data.data(), data.size());
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw_errno("cannot write " + name_of(path));
        }
        data = data.subspan(static_cast<std::size_t>(written));
    }
}

void sync_or_throw(int fd, const fs::path& path) {
    if (::fsync(fd) != 0) {
        throw_errno("cannot make durable " + name_of(path));
    }
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

FileState to_state(const struct stat& status) {
    constexpr std::int64_t k_nanoseconds = 1'000'000'000;
    return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
            status.st_mtim.tv_sec * k_nanoseconds + status.st_mtim.tv_nsec};
}

FileState state_of(const FileDescriptor& fd, const fs::path& path) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) {
        throw_errno("cannot examine " + name_of(path));
    }
    return to_state(status);
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
        reset();
        m_fd = other.release();
    }
    return *this;
}

int FileDescriptor::release() { return std::exchange(m_fd, -1); }

void FileDescriptor::reset() {
    if (m_fd >= 0) {
        ::close(m_fd);
        m_fd = -1;
    }
}

std::vector<std::byte> read_file(const fs::path& path, std::uint64_t limit) {
    // O_NONBLOCK: opening a FIFO that nobody writes must not hang; regular files ignore it.
    const auto fd = open_or_throw(path, O_RDONLY | O_NONBLOCK);
    const auto size = regular_size(fd, path);
    if (size > limit) {
        throw Error(ErrorCode::runtime,
                    name_of(path) + " is larger than the limit of " + std::to_string(limit) + " bytes");
    }
    std::vector<std::byte> data(size);
    std::size_t filled = 0;
    while (filled < data.size()) {
        const auto got = ::read(fd.get(), data.data() + filled, data.size() - filled);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw_errno("cannot read " + name_of(path));
        }
        if (got == 0) {
            data.resize(filled);  // somebody shortened it meanwhile; the decoder will say what is missing
            break;
        }
        filled += static_cast<std::size_t>(got);
    }
    return data;
}

void for_each_block(int fd, const fs::path& path, const std::function<void(Bytes)>& use) {
    std::vector<std::byte> buffer(std::size_t{1} << 20U);
    for (off_t offset = 0;;) {
        const auto got = ::pread(fd, buffer.data(), buffer.size(), offset);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw_errno("cannot read " + name_of(path));
        }
        if (got == 0) {
            return;
        }
        use(Bytes(buffer).first(static_cast<std::size_t>(got)));
        offset += got;
    }
}

std::optional<FileState> file_state(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return std::nullopt;
        }
        throw_errno("cannot examine " + name_of(path));
    }
    return to_state(status);
}

std::optional<std::vector<std::byte>> read_file_from(const fs::path& path, std::uint64_t offset, FileState& state) {
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd.is_open()) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        throw_errno("cannot open " + name_of(path));
    }
    regular_size(fd, path);
    state = state_of(fd, path);
    std::vector<std::byte> data(state.size > offset ? state.size - offset : 0);
    std::size_t filled = 0;
    while (filled < data.size()) {
        const auto got =
            ::pread(fd.get(), data.data() + filled, data.size() - filled, static_cast<off_t>(offset + filled));
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw_errno("cannot read " + name_of(path));
        }
        if (got == 0) {
            break;  // shortened meanwhile
        }
        filled += static_cast<std::size_t>(got);
    }
    data.resize(filled);
    state.size = std::min(state.size, offset + filled);
    return data;
}

void expect_reading(Bytes bytes) {
    if (bytes.empty()) {
        return;
    }
    static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data()) / page * page;
    const auto end = reinterpret_cast<std::uintptr_t>(bytes.data()) + bytes.size();
    // A hint: where the kernel does not know it, the faults come one by one.
    static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ));
}

MappedFile::MappedFile(const fs::path& path, bool at_once) {
    const auto fd = open_or_throw(path, O_RDONLY | O_NONBLOCK);
    m_size = regular_size(fd, path);
    m_state = state_of(fd, path);
    if (m_size == 0) {
        return;
    }
    // Stores are replaced by rename, never rewritten in place, so the mapping stays what it was when opened.
    void* data = ::mmap(nullptr, m_size, PROT_READ, MAP_PRIVATE | (at_once ? MAP_POPULATE : 0), fd.get(), 0);
    if (data == MAP_FAILED) {
        throw_errno("cannot map " + name_of(path));
    }
    m_data = static_cast<const std::byte*>(data);
}

MappedFile::~MappedFile() {
    if (m_data != nullptr) {
        ::munmap(const_cast<std::byte*>(m_data), m_size);
    }
}

AtomicFile::AtomicFile(fs::path target, unsigned mode) : m_target(std::move(target)) {
    struct stat status {};
    if (::lstat(m_target.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
        throw Error(ErrorCode::runtime,
                    name_of(m_target) + " is there and no regular file; name another, or remove it first");
    }
    auto pattern = (folder_of(m_target) / ("." + m_target.filename().native() + ".XXXXXX")).native();
    m_fd = FileDescriptor(::mkostemp(pattern.data(), O_CLOEXEC));
    if (!m_fd.is_open()) {
        throw_errno("cannot create a file beside " + name_of(m_target));
    }
    m_temporary = pattern;
    if (::fchmod(m_fd.get(), static_cast<mode_t>(mode)) != 0) {
        const int saved = errno;
        ::unlink(m_temporary.c_str());
        errno = saved;
        throw_errno("cannot set the mode of " + name_of(m_temporary));
    }
}

AtomicFile::~AtomicFile() {
    if (m_fd.is_open()) {
        ::unlink(m_temporary.c_str());
    }
}

void AtomicFile::write(Bytes data) { write_all(m_fd.get(), data, m_temporary); }

void AtomicFile::commit() {
    sync_or_throw(m_fd.get(), m_temporary);
    if (::rename(m_temporary.c_str(), m_target.c_str()) != 0) {
        throw_errno("cannot rename over " + name_of(m_target));
    }
    m_fd.reset();
    sync_folder(folder_of(m_target));
}

AppendFile::AppendFile(fs::path path) : m_path(std::move(path)) {
    m_fd = open_or_throw(m_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    regular_size(m_fd, m_path);
}

void AppendFile::append(Bytes data) { write_all(m_fd.get(), data, m_path); }

void AppendFile::truncate(std::uint64_t size) {
    if (::ftruncate(m_fd.get(), static_cast<off_t>(size)) != 0) {
        throw_errno("cannot shorten " + name_of(m_path));
    }
}

void AppendFile::sync() {
    if (::fdatasync(m_fd.get()) != 0) {
        throw_errno("cannot make durable " + name_of(m_path));
    }
}

namespace {

/// Whether the process holds a lock like ours on a file with this number, as the kernel says; where it lists no such
/// lock (layered file systems and containers have numbers of their own), whether the process lives. Not compared is the
/// device, which the kernel and stat() name differently on layered file systems.
bool may_hold_lock(long process, ino_t file) {
    // "1: FLOCK  ADVISORY  WRITE 1234 fe:00:10953042 0 EOF"; "->" before the kind of one who waits
    std::ifstream locks("/proc/locks");
    bool listed = false;
    for (std::string line; std::getline(locks, line);) {
        std::istringstream words(line);
        std::string number, kind, manner, access, owner, place;
        words >> number >> kind >> manner >> access >> owner >> place;
        if (kind != "FLOCK" || !place.ends_with(":" + std::to_string(file))) {
            continue;
        }
        if (owner == std::to_string(process)) {
            return true;
        }
        listed = true;
    }
    return !listed && (::kill(static_cast<pid_t>(process), 0) == 0 || errno != ESRCH);
}

/// " (process and verb: 1234 train)"; nothing where that was written by another than who holds the lock: one who died,
/// or is done, or before the holder has come to write.
std::string holder_of(int lock) {
    std::array<char, 64> text{};
    const auto length = ::pread(lock, text.data(), text.size() - 1, 0);
    const auto process = length > 0 ? std::strtol(text.data(), nullptr, 10) : 0;
    struct stat status {};
    if (process <= 0 || ::fstat(lock, &status) != 0 || !may_hold_lock(process, status.st_ino)) {
        return {};
    }
    return " (process and verb: " + printable({text.data(), static_cast<std::size_t>(length)}) + ")";
}

}  // namespace

FileLock::FileLock(const fs::path& path, const std::string& verb, double wait_seconds) {
    m_fd = open_or_throw(path, O_RDWR | O_CREAT, 0600);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(wait_seconds);
    while (::flock(m_fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            throw_errno("cannot lock " + name_of(path));
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            throw Error(ErrorCode::store_locked, "another process is changing the store" + holder_of(m_fd.get()) +
                                                     "; wait for it, or use --wait SECONDS");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const std::string text = std::to_string(::getpid()) + " " + verb;
    if (::ftruncate(m_fd.get(), 0) != 0) {
        throw_errno("cannot write " + name_of(path));
    }
    write_all(m_fd.get(), std::as_bytes(std::span(text)), path);
}

void sync_folder(const fs::path& folder) {
    const auto fd = open_or_throw(folder, O_RDONLY | O_DIRECTORY);
    sync_or_throw(fd.get(), folder);
}

void make_folder_durably(const fs::path& folder) {
    if (fs::is_directory(folder)) {
        return;
    }
    if (folder.has_parent_path() && folder.parent_path() != folder) {
        make_folder_durably(folder.parent_path());
    }
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        throw_errno("cannot make the folder " + name_of(folder));
    }
    sync_folder(folder_of(folder));
}

bool move_durably(const fs::path& from, const fs::path& to) {
    make_folder_durably(folder_of(to));
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
        if (errno == ENOENT) {
            return false;
        }
        throw_errno("cannot move " + name_of(from) + " to " + name_of(to));
    }
    sync_folder(folder_of(to));
    sync_folder(folder_of(from));
    return true;
}

void remove_durably(const fs::path& path) {
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) {
            return;
        }
        throw_errno("cannot remove " + name_of(path));
    }
    sync_folder(folder_of(path));
}

void remove_folder_durably(const fs::path& folder) {
    try {
        if (fs::remove_all(folder) > 0) {
            sync_folder(folder_of(folder));
        }
    } catch (const fs::filesystem_error& error) {
        throw Error(ErrorCode::runtime, "cannot remove " + name_of(error.path1()) + ": " + error.code().message());
    }
}

void link_durably(const fs::path& from, const fs::path& to) {
    remove_durably(to);
    if (::link(from.c_str(), to.c_str()) != 0) {
        throw_errno("cannot link " + name_of(from) + " as " + name_of(to));
    }
    sync_folder(folder_of(to));
}

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

std::optional<std::filesystem::path> user_folder(const char* variable, const char* below_home) {
    if (const auto value = environment(variable); value && std::filesystem::path(*value).is_absolute()) {
        return std::filesystem::path(*value) / "mien";
    }
    if (const auto home = environment("HOME"); home && std::filesystem::path(*home).is_absolute()) {
        return std::filesystem::path(*home) / below_home / "mien";
    }
    return std::nullopt;
}

}  // namespace mien
