// SPDX-License-Identifier: MIT
#include <mien/match/nearest.hpp>

#include <mien/match/distance.hpp>
#include <mien/match/parallel.hpp>
#include <mien/match/people.hpp>
#include <mien/match/state.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace mien::match {
namespace {

constexpr float k_infinity = std::numeric_limits<float>::infinity();
/// Blocks of fewer rows are measured in full: that takes some microseconds.
constexpr std::size_t k_fewest_rows = 1024;
/// A compressed copy costs about as much as this many full scans.
constexpr std::size_t k_probes_that_pay = 8;
/// Distances that are worth a thread of their own: it takes as long to start one.
constexpr std::size_t k_worth_a_thread = 1U << 15U;

struct Best {
    float distance{k_infinity};
    std::size_t row{};
};

/// The k nearest people. best: one a person; order: those to choose from.
std::vector<Candidate> nearest_people(const gallery::Gallery& gallery, std::span<const Best> best,
                                      std::vector<std::uint32_t> order, std::size_t k) {
    // People are numbered in the order of their labels.
    const auto nearer = [&best](std::uint32_t a, std::uint32_t b) {
        return best[a].distance != best[b].distance ? best[a].distance < best[b].distance : a < b;
    };
    k = std::min(k, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(), nearer);
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < k; ++i) {
        candidates.push_back({std::string(gallery.label(order[i])), best[order[i]].distance, best[order[i]].row, {}});
    }
    return candidates;
}

/// What a vote makes of the distances to a person's encodings, which it may reorder.
float mean_of_nearest(std::vector<float>& distances, Vote vote) {
    auto count = distances.size();
    if (vote.nearest != 0 && vote.nearest < count) {
        count = vote.nearest;
        std::nth_element(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(count - 1),
                         distances.end());
    }
    // In ascending order, so that the sum does not depend on where the rows lie.
    std::sort(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(count));
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
        sum += static_cast<double>(distances[i]);
    }
    return static_cast<float>(sum / static_cast<double>(count));
}

}  // namespace

NearestMatcher::NearestMatcher(std::shared_ptr<const gallery::Gallery> gallery, const MatcherOptions& options,
                               const NearestMatcher* before)
    : m_gallery(std::move(gallery)),
      m_vote(options.vote.value_or(Vote{})),
      m_threads(options.threads),
      m_compressed(m_gallery->blocks().size()) {
    // Same memory, same rows: `before` keeps its gallery, so that nothing else can lie there.
    if (before != nullptr && before->m_ready && before->m_gallery->contract() == m_gallery->contract()) {
        const auto blocks = m_gallery->blocks();
        const auto old = before->m_gallery->blocks();
        for (std::size_t b = 0; b < std::min(blocks.size(), old.size()); ++b) {
            if (blocks[b].encodings.data() == old[b].encodings.data() &&
                blocks[b].encodings.size() == old[b].encodings.size()) {
                m_compressed[b] = before->m_compressed[b];
            }
        }
        m_asked = k_probes_that_pay;
    }
    if (options.prepare) {
        m_asked = k_probes_that_pay;
        static_cast<void>(first_look_pays(0, 1));
    }
}

void NearestMatcher::compress() const {
    const auto& contract = m_gallery->contract();
    for (std::size_t b = 0; b < m_compressed.size(); ++b) {
        const auto encodings = m_gallery->blocks()[b].encodings;
        if (!m_compressed[b] && encodings.size() / contract.dim >= k_fewest_rows) {
            m_compressed[b] =
                std::make_shared<const CompressedRows>(contract.metric, contract.dim, encodings, m_threads);
        }
    }
    m_ready = true;
}

std::size_t NearestMatcher::compressed_bytes() const {
    std::size_t bytes = 0;
    if (m_ready) {
        for (const auto& compressed : m_compressed) {
            bytes += compressed ? compressed->bytes() : 0;
        }
    }
    return bytes;
}

bool NearestMatcher::first_look_pays(std::size_t probes, std::size_t k) const {
    if (m_vote.nearest != 1 || k > CompressedRows::k_most_people || m_gallery->rows() < k_fewest_rows) {
        return false;
    }
    if (m_ready) {
        return true;
    }
    if (m_asked.fetch_add(probes) + probes < k_probes_that_pay) {
        return false;
    }
    std::call_once(m_once, [this] { compress(); });
    return true;
}

std::vector<std::vector<Candidate>> NearestMatcher::rank(std::span<const Encoding> probes, std::size_t k) const {
    for (const auto& probe : probes) {
        check_probe(*m_gallery, probe);
    }
    if (k == 0 || probes.empty() || m_gallery->size() == 0) {
        return std::vector<std::vector<Candidate>>(probes.size());
    }
    if (first_look_pays(probes.size(), k)) {
        return rank_by_finalists(probes, k);
    }
    std::vector<std::vector<Candidate>> ranks;
    for (const auto& probe : probes) {
        ranks.push_back(rank_in_full(probe, k));
    }
    return ranks;
}

