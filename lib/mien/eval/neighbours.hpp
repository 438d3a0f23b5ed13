// SPDX-License-Identifier: MIT
#pragma once

/// Who lies nearest to a face of a gallery, among its own person's other faces and among everybody else's.

#include <mien/gallery/gallery.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace mien::eval {

struct Nearest {
    static constexpr float k_none = std::numeric_limits<float>::infinity();
    float own{k_none};
    float other{k_none};
    std::uint32_t other_person{gallery::k_nobody};
    std::size_t own_row{};    ///< where own is not k_none
    std::size_t other_row{};  ///< where other is not k_none
};

/// Distances of one probe to all rows; vacant rows are infinitely far. out: gallery.rows() floats
void all_distances(const gallery::Gallery& gallery, std::span<const float> probe, std::span<float> out);

/// person: whose face the probe is (k_nobody: nobody's here). skip: a row that does not count, the probe's own, or
/// any number from gallery.rows() on.
Nearest nearest_of(const gallery::Gallery& gallery, std::span<const float> distances, std::uint32_t person,
                   std::size_t skip);

}  // namespace mien::eval
