// SPDX-License-Identifier: MIT
#include <mien/match/nearest.hpp>

#include <mien/core/error.hpp>
#include <mien/match/distance.hpp>

#include <algorithm>
#include <limits>

namespace mien::match {
namespace {

std::vector<Candidate> nearest_people(const gallery::Gallery& gallery, std::span<const float> distances,
                                      std::size_t k) {
    struct Best {
        float distance{std::numeric_limits<float>::infinity()};
        std::size_t record{};
    };
    std::vector<Best> best(gallery.people());
    const auto persons = gallery.persons();
    for (std::size_t i = 0; i < distances.size(); ++i) {
        if (persons[i] == gallery::k_nobody) {
            continue;
        }
        auto& person = best[persons[i]];
        if (distances[i] < person.distance) {  // a NaN is never nearer
            person = {distances[i], i};
        }
    }
    std::vector<std::uint32_t> order;
    for (std::uint32_t person = 0; person < best.size(); ++person) {
        if (best[person].distance < std::numeric_limits<float>::infinity()) {
            order.push_back(person);
        }
    }
    // People are numbered in the order of their labels.
    const auto nearer = [&best](std::uint32_t a, std::uint32_t b) {
        return best[a].distance != best[b].distance ? best[a].distance < best[b].distance : a < b;
    };
    k = std::min(k, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(), nearer);
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < k; ++i) {
        candidates.push_back({std::string(gallery.label(order[i])), best[order[i]].distance, best[order[i]].record});
    }
    return candidates;
}

}  // namespace

NearestMatcher::NearestMatcher(std::shared_ptr<const gallery::Gallery> gallery) : m_gallery(std::move(gallery)) {}

std::vector<std::vector<Candidate>> NearestMatcher::rank(std::span<const Encoding> probes, std::size_t k) const {
    std::vector<std::vector<Candidate>> ranks;
    std::vector<float> row(m_gallery->rows());
    for (const auto& probe : probes) {
        if (*probe.model != m_gallery->contract()) {
            throw Error(ErrorCode::model_mismatch, "the store holds encodings of " + m_gallery->contract().encoder +
                                                       ", the photo was encoded by " + probe.model->encoder +
                                                       "; the two cannot be compared");
        }
        for (const auto& block : m_gallery->blocks()) {
            const auto rows = block.encodings.size() / m_gallery->contract().dim;
            distances(m_gallery->contract().metric, probe.values, block.encodings,
                      std::span(row).subspan(block.first_row, rows));
        }
        ranks.push_back(nearest_people(*m_gallery, row, k));
    }
    return ranks;
}

}  // namespace mien::match
