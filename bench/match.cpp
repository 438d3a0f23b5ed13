// SPDX-License-Identifier: MIT

/// The exact search beside faiss' flat indexes and hnswlib: same data, same threads, one run.
///
///     match [--rows 10000,100000,1000000] [--threads 1,2] [--hnsw-rows 100000] [--rounds 7]
///
/// For each size, metric and number of threads, the time of one probe and of a batch of 64, and whether the nearest
/// rows are the same. faiss gets the better of (OpenMP n, BLAS 1) and (OpenMP 1, BLAS n). The memory's bandwidth is
/// measured in the same run, and how much of it a lone probe's scan uses.

#include <mien/gallery/columns.hpp>
#include <mien/match/nearest.hpp>

#include <cblas.h>
#include <faiss/IndexFlat.h>
#include <hnswlib/hnswlib.h>
#include <omp.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using mien::Metric;
using mien::match::NearestMatcher;
using Clock = std::chrono::steady_clock;

constexpr std::size_t k_dim = 128;
constexpr std::size_t k_batch = 64;
constexpr std::size_t k_photos_each = 10;

double milliseconds(const std::function<void()>& work) {
    const auto start = Clock::now();
    work();
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median(std::size_t rounds, const std::function<void()>& work) {
    std::vector<double> times;
    for (std::size_t i = 0; i < rounds; ++i) {
        times.push_back(milliseconds(work));
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

/// A number like a normal one: the sum of four uniform ones.
float roughly_normal(std::mt19937_64& random) {
    const auto bits = random();
    float sum = 0;
    for (unsigned i = 0; i < 4; ++i) {
        sum += static_cast<float>((bits >> (16 * i)) & 0xffffU) / 65536.0F;
    }
    return (sum - 2.0F) * 1.7320508F;
}

void to_unit(float* row) {
    double sum = 0;
    for (std::size_t i = 0; i < k_dim; ++i) {
        sum += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    }
    for (std::size_t i = 0; i < k_dim; ++i) {
        row[i] = static_cast<float>(static_cast<double>(row[i]) / std::sqrt(sum));
    }
}

/// People as unit vectors, their photos around them (noise of length 0.4 before scaling), and probes: half of them more
/// photos of people who are there, half strangers.
struct Data {
    explicit Data(std::size_t count) : rows(count * k_dim), probes(k_batch * k_dim) {
        std::mt19937_64 random(1);
        std::vector<float> centre(k_dim);
        const auto around = [&](float* row) {
            for (std::size_t j = 0; j < k_dim; ++j) {
                row[j] = centre[j] + 0.4F / std::sqrt(static_cast<float>(k_dim)) * roughly_normal(random);
            }
            to_unit(row);
        };
        for (std::size_t i = 0; i < count; ++i) {
            if (i % k_photos_each == 0) {
                std::generate(centre.begin(), centre.end(), [&] { return roughly_normal(random); });
                to_unit(centre.data());
                if (const std::size_t probe = 2 * (i / k_photos_each); probe < k_batch) {
                    around(probes.data() + probe * k_dim);
                }
            }
            around(rows.data() + i * k_dim);
        }
        for (std::size_t probe = 1; probe < k_batch; probe += 2) {
            float* row = probes.data() + probe * k_dim;
            std::generate(row, row + k_dim, [&] { return roughly_normal(random); });
            to_unit(row);
        }
    }
    [[nodiscard]] std::size_t count() const { return rows.size() / k_dim; }
    std::vector<float> rows;
    std::vector<float> probes;
};

std::shared_ptr<const mien::gallery::Gallery> gallery_of(const Data& data, Metric metric) {
    mien::gallery::OwnedColumns columns;
    const std::size_t people = (data.count() + k_photos_each - 1) / k_photos_each;
    for (std::size_t i = 0; i < people; ++i) {
        columns.people.add("person_" + std::to_string(10'000'000 + i));
    }
    for (std::size_t i = 0; i < data.count(); ++i) {
        columns.persons.push_back(static_cast<std::uint32_t>(i / k_photos_each));
        columns.photos.add("");
    }
    columns.photo_hashes.resize(data.count());
    columns.boxes.resize(data.count());
    columns.scores.resize(data.count());
    columns.qualities.resize(data.count());
    columns.origins.resize(data.count());
    columns.times.resize(data.count());
    columns.encodings = data.rows;
    for (std::size_t i = 0; i < data.count(); ++i) {
        columns.boxes[i].left = static_cast<std::int32_t>(i);
    }
    columns.sort_by_photo();
    return std::make_shared<const mien::gallery::Gallery>(
        mien::gallery::Description{{"bench", std::string(64, '0'), k_dim, metric}, {}, {}},
        mien::gallery::OwnedColumns::share(std::move(columns)), std::vector<mien::gallery::SkippedPhoto>(),
        std::vector<mien::gallery::Denial>(), mien::gallery::Extras());
}

/// Bytes a millisecond that so many threads read from memory.
double bandwidth(int threads, std::size_t rounds) {
    const std::vector<std::uint64_t> block(std::size_t{64} << 20U, 1);  // 512 MiB
    std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads));
    const double time = median(rounds, [&] {
        std::vector<std::jthread> workers;
        for (std::size_t t = 0; t < sums.size(); ++t) {
            workers.emplace_back([&, t] {
                const std::size_t from = block.size() * t / sums.size();
                const std::size_t to = block.size() * (t + 1) / sums.size();
                std::uint64_t sum = 0;
                for (std::size_t i = from; i < to; ++i) {
                    sum += block[i];
                }
                sums[t] = sum;
            });
        }
    });
    std::uint64_t sum = 0;
    for (const auto part : sums) {
        sum += part;
    }
    if (sum != block.size()) {
        std::puts("the sum is wrong");
    }
    return static_cast<double>(block.size() * sizeof(std::uint64_t)) / time;
}

struct Times {
    double one{};
    double batch{};
    std::vector<std::int64_t> rows;  ///< the nearest of each probe
};

Times time_mien(const NearestMatcher& matcher, const mien::gallery::Gallery& gallery, const Data& data,
                std::size_t rounds) {
    const auto contract = std::make_shared<const mien::ModelContract>(gallery.contract());
    std::vector<mien::Encoding> probes;
    for (std::size_t p = 0; p < k_batch; ++p) {
        const auto* probe = data.probes.data() + p * k_dim;
        probes.push_back({contract, {probe, probe + k_dim}});
    }
    Times times;
    std::size_t next = 0;
    times.one =
        median(rounds * 4, [&] { static_cast<void>(matcher.rank(std::span(probes).subspan(next++ % k_batch, 1), 1)); });
    times.batch = median(rounds, [&] {
        const auto ranks = matcher.rank(probes, 1);
        times.rows.clear();
        for (const auto& rank : ranks) {
            times.rows.push_back(static_cast<std::int64_t>(rank.front().record));
        }
    });
    return times;
}

Times time_faiss(const faiss::IndexFlat& index, const Data& data, int threads, std::size_t rounds) {
    Times best;
    best.one = best.batch = std::numeric_limits<double>::infinity();
    for (const bool openmp : {true, false}) {
        omp_set_num_threads(openmp ? threads : 1);
        openblas_set_num_threads(openmp ? 1 : threads);
        Times times;
        times.rows.resize(k_batch);
        std::vector<float> distances(k_batch);
        std::size_t next = 0;
        times.one = median(rounds * 4, [&] {
            index.search(1, data.probes.data() + next++ % k_batch * k_dim, 1, distances.data(), times.rows.data());
        });
        times.batch =
            median(rounds, [&] { index.search(k_batch, data.probes.data(), 1, distances.data(), times.rows.data()); });
        best.one = std::min(best.one, times.one);
        best.batch = std::min(best.batch, times.batch);
        best.rows = std::move(times.rows);
    }
    return best;
}

/// Measures with hnswlib what exactness costs. exact: the nearest rows.
void time_hnsw(const Data& data, const std::vector<std::int64_t>& exact, std::size_t rounds) {
    hnswlib::L2Space space(k_dim);
    hnswlib::HierarchicalNSW<float> index(&space, data.count(), 16, 100);
    const double build = milliseconds([&] {
        for (std::size_t i = 0; i < data.count(); ++i) {
            index.addPoint(data.rows.data() + i * k_dim, i);
        }
    });
    for (const std::size_t ef : {32U, 128U}) {
        index.setEf(ef);
        std::size_t right = 0;
        const double time = median(rounds, [&] {
            right = 0;
            for (std::size_t p = 0; p < k_batch; ++p) {
                const auto found = index.searchKnn(data.probes.data() + p * k_dim, 1);
                right += static_cast<std::int64_t>(found.top().second) == exact[p] ? 1U : 0U;
            }
        });
        std::printf("  hnswlib M 16, ef %-3zu 1 thread: one %.3f ms, recall %zu/%zu (built in %.1f s)\n", ef,
                    time / k_batch, right, k_batch, build / 1000);
    }
}

std::string agreement(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
    std::size_t same = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        same += a[i] == b[i] ? 1U : 0U;
    }
    return std::to_string(same) + "/" + std::to_string(a.size());
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Exact search beside faiss and hnswlib"};
    std::vector<std::size_t> sizes{10'000, 100'000, 1'000'000};
    std::vector<int> thread_counts{1, 2};
    std::size_t hnsw_rows = 100'000;
    std::size_t rounds = 7;
    app.add_option("--rows", sizes)->delimiter(',');
    app.add_option("--threads", thread_counts)->delimiter(',');
    app.add_option("--hnsw-rows", hnsw_rows, "Build hnswlib's index up to this size; 0: never");
    app.add_option("--rounds", rounds)->check(CLI::Range(1, 1000));
    CLI11_PARSE(app, argc, argv);

    std::vector<double> bandwidths;
    for (const int threads : thread_counts) {
        bandwidths.push_back(bandwidth(threads, rounds));
        std::printf("memory, %d thread(s): %.1f GB/s\n", threads, bandwidths.back() / 1e6);
    }
    for (const auto size : sizes) {
        const Data data(size);
        std::vector<std::int64_t> exact;
        for (const auto metric : {Metric::l2, Metric::cosine}) {
            const auto gallery = gallery_of(data, metric);
            const auto index = metric == Metric::l2 ? std::unique_ptr<faiss::IndexFlat>(new faiss::IndexFlatL2(k_dim))
                                                    : std::unique_ptr<faiss::IndexFlat>(new faiss::IndexFlatIP(k_dim));
            index->add(static_cast<std::int64_t>(size), data.rows.data());
            for (std::size_t t = 0; t < thread_counts.size(); ++t) {
                mien::match::MatcherOptions options;
                options.threads = thread_counts[t];
                std::unique_ptr<NearestMatcher> matcher;
                const double full = [&] {
                    const NearestMatcher fresh(gallery, options);
                    const auto contract = std::make_shared<const mien::ModelContract>(gallery->contract());
                    const mien::Encoding probe{contract, {data.probes.begin(), data.probes.begin() + k_dim}};
                    return median(3, [&] { static_cast<void>(fresh.rank(std::span(&probe, 1), 1)); });
                }();
                options.prepare = true;
                const double made = milliseconds([&] { matcher = std::make_unique<NearestMatcher>(gallery, options); });
                const auto ours = time_mien(*matcher, *gallery, data, rounds);
                const auto theirs = time_faiss(*index, data, thread_counts[t], rounds);
                exact = ours.rows;
                std::printf("%zu rows, %s, %d thread(s)\n", size, metric == Metric::l2 ? "L2" : "cosine",
                            thread_counts[t]);
                std::printf("  one probe    mien %8.3f ms   faiss %8.3f ms   %5.1f times faster\n", ours.one,
                            theirs.one, theirs.one / ours.one);
                std::printf("  batch of %zu  mien %8.3f ms   faiss %8.3f ms   %5.1f times faster   same rows %s\n",
                            k_batch, ours.batch, theirs.batch, theirs.batch / ours.batch,
                            agreement(ours.rows, theirs.rows).c_str());
                const double read = static_cast<double>(matcher->compressed_bytes());
                std::printf(
                    "  compressed: %.1f MB in %.1f ms; a probe reads it at %.1f GB/s, %.0f %% of the memory's; "
                    "without it a probe takes %.3f ms\n",
                    read / 1e6, made, read / ours.one / 1e6, 100 * read / ours.one / bandwidths[t], full);
            }
        }
        if (size <= hnsw_rows) {
            time_hnsw(data, exact, rounds);
        }
        std::fflush(stdout);
    }
    return 0;
}
