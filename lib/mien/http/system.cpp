// SPDX-License-Identifier: MIT
#include <mien/http/system.hpp>

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>

namespace mien::http {
namespace {

constexpr std::int64_t k_shortest_look = 200;  // ms; the kernel counts in hundredths of a second

struct Ticks {
    std::uint64_t busy{};
    std::uint64_t total{};
};

Ticks machine_ticks() {
    std::ifstream in("/proc/stat");
    std::string word;
    in >> word;
    Ticks ticks;
    // user nice system idle iowait irq softirq steal
    for (int i = 0; i < 8; ++i) {
        std::uint64_t value = 0;
        in >> value;
        ticks.total += value;
        ticks.busy += i == 3 || i == 4 ? 0 : value;
    }
    return ticks;
}

double memory_percent() {
    std::ifstream in("/proc/meminfo");
    double total = 0;
    double available = 0;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("MemTotal:")) {
            total = std::stod(line.substr(9));
        } else if (line.starts_with("MemAvailable:")) {
            available = std::stod(line.substr(13));
        }
    }
    return total > 0 ? 100 * (total - available) / total : 0;
}

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

SystemWatch::SystemWatch(std::filesystem::path folder) : m_folder(std::move(folder)) {
    // The first look tells what the machine did since its start.
    const auto ticks = machine_ticks();
    m_cpu_percent = ticks.total > 0 ? 100.0 * static_cast<double>(ticks.busy) / static_cast<double>(ticks.total) : 0.0;
    m_busy = ticks.busy;
    m_total = ticks.total;
    m_looked_at = now_ms();
}

SystemFigures SystemWatch::look() {
    SystemFigures figures;
    {
        const std::lock_guard lock(m_mutex);
        if (now_ms() - m_looked_at >= k_shortest_look) {
            const auto ticks = machine_ticks();
            if (ticks.total > m_total) {
                m_cpu_percent = 100.0 * static_cast<double>(ticks.busy - std::min(m_busy, ticks.busy)) /
                                static_cast<double>(ticks.total - m_total);
            }
            m_busy = ticks.busy;
            m_total = ticks.total;
            m_looked_at = now_ms();
        }
        figures.cpu_percent = m_cpu_percent;
    }
    figures.memory_percent = memory_percent();
    struct statvfs disk {};
    if (statvfs(m_folder.c_str(), &disk) == 0 && disk.f_blocks > 0) {
        // As df counts: what is reserved for root is neither used nor free.
        const auto used = static_cast<double>(disk.f_blocks - disk.f_bfree);
        figures.disk_percent = 100 * used / (used + static_cast<double>(disk.f_bavail));
    }
    struct rusage usage {};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        figures.process_cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    statm >> size >> resident;
    figures.process_memory = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    std::error_code ignored;
    for (const auto* folder : {"/proc/self/task", "/proc/self/fd"}) {
        std::uint64_t count = 0;
        for (auto entry = std::filesystem::directory_iterator(folder, ignored);
             !ignored && entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
            ++count;
        }
        (folder == std::string_view("/proc/self/task") ? figures.process_threads : figures.open_files) = count;
    }
    return figures;
}

}  // namespace mien::http