std::vector<std::vector<Candidate>> NearestMatcher::rank_by_finalists(std::span<const Encoding> probes,
                                                                      std::size_t k) const {
    const auto& contract = m_gallery->contract();
    std::vector<float> values;
    for (const auto& probe : probes) {
        values.insert(values.end(), probe.values.begin(), probe.values.end());
    }
    // Of each probe the rows to measure; nothing: all of them.
    std::vector<Finalists> finalists(probes.size(), std::vector<std::uint32_t>{});
    const auto blocks = m_gallery->blocks();
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        const auto first = static_cast<std::uint32_t>(blocks[b].first_row);
        const auto rows = blocks[b].encodings.size() / contract.dim;
        std::vector<Finalists> found(probes.size());
        if (m_compressed[b]) {
            const auto most = 1 + rows * probes.size() / k_worth_a_thread;
            found =
                m_compressed[b]->finalists(values, m_gallery->persons().subspan(first, rows), k,
                                           std::min(m_threads, static_cast<int>(std::min<std::size_t>(most, 1024))));
        } else {
            for (auto& all : found) {
                all.emplace(rows);
                std::iota(all->begin(), all->end(), 0U);
            }
        }
        for (std::size_t p = 0; p < probes.size(); ++p) {
            if (!found[p]) {
                finalists[p].reset();
            } else if (finalists[p]) {
                for (const auto row : *found[p]) {
                    finalists[p]->push_back(first + row);
                }
            }
        }
    }
    std::vector<std::vector<Candidate>> ranks;
    const auto persons = m_gallery->persons();
    std::vector<Best> best(m_gallery->people());
    std::vector<std::uint32_t> touched;
    for (std::size_t p = 0; p < probes.size(); ++p) {
        if (!finalists[p]) {
            ranks.push_back(rank_in_full(probes[p], k));
            continue;
        }
        for (const auto row : *finalists[p]) {
            if (persons[row] == gallery::k_nobody) {
                continue;
            }
            const float d = distance(contract.metric, probes[p].values, m_gallery->encoding(row));
            auto& person = best[persons[row]];
            if (std::isfinite(d) && d < person.distance) {
                if (person.distance == k_infinity) {
                    touched.push_back(persons[row]);
                }
                person = {d, row};
            }
        }
        ranks.push_back(nearest_people(*m_gallery, best, touched, k));
        for (const auto person : touched) {
            best[person] = {};
        }
        touched.clear();
    }
    return ranks;
}

std::vector<Candidate> NearestMatcher::rank_in_full(const Encoding& probe, std::size_t k) const {
    const auto& contract = m_gallery->contract();
    std::vector<float> row_distances(m_gallery->rows());
    for (const auto& block : m_gallery->blocks()) {
        const auto rows = block.encodings.size() / contract.dim;
        const auto most = 1 + rows / k_worth_a_thread;
        in_parts(rows, std::min(m_threads, static_cast<int>(std::min<std::size_t>(most, 1024))),
                 [&](std::size_t, std::size_t first, std::size_t end) {
                     distances(contract.metric, probe.values,
                               block.encodings.subspan(first * contract.dim, (end - first) * contract.dim),
                               std::span(row_distances).subspan(block.first_row + first, end - first));
                 });
    }
    const auto persons = m_gallery->persons();
    std::vector<Best> best(m_gallery->people());
    std::vector<std::vector<float>> of_person(m_vote.nearest == 1 ? 0 : m_gallery->people());
    for (std::size_t row = 0; row < row_distances.size(); ++row) {
        const auto person = persons[row];
        if (person == gallery::k_nobody || !std::isfinite(row_distances[row])) {
            continue;
        }
        if (row_distances[row] < best[person].distance) {
            best[person] = {row_distances[row], row};
        }
        if (!of_person.empty()) {
            of_person[person].push_back(row_distances[row]);
        }
    }
    std::vector<std::uint32_t> order;
    for (std::uint32_t person = 0; person < best.size(); ++person) {
        if (best[person].distance < k_infinity) {
            order.push_back(person);
            if (!of_person.empty()) {
                best[person].distance = mean_of_nearest(of_person[person], m_vote);
            }
        }
    }
    return nearest_people(*m_gallery, best, std::move(order), k);
}

std::string NearestMatcher::save() const {
    StateWriter out(name());
    out.write(m_vote.nearest);
    return out.finish();
}

std::string NearestMatcher::description() const {
    return m_vote.nearest == 1 ? "a person is as far as their nearest encoding"
           : m_vote.nearest == 0
               ? "a person is as far as their encodings are on average"
               : "a person is as far as their " + std::to_string(m_vote.nearest) + " nearest encodings are on average";
}

}  // namespace mien::match
