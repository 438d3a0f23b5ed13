// SPDX-License-Identifier: MIT
#pragma once

/// How far a measured number can be trusted.

#include <mien/core/json.hpp>
#include <mien/eval/random.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mien::eval {

struct Interval {
    double low{};
    double high{};
    [[nodiscard]] bool contains(double value) const { return low <= value && value <= high; }
    friend bool operator==(const Interval&, const Interval&) = default;
};

/// [low, high], four decimals
Json to_json(const Interval& interval);

/// The value below which `share` (0..1) of the values lie, interpolated. values: not empty, any order.
double quantile(std::vector<double> values, double share);

/// The middle `level` (0..1) of the values.
Interval middle_of(const std::vector<double>& values, double level);

/// Wilson's interval for `events` of `trials` that are independent of each other.
Interval wilson(double events, double trials, double z);

/// How many independent trials without an event it takes to say with 95 % that the rate is below `rate`: 3 / rate.
std::size_t rule_of_three(double rate);

/// Two-sided exact McNemar test: how probable so uneven a split of the cases that only one of two was right on is, if
/// both were equally good.
double mcnemar(std::size_t only_first_right, std::size_t only_second_right);

/// How often each of `people` is drawn when that many are drawn with replacement. Photos of one person are no
/// independent evidence, so people are what intervals are drawn from.
std::vector<std::uint32_t> draw_people(std::size_t people, Random& random);

}  // namespace mien::eval
