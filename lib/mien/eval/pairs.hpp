// SPDX-License-Identifier: MIT
#pragma once

/// The protocol of Labeled Faces in the Wild: are these two photos of one person?

#include <mien/eval/scores.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mien::eval {

/// A photo as a list of pairs names it.
struct NamedPhoto {
    std::string person;
    std::string photo;  ///< below the folder: "Ada/Ada_0001.jpg" for LFW's "Ada 1", else as it is written
    friend auto operator<=>(const NamedPhoto&, const NamedPhoto&) = default;
};

struct Pair {
    NamedPhoto first;
    NamedPhoto second;
    bool same{};
    std::uint32_t fold{};
};

/// LFW's format: "folds⇥n" (or "n" for one fold), then for each fold n lines "name⇥a⇥b" and n lines "name⇥a⇥other⇥b",
/// where numbers stand for NAME/NAME_%04d.jpg.
/// throws: Error{usage} that names the line; file: for the message
std::vector<Pair> read_pairs(std::string_view text, const std::string& file);

struct PairsResult {
    std::size_t pairs{};
    std::size_t people{};
    std::size_t not_found{};  ///< pairs with a photo in which no face was found: wrong, whatever they are
    double accuracy{};        ///< mean over the folds
    double sd{};              ///< standard deviation of the folds' accuracies (n - 1)
    Interval interval;        ///< of the accuracy
    std::vector<double> folds;
    std::vector<double> thresholds;    ///< of each fold: the best on the others
    std::map<double, RateResult> tar;  ///< by FAR
    std::optional<double> eer;
    Interval eer_interval;
    std::optional<Logistic> curve;
};

/// comparisons: one a pair, in their order; a fold is judged at the threshold that is best on all others (one fold: on
/// itself). A pair that was not compared is wrong. draws: how often people are drawn for the intervals; 0: none
PairsResult judge_pairs(const std::vector<Pair>& pairs, const std::vector<Comparison>& comparisons,
                        const std::vector<double>& false_rates, std::size_t draws, std::uint64_t seed);

/// Of each pair, whether it was judged rightly, at the thresholds of its folds.
std::vector<bool> right_pairs(const std::vector<Pair>& pairs, const std::vector<Comparison>& comparisons,
                              const std::vector<double>& thresholds);

}  // namespace mien::eval
