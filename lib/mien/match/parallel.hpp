// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace mien::match {

/// Calls work(part, first, end) for consecutive parts of 0..count, at most one a thread, and waits for all. The caller
/// takes the first part. Nothing to do: no call.
/// throws: what the first part that failed threw
template <class Work>
void in_parts(std::size_t count, int threads, const Work& work) {
    const auto parts = std::min(static_cast<std::size_t>(std::max(threads, 1)), count);
    std::vector<std::exception_ptr> failures(parts);
    const auto run = [&](std::size_t part) {
        try {
            work(part, count * part / parts, count * (part + 1) / parts);
        } catch (...) {
            failures[part] = std::current_exception();
        }
    };
    std::vector<std::jthread> others;
    for (std::size_t part = 1; part < parts; ++part) {
        others.emplace_back(run, part);
    }
    if (parts > 0) {
        run(0);
    }
    others.clear();
    for (const auto& failure : failures) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    }
}

}  // namespace mien::match
