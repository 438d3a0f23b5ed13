// SPDX-License-Identifier: MIT

/// How long a large store takes to open, beside `cat` of the same file and beside the same gallery in a Python pickle;
/// and how long a change takes, beside the fsync in it.
///
///     open_store [encodings] [people] [rounds]      default: 1,000,000 of 100,000 people, 9
///
/// The pickle is a dictionary with a list of dictionaries, as the services had it that mien replaces; its encodings are
/// numpy arrays where python3 has numpy, else lists.

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/gallery/columns.hpp>
#include <mien/gallery/file_store.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
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

/// Runs a command of the shell, with what it takes to start one: `cat` pays that too.
double seconds_of(const std::string& command) {
    return seconds([&] {
        if (std::system(command.c_str()) != 0) {
            throw mien::Error(mien::ErrorCode::runtime, "failed: " + command);
        }
    });
}

constexpr const char* k_make_pickle = R"(
import pickle, random, sys
count, people = int(sys.argv[1]), int(sys.argv[2])
try:
    import numpy
    make = lambda: numpy.random.rand(128) - 0.5
except ImportError:
    make = lambda: [random.random() - 0.5 for _ in range(128)]
encodings = [{"imagePath": f"dataset_training/person_{i % people}/{i}.jpg", "loc": (1, 2, 3, 4), "encoding": make(),
              "label": f"person_{i % people}"} for i in range(count)]
pickle.dump({"encodings": encodings, "label_encoder": {"classes_": [f"person_{i}" for i in range(people)]}},
            open(sys.argv[3], "wb"))
)";

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

/// What an append of a new person takes, the numbering of people that it leaves to its readers, and the fsync of as
/// many bytes to a file in the same folder.
void measure_appends(const fs::path& file, std::size_t dim) {
    std::vector<double> changing;
    std::vector<double> numbering;
    std::vector<double> syncing;
    mien::gallery::StoreWriter writer(file, {"bench"});
    mien::AppendFile plain(file.parent_path() / "plain");
    for (std::size_t i = 0; i < 101; ++i) {
        const auto name = "new_" + std::to_string(i);
        mien::gallery::Record record{"person_" + name,      name, mien::sha256(name),           {1, 2, 3, 4}, 1, 1,
                                     mien::Origin::confirm, 0,    std::vector<float>(dim, 0.5F)};
        const std::vector<std::byte> bytes(dim * sizeof(float) + 200);
        changing.push_back(seconds([&] { writer.commit("bench", {mien::gallery::Add{record}}); }));
        numbering.push_back(seconds([&] { static_cast<void>(writer.gallery()->persons()); }));
        syncing.push_back(seconds([&] {
            plain.append(bytes);
            plain.sync();
        }));
    }
    std::printf("a change: %.2f ms (the first %.2f), of which the write and fsync of as many bytes %.2f ms\n",
                1e3 * median(changing), 1e3 * changing.front(), 1e3 * median(syncing));
    std::printf("its people numbered for the first who asks: %.2f ms\n", 1e3 * median(numbering));
}

int main(int argc, char** argv) {
    const auto encodings = static_cast<std::size_t>(argc > 1 ? std::atoll(argv[1]) : 1'000'000);
    const auto people = static_cast<std::size_t>(argc > 2 ? std::atoll(argv[2]) : 100'000);
    const int rounds = argc > 3 ? std::atoi(argv[3]) : 9;
    auto pattern = (fs::temp_directory_path() / "mien-bench-XXXXXX").native();
    const fs::path folder = ::mkdtemp(pattern.data());
    const auto file = folder / "train.mien";
    try {
        const double saving = seconds([&] { mien::gallery::save_store(file, *make_gallery(encodings, people)); });
        const auto cat = "cat " + file.native() + " > /dev/null";
        std::vector<double> opening;
        std::vector<double> reading;
        for (int round = 0; round < rounds; ++round) {
            reading.push_back(seconds_of(cat));
            opening.push_back(seconds([&] { static_cast<void>(mien::gallery::load_store(file)); }));
        }
        std::printf("%zu encodings, %.0f MB: cat %.1f ms, opened %.1f ms (%.2f times cat), made and saved in %.1f s\n",
                    encodings, static_cast<double>(fs::file_size(file)) / 1e6, 1e3 * median(reading),
                    1e3 * median(opening), median(opening) / median(reading), saving);
        std::fflush(stdout);
        measure_appends(file, 128);
        std::fflush(stdout);

        const auto script = folder / "make.py";
        const auto pickle = folder / "train.pickle";
        std::ofstream(script) << k_make_pickle;
        seconds_of("python3 " + script.native() + " " + std::to_string(encodings) + " " + std::to_string(people) + " " +
                   pickle.native());
        const auto load = "python3 -c 'import pickle, sys; pickle.load(open(sys.argv[1], \"rb\"))' " + pickle.native();
        seconds_of(load);
        std::printf("the pickle, %.0f MB: loaded in %.2f s by python3\n",
                    static_cast<double>(fs::file_size(pickle)) / 1e6, seconds_of(load));
    } catch (const mien::Error& error) {
        std::fprintf(stderr, "open_store: %s\n", error.what());
    }
    fs::remove_all(folder);
    return 0;
}
