// SPDX-License-Identifier: MIT
#include <mien/match/people.hpp>

#include <mien/core/error.hpp>
#include <mien/core/hash.hpp>
#include <mien/match/distance.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace mien::match {

PersonRows::PersonRows(const gallery::Gallery& gallery) : m_first(gallery.people() + 1), m_rows(gallery.size()) {
    const auto persons = gallery.persons();
    for (const auto person : persons) {
        if (person != gallery::k_nobody) {
            ++m_first[person + 1];
        }
    }
    std::partial_sum(m_first.begin(), m_first.end(), m_first.begin());
    auto next = m_first;
    for (std::size_t row = 0; row < persons.size(); ++row) {
        if (persons[row] != gallery::k_nobody) {
            m_rows[next[persons[row]]++] = static_cast<std::uint32_t>(row);
        }
    }
}

void check_probe(const gallery::Gallery& gallery, const Encoding& probe) {
    const auto& contract = gallery.contract();
    if (!probe.model || *probe.model != contract) {
        throw Error(ErrorCode::model_mismatch,
                    "the store holds encodings of " + contract.encoder + ", the photo was encoded by " +
                        (probe.model ? probe.model->encoder : "an unknown model") + "; the two cannot be compared");
    }
    if (probe.values.size() != contract.dim) {
        throw Error(ErrorCode::model_mismatch, contract.encoder + " gives " + std::to_string(contract.dim) +
                                                   " numbers, the probe has " + std::to_string(probe.values.size()));
    }
    if (!std::all_of(probe.values.begin(), probe.values.end(), [](float value) { return std::isfinite(value); })) {
        throw Error(ErrorCode::runtime, "the face's encoding holds a number that is not finite; the weights of " +
                                            contract.encoder + " may be damaged (try 'mien models verify')");
    }
}

Nearest nearest_row(const gallery::Gallery& gallery, std::span<const std::uint32_t> rows,
                    std::span<const float> probe) {
    Nearest nearest{std::numeric_limits<float>::infinity(), rows.empty() ? 0 : rows.front()};
    for (const auto row : rows) {
        const float d = distance(gallery.contract().metric, probe, gallery.encoding(row));
        if (std::isfinite(d) && d < nearest.distance) {
            nearest = {d, row};
        }
    }
    return nearest;
}

std::vector<Candidate> likeliest(const gallery::Gallery& gallery, const PersonRows& rows, std::span<const float> probe,
                                 std::span<const double> probabilities, std::span<const double> nearness,
                                 std::size_t k) {
    std::vector<std::uint32_t> order(probabilities.size());
    std::iota(order.begin(), order.end(), 0U);
    k = std::min(k, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(),
                      [&](std::uint32_t a, std::uint32_t b) {
                          return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b]
                                 : nearness[a] != nearness[b]         ? nearness[a] < nearness[b]
                                                                      : a < b;
                      });
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < k; ++i) {
        const auto nearest = nearest_row(gallery, rows.of(order[i]), probe);
        if (std::isfinite(nearest.distance)) {
            candidates.push_back(
                {std::string(gallery.label(order[i])), nearest.distance, nearest.row, probabilities[order[i]]});
        }
    }
    return candidates;
}

std::uint64_t fingerprint(const gallery::Gallery& gallery) {
    std::uint64_t sum = gallery.people();
    const auto persons = gallery.persons();
    for (std::size_t row = 0; row < persons.size(); ++row) {
        if (persons[row] != gallery::k_nobody) {
            const std::array<std::uint64_t, 2> both{xxh3(std::as_bytes(std::span(gallery.label(persons[row])))),
                                                    xxh3(std::as_bytes(gallery.encoding(row)))};
            sum += xxh3(std::as_bytes(std::span(both)));  // a sum, so that the order does not count
        }
    }
    return sum;
}

}  // namespace mien::match
