// SPDX-License-Identifier: MIT
#include <mien/eval/cluster.hpp>

#include <mien/eval/random.hpp>
#include <mien/match/distance.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

namespace mien::eval {
namespace {

/// The groups that a face may not join: those of the faces that it must stay apart from.
class ForbiddenGroups {
public:
    ForbiddenGroups(std::size_t faces, std::span<const Apart> apart) : m_apart(faces) {
        for (const auto& [a, b] : apart) {
            m_apart[a].push_back(b);
            m_apart[b].push_back(a);
        }
    }

    [[nodiscard]] bool forbid(std::size_t face, std::uint32_t group, const std::vector<std::uint32_t>& groups) const {
        return std::any_of(m_apart[face].begin(), m_apart[face].end(),
                           [&](std::uint32_t other) { return groups[other] == group; });
    }

private:
    std::vector<std::vector<std::uint32_t>> m_apart;
};

double pairs_of(double n) { return n * (n - 1) / 2; }

double harmonic(double a, double b) { return a + b > 0 ? 2 * a * b / (a + b) : 0; }

}  // namespace

std::vector<Neighbour> neighbours_of(std::size_t face, Metric metric, std::uint32_t dim, std::span<const float> rows,
                                     double threshold) {
    const std::size_t faces = rows.size() / dim;
    std::vector<float> distances(faces);
    match::distances(metric, rows.subspan(face * dim, dim), rows, distances);
    std::vector<Neighbour> near;
    for (std::size_t i = 0; i < faces; ++i) {
        const auto distance = static_cast<double>(distances[i]);
        if (i != face && distance <= threshold) {  // a NaN is nobody's neighbour
            const double weight = threshold > 0 ? 1 - distance / threshold : 1;
            near.push_back({static_cast<std::uint32_t>(i), static_cast<float>(weight)});
        }
    }
    return near;
}

NeighbourGraph neighbours(Metric metric, std::uint32_t dim, std::span<const float> rows, double threshold) {
    NeighbourGraph graph(rows.size() / dim);
    for (std::size_t i = 0; i < graph.size(); ++i) {
        graph[i] = neighbours_of(i, metric, dim, rows, threshold);
    }
    return graph;
}

std::vector<std::uint32_t> chinese_whispers(const NeighbourGraph& graph, std::span<const Apart> apart,
                                            std::uint64_t seed, int rounds) {
    const ForbiddenGroups forbidden(graph.size(), apart);
    std::vector<std::uint32_t> groups(graph.size());
    std::iota(groups.begin(), groups.end(), 0U);  // alone, so that nobody is beside whom they must not be
    auto order = groups;
    Random random(seed);
    std::map<std::uint32_t, double> weights;
    for (int round = 0; round < rounds; ++round) {
        random.shuffle(order);
        bool changed = false;
        for (const auto face : order) {
            weights.clear();
            for (const auto& neighbour : graph[face]) {
                weights[groups[neighbour.face]] += static_cast<double>(neighbour.weight);
            }
            auto best = groups[face];
            double most = weights.contains(best) ? weights[best] : 0;  // a tie changes nothing
            for (const auto& [group, weight] : weights) {
                if (weight > most && !forbidden.forbid(face, group, groups)) {
                    most = weight;
                    best = group;
                }
            }
            changed = changed || best != groups[face];
            groups[face] = best;
        }
        if (!changed) {
            break;
        }
    }
    std::unordered_map<std::uint32_t, std::uint32_t> numbers;
    for (auto& group : groups) {
        group = numbers.try_emplace(group, static_cast<std::uint32_t>(numbers.size())).first->second;
    }
    return groups;
}

ClusterQuality cluster_quality(std::span<const std::uint32_t> groups, std::span<const std::uint32_t> people) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, double> both;
    std::unordered_map<std::uint32_t, double> in_group;
    std::unordered_map<std::uint32_t, double> of_person;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        ++both[{groups[i], people[i]}];
        ++in_group[groups[i]];
        ++of_person[people[i]];
    }
    double together = 0;
    double right = 0;
    double wanted = 0;
    ClusterQuality quality;
    for (const auto& [group, count] : in_group) {
        together += pairs_of(count);
    }
    for (const auto& [person, count] : of_person) {
        wanted += pairs_of(count);
    }
    for (const auto& [cell, count] : both) {
        right += pairs_of(count);
        quality.bcubed_precision += count * count / in_group[cell.first];
        quality.bcubed_recall += count * count / of_person[cell.second];
    }
    const auto faces = static_cast<double>(std::max<std::size_t>(groups.size(), 1));
    quality.bcubed_precision /= faces;
    quality.bcubed_recall /= faces;
    quality.bcubed_f = harmonic(quality.bcubed_precision, quality.bcubed_recall);
    quality.pair_precision = together > 0 ? right / together : 1;
    quality.pair_recall = wanted > 0 ? right / wanted : 1;
    quality.pair_f1 = harmonic(quality.pair_precision, quality.pair_recall);
    return quality;
}

}  // namespace mien::eval
