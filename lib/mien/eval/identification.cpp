// SPDX-License-Identifier: MIT
#include <mien/eval/identification.hpp>

#include <mien/match/distance.hpp>

#include <algorithm>
#include <cmath>

namespace mien::eval {
namespace {

Ranking rank_among(const std::vector<float>& best, std::uint32_t person) {
    Ranking ranking;
    ranking.own = best[person];
    std::uint32_t nearer = 0;
    for (std::uint32_t other = 0; other < best.size(); ++other) {
        if (other == person) {
            continue;
        }
        nearer += best[other] <= ranking.own && best[other] != k_never ? 1U : 0U;
        if (best[other] < ranking.other) {
            ranking.other = best[other];
            ranking.nearest = other;
        }
    }
    ranking.rank = ranking.own == k_never ? 0 : nearer + 1;
    return ranking;
}

bool ranked_first(const Probe& probe, const Ranking& ranking) { return probe.found && ranking.rank == 1; }

}  // namespace

std::vector<Role> assign_roles(std::span<const std::uint32_t> person, const Protocol& protocol) {
    std::uint32_t people = 0;
    for (const auto p : person) {
        people = std::max(people, p + 1);
    }
    std::vector<std::vector<std::size_t>> photos(people);
    for (std::size_t i = 0; i < person.size(); ++i) {
        photos[person[i]].push_back(i);
    }
    Random random(protocol.seed);
    std::vector<std::uint32_t> several;
    for (std::uint32_t p = 0; p < people; ++p) {
        random.shuffle(photos[p]);
        if (photos[p].size() > protocol.enrol) {
            several.push_back(p);
        }
    }
    random.shuffle(several);
    const auto held_out =
        static_cast<std::size_t>(std::lround(protocol.held_out * static_cast<double>(several.size())));
    std::vector<bool> known(people, false);
    for (std::size_t i = held_out; i < several.size(); ++i) {
        known[several[i]] = true;
    }
    std::vector<Role> roles(person.size());
    for (std::uint32_t p = 0; p < people; ++p) {
        for (std::size_t i = 0; i < photos[p].size(); ++i) {
            const bool enrolled = i < protocol.enrol;
            roles[photos[p][i]] = known[p] ? (enrolled ? Role::enrolled : Role::probe)
                                           : (enrolled ? Role::enrolled_closed : Role::probe_stranger);
        }
    }
    return roles;
}

Rankings rank_probe(const Templates& gallery, std::span<const float> probe, std::uint32_t person, std::size_t people) {
    std::vector<float> distances(gallery.person.size());
    match::distances(gallery.metric, probe, gallery.rows, distances);
    std::vector<float> closed(people, k_never);
    std::vector<float> open(people, k_never);
    for (std::size_t i = 0; i < distances.size(); ++i) {
        const auto p = gallery.person[i];
        if (distances[i] < closed[p]) {
            closed[p] = distances[i];
        }
        if (gallery.open[i] && distances[i] < open[p]) {
            open[p] = distances[i];
        }
    }
    return {rank_among(closed, person), rank_among(open, person)};
}

Ranking rank_probe(const match::Matcher& matcher, const gallery::Gallery& gallery, const Encoding& probe,
                   std::uint32_t person, std::span<const std::string> people) {
    constexpr std::size_t k_some = 64;  // more than a CMC shows; everybody is ranked only where that is not enough
    const auto probes = std::span(&probe, 1);
    const bool has_own = gallery.find_person(people[person]).has_value();
    auto candidates = matcher.rank(probes, has_own ? k_some : 1).front();
    const auto find_own = [&] {
        return std::find_if(candidates.begin(), candidates.end(),
                            [&](const match::Candidate& candidate) { return candidate.label == people[person]; });
    };
    auto own = find_own();
    if (has_own && candidates.size() == k_some && (own == candidates.end() || own + 1 == candidates.end())) {
        candidates = matcher.rank(probes, gallery.people()).front();
        own = find_own();
    }
    Ranking ranking;
    if (own != candidates.end()) {
        ranking.own = own->distance;
        const auto tied = [&own](const match::Candidate& candidate) {
            return candidate.probability == own->probability && candidate.distance == own->distance;
        };
        const auto last = std::find_if_not(own, candidates.end(), tied);
        ranking.rank = static_cast<std::uint32_t>(last - candidates.begin());
    }
    const auto other = std::find_if(candidates.begin(), candidates.end(), [&](const match::Candidate& candidate) {
        return candidate.label != people[person];
    });
    if (other != candidates.end()) {
        ranking.other = other->distance;
        ranking.nearest =
            static_cast<std::uint32_t>(std::lower_bound(people.begin(), people.end(), other->label) - people.begin());
    }
    return ranking;
}

Scores open_set(const std::vector<Probe>& probes) {
    std::vector<Comparison> comparisons;
    for (const auto& probe : probes) {
        const auto& ranking = probe.rankings.open;
        const bool first = ranked_first(probe, ranking);
        const float distance = !probe.found ? k_never : probe.stranger ? ranking.other : first ? ranking.own : k_never;
        comparisons.push_back({distance, !probe.stranger, probe.person, probe.person});
    }
    return Scores(std::move(comparisons));
}

IdentificationResult judge_identification(const std::vector<Probe>& probes, std::size_t people,
                                          const std::vector<double>& false_rates, std::size_t draws,
                                          std::uint64_t seed) {
    IdentificationResult result;
    constexpr std::size_t k_ranks = 50;
    std::vector<double> hits(k_ranks);
    std::vector<std::uint32_t> right(people);
    std::vector<std::uint32_t> asked(people);
    std::vector<bool> stranger(people);
    for (const auto& probe : probes) {
        if (probe.in_closed) {
            ++result.probes;
            ++asked[probe.person];
            result.probes_not_found += probe.found ? 0U : 1U;
            const auto rank = probe.rankings.closed.rank;
            if (probe.found && rank > 0 && rank <= k_ranks) {
                ++hits[rank - 1];
                right[probe.person] += rank == 1 ? 1U : 0U;
            }
        }
        if (probe.stranger) {
            ++result.strangers;
            result.strangers_not_found += probe.found ? 0U : 1U;
            stranger[probe.person] = true;
        } else {
            ++result.open_probes;
        }
    }
    result.stranger_people = static_cast<std::size_t>(std::count(stranger.begin(), stranger.end(), true));
    double sum = 0;
    for (const double hit : hits) {
        sum += hit;
        result.cmc.push_back(result.probes > 0 ? sum / static_cast<double>(result.probes) : 0);
    }
    const auto scores = open_set(probes);
    for (const double rate : false_rates) {
        result.rates[rate].point = result.open_probes > 0 ? scores.at_rate(rate) : std::nullopt;
    }
    std::vector<double> firsts;
    std::map<double, std::vector<double>> rates;
    Random random(seed);
    for (std::size_t draw = 0; draw < draws; ++draw) {
        const auto drawn = draw_people(people, random);
        double drawn_right = 0;
        double drawn_asked = 0;
        for (std::size_t p = 0; p < people; ++p) {
            drawn_right += static_cast<double>(drawn[p]) * right[p];
            drawn_asked += static_cast<double>(drawn[p]) * asked[p];
        }
        if (drawn_asked > 0) {
            firsts.push_back(drawn_right / drawn_asked);
        }
        for (const double rate : false_rates) {
            if (const auto point = result.rates[rate].point ? scores.at_rate(rate, drawn) : std::nullopt) {
                rates[rate].push_back(point->true_rate);
            }
        }
    }
    constexpr double k_level = 0.95;
    if (!firsts.empty()) {
        result.rank1_interval = middle_of(firsts, k_level);
    }
    for (auto& [rate, values] : rates) {
        result.rates[rate].interval = middle_of(values, k_level);
    }
    return result;
}

}  // namespace mien::eval
