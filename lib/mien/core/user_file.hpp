// SPDX-License-Identifier: MIT
#pragma once

/// Files that a user names on the command line: there a pipe, a FIFO, a device or a link is as good as a file.

#include <mien/core/file.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace mien {

/// The whole of what a user names as input: "-" is standard input, and a pipe or a FIFO is read to its end.
/// throws: Error{runtime} if it cannot be read or is larger than limit; Error{interrupted}
std::vector<std::byte> read_input(const std::filesystem::path& path, std::uint64_t limit);

/// A file that a user names as output. A regular file, or one that is not there, is an AtomicFile, at the end of the
/// links that lead to it; a FIFO or a device is written to as it is.
class OutputFile {
public:
    explicit OutputFile(const std::filesystem::path& path, unsigned mode = 0600);
    void write(Bytes data);
    void commit();

private:
    std::filesystem::path m_path;
    std::optional<AtomicFile> m_file;
    FileDescriptor m_stream;  ///< where there is no m_file
};

}  // namespace mien
