// SPDX-License-Identifier: MIT
#include <mien/eval/scores.hpp>

#include <algorithm>
#include <cmath>

namespace mien::eval {
namespace {

struct Totals {
    double same{};
    double strangers{};
};

Totals totals_of(const std::vector<Comparison>& comparisons, People drawn) {
    Totals totals;
    for (const auto& comparison : comparisons) {
        (comparison.same ? totals.same : totals.strangers) += weight_of(comparison, drawn);
    }
    return totals;
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

double finite(float distance) { return static_cast<double>(distance); }

/// Halfway to the next distance, so that the threshold does not sit on a measured value.
double between(float accepted, float next) {
    return next == k_never ? finite(accepted) : finite(accepted) + (finite(next) - finite(accepted)) / 2;
}

}  // namespace

double weight_of(const Comparison& comparison, People drawn) {
    if (drawn.empty()) {
        return 1;
    }
    const double weight = drawn[comparison.person];
    return comparison.other == comparison.person ? weight : weight * drawn[comparison.other];
}

Scores::Scores(std::vector<Comparison> comparisons) : m_sorted(std::move(comparisons)) {
    for (auto& comparison : m_sorted) {
        if (std::isnan(comparison.distance)) {
            comparison.distance = k_never;
        }
        m_strangers += comparison.same ? 0U : 1U;
    }
    std::stable_sort(m_sorted.begin(), m_sorted.end(),
                     [](const Comparison& a, const Comparison& b) { return a.distance < b.distance; });
}

Point Scores::at(double threshold, People drawn) const {
    const auto totals = totals_of(m_sorted, drawn);
    Totals accepted;
    for (const auto& comparison : m_sorted) {
        if (finite(comparison.distance) > threshold || comparison.distance == k_never) {
            break;
        }
        (comparison.same ? accepted.same : accepted.strangers) += weight_of(comparison, drawn);
    }
    return {threshold, share(accepted.strangers, totals.strangers), share(accepted.same, totals.same)};
}

std::optional<Point> Scores::at_rate(double rate, People drawn) const {
    const auto totals = totals_of(m_sorted, drawn);
    const double allowed = rate * totals.strangers + 1e-9;
    if (allowed < 1 || !(totals.same > 0)) {
        return std::nullopt;
    }
    Totals accepted;
    for (std::size_t i = 0; i < m_sorted.size(); ++i) {
        const auto& comparison = m_sorted[i];
        if (comparison.distance == k_never) {
            break;
        }
        const double weight = weight_of(comparison, drawn);
        if (!comparison.same && accepted.strangers + weight > allowed) {
            // Strictly below this stranger, and not below those of the same distance that were counted already.
            const float stranger = comparison.distance;
            std::size_t last = i;
            while (last > 0 && m_sorted[last - 1].distance == stranger) {
                --last;
                const auto& tied = m_sorted[last];
                (tied.same ? accepted.same : accepted.strangers) -= weight_of(tied, drawn);
            }
            const double threshold =
                last > 0 ? between(m_sorted[last - 1].distance, stranger) : std::nextafter(finite(stranger), -1.0);
            return Point{threshold, share(accepted.strangers, totals.strangers), share(accepted.same, totals.same)};
        }
        (comparison.same ? accepted.same : accepted.strangers) += weight;
    }
    const auto last =
        std::find_if(m_sorted.rbegin(), m_sorted.rend(), [](const Comparison& c) { return c.distance != k_never; });
    if (last == m_sorted.rend()) {
        return std::nullopt;
    }
    return Point{finite(last->distance), share(accepted.strangers, totals.strangers),
                 share(accepted.same, totals.same)};
}

std::optional<double> Scores::equal_error(People drawn) const {
    const auto totals = totals_of(m_sorted, drawn);
    if (!(totals.same > 0) || !(totals.strangers > 0)) {
        return std::nullopt;
    }
    Totals accepted;
    double last_far = 0;
    double last_frr = 1;
    for (std::size_t i = 0; i < m_sorted.size(); ++i) {
        const auto& comparison = m_sorted[i];
        if (comparison.distance == k_never) {
            break;
        }
        (comparison.same ? accepted.same : accepted.strangers) += weight_of(comparison, drawn);
        if (i + 1 < m_sorted.size() && m_sorted[i + 1].distance == comparison.distance) {
            continue;  // no threshold lies between equal distances
        }
        const double far = share(accepted.strangers, totals.strangers);
        const double frr = 1 - share(accepted.same, totals.same);
        if (far >= frr) {
            // the straight line between the two thresholds crosses far = frr here
            const double before = last_frr - last_far;
            const double after = far - frr;
            const double part = before + after > 0 ? before / (before + after) : 0;
            return last_far + part * (far - last_far);
        }
        last_far = far;
        last_frr = frr;
    }
    return (last_far + last_frr) / 2;  // the faces that were not found keep the two apart
}

std::vector<Point> Scores::curve(std::size_t most) const {
    const auto totals = totals_of(m_sorted, {});
    Totals accepted;
    std::vector<Point> points;
    for (std::size_t i = 0; i < m_sorted.size() && m_sorted[i].distance != k_never; ++i) {
        (m_sorted[i].same ? accepted.same : accepted.strangers) += 1;
        if (i + 1 < m_sorted.size() && m_sorted[i + 1].distance == m_sorted[i].distance) {
            continue;
        }
        points.push_back({finite(m_sorted[i].distance), share(accepted.strangers, totals.strangers),
                          share(accepted.same, totals.same)});
    }
    if (points.size() <= most || most < 2) {
        return points;
    }
    // Even steps of log10(false rate): what is rare is what people look at.
    const double least = 0.5 / std::max(totals.strangers, 1.0);
    const auto place = [&](const Point& p) { return std::log10(std::max(p.false_rate, least)); };
    const double low = std::log10(least);
    const double step = -low / static_cast<double>(most - 1);
    std::vector<Point> thinned;
    double next = low;
    for (std::size_t i = 0; i < points.size(); ++i) {
        // the last point before the false rate rises is the best one of its step
        const bool rises = i + 1 == points.size() || points[i + 1].false_rate > points[i].false_rate;
        if (rises && (place(points[i]) >= next || i + 1 == points.size())) {
            thinned.push_back(points[i]);
            next = place(points[i]) + step;
        }
    }
    return thinned;
}

std::optional<Logistic> fit_logistic(const Scores& scores) {
    std::vector<double> same;
    std::vector<double> strangers;
    for (const auto& comparison : scores.sorted()) {
        if (comparison.distance != k_never) {
            (comparison.same ? same : strangers).push_back(finite(comparison.distance));
        }
    }
    if (same.size() < 10 || strangers.size() < 10) {
        return std::nullopt;
    }
    double a = 0;  // P = 1 / (1 + exp(a + b d))
    double b = 0;
    for (int round = 0; round < 60; ++round) {
        double ga = 0;
        double gb = 0;
        double haa = 1e-9;
        double hab = 0;
        double hbb = 1e-9;
        const auto add = [&](const std::vector<double>& distances, double target) {
            const double weight = 1.0 / static_cast<double>(distances.size());
            for (const double d : distances) {
                const double p = 1 / (1 + std::exp(a + b * d));
                const double w = weight * p * (1 - p);
                ga += weight * (target - p);
                gb += weight * (target - p) * d;
                haa += w;
                hab += w * d;
                hbb += w * d * d;
            }
        };
        add(same, 1);
        add(strangers, 0);
        const double determinant = haa * hbb - hab * hab;
        const double step = std::min(1.0, 0.2 + 0.05 * round);  // careful at first: Newton overshoots far from the top
        a -= step * (hbb * ga - hab * gb) / determinant;
        b -= step * (haa * gb - hab * ga) / determinant;
    }
    if (!std::isfinite(a) || !(b > 0)) {
        return std::nullopt;  // the two kinds are apart without any overlap, or not at all
    }
    return Logistic{-a / b, b};
}

}  // namespace mien::eval
