// SPDX-License-Identifier: MIT

/// Preloaded into the program under test: counts what it does to files below a folder, and at the k-th time fails, or
/// stops the process as a power cut does.
///
///     FAULTS_ROOT    the folder
///     FAULTS_AT      k, from 1; 0: only count
///     FAULTS_MODE    error: the call fails (a write is short, then the disk is full)
///                    kill:  the process ends there, half of a write is done; what was written is kept
///                    power: the process ends there, and of files and folders only what was synced is left
///     FAULTS_REPORT  a file, outside the folder, for the number of calls
///     FAULTS_TIME    what the clock says all the time, in seconds since 1970
///
/// Names of temporary files are counted, not random: with the clock, two runs leave the same bytes.
///
/// What was synced is a picture of the tree, taken at the start and renewed file by file and folder by folder at each
/// fsync. A folder's entries count as they were when the folder was synced, a file's bytes when the file was.

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>
#include <string>

namespace {

constexpr int k_stopped = 99;

template <class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}
#define REAL(name) (*real<decltype(&::name)>(#name))

struct Node {
    bool is_folder{};
    mode_t mode{};
    timespec changed{};
    std::string bytes;                     ///< of a file
    std::map<std::string, ino_t> entries;  ///< of a folder
};

class Faults {
public:
    Faults() {
        const char* root = std::getenv("FAULTS_ROOT");
        const char* at = std::getenv("FAULTS_AT");
        const char* mode = std::getenv("FAULTS_MODE");
        const char* report = std::getenv("FAULTS_REPORT");
        if (root == nullptr || at == nullptr || mode == nullptr || report == nullptr) {
            return;
        }
        m_root = root;
        m_at = std::atol(at);
        m_mode = mode;
        m_report = report;
        if (m_mode == "power") {
            take_picture(m_root);
        }
        m_on = true;
    }

    ~Faults() {
        if (m_on) {
            report();
        }
    }

    bool is_below(const std::string& path) const {
        return m_on && path.size() > m_root.size() && path.starts_with(m_root) && path[m_root.size()] == '/';
    }
    bool is_at_or_below(const std::string& path) const { return m_on && (path == m_root || is_below(path)); }

    /// Counts a call. returns: whether it shall fail; does not return where the process shall stop.
    bool reached() {
        if (++m_count != m_at) {
            return false;
        }
        if (m_mode != "error") {
            stop();
        }
        return true;
    }
    [[nodiscard]] bool is_next() const { return m_count + 1 == m_at; }
    [[nodiscard]] bool keeps_half() const { return m_mode != "power"; }

    [[noreturn]] void stop() {
        if (m_mode == "power") {
            m_on = false;
            clear(m_root);
            put_back(m_root, inode(m_root));
            m_on = true;
        }
        report();
        ::_exit(k_stopped);
    }

    void synced(const std::string& path) {
        if (m_mode == "power") {
            struct stat status {};
            if (::stat(path.c_str(), &status) == 0) {
                picture_of(path, status);
            }
        }
    }

    std::recursive_mutex mutex;
    int full_fd{-1};  ///< its next write fails

private:
    static ino_t inode(const std::string& path) {
        struct stat status {};
        return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
    }

    void report() const {
        if (FILE* file = REAL(fopen)(m_report.c_str(), "w")) {
            std::fprintf(file, "%ld\n", m_count);
            std::fclose(file);
        }
    }

    template <class Use>
    static void for_each_entry(const std::string& folder, Use use) {
        if (DIR* entries = ::opendir(folder.c_str())) {
            while (const dirent* entry = ::readdir(entries)) {
                const std::string name = entry->d_name;
                if (name != "." && name != "..") {
                    use(name);
                }
            }
            ::closedir(entries);
        }
    }

    /// One file or one folder, as it is now.
    void picture_of(const std::string& path, const struct stat& status) {
        auto& node = m_nodes[status.st_ino];
        node.is_folder = S_ISDIR(status.st_mode);
        node.mode = status.st_mode & 07777U;
        node.changed = status.st_mtim;
        if (!node.is_folder) {
            node.bytes.resize(static_cast<std::size_t>(status.st_size));
            const int fd = REAL(open)(path.c_str(), O_RDONLY | O_CLOEXEC);
            const auto got = ::read(fd, node.bytes.data(), node.bytes.size());
            node.bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
            ::close(fd);
            return;
        }
        node.entries.clear();
        for_each_entry(path, [&](const std::string& name) {
            struct stat child {};
            if (::lstat((path + "/" + name).c_str(), &child) == 0) {
                node.entries[name] = child.st_ino;
                auto& entry = m_nodes[child.st_ino];  // what was never synced is empty
                entry.is_folder = S_ISDIR(child.st_mode);
                entry.mode = child.st_mode & 07777U;
            }
        });
    }

