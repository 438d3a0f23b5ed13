// SPDX-License-Identifier: MIT
#include <mien/eval/statistics.hpp>

#include <algorithm>
#include <cmath>

namespace mien::eval {

Json to_json(const Interval& interval) { return {rounded(interval.low, 4), rounded(interval.high, 4)}; }

double quantile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const auto above = std::min(below + 1, values.size() - 1);
    if (values[below] == values[above]) {  // both may be infinite
        return values[below];
    }
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

Interval middle_of(const std::vector<double>& values, double level) {
    return {quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)};
}

Interval wilson(double events, double trials, double z) {
    if (!(trials > 0)) {
        return {0, 1};
    }
    const double p = events / trials;
    const double zz = z * z / trials;
    const double centre = (p + zz / 2) / (1 + zz);
    const double half = z * std::sqrt(p * (1 - p) / trials + zz / (4 * trials)) / (1 + zz);
    return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

std::size_t rule_of_three(double rate) { return static_cast<std::size_t>(std::ceil(3 / rate - 1e-9)); }

double mcnemar(std::size_t only_first_right, std::size_t only_second_right) {
    const std::size_t n = only_first_right + only_second_right;
    const std::size_t fewer = std::min(only_first_right, only_second_right);
    // 2 P(X <= fewer), X ~ Binomial(n, 1/2), from logarithms so that large n does not underflow
    const double log_half_n = static_cast<double>(n) * std::log(0.5);
    double sum = 0;
    for (std::size_t k = 0; k <= fewer; ++k) {
        const auto kk = static_cast<double>(k);
        sum += std::exp(std::lgamma(static_cast<double>(n) + 1) - std::lgamma(kk + 1) -
                        std::lgamma(static_cast<double>(n) - kk + 1) + log_half_n);
    }
    return std::min(1.0, 2 * sum);
}

std::vector<std::uint32_t> draw_people(std::size_t people, Random& random) {
    std::vector<std::uint32_t> times(people);
    for (std::size_t i = 0; i < people; ++i) {
        ++times[random.below(people)];
    }
    return times;
}

}  // namespace mien::eval
