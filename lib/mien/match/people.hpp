// SPDX-License-Identifier: MIT
#pragma once

/// What all matchers need of a gallery. Internal to match/.

#include <mien/gallery/gallery.hpp>
#include <mien/match/matcher.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace mien::match {

/// The rows of each person.
class PersonRows {
public:
    explicit PersonRows(const gallery::Gallery& gallery);
    [[nodiscard]] std::span<const std::uint32_t> of(std::size_t person) const {
        return std::span(m_rows).subspan(m_first[person], m_first[person + 1] - m_first[person]);
    }

private:
    std::vector<std::size_t> m_first;  ///< people + 1
    std::vector<std::uint32_t> m_rows;
};

/// throws: as Matcher::rank
void check_probe(const gallery::Gallery& gallery, const Encoding& probe);

/// A person's nearest row, the first of equals; infinite where none of their rows is finite.
struct Nearest {
    float distance{};
    std::uint32_t row{};
};
Nearest nearest_row(const gallery::Gallery& gallery, std::span<const std::uint32_t> rows, std::span<const float> probe);

/// The k likeliest people with their nearest rows. probabilities: one a person.
/// nearness: one a person, smaller is nearer; decides between equal probabilities.
std::vector<Candidate> likeliest(const gallery::Gallery& gallery, const PersonRows& rows, std::span<const float> probe,
                                 std::span<const double> probabilities, std::span<const double> nearness,
                                 std::size_t k);

/// All encodings with their people; the same for the same records, in whatever order they lie.
std::uint64_t fingerprint(const gallery::Gallery& gallery);

}  // namespace mien::match
