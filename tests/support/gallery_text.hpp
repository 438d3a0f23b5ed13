// SPDX-License-Identifier: MIT
#pragma once

#include <mien/gallery/gallery.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace mien::test {

/// A gallery as text: equal exactly where two say the same, in whatever order.
inline std::string content(const gallery::Gallery& gallery) {
    std::vector<std::string> lines;
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        if (!gallery.is_vacant(row)) {
            const auto r = gallery.record(row);
            lines.push_back(std::to_string(r.id) + " " + std::string(r.label) + " " + std::string(r.photo) + " " +
                            std::to_string(xxh3(std::as_bytes(r.encoding))) + "\n");
        }
    }
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const auto& line : lines) {
        text += line;
    }
    for (const auto& denial : gallery.denials()) {
        text += "not " + denial.label + "\n";
    }
    for (const auto& photo : gallery.skipped()) {
        text += "skipped " + photo.photo + "\n";
    }
    for (const auto& [name, blob] : gallery.extras()) {
        text += name + "=" + blob + "\n";
    }
    return text;
}

}  // namespace mien::test
