// SPDX-License-Identifier: MIT
#include <mien/eval/gallery_review.hpp>

#include <mien/eval/cluster.hpp>
#include <mien/eval/neighbours.hpp>
#include <mien/match/distance.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>

namespace mien::eval {
namespace {

constexpr double k_most_log_odds = 4;
/// More comparisons with one person than this say nothing new: photos of one person resemble each other.
constexpr std::size_t k_most_witnesses = 3;
constexpr double k_least_gain = 3;  ///< log-odds between both labels: 20 to 1
constexpr int k_most_rounds = 20;
/// Of the threshold: two photos of one scene, not two photos of one person.
constexpr double k_identical_share = 0.08;
constexpr float k_poor_quality = 0.3F;
constexpr std::size_t k_splittable = 4;

class Review {
public:
    Review(const gallery::Gallery& gallery, const NearLists& near, const Evidence& evidence)
        : m_gallery(gallery), m_near(near), m_evidence(evidence), m_members(gallery.people()) {
        m_label.assign(gallery.persons().begin(), gallery.persons().end());
        for (std::size_t row = 0; row < gallery.rows(); ++row) {
            if (!gallery.is_vacant(row)) {
                m_members[m_label[row]].push_back(row);
            }
        }
    }

    std::vector<LabelFinding> run() {
        find_mislabels();
        find_odd_ones();
        find_one_person();
        find_two_people();
        find_identical();
        find_weak();
        std::stable_sort(m_findings.begin(), m_findings.end(), [](const LabelFinding& a, const LabelFinding& b) {
            return a.suspicion != b.suspicion ? a.suspicion < b.suspicion : a.strength > b.strength;
        });
        return std::move(m_findings);
    }

private:
    struct Move {
        double gain{};
        std::uint32_t to{};
    };

    [[nodiscard]] double distance(std::size_t a, std::size_t b) const {
        return static_cast<double>(
            match::distance(m_gallery.contract().metric, m_gallery.encoding(a), m_gallery.encoding(b)));
    }

    /// Mean log-odds of the row's comparisons with the label's others, times their number up to k_most_witnesses;
    /// nothing where there are no others.
    [[nodiscard]] std::optional<double> evidence_for(std::size_t row, std::uint32_t person) const {
        double sum = 0;
        std::size_t witnesses = 0;
        for (const auto other : m_members[person]) {
            if (other != row) {
                sum += m_evidence.of(distance(row, other));
                ++witnesses;
            }
        }
        if (witnesses == 0) {
            return std::nullopt;
        }
        return sum / static_cast<double>(witnesses) * static_cast<double>(std::min(witnesses, k_most_witnesses));
    }

    [[nodiscard]] std::optional<Move> better_place(std::size_t row) const {
        std::set<std::uint32_t> labels;
        for (const auto& near : m_near[row]) {
            labels.insert(m_label[near.row]);
        }
        labels.erase(m_label[row]);
        if (labels.empty()) {
            return std::nullopt;
        }
        const auto own = evidence_for(row, m_label[row]);
        if (!own || *own >= 0) {
            return std::nullopt;
        }
        std::optional<Move> best;
        double most = 0;
        for (const auto label : labels) {
            const auto here = evidence_for(row, label);
            if (here && *here > most) {
                most = *here;
                best = Move{*here - *own, label};
            }
        }
        return best && best->gain > k_least_gain ? best : std::nullopt;
    }

    void find_mislabels() {
        struct Candidate {
            double gain;
            std::size_t row;
            std::uint32_t to;
        };
        for (int round = 0; round < k_most_rounds; ++round) {
            std::vector<Candidate> candidates;
            for (std::size_t row = 0; row < m_label.size(); ++row) {
                if (m_label[row] != gallery::k_nobody && !m_moved.contains(row)) {
                    if (const auto move = better_place(row)) {
                        candidates.push_back({move->gain, row, move->to});
                    }
                }
            }
            std::stable_sort(candidates.begin(), candidates.end(),
                             [](const Candidate& a, const Candidate& b) { return a.gain > b.gain; });
            bool moved = false;
            for (const auto& candidate : candidates) {
                // What moved before it may have taken its reason away; if it has another, the next round finds it.
                const auto move = better_place(candidate.row);
                if (!move || move->to != candidate.to || move->gain < candidate.gain - 1e-9) {
                    continue;
                }
                m_findings.push_back(
                    {Suspicion::mislabel, m_label[candidate.row], move->to, {candidate.row}, move->gain});
                move_row(candidate.row, move->to);
                moved = true;
            }
            if (!moved) {
                return;
            }
        }
    }

