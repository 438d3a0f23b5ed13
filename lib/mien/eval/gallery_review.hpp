// SPDX-License-Identifier: MIT
#pragma once

/// What looks wrong with the labels of a gallery.

#include <mien/gallery/gallery.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mien::eval {

enum class Suspicion {
    mislabel,        ///< a photo looks like another person, not like its label's others
    odd_one,         ///< a photo looks like none of its label's others, and like nobody else
    one_person,      ///< two labels look like one person
    two_people,      ///< one label's photos fall into two people
    near_identical,  ///< photos of one label are nearly the same as the first: together they say no more than it
    same_photo,      ///< two labels hold nearly the same photo; the second is less like its label's others
    weak,            ///< too few or too poor photos
};

std::string_view to_string(Suspicion suspicion);

/// What distances mean.
struct Evidence {
    double threshold{};  ///< near: known at or below
    double even{};       ///< the distance that says nothing: as common among strangers as for one person
    double slope{};      ///< natural logarithm of the odds for one person, by distance below `even`

    /// Log-odds for one person that one comparison gives, within ±4, so that no single one decides.
    [[nodiscard]] double of(double distance) const;
};

struct LabelFinding {
    Suspicion suspicion{};
    std::uint32_t person{};                  ///< whose label it is about
    std::uint32_t other{gallery::k_nobody};  ///< the other label, where there is one
    std::vector<std::size_t> rows;           ///< the photos it is about
    double strength{};                       ///< log-odds; larger is surer; of weak: 0
};

/// Rows at a distance of at most the threshold, of each row; vacant rows have none.
struct Near {
    std::uint32_t row{};
    float distance{};
};
using NearLists = std::vector<std::vector<Near>>;

/// The near rows of one. scratch: gallery.rows() floats
std::vector<Near> near_rows(const gallery::Gallery& gallery, std::size_t row, double threshold,
                            std::span<float> scratch);

/// All findings, the surest first within each kind, in the order of the kinds above.
/// A photo is called mislabelled where the others of its label speak against it on average and those of another label
/// for it. What was found counts as moved while the rest is judged, so that one wrong photo does not make its new
/// neighbours look wrong. No photo is in two findings of near_identical and same_photo.
std::vector<LabelFinding> review_labels(const gallery::Gallery& gallery, const NearLists& near,
                                        const Evidence& evidence);

}  // namespace mien::eval