    void take_picture(const std::string& path) {
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0) {
            return;
        }
        picture_of(path, status);
        if (S_ISDIR(status.st_mode)) {
            for_each_entry(path, [&](const std::string& name) { take_picture(path + "/" + name); });
        }
    }

    static void clear(const std::string& folder) {
        for_each_entry(folder, [&](const std::string& name) {
            const auto path = folder + "/" + name;
            if (REAL(unlink)(path.c_str()) != 0) {
                clear(path);
                REAL(rmdir)(path.c_str());
            }
        });
    }

    void put_back(const std::string& folder, ino_t which) {
        for (const auto& [name, child] : m_nodes[which].entries) {
            const auto path = folder + "/" + name;
            const auto& node = m_nodes[child];
            if (node.is_folder) {
                REAL(mkdir)(path.c_str(), node.mode);
                put_back(path, child);
                continue;
            }
            const int fd = REAL(open)(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, node.mode);
            if (REAL(write)(fd, node.bytes.data(), node.bytes.size()) != static_cast<ssize_t>(node.bytes.size())) {
                ::abort();
            }
            const timespec times[2] = {node.changed, node.changed};
            ::futimens(fd, times);
            ::close(fd);
        }
    }

    bool m_on{};
    std::string m_root;
    long m_at{};
    long m_count{};
    std::string m_mode;
    std::string m_report;
    std::map<ino_t, Node> m_nodes;
};

Faults& faults() {
    static Faults the_faults;
    return the_faults;
}

/// Before main(), so that the picture is that of the start.
[[gnu::constructor]] void start() { faults(); }

std::string path_of(int fd) {
    char buffer[PATH_MAX];
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    const auto length = ::readlink(link.c_str(), buffer, sizeof buffer);
    return length > 0 ? std::string(buffer, static_cast<std::size_t>(length)) : std::string();
}

std::string path_of(int folder, const char* path) {
    if (path[0] == '/') {
        return path;
    }
    char buffer[PATH_MAX];
    const std::string base = folder == AT_FDCWD ? std::string(::getcwd(buffer, sizeof buffer)) : path_of(folder);
    return base + "/" + (std::strncmp(path, "./", 2) == 0 ? path + 2 : path);
}

/// Whether the call on this path shall fail; errno is set.
bool fails(const std::string& path, int error) {
    const std::lock_guard guard(faults().mutex);
    if (!faults().is_below(path) || !faults().reached()) {
        return false;
    }
    errno = error;
    return true;
}

bool creates(const std::string& path, int flags) {
    return (flags & O_TRUNC) != 0 || ((flags & O_CREAT) != 0 && ::access(path.c_str(), F_OK) != 0);
}

template <class Sync>
int sync_call(int fd, Sync sync) {
    const std::lock_guard guard(faults().mutex);
    const auto path = path_of(fd);
    if (faults().is_at_or_below(path) && faults().reached()) {
        errno = EIO;
        return -1;
    }
    const int result = sync(fd);
    if (result == 0 && faults().is_at_or_below(path)) {
        faults().synced(path);
    }
    return result;
}

