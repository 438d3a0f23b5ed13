// SPDX-License-Identifier: MIT
#include <mien/http/pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

namespace mien::http {
namespace {

TEST(Pool, RefusesAtOnceWhatDoesNotFitInTheQueue) {
    std::promise<void> open;
    const auto gate = open.get_future().share();
    std::atomic<int> done{0};
    Pool pool(2, 3, 0);
    std::vector<std::promise<void>> begun(2);
    for (auto& each : begun) {
        ASSERT_TRUE(pool.try_submit([&](std::size_t) {
            each.set_value();
            gate.wait();
            ++done;
        }));
    }
    for (auto& each : begun) {
        each.get_future().wait();
    }
    EXPECT_EQ(pool.busy(), 2);
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(pool.try_submit([&](std::size_t) { ++done; }));
    }
    EXPECT_EQ(pool.waiting(), 3);
    EXPECT_FALSE(pool.try_submit([&](std::size_t) { ++done; }));
    open.set_value();
    pool.stop();
    EXPECT_EQ(done, 5);
    EXPECT_FALSE(pool.try_submit([&](std::size_t) { ++done; }));
}

TEST(Pool, FreeThreadsTakeJobsThoughNobodyMayWait) {
    Pool pool(1, 0, 0);
    std::promise<std::size_t> ran;
    EXPECT_TRUE(pool.try_submit([&](std::size_t thread) { ran.set_value(thread); }));
    EXPECT_EQ(ran.get_future().get(), 0);
}

}  // namespace
}  // namespace mien::http
