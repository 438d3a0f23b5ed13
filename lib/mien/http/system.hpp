// SPDX-License-Identifier: MIT
#pragma once

/// Real figures of this machine and process, from /proc and the file system.

#include <cstdint>
#include <filesystem>
#include <mutex>

namespace mien::http {

struct SystemFigures {
    double cpu_percent{};     ///< of the machine, all processors, since the last look (at least 0.2 s ago)
    double memory_percent{};  ///< of the machine's memory that is not available
    double disk_percent{};    ///< of the file system that holds `folder`
    double process_cpu_seconds{};
    std::uint64_t process_memory{};  ///< resident bytes
    std::uint64_t process_threads{};
    std::uint64_t open_files{};
};

/// Thread-safe.
class SystemWatch {
public:
    explicit SystemWatch(std::filesystem::path folder);
    SystemFigures look();

private:
    std::filesystem::path m_folder;
    std::mutex m_mutex;
    std::uint64_t m_busy{};
    std::uint64_t m_total{};
    double m_cpu_percent{};
    std::int64_t m_looked_at{};
};

}  // namespace mien::http