template <class Write>
ssize_t write_call(int fd, std::size_t size, Write write) {
    const std::lock_guard guard(faults().mutex);
    if (!faults().is_below(path_of(fd))) {
        return write(size);
    }
    if (faults().full_fd == fd) {
        faults().full_fd = -1;
        errno = ENOSPC;
        return -1;
    }
    if (faults().is_next() && faults().keeps_half() && size > 1) {
        const auto half = write(size / 2);
        faults().full_fd = fd;
        faults().reached();
        return half;
    }
    if (faults().reached()) {
        errno = ENOSPC;
        return -1;
    }
    return write(size);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    const auto full = path_of(AT_FDCWD, path);
    return creates(full, flags) && fails(full, ENOSPC) ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    return open(path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    const auto full = path_of(folder, path);
    return creates(full, flags) && fails(full, ENOSPC) ? -1 : REAL(openat)(folder, path, flags, mode);
}

FILE* fopen(const char* path, const char* mode) {
    const auto full = path_of(AT_FDCWD, path);
    return mode[0] != 'r' && fails(full, ENOSPC) ? nullptr : REAL(fopen)(path, mode);
}

FILE* fopen64(const char* path, const char* mode) { return fopen(path, mode); }

int mkostemp(char* pattern, int flags) {
    if (fails(path_of(AT_FDCWD, pattern), ENOSPC)) {
        return -1;
    }
    char* suffix = pattern + std::strlen(pattern) - 6;
    for (int i = 0; i < 999999; ++i) {
        char digits[8];
        std::snprintf(digits, sizeof digits, "%06d", i);
        std::memcpy(suffix, digits, 6);
        const int fd = REAL(open)(pattern, flags | O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

int clock_gettime(clockid_t clock, timespec* now) noexcept {
    const char* fixed = std::getenv("FAULTS_TIME");
    if (fixed == nullptr || clock != CLOCK_REALTIME) {
        return static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
    }
    *now = {std::atol(fixed), 0};
    return 0;
}

time_t time(time_t* out) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != nullptr) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}

int mkostemp64(char* pattern, int flags) { return mkostemp(pattern, flags); }

ssize_t write(int fd, const void* data, size_t size) {
    return write_call(fd, size, [&](std::size_t part) { return REAL(write)(fd, data, part); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
    return write_call(fd, size, [&](std::size_t part) { return REAL(pwrite)(fd, data, part, offset); });
}

ssize_t copy_file_range(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t size, unsigned flags) {
    return write_call(to, size, [&](std::size_t part) {
        return REAL(copy_file_range)(from, from_offset, to, to_offset, part, flags);
    });
}

ssize_t sendfile(int to, int from, off_t* offset, size_t size) {
    using Sendfile = ssize_t (*)(int, int, off_t*, size_t);
    return write_call(to, size, [&](std::size_t part) { return real<Sendfile>("sendfile")(to, from, offset, part); });
}

int fsync(int fd) {
    return sync_call(fd, [](int file) { return REAL(fsync)(file); });
}

int fdatasync(int fd) {
    return sync_call(fd, [](int file) { return REAL(fdatasync)(file); });
}

int ftruncate(int fd, off_t size) { return fails(path_of(fd), EIO) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int truncate(const char* path, off_t size) {
    return fails(path_of(AT_FDCWD, path), EIO) ? -1 : REAL(truncate)(path, size);
}

int rename(const char* from, const char* to) { return fails(path_of(AT_FDCWD, to), EIO) ? -1 : REAL(rename)(from, to); }

int renameat(int from_folder, const char* from, int to_folder, const char* to) {
    return fails(path_of(to_folder, to), EIO) ? -1 : REAL(renameat)(from_folder, from, to_folder, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
    return fails(path_of(to_folder, to), EIO) ? -1 : REAL(renameat2)(from_folder, from, to_folder, to, flags);
}

int unlink(const char* path) { return fails(path_of(AT_FDCWD, path), EIO) ? -1 : REAL(unlink)(path); }

int unlinkat(int folder, const char* path, int flags) {
    return fails(path_of(folder, path), EIO) ? -1 : REAL(unlinkat)(folder, path, flags);
}

int remove(const char* path) { return fails(path_of(AT_FDCWD, path), EIO) ? -1 : REAL(remove)(path); }

int rmdir(const char* path) { return fails(path_of(AT_FDCWD, path), EIO) ? -1 : REAL(rmdir)(path); }

int link(const char* from, const char* to) { return fails(path_of(AT_FDCWD, to), EIO) ? -1 : REAL(link)(from, to); }

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
    return fails(path_of(to_folder, to), EIO) ? -1 : REAL(linkat)(from_folder, from, to_folder, to, flags);
}

int mkdir(const char* path, mode_t mode) {
    return fails(path_of(AT_FDCWD, path), ENOSPC) ? -1 : REAL(mkdir)(path, mode);
}

int mkdirat(int folder, const char* path, mode_t mode) {
    return fails(path_of(folder, path), ENOSPC) ? -1 : REAL(mkdirat)(folder, path, mode);
}

}  // extern "C"
