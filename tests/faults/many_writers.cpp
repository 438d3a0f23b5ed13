// SPDX-License-Identifier: MIT

/// Processes that change one store at once, and a reader beside them.
///
///     many_writers STORE write FIRST COUNT    makes COUNT changes; each adds a face and takes the number of faces as a
///                                             blob, so that a state where the two disagree is a torn one
///     many_writers STORE watch TOTAL          follows the store until it has TOTAL such faces; checks every state
///     many_writers STORE make                 makes an empty store
///
/// Exit status 0: all is well.

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/gallery/file_store.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace mien;
using namespace mien::gallery;

Record face(std::size_t number) {
    const auto name = std::to_string(number);
    return {"person_" + std::to_string(number % 10),
            name + ".jpg",
            sha256(name),
            {0, 0, 10, 10},
            1.0F,
            k_not_measured,
            Origin::confirm,
            0,
            {static_cast<float>(number), 1.0F, 2.0F, 3.0F}};
}

void write(const std::string& store, std::size_t first, std::size_t count) {
    for (auto i = first; i < first + count; ++i) {
        StoreWriter writer(store, {"confirm", 60, {}});
        const auto before = std::string(writer.gallery()->extra("count"));
        writer.commit("one more",
                      {Add{face(i)}, SetExtra{"count", before, std::to_string(writer.gallery()->size() + 1)}});
        if (i % 50 == 0) {
            writer.compact();
        }
    }
}

bool is_whole(const Gallery& gallery) {
    if (gallery.extra("count") != (gallery.size() == 0 ? "" : std::to_string(gallery.size()))) {
        std::fprintf(stderr, "torn: %zu faces, but the store says %s\n", gallery.size(),
                     std::string(gallery.extra("count")).c_str());
        return false;
    }
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        if (!gallery.is_vacant(row)) {
            const auto record = gallery.record(row);
            const auto number = static_cast<std::size_t>(record.encoding[0]);
            if (record.photo != std::to_string(number) + ".jpg" ||
                record.photo_hash != sha256(std::to_string(number))) {
                std::fprintf(stderr, "a wrong encoding for %s\n", std::string(record.photo).c_str());
                return false;
            }
        }
    }
    return true;
}

bool watch(const std::string& store, std::size_t total) {
    StoreReader reader(store);
    std::size_t states = 0;
    std::size_t faces = 0;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(10);
    while (faces < total && std::chrono::steady_clock::now() < deadline) {
        reader.wait_for_change(std::chrono::milliseconds(200));
        reader.refresh();
        const auto gallery = reader.gallery();
        states += gallery->size() != faces ? 1U : 0U;
        if (gallery->size() < faces || !is_whole(*gallery)) {
            return false;
        }
        faces = gallery->size();
    }
    std::printf("%zu faces, %zu states seen\n", faces, states);
    return faces == total && is_whole(*load_store(store)) && load_store(store)->size() == total;
}

}  // namespace

int main(int argc, char** argv) {
    log::start(log::Level::error);
    const std::string what = argc > 2 ? argv[2] : "";
    try {
        if (what == "make") {
            StoreWriter(argv[1], {"make"})
                .replace(*Gallery::build({{"numbers", std::string(64, '0'), 4, Metric::l2}, {}, {}}, {}), "empty");
        } else if (what == "write" && argc == 5) {
            write(argv[1], std::strtoul(argv[3], nullptr, 10), std::strtoul(argv[4], nullptr, 10));
        } else if (what == "watch" && argc == 4) {
            return watch(argv[1], std::strtoul(argv[3], nullptr, 10)) ? 0 : 1;
        } else {
            return 2;
        }
    } catch (const Error& error) {
        std::fprintf(stderr, "many_writers: %s\n", error.what());
        return 1;
    }
    return 0;
}
