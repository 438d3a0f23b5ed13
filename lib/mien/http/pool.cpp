// SPDX-License-Identifier: MIT
#include <mien/http/pool.hpp>

#include <sys/resource.h>
#include <unistd.h>

namespace mien::http {

Pool::Pool(std::size_t threads, std::size_t queue, int nice) : m_capacity(queue) {
    for (std::size_t i = 0; i < threads; ++i) {
        m_threads.emplace_back([this, i, nice] { work(i, nice); });
    }
}

void Pool::stop() {
    {
        const std::lock_guard lock(m_mutex);
        m_ending = true;
    }
    m_wake.notify_all();
    for (auto& thread : m_threads) {
        if (thread.joinable()) {
            thread.join();
        }
    }
}

bool Pool::try_submit(Job job) {
    {
        const std::lock_guard lock(m_mutex);
        // A thread that is free takes its job at once: that one does not wait.
        const auto idle = m_threads.size() - m_busy;
        if (m_ending || m_jobs.size() >= m_capacity + idle) {
            return false;
        }
        m_jobs.push_back(std::move(job));
    }
    m_wake.notify_one();
    return true;
}

std::size_t Pool::waiting() const {
    const std::lock_guard lock(m_mutex);
    return m_jobs.size();
}

std::size_t Pool::busy() const {
    const std::lock_guard lock(m_mutex);
    return m_busy;
}

void Pool::work(std::size_t thread, int nice) {
    if (nice > 0) {
        // On Linux a thread has a priority of its own. Those that encode leave the processor to those that answer.
        static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice));
    }
    std::unique_lock lock(m_mutex);
    while (true) {
        m_wake.wait(lock, [this] { return m_ending || !m_jobs.empty(); });
        if (m_jobs.empty()) {
            return;
        }
        auto job = std::move(m_jobs.front());
        m_jobs.pop_front();
        ++m_busy;
        lock.unlock();
        job(thread);
        job = nullptr;
        lock.lock();
        --m_busy;
    }
}

}  // namespace mien::http
