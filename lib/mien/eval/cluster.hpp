// SPDX-License-Identifier: MIT
#pragma once

/// Faces without names, grouped into people.

#include <mien/core/types.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mien::eval {

/// Which faces are near each other.
struct Neighbour {
    std::uint32_t face{};
    float weight{};  ///< 0..1: 1 at distance 0, 0 at the threshold
};
using NeighbourGraph = std::vector<std::vector<Neighbour>>;  ///< of each face, in the order of their numbers

/// All other faces at a distance of at most `threshold` from one.
/// rows: n × dim floats, row after row
/// threads: safe; rows can be asked for in parallel and put into a NeighbourGraph
std::vector<Neighbour> neighbours_of(std::size_t face, Metric metric, std::uint32_t dim, std::span<const float> rows,
                                     double threshold);

/// neighbours_of() every face, on the calling thread.
NeighbourGraph neighbours(Metric metric, std::uint32_t dim, std::span<const float> rows, double threshold);

/// Two faces that cannot be one person, such as two of one photo.
using Apart = std::pair<std::uint32_t, std::uint32_t>;

/// Chinese whispers (Biemann 2006, as in dlib), with weights and with faces that must stay apart: in a random order,
/// again and again, each face joins the group that its neighbours weigh most for, unless that group holds a face from
/// which it must stay apart.
/// returns: the group of each face, numbered from 0 in the order of each group's first face; the same for the same seed
std::vector<std::uint32_t> chinese_whispers(const NeighbourGraph& graph, std::span<const Apart> apart,
                                            std::uint64_t seed, int rounds = 30);

/// How well groups agree with the truth.
struct ClusterQuality {
    double pair_precision{};  ///< of the pairs of faces in one group, the share that are one person
    double pair_recall{};     ///< of the pairs of faces of one person, the share in one group
    double pair_f1{};
    double bcubed_precision{};  ///< mean over faces: the share of its group that is its person
    double bcubed_recall{};     ///< mean over faces: the share of its person that is in its group
    double bcubed_f{};
};

/// groups, people: one number a face, of the same length
ClusterQuality cluster_quality(std::span<const std::uint32_t> groups, std::span<const std::uint32_t> people);

}  // namespace mien::eval
