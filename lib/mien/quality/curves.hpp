// SPDX-License-Identifier: MIT
#pragma once

/// The monotone curves that turn measures into parts of the score. For quality.cpp and for bench/quality, which fits
/// them.

#include <mien/quality/quality.hpp>

#include <span>

namespace mien::quality {

struct Knot {
    double at{};    ///< the measure, or its size where the curve is symmetric
    double part{};  ///< 0..1; between knots linear, outside constant
};

struct Curve {
    Component component{};
    bool symmetric{};  ///< of the measure's absolute value
    bool fitted{};     ///< by bench/quality; else set by hand, with the reason beside it
    std::span<const Knot> knots;
};

/// In the order of Component.
std::span<const Curve> curves();

}  // namespace mien::quality
