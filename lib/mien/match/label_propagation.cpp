// SPDX-License-Identifier: MIT
#include <mien/match/label_propagation.hpp>

#include <mien/match/distance.hpp>
#include <mien/match/people.hpp>
#include <mien/match/state.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace mien::match {
namespace {

constexpr double k_infinity = std::numeric_limits<double>::infinity();

/// The finite encodings of a gallery, with their people.
struct Points {
    std::vector<float> values;
    std::vector<std::uint32_t> persons;
};

Points points_of(const gallery::Gallery& gallery) {
    Points points;
    points.values.reserve(gallery.size() * gallery.contract().dim);
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        const auto encoding = gallery.encoding(row);
        if (!gallery.is_vacant(row) &&
            std::all_of(encoding.begin(), encoding.end(), [](float value) { return std::isfinite(value); })) {
            points.values.insert(points.values.end(), encoding.begin(), encoding.end());
            points.persons.push_back(gallery.persons()[row]);
        }
    }
    return points;
}

class LabelPropagationMatcher final : public Matcher {
public:
    LabelPropagationMatcher(std::shared_ptr<const gallery::Gallery> gallery, Points points, Pca pca)
        : m_gallery(std::move(gallery)),
          m_rows(*m_gallery),
          m_pca(std::move(pca)),
          m_points(m_pca.project(points.values)),
          m_persons(std::move(points.persons)) {}

    [[nodiscard]] std::string_view name() const override { return "label-propagation"; }
    [[nodiscard]] std::string_view method() const override { return "label-propagation"; }

    [[nodiscard]] std::vector<std::vector<Candidate>> rank(std::span<const Encoding> probes,
                                                           std::size_t k) const override {
        std::vector<std::vector<Candidate>> ranks;
        for (const auto& probe : probes) {
            check_probe(*m_gallery, probe);
            if (m_persons.empty()) {
                ranks.emplace_back();
                continue;
            }
            std::vector<double> nearness;
            const auto probabilities =
                propagated(m_pca.project(probe.values), m_points, m_persons, m_gallery->people(), nearness);
            ranks.push_back(likeliest(*m_gallery, m_rows, probe.values, probabilities, nearness, k));
        }
        return ranks;
    }

    [[nodiscard]] std::string save() const override {
        StateWriter out(name());
        out.write(m_pca.mean);
        out.write(m_pca.components);
        out.write(m_pca.variance);
        return out.finish();
    }

    [[nodiscard]] std::string description() const override {
        std::array<char, 128> text{};
        std::snprintf(text.data(), text.size(), "%zu main directions keep %.1f %% of the variance of %zu encodings",
                      m_pca.count(), 100 * m_pca.variance, m_persons.size());
        return text.data();
    }

private:
    std::shared_ptr<const gallery::Gallery> m_gallery;
    PersonRows m_rows;
    Pca m_pca;
    std::vector<float> m_points;  ///< projected
    std::vector<std::uint32_t> m_persons;
};

}  // namespace

std::vector<double> propagated(std::span<const float> probe, std::span<const float> points,
                               std::span<const std::uint32_t> classes, std::size_t count,
                               std::vector<double>& nearness) {
    // Without a direction (all points are the same) every point is as near as any.
    std::vector<float> away(classes.size(), 0.0F);
    if (!probe.empty()) {
        distances(Metric::l2, probe, points, away);
    }
    nearness.assign(count, k_infinity);
    double nearest = k_infinity;
    for (std::size_t i = 0; i < classes.size(); ++i) {
        if (std::isfinite(away[i])) {
            const double squared = static_cast<double>(away[i]) * static_cast<double>(away[i]);
            nearness[classes[i]] = std::min(nearness[classes[i]], squared);
            nearest = std::min(nearest, squared);
        }
    }
    std::vector<double> sums(count);
    if (!std::isfinite(nearest)) {
        return sums;
    }
    // Only ratios count, and from the nearest point they do not underflow however far away everybody is.
    double whole = 0;
    for (std::size_t i = 0; i < classes.size(); ++i) {
        if (std::isfinite(away[i])) {
            const double squared = static_cast<double>(away[i]) * static_cast<double>(away[i]);
            const double weight = std::exp(-k_propagation_gamma * (squared - nearest));
            sums[classes[i]] += weight;
            whole += weight;
        }
    }
    for (double& sum : sums) {
        sum /= whole;
    }
    return sums;
}

std::unique_ptr<Matcher> fit_label_propagation(std::shared_ptr<const gallery::Gallery> gallery) {
    auto points = points_of(*gallery);
    Pca pca;
    pca.mean.resize(gallery->contract().dim);
    if (!points.persons.empty()) {
        pca = fit_pca(points.values, gallery->contract().dim, k_propagation_variance);
    }
    return std::make_unique<LabelPropagationMatcher>(std::move(gallery), std::move(points), std::move(pca));
}

std::unique_ptr<Matcher> restore_label_propagation(StateReader& in, std::shared_ptr<const gallery::Gallery> gallery) {
    const std::size_t dim = gallery->contract().dim;
    Pca pca;
    in.read_numbers(pca.mean, dim);
    in.read(pca.components);
    StateReader::require(pca.components.size() % dim == 0 && pca.components.size() / dim <= dim);
    for (const double value : pca.components) {
        StateReader::require(std::isfinite(value));
    }
    in.read(pca.variance);
    StateReader::require(pca.variance >= 0 && pca.variance <= 1);
    in.finish();
    // New people join with their encodings; only the directions are of the day when they were fitted.
    auto points = points_of(*gallery);
    return std::make_unique<LabelPropagationMatcher>(std::move(gallery), std::move(points), std::move(pca));
}

}  // namespace mien::match