    void move_row(std::size_t row, std::uint32_t to) {
        std::erase(m_members[m_label[row]], row);
        m_members[to].push_back(row);
        m_label[row] = to;
        m_moved.insert(row);
    }

    void find_odd_ones() {
        for (std::size_t row = 0; row < m_label.size(); ++row) {
            // With two photos nobody can say which is the odd one.
            if (m_label[row] == gallery::k_nobody || m_moved.contains(row) || m_members[m_label[row]].size() < 3) {
                continue;
            }
            const bool near_own = std::any_of(m_near[row].begin(), m_near[row].end(),
                                              [&](const Near& near) { return m_label[near.row] == m_label[row]; });
            const auto own = near_own ? std::nullopt : evidence_for(row, m_label[row]);
            if (own && *own < -k_least_gain) {
                m_findings.push_back({Suspicion::odd_one, m_label[row], gallery::k_nobody, {row}, -*own});
            }
        }
    }

    /// Mean log-odds over all pairs of two labels' photos.
    [[nodiscard]] double between(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) const {
        double sum = 0;
        for (const auto i : a) {
            for (const auto j : b) {
                sum += m_evidence.of(distance(i, j));
            }
        }
        return sum / static_cast<double>(a.size() * b.size());
    }

    void find_one_person() {
        std::map<std::pair<std::uint32_t, std::uint32_t>, std::set<std::size_t>> meeting;
        for (std::size_t row = 0; row < m_label.size(); ++row) {
            for (const auto& near : m_near[row]) {
                if (m_label[row] < m_label[near.row]) {
                    auto& rows = meeting[{m_label[row], m_label[near.row]}];
                    rows.insert(row);
                    rows.insert(near.row);
                }
            }
        }
        for (const auto& [labels, rows] : meeting) {
            const auto& a = m_members[labels.first];
            const auto& b = m_members[labels.second];
            // Most photos of both must be near one of the other's.
            if (2 * rows.size() <= a.size() + b.size()) {
                continue;
            }
            // Among so many pairs of labels some come near by chance: each is one person's as seldom as there are
            // pairs.
            double sum = 0;
            for (const auto i : a) {
                for (const auto j : b) {
                    sum += m_evidence.slope * (m_evidence.even - distance(i, j));
                }
            }
            const auto pairs = a.size() * b.size();
            const auto people = static_cast<double>(m_members.size());
            const double odds =
                sum / static_cast<double>(pairs) * static_cast<double>(std::min(pairs, k_most_witnesses)) -
                std::log(std::max(1.0, people * (people - 1) / 2));
            if (odds > k_least_gain) {
                const bool first_is_smaller = a.size() < b.size();
                m_findings.push_back({Suspicion::one_person,
                                      first_is_smaller ? labels.first : labels.second,
                                      first_is_smaller ? labels.second : labels.first,
                                      {rows.begin(), rows.end()},
                                      odds});
            }
        }
    }

    void find_two_people() {
        for (std::uint32_t person = 0; person < m_members.size(); ++person) {
            const auto& rows = m_members[person];
            if (rows.size() < k_splittable) {
                continue;
            }
            std::map<std::size_t, std::uint32_t> numbers;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                numbers.emplace(rows[i], static_cast<std::uint32_t>(i));
            }
            NeighbourGraph graph(rows.size());
            for (std::size_t i = 0; i < rows.size(); ++i) {
                for (const auto& near : m_near[rows[i]]) {
                    if (const auto found = numbers.find(near.row); found != numbers.end()) {
                        graph[i].push_back({found->second, static_cast<float>(1 - static_cast<double>(near.distance) /
                                                                                      m_evidence.threshold)});
                    }
                }
            }
            const auto groups = chinese_whispers(graph, {}, 1);
            std::map<std::uint32_t, std::vector<std::size_t>> parts;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                parts[groups[i]].push_back(rows[i]);
            }
            std::vector<const std::vector<std::size_t>*> large;
            for (const auto& [group, part] : parts) {
                if (part.size() >= 2) {
                    large.push_back(&part);
                }
            }
            std::stable_sort(large.begin(), large.end(),
                             [](const auto* a, const auto* b) { return a->size() > b->size(); });
            for (std::size_t i = 1; i < large.size(); ++i) {
                const double odds = between(*large.front(), *large[i]);
                if (odds < -k_least_gain) {
                    m_findings.push_back({Suspicion::two_people, person, gallery::k_nobody, *large[i], -odds});
                }
            }
        }
    }

