// SPDX-License-Identifier: MIT
#include <mien/nn/planes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace mien::nn {
namespace {

/// memcpy for a handful of floats, most rows being no longer.
void copy(const float* from, int count, float* to) {
    constexpr int k_four = 4;
    if (count < k_four) {
        for (int i = 0; i < count; ++i) {
            to[i] = from[i];
        }
        return;
    }
    for (int i = 0; i + k_four <= count; i += k_four) {
        std::memcpy(to + i, from + i, k_four * sizeof(float));
    }
    std::memcpy(to + count - k_four, from + count - k_four, k_four * sizeof(float));
}

}  // namespace

void Phases::fill(const float* plane, int height, int width, int first_row, float* out) const {
    const int step = window.step;
    for (int a = 0; a < side; ++a) {
        for (int b = 0; b < side; ++b) {
            // Columns [first, last) of this phase lie within the plane, the others in its ring of zeros.
            const int shift = b - window.pad;
            const int first = std::min(cols, shift < 0 ? (-shift + step - 1) / step : 0);
            const int last = std::clamp((width - shift + step - 1) / step, first, cols);
            for (int row = 0; row < rows; ++row, out += cols) {
                const int y = (first_row + row) * step + a - window.pad;
                if (y < 0 || y >= height) {
                    std::fill_n(out, cols, 0.0F);
                    continue;
                }
                std::fill(out, out + first, 0.0F);
                const float* from = plane + static_cast<std::ptrdiff_t>(y) * width + shift + first * step;
                if (step == 1) {
                    copy(from, last - first, out + first);
                } else if (step == 2) {  // as below, but for the vectoriser
                    for (int i = 0; i < last - first; ++i) {
                        out[first + i] = from[2 * i];
                    }
                } else {
                    for (int i = 0; i < last - first; ++i) {
                        out[first + i] = from[step * i];
                    }
                }
                std::fill(out + last, out + cols, 0.0F);
            }
        }
    }
}

}  // namespace mien::nn
