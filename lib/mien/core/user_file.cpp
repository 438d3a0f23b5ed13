// SPDX-License-Identifier: MIT
#include <mien/core/user_file.hpp>

#include <mien/core/error.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/text.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace mien {
namespace {

namespace fs = std::filesystem;

std::string printable_name(const fs::path& path) { return printable(path.native()); }

}  // namespace

std::vector<std::byte> read_input(const fs::path& path, std::uint64_t limit) {
    const bool piped = path == "-";
    const auto name = piped ? std::string("standard input") : printable_name(path);
    FileDescriptor file;
    if (!piped) {
        file = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));  // waits for who writes a FIFO
        throw_if_interrupted();
        if (!file.is_open()) {
            throw_errno("cannot open " + name);
        }
        struct stat status {};
        if (::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode)) {
            return read_file(path, limit);
        }
    }
    constexpr std::size_t k_block = std::size_t{1} << 20U;
    std::vector<std::byte> data;
    for (std::size_t filled = 0;;) {
        if (data.size() - filled < k_block) {
            data.resize(std::max(2 * data.size(), 4 * k_block));
        }
        const auto got = ::read(piped ? STDIN_FILENO : file.get(), data.data() + filled, data.size() - filled);
        throw_if_interrupted();
        if (got < 0 && errno != EINTR) {
            throw_errno("cannot read " + name);
        }
        if (got == 0) {
            data.resize(filled);
            return data;
        }
        filled += got > 0 ? static_cast<std::size_t>(got) : 0;
        if (filled > limit) {
            throw Error(ErrorCode::runtime, name + " is larger than the limit of " + std::to_string(limit) + " bytes");
        }
    }
}

OutputFile::OutputFile(const fs::path& path, unsigned mode) : m_path(path) {
    struct stat status {};
    const bool there = ::stat(path.c_str(), &status) == 0;
    const auto absolute = fs::absolute(path).lexically_normal().native();
    // What the system shows as a file below these is somebody's open one, such as /dev/stdout.
    const bool system = absolute.starts_with("/dev/") || absolute.starts_with("/proc/");
    if (there && !S_ISDIR(status.st_mode) && (!S_ISREG(status.st_mode) || system)) {
        m_stream = FileDescriptor(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));  // waits for a FIFO's reader
        throw_if_interrupted();
        if (!m_stream.is_open()) {
            throw_errno("cannot open " + printable_name(path));
        }
        return;
    }
    constexpr int k_most_links = 40;
    auto target = path;
    for (int i = 0; fs::is_symlink(target); ++i) {
        if (i == k_most_links) {
            throw Error(ErrorCode::runtime, "too many links at " + printable_name(path));
        }
        target = target.parent_path() / fs::read_symlink(target);
    }
    m_file.emplace(target, mode);
}

void OutputFile::write(Bytes data) {
    if (m_file) {
        m_file->write(data);
    } else {
        for (auto rest = data; !rest.empty();) {
            const auto written = ::write(m_stream.get(), rest.data(), rest.size());
            throw_if_interrupted();
            if (written < 0 && errno != EINTR) {
                throw_errno("cannot write " + printable_name(m_path));
            }
            rest = rest.subspan(written > 0 ? static_cast<std::size_t>(written) : 0);
        }
    }
}

void OutputFile::commit() {
    if (m_file) {
        m_file->commit();
    }
    m_stream.reset();
}

}  // namespace mien
