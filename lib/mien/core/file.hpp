// SPDX-License-Identifier: MIT
#pragma once

/// Files: read whole ones with a bound, map large ones, replace them atomically, append with checks, lock.
/// All throw Error{runtime} that names the file, unless said otherwise.

#include <mien/core/hash.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mien {

/// An open file descriptor, closed when it goes.
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : m_fd(fd) {}
    ~FileDescriptor() { reset(); }
    FileDescriptor(FileDescriptor&& other) noexcept : m_fd(other.release()) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    [[nodiscard]] int get() const { return m_fd; }
    [[nodiscard]] bool is_open() const { return m_fd >= 0; }
    int release();
    void reset();

private:
    int m_fd{-1};
};

/// The whole file.
/// throws: Error{runtime} if it cannot be read, is no regular file (a device, a FIFO, a folder), or is larger than
/// limit
std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t limit);

/// Calls use(bytes) for the bytes of an open file, in order and a megabyte at a time, for files larger than memory
/// should hold. path: for the message.
void for_each_block(int fd, const std::filesystem::path& path, const std::function<void(Bytes)>& use);

/// Tells whether a path still means the same content, without reading it.
struct FileState {
    std::uint64_t device{};
    std::uint64_t inode{};
    std::uint64_t size{};
    std::int64_t changed{};  ///< nanoseconds since 1970
    friend bool operator==(const FileState&, const FileState&) = default;
};

/// Nothing where there is no such file.
std::optional<FileState> file_state(const std::filesystem::path& path);

/// What there is of the file from `offset` on, nothing where there is no such file.
/// state: that of the file which was read, with the size as far as it was read
std::optional<std::vector<std::byte>> read_file_from(const std::filesystem::path& path, std::uint64_t offset,
                                                     FileState& state);

/// Tells the system that these bytes are read next: their pages are mapped at once, not one fault after the other.
void expect_reading(Bytes bytes);

/// Reads a file that may be replaced (never changed in place) while it is mapped.
class MappedFile {
public:
    /// at_once: maps all pages now; else whoever reads calls expect_reading() for its part.
    explicit MappedFile(const std::filesystem::path& path, bool at_once = true);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    [[nodiscard]] Bytes bytes() const { return {m_data, m_size}; }
    [[nodiscard]] const FileState& state() const { return m_state; }

private:
    FileState m_state;
    const std::byte* m_data{};
    std::size_t m_size{};
};

/// Writes beside the target and renames over it once all is on disk, so that readers and crashes see the old file or
/// the new one. The new file's mode is `mode`. Without commit() nothing has happened.
class AtomicFile {
public:
    explicit AtomicFile(std::filesystem::path target, unsigned mode = 0600);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    void write(Bytes data);
    /// fsync of the file, rename, fsync of the folder.
    void commit();

private:
    std::filesystem::path m_target;
    std::filesystem::path m_temporary;
    FileDescriptor m_fd;
};

/// Appends whole buffers to a file (mode 0600), created if absent.
class AppendFile {
public:
    explicit AppendFile(std::filesystem::path path);
    void append(Bytes data);
    /// Cuts the file to size bytes; the next append goes there.
    void truncate(std::uint64_t size);
    /// Makes what was appended durable. A file that is new needs sync_folder() once, too.
    void sync();

private:
    std::filesystem::path m_path;
    FileDescriptor m_fd;
};

/// One writer: an advisory lock on a small file that says who holds it ("1234 train").
class FileLock {
public:
    /// Waits up to wait_seconds for the lock.
    /// throws: Error{store_locked} that names the holder
    FileLock(const std::filesystem::path& path, const std::string& verb, double wait_seconds = 0);

private:
    FileDescriptor m_fd;
};

/// Makes a rename, creation or removal inside the folder durable.
void sync_folder(const std::filesystem::path& folder);

/// Renames a file or folder within a file system, durably; folders that `to` needs are made.
/// returns: false, and nothing has happened, where `from` is absent
/// throws: Error{runtime} if something is at `to` already, too
bool move_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// Removes a file durably, if it is there.
void remove_durably(const std::filesystem::path& path);

/// Removes a folder with all that is in it, durably, if it is there. Links are removed, not followed.
void remove_folder_durably(const std::filesystem::path& folder);

/// A second name for a file, durably; one that is at `to` goes.
void link_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// Makes the folder and those above it, durably, mode 0700; it may be there.
void make_folder_durably(const std::filesystem::path& folder);

/// Environment variable, nothing where it is unset or empty.
std::optional<std::string> environment(const char* name);

/// The program's folder below an XDG variable ("XDG_CACHE_HOME"), else below the home folder (".cache"); nothing where
/// neither is set. Relative values count as unset, as the XDG specification wants it.
std::optional<std::filesystem::path> user_folder(const char* variable, const char* below_home);

}  // namespace mien
