// SPDX-License-Identifier: MIT
#pragma once

/// Two kinds of comparisons, of one person and of strangers, and what a threshold makes of them.

#include <mien/eval/statistics.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mien::eval {

/// The distance of a comparison that could not be made (no face found): never accepted.
inline constexpr float k_never = std::numeric_limits<float>::infinity();

/// One comparison: a pair of photos, or a photo with a gallery.
struct Comparison {
    float distance{k_never};
    bool same{};  ///< of one person, or of somebody who is in the gallery
    std::uint32_t person{};
    std::uint32_t other{};  ///< the second person of a pair of strangers; else the same as person
};

/// How often each comparison counts when people were drawn with replacement; none: once each.
using People = std::span<const std::uint32_t>;

/// How often a comparison counts: a pair of strangers as often as both were drawn.
double weight_of(const Comparison& comparison, People drawn);

/// What happens at one threshold.
struct Point {
    double threshold{};
    double false_rate{};  ///< share of the comparisons of strangers that are accepted (FAR, FPIR)
    double true_rate{};   ///< share of those of one person that are accepted (TAR, 1 - FNIR)
};

/// What at_rate() finds, with the interval that drawing people gives.
struct RateResult {
    std::optional<Point> point;  ///< nothing: too few strangers to see such a rate
    Interval interval;           ///< of the true rate, 95 %
};

/// Comparisons in the order of their distances, so that every threshold can be judged in one pass.
class Scores {
public:
    /// distances: a comparison that was not made has k_never
    explicit Scores(std::vector<Comparison> comparisons);

    /// At this threshold: accepted is what is not above it.
    [[nodiscard]] Point at(double threshold, People drawn = {}) const;

    /// The largest threshold that accepts no more than `rate` of the strangers, halfway to the next stranger; nothing
    /// where there are too few strangers to see such a rate (fewer than 1 / rate) or nobody to accept.
    [[nodiscard]] std::optional<Point> at_rate(double rate, People drawn = {}) const;

    /// Where as many strangers are accepted as friends refused, between the two nearest thresholds.
    [[nodiscard]] std::optional<double> equal_error(People drawn = {}) const;

    /// Every threshold at which something changes, thinned to at most `most` points that lie evenly on a logarithmic
    /// scale of false rates; from the strictest to the most lenient.
    [[nodiscard]] std::vector<Point> curve(std::size_t most = 400) const;

    [[nodiscard]] const std::vector<Comparison>& sorted() const { return m_sorted; }
    [[nodiscard]] std::size_t strangers() const { return m_strangers; }
    [[nodiscard]] std::size_t same() const { return m_sorted.size() - m_strangers; }

private:
    std::vector<Comparison> m_sorted;
    std::size_t m_strangers{};
};

/// P(same) = 1 / (1 + exp(slope (distance - middle))), by maximum likelihood with both kinds weighted alike: what a
/// model's card keeps (models::Decision, before the odds of a gallery).
struct Logistic {
    double middle{};
    double slope{};
};
std::optional<Logistic> fit_logistic(const Scores& scores);

}  // namespace mien::eval
