// SPDX-License-Identifier: MIT
#pragma once

/// Curves and histograms as SVG: text that a report can hold and a diff can show.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mien::eval {

struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points;  ///< x rising
    bool filled{};                                  ///< down to the x axis, for histograms
};

struct Axis {
    std::string label;
    double low{};
    double high{1};
    bool logarithmic{};  ///< base 10; low must be above 0. Smaller values are drawn at low.
};

struct Plot {
    std::string title;
    Axis x;
    Axis y;
    std::vector<Series> series;
};

/// A drawing of 640 × 420 units in the reader's fonts, with axes, a grid and a legend. Points that are not finite are
/// left out.
std::string to_svg(const Plot& plot);

/// For texts in HTML and SVG.
std::string escaped(std::string_view text);

}  // namespace mien::eval
