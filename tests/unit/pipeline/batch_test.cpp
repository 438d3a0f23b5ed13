// SPDX-License-Identifier: MIT
#include <mien/pipeline/batch.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace mien::pipeline {
namespace {

using Work = std::function<std::size_t(std::size_t)>;

TEST(Batch, ResultsAreTakenInOrderOnTheCallingThread) {
    for (const int jobs : {1, 2, 7}) {
        std::vector<std::size_t> taken;
        const auto caller = std::this_thread::get_id();
        const auto make_work = [] {
            return Work([](std::size_t i) {
                std::this_thread::sleep_for(std::chrono::microseconds((i * 37) % 200));
                return i * i;
            });
        };
        const auto count = run_in_order<std::size_t>(200, jobs, make_work, [&](std::size_t i, std::size_t&& result) {
            EXPECT_EQ(std::this_thread::get_id(), caller);
            EXPECT_EQ(result, i * i);
            taken.push_back(i);
        });
        EXPECT_EQ(count, 200U);
        EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end()));
        EXPECT_EQ(taken.size(), 200U);
    }
}

TEST(Batch, FewResultsWaitHoweverSlowTheTaker) {
    std::atomic<std::size_t> begun{0};
    std::size_t most_ahead = 0;
    run_in_order<std::size_t>(
        500, 2,
        [&] {
            return Work([&](std::size_t i) {
                ++begun;
                return i;
            });
        },
        [&](std::size_t i, std::size_t&&) {
            std::this_thread::sleep_for(std::chrono::microseconds(50));
            most_ahead = std::max(most_ahead, begun.load() - i);
        });
    EXPECT_LE(most_ahead, 20U);
}

TEST(Batch, NoItemsAreNoWork) {
    EXPECT_EQ(
        run_in_order<std::size_t>(
            0, 4, [] { return Work([](std::size_t i) { return i; }); }, [](std::size_t, std::size_t&&) { FAIL(); }),
        0U);
}

TEST(Batch, AnExceptionOfAWorkerOrOfTheTakerComesOut) {
    const auto failing = [] {
        return Work([](std::size_t i) -> std::size_t {
            if (i == 5) {
                throw std::runtime_error("five");
            }
            return i;
        });
    };
    EXPECT_THROW(run_in_order<std::size_t>(50, 3, failing, [](std::size_t, std::size_t&&) {}), std::runtime_error);
    const auto plain = [] { return Work([](std::size_t i) { return i; }); };
    EXPECT_THROW(
        run_in_order<std::size_t>(50, 3, plain, [](std::size_t, std::size_t&&) { throw std::logic_error("taker"); }),
        std::logic_error);
    const auto broken = []() -> Work { throw std::runtime_error("no tools"); };
    EXPECT_THROW(run_in_order<std::size_t>(50, 3, broken, [](std::size_t, std::size_t&&) {}), std::runtime_error);
}

}  // namespace
}  // namespace mien::pipeline
