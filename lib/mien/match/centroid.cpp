// SPDX-License-Identifier: MIT
#include <mien/match/centroid.hpp>

#include <mien/match/distance.hpp>
#include <mien/match/people.hpp>
#include <mien/match/state.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mien::match {
namespace {

class CentroidMatcher final : public Matcher {
public:
    explicit CentroidMatcher(std::shared_ptr<const gallery::Gallery> gallery)
        : m_gallery(std::move(gallery)), m_rows(*m_gallery), m_means(m_gallery->people() * m_gallery->contract().dim) {
        const std::size_t dim = m_gallery->contract().dim;
        std::vector<double> sum(dim);
        for (std::size_t person = 0; person < m_gallery->people(); ++person) {
            std::fill(sum.begin(), sum.end(), 0.0);
            std::size_t count = 0;
            for (const auto row : m_rows.of(person)) {
                const auto encoding = m_gallery->encoding(row);
                if (std::all_of(encoding.begin(), encoding.end(), [](float value) { return std::isfinite(value); })) {
                    std::transform(sum.begin(), sum.end(), encoding.begin(), sum.begin(),
                                   [](double a, float b) { return a + static_cast<double>(b); });
                    ++count;
                }
            }
            double scale = static_cast<double>(count);
            if (m_gallery->contract().metric == Metric::cosine) {
                scale = 0;
                for (const double value : sum) {
                    scale += value * value;
                }
                scale = std::sqrt(scale);
            }
            // Somebody without a mean (nothing finite, or encodings that cancel out) becomes NaN, and is never near.
            std::transform(sum.begin(), sum.end(), m_means.begin() + static_cast<std::ptrdiff_t>(person * dim),
                           [scale](double value) { return static_cast<float>(value / scale); });
        }
    }

    [[nodiscard]] std::string_view name() const override { return "centroid"; }
    [[nodiscard]] std::string_view method() const override { return "centroid"; }

    [[nodiscard]] std::vector<std::vector<Candidate>> rank(std::span<const Encoding> probes,
                                                           std::size_t k) const override {
        std::vector<std::vector<Candidate>> ranks;
        std::vector<float> to_means(m_gallery->people());
        for (const auto& probe : probes) {
            check_probe(*m_gallery, probe);
            distances(m_gallery->contract().metric, probe.values, m_means, to_means);
            std::vector<std::uint32_t> order;
            for (std::uint32_t person = 0; person < to_means.size(); ++person) {
                if (std::isfinite(to_means[person])) {
                    order.push_back(person);
                }
            }
            const auto count = std::min(k, order.size());
            std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                              [&](std::uint32_t a, std::uint32_t b) {
                                  return to_means[a] != to_means[b] ? to_means[a] < to_means[b] : a < b;
                              });
            auto& candidates = ranks.emplace_back();
            for (std::size_t i = 0; i < count; ++i) {
                candidates.push_back({std::string(m_gallery->label(order[i])),
                                      to_means[order[i]],
                                      nearest_row(*m_gallery, m_rows.of(order[i]), probe.values).row,
                                      {}});
            }
        }
        return ranks;
    }

    [[nodiscard]] std::string save() const override { return StateWriter(name()).finish(); }
    [[nodiscard]] std::string description() const override { return "a person is as far as their mean encoding"; }

private:
    std::shared_ptr<const gallery::Gallery> m_gallery;
    PersonRows m_rows;
    std::vector<float> m_means;  ///< people × dim
};

}  // namespace

std::unique_ptr<Matcher> make_centroid(std::shared_ptr<const gallery::Gallery> gallery) {
    return std::make_unique<CentroidMatcher>(std::move(gallery));
}

}  // namespace mien::match
