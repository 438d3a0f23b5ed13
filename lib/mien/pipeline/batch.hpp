// SPDX-License-Identifier: MIT
#pragma once

/// Work on many items by several threads, answers in order.

#include <mien/core/interrupt.hpp>

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace mien::pipeline {

/// Calls work(i) for i in 0..count-1 on `jobs` threads and take(i, result) for each in order on the calling thread.
/// make_work: called once on each thread; returns that thread's `work`, so that it can own tools that threads can't
/// share. At most a few results a thread wait to be taken. Stops early where the process is interrupted: whatever was
/// begun is finished and taken, in order and without gaps, and the number of taken items is returned. throws: the first
/// exception of work, make_work or take, after all threads have ended
template <class Result>
std::size_t run_in_order(std::size_t count, int jobs,
                         const std::function<std::function<Result(std::size_t)>()>& make_work,
                         const std::function<void(std::size_t, Result&&)>& take) {
    constexpr std::size_t k_waiting_each = 8;
    const auto threads_wanted = std::min(count, static_cast<std::size_t>(jobs > 0 ? jobs : 1));
    const std::size_t window = threads_wanted * k_waiting_each;

    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::size_t, Result> ready;
    std::size_t next = 0;
    std::size_t taken = 0;
    std::size_t running = threads_wanted;
    bool stop = false;
    std::exception_ptr failure;

    const auto body = [&] {
        try {
            const auto work = make_work();
            for (;;) {
                std::size_t item{};
                {
                    std::unique_lock lock(mutex);
                    changed.wait(lock, [&] { return stop || next >= count || next < taken + window; });
                    if (stop || next >= count || interrupted()) {
                        break;
                    }
                    item = next++;
                }
                auto result = work(item);
                const std::lock_guard lock(mutex);
                ready.emplace(item, std::move(result));
                changed.notify_all();
            }
        } catch (...) {
            const std::lock_guard lock(mutex);
            stop = true;
            if (!failure) {
                failure = std::current_exception();
            }
        }
        const std::lock_guard lock(mutex);
        --running;
        changed.notify_all();
    };

    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < threads_wanted; ++i) {
        threads.emplace_back(body);
    }
    try {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [&] { return ready.contains(taken) || running == 0 || stop; });
            const auto found = ready.find(taken);
            if (stop || found == ready.end()) {
                break;
            }
            auto result = std::move(found->second);
            ready.erase(found);
            const auto item = taken++;
            changed.notify_all();
            lock.unlock();
            take(item, std::move(result));
            lock.lock();
        }
    } catch (...) {
        const std::lock_guard lock(mutex);
        stop = true;
        failure = std::current_exception();
    }
    {
        const std::lock_guard lock(mutex);
        stop = true;
        changed.notify_all();
    }
    for (auto& thread : threads) {
        thread.join();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    return taken;
}

}  // namespace mien::pipeline
