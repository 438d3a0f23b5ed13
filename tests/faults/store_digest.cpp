// SPDX-License-Identifier: MIT

/// A store in lines that are equal exactly where two stores say the same, for comparing them. Reads only.
///
///     store_digest STORE      exit status 0; 1: the store or its history cannot be read

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/gallery/change_log.hpp>

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    if (argc != 2) {
        return 2;
    }
    try {
        mien::log::start(mien::log::Level::error);  // what it warns of is no part of the state
        if (!std::filesystem::exists(argv[1])) {
            std::puts("no store");
            return 0;
        }
        const mien::gallery::StoreReader reader(argv[1]);
        const auto gallery = reader.gallery();
        std::vector<std::string> lines;
        for (std::size_t row = 0; row < gallery->rows(); ++row) {
            if (!gallery->is_vacant(row)) {
                const auto r = gallery->record(row);
                std::ostringstream line;
                line << r.id << ' ' << r.label << ' ' << r.photo << ' ' << r.box.left << ',' << r.box.top << ','
                     << r.box.width << ',' << r.box.height << ' ' << r.score << ' ' << r.quality << ' '
                     << to_string(r.origin) << ' ' << r.time << ' ' << mien::xxh3(std::as_bytes(r.encoding));
                lines.push_back(line.str());
            }
        }
        for (const auto& photo : gallery->skipped()) {
            lines.push_back("skipped " + photo.photo + " " + photo.reason);
        }
        for (const auto& denial : gallery->denials()) {
            lines.push_back("denied " + denial.label + " " + denial.photo + " " + std::to_string(denial.time));
        }
        for (const auto& [name, blob] : gallery->extras()) {
            lines.push_back("extra " + name + " " + std::to_string(mien::xxh3(std::as_bytes(std::span(blob)))));
        }
        std::sort(lines.begin(), lines.end());
        for (const auto& line : lines) {
            std::puts(line.c_str());
        }
        // All that it remembers can be read.
        const mien::gallery::ChangeLog log(reader);
        for (auto number = log.first(); number <= log.last(); ++number) {
            static_cast<void>(log.read(number));
        }
        return 0;
    } catch (const mien::Error& error) {
        std::fprintf(stderr, "store_digest: %s\n", error.what());
        return 1;
    }
}
