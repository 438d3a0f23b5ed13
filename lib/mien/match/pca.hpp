// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mien::match {

/// The directions in which points differ most.
struct Pca {
    std::vector<double> mean;        ///< dim
    std::vector<double> components;  ///< count × dim, orthonormal, the one of most variance first
    double variance{};               ///< share of the whole that the components keep, 0..1

    [[nodiscard]] std::size_t count() const { return mean.empty() ? 0 : components.size() / mean.size(); }
    /// points: n × dim. returns: n × count()
    [[nodiscard]] std::vector<float> project(std::span<const float> points) const;
};

/// As many components as it takes to keep more than `share` of the variance, as scikit-learn's PCA(share) counts them.
/// Points that are all the same give no component.
/// points: n × dim finite numbers, n > 0
Pca fit_pca(std::span<const float> points, std::size_t dim, double share);

}  // namespace mien::match
