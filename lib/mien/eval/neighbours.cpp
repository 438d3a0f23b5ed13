// SPDX-License-Identifier: MIT
#include <mien/eval/neighbours.hpp>

#include <mien/match/distance.hpp>

namespace mien::eval {

void all_distances(const gallery::Gallery& gallery, std::span<const float> probe, std::span<float> out) {
    const auto dim = gallery.contract().dim;
    for (const auto& block : gallery.blocks()) {
        match::distances(gallery.contract().metric, probe, block.encodings,
                         out.subspan(block.first_row, block.encodings.size() / dim));
    }
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        if (gallery.is_vacant(row)) {
            out[row] = Nearest::k_none;
        }
    }
}

Nearest nearest_of(const gallery::Gallery& gallery, std::span<const float> distances, std::uint32_t person,
                   std::size_t skip) {
    const auto persons = gallery.persons();
    Nearest nearest;
    for (std::size_t row = 0; row < distances.size(); ++row) {
        if (row == skip || persons[row] == gallery::k_nobody) {
            continue;
        }
        if (persons[row] == person) {
            if (distances[row] < nearest.own) {
                nearest.own = distances[row];
                nearest.own_row = row;
            }
        } else if (distances[row] < nearest.other) {
            nearest.other = distances[row];
            nearest.other_person = persons[row];
            nearest.other_row = row;
        }
    }
    return nearest;
}

}  // namespace mien::eval
