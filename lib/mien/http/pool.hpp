// SPDX-License-Identifier: MIT
#pragma once

/// Threads behind a bounded queue.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mien::http {

class Pool {
public:
    /// thread: 0 … threads-1, so that each may have tools of its own. Jobs do not throw.
    using Job = std::function<void(std::size_t thread)>;

    /// nice: how much the threads stand back behind others of the process, 0 … 19.
    Pool(std::size_t threads, std::size_t queue, int nice);
    ~Pool() { stop(); }
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// Finishes what is queued and ends the threads.
    void stop();

    /// false, at once, if `queue` jobs wait already, or after stop().
    bool try_submit(Job job);

    [[nodiscard]] std::size_t waiting() const;
    [[nodiscard]] std::size_t busy() const;
    [[nodiscard]] std::size_t threads() const { return m_threads.size(); }
    [[nodiscard]] std::size_t capacity() const { return m_capacity; }

private:
    void work(std::size_t thread, int nice);

    const std::size_t m_capacity;
    mutable std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<Job> m_jobs;
    std::size_t m_busy{};
    bool m_ending{};
    std::vector<std::thread> m_threads;
};

}  // namespace mien::http