    /// Each photo is in one finding at most, so that what mends one leaves the others as they are said.
    void find_identical() {
        struct Pair {
            std::size_t a;
            std::size_t b;
            double distance;
        };
        const double most = k_identical_share * m_evidence.threshold;
        std::vector<std::vector<Pair>> within(m_near.size());
        std::vector<Pair> across;
        for (std::size_t row = 0; row < m_near.size(); ++row) {
            for (const auto& near : m_near[row]) {
                const auto distance = static_cast<double>(near.distance);
                if (near.row == row || distance > most || m_moved.contains(row) || m_moved.contains(near.row)) {
                    continue;
                }
                if (m_label[row] == m_label[near.row]) {
                    within[row].push_back({row, near.row, distance});
                } else if (near.row > row) {
                    across.push_back({row, near.row, distance});
                }
            }
        }
        std::vector<bool> named(m_near.size());
        const auto strength = [this](double distance) { return m_evidence.slope * (m_evidence.even - distance); };
        std::vector<std::size_t> order(m_near.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&within](std::size_t a, std::size_t b) { return within[a].size() > within[b].size(); });
        for (const auto row : order) {
            if (named[row]) {
                continue;
            }
            std::vector<std::size_t> rows{row};
            double nearest = most;
            for (const auto& pair : within[row]) {
                if (!named[pair.b]) {
                    rows.push_back(pair.b);
                    nearest = std::min(nearest, pair.distance);
                    named[pair.b] = true;
                }
            }
            if (rows.size() > 1) {
                named[row] = true;
                m_findings.push_back(
                    {Suspicion::near_identical, m_label[row], gallery::k_nobody, std::move(rows), strength(nearest)});
            }
        }
        std::stable_sort(across.begin(), across.end(),
                         [](const Pair& a, const Pair& b) { return a.distance < b.distance; });
        for (const auto& pair : across) {
            if (named[pair.a] || named[pair.b]) {
                continue;
            }
            named[pair.a] = named[pair.b] = true;
            const auto fits = [this](std::size_t row) { return evidence_for(row, m_label[row]).value_or(0); };
            const bool first_fits = fits(pair.a) >= fits(pair.b);
            const auto better = first_fits ? pair.a : pair.b;
            const auto worse = first_fits ? pair.b : pair.a;
            m_findings.push_back(
                {Suspicion::same_photo, m_label[better], m_label[worse], {better, worse}, strength(pair.distance)});
        }
    }

    void find_weak() {
        for (std::uint32_t person = 0; person < m_members.size(); ++person) {
            std::vector<std::size_t> rows;
            bool good = false;
            for (const auto row : m_members[person]) {
                rows.push_back(row);
                good = good || !(m_gallery.quality(row) < k_poor_quality);  // not measured: not called poor
            }
            if (!rows.empty() && (rows.size() < 2 || !good)) {
                m_findings.push_back({Suspicion::weak, person, gallery::k_nobody, std::move(rows), 0});
            }
        }
    }

    const gallery::Gallery& m_gallery;
    const NearLists& m_near;
    const Evidence& m_evidence;
    std::vector<std::vector<std::size_t>> m_members;  ///< rows of each person, as far as it is judged
    std::vector<std::uint32_t> m_label;
    std::set<std::size_t> m_moved;
    std::vector<LabelFinding> m_findings;
};

}  // namespace

std::string_view to_string(Suspicion suspicion) {
    switch (suspicion) {
        case Suspicion::mislabel: return "mislabel";
        case Suspicion::odd_one: return "odd_one";
        case Suspicion::one_person: return "one_person";
        case Suspicion::two_people: return "two_people";
        case Suspicion::near_identical: return "near_identical";
        case Suspicion::same_photo: return "same_photo";
        case Suspicion::weak: return "weak";
    }
    return "";
}

double Evidence::of(double distance) const {
    return std::clamp(slope * (even - distance), -k_most_log_odds, k_most_log_odds);
}

std::vector<Near> near_rows(const gallery::Gallery& gallery, std::size_t row, double threshold,
                            std::span<float> scratch) {
    std::vector<Near> near;
    if (gallery.is_vacant(row)) {
        return near;
    }
    all_distances(gallery, gallery.encoding(row), scratch);
    for (std::size_t other = 0; other < scratch.size(); ++other) {
        if (other != row && static_cast<double>(scratch[other]) <= threshold) {
            near.push_back({static_cast<std::uint32_t>(other), scratch[other]});
        }
    }
    return near;
}

std::vector<LabelFinding> review_labels(const gallery::Gallery& gallery, const NearLists& near,
                                        const Evidence& evidence) {
    return Review(gallery, near, evidence).run();
}

}  // namespace mien::eval
