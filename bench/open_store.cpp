// SPDX-License-Identifier: MIT

/// How long a large store takes to open, beside reading the same bytes as `cat` does.
///
///     open_store [encodings] [people]      default: 1,000,000 of 100,000 people

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/gallery/columns.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/gallery/gallery.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>

namespace {

namespace fs = std::filesystem;
using mien::gallery::Gallery;

std::shared_ptr<const Gallery> make_gallery(std::size_t encodings, std::size_t people) {
    constexpr std::size_t k_dim = 128;
    mien::gallery::OwnedColumns columns;
    columns.encodings.resize(encodings * k_dim);
    std::minstd_rand random(1);
    for (float& value : columns.encodings) {
        value = static_cast<float>(random()) / static_cast<float>(std::minstd_rand::max()) - 0.5F;
    }
    for (std::size_t i = 0; i < people; ++i) {
        columns.people.add("person_" + std::to_string(1'000'000 + i));
    }
    for (std::size_t i = 0; i < encodings; ++i) {
        columns.persons.push_back(static_cast<std::uint32_t>(i % people));
        columns.photos.add("dataset_training/person_" + std::to_string(i % people) + "/" + std::to_string(i) + ".jpg");
    }
    columns.photo_hashes.resize(encodings);
    for (std::size_t i = 0; i < encodings; ++i) {
        const auto hash = mien::xxh3(std::as_bytes(std::span(&i, 1)));
        std::memcpy(columns.photo_hashes[i].bytes.data(), &hash, sizeof hash);
    }
    columns.boxes.resize(encodings);
    columns.scores.resize(encodings);
    columns.qualities.resize(encodings);
    columns.origins.resize(encodings);
    columns.times.resize(encodings);
    columns.sort_by_photo();
    return std::make_shared<const Gallery>(
        mien::gallery::Description{{"mobilefacenet", std::string(64, '0'), k_dim, mien::Metric::cosine}, {}, {}},
        mien::gallery::OwnedColumns::share(std::move(columns)), std::vector<mien::gallery::SkippedPhoto>(),
        std::vector<mien::gallery::Denial>(), mien::gallery::Extras());
}

double seconds(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void read_like_cat(const fs::path& file) {
    const mien::FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    static std::vector<char> buffer(128 * 1024);
    while (::read(fd.get(), buffer.data(), buffer.size()) > 0) {
    }
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    const auto encodings = static_cast<std::size_t>(argc > 1 ? std::atoll(argv[1]) : 1'000'000);
    const auto people = static_cast<std::size_t>(argc > 2 ? std::atoll(argv[2]) : 100'000);
    auto pattern = (fs::temp_directory_path() / "mien-bench-XXXXXX").native();
    const fs::path folder = ::mkdtemp(pattern.data());
    const auto file = folder / "train.mien";
    try {
        const double saving = seconds([&] { mien::gallery::save_store(file, *make_gallery(encodings, people)); });
        std::vector<double> opening;
        std::vector<double> reading;
        for (int round = 0; round < 9; ++round) {
            reading.push_back(seconds([&] { read_like_cat(file); }));
            opening.push_back(seconds([&] { static_cast<void>(mien::gallery::load_store(file)); }));
        }
        std::printf(
            "%zu encodings, %.0f MB: read %.1f ms, opened %.1f ms (%.2f times reading), made and saved in %.1f s\n",
            encodings, static_cast<double>(fs::file_size(file)) / 1e6, 1e3 * median(reading), 1e3 * median(opening),
            median(opening) / median(reading), saving);
    } catch (const mien::Error& error) {
        std::fprintf(stderr, "open_store: %s\n", error.what());
    }
    fs::remove_all(folder);
    return 0;
}
