// SPDX-License-Identifier: MIT
#pragma once

/// Label propagation after PCA: what the older face services answered with.
///
/// scikit-learn's LabelPropagation spreads labels over a graph whose edges are RBF kernels, and clamps the labelled
/// points. In a gallery all points are labelled: fitting leaves their labels as they are, and a new point's
/// probabilities are the kernels' sums for each person. The same follows where the probe joins the graph as its one
/// unlabelled point and everything is fitted anew: only its own row changes, and its first step is its fixed point.
/// So nothing needs refitting for a probe; what is learned is the PCA. Altered copies of faces are not among the
/// points.

#include <mien/match/matcher.hpp>
#include <mien/match/pca.hpp>

namespace mien::match {

class StateReader;

inline constexpr double k_propagation_variance = 0.90;
inline constexpr double k_propagation_gamma = 20;  ///< of the kernel exp(-gamma d²)

/// P(class) of a point. points: n × dim, classes: of each, below `count`.
/// nearness: as long as the answer; becomes the squared distance to each class's nearest point
std::vector<double> propagated(std::span<const float> probe, std::span<const float> points,
                               std::span<const std::uint32_t> classes, std::size_t count,
                               std::vector<double>& nearness);

std::unique_ptr<Matcher> fit_label_propagation(std::shared_ptr<const gallery::Gallery> gallery);

/// throws: Error{store_corrupt}, cereal::Exception
std::unique_ptr<Matcher> restore_label_propagation(StateReader& in, std::shared_ptr<const gallery::Gallery> gallery);

}  // namespace mien::match
