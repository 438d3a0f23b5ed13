// SPDX-License-Identifier: MIT
#include <mien/core/json.hpp>

#include <cmath>

namespace mien {

double rounded(double value, int places) {
    const double scale = std::pow(10.0, places);
    return std::round(value * scale) / scale + 0.0;  // -0 becomes 0
}

}  // namespace mien
