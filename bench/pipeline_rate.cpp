// SPDX-License-Identifier: MIT

/// Photos a second of the pipeline without a server: what a worker of `mien serve` does for POST /recognize.
///
///     pipeline_rate STORE PHOTO… [--jobs N] [--seconds S]
///
/// Prints {"photos":…,"seconds":…,"rate":…}.

#include <mien/core/file.hpp>
#include <mien/core/json.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/service/identify.hpp>
#include <mien/service/store_choices.hpp>

#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

int main(int argc, char** argv) {
    using Clock = std::chrono::steady_clock;
    std::string store;
    std::vector<std::string> files;
    int jobs = 2;
    double seconds = 10;
    CLI::App app{"Photos a second of the pipeline without a server"};
    app.add_option("store", store)->required();
    app.add_option("photos", files)->required();
    app.add_option("--jobs", jobs)->check(CLI::Range(1, 256));
    app.add_option("--seconds", seconds)->check(CLI::Range(0.1, 600.0));
    CLI11_PARSE(app, argc, argv);

    constexpr std::uint64_t k_largest = 64UL * 1024 * 1024;
    std::vector<std::vector<std::byte>> photos;
    for (const auto& file : files) {
        photos.push_back(mien::read_file(file, k_largest));
    }
    const auto gallery = mien::gallery::load_store(store);
    const mien::models::Finder finder{mien::models::FinderOptions{}};
    mien::pipeline::Blueprint::set_workers(jobs);
    const auto tools = mien::service::blueprint_of_store(*gallery, {}, finder);
    const mien::service::Identifier people(gallery, tools.encoder(), {});

    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> done{0};
    Clock::time_point end;
    const auto work = [&](mien::pipeline::Worker& worker, bool counted) {
        const auto& photo = photos[next++ % photos.size()];
        auto answer = people.answer(worker.process(photo, mien::pipeline::Faces::all));
        answer.hash = mien::sha256(photo);
        done += counted ? 1 : 0;
    };
    std::vector<std::unique_ptr<mien::pipeline::Worker>> workers;
    for (int i = 0; i < jobs; ++i) {
        workers.push_back(tools.make_worker());
        work(*workers.back(), false);  // what happens once only
    }
    const auto begin = Clock::now();
    end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    {
        std::vector<std::jthread> threads;
        for (auto& worker : workers) {
            threads.emplace_back([&work, &worker, end] {
                while (Clock::now() < end) {
                    work(*worker, true);
                }
            });
        }
    }
    const double taken = std::chrono::duration<double>(Clock::now() - begin).count();
    std::puts(mien::to_line({{"photos", done.load()},
                             {"seconds", mien::rounded(taken, 3)},
                             {"rate", mien::rounded(static_cast<double>(done.load()) / taken, 2)}})
                  .c_str());
}
