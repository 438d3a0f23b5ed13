// SPDX-License-Identifier: MIT
#pragma once

namespace mien::nn {

/// A square convolution window: `kernel` × `kernel` taps, every `step` pixels, over a plane with `pad` rings of zeros.
struct Window {
    int kernel = 1;
    int step = 1;
    int pad = 0;

    /// How many places it has along a side of `size` pixels; less than 1: none.
    [[nodiscard]] int places(int size) const {
        return size + 2 * pad < kernel ? 0 : (size + 2 * pad - kernel) / step + 1;
    }
};

/// The zero-padded plane as the window's taps see it, taken apart into step × step planes: the phase (a, b) has the
/// padded pixels (a + step * row, b + step * column). So, whatever the step, a tap's value for neighbouring output
/// pixels lies in neighbouring floats: tap (dy, dx) of output (y, x) is at row y + dy / step, column x + dx / step of
/// the phase (dy % step, dx % step). Rows are `cols` floats, phases follow each other.
struct Phases {
    /// For output planes of out_rows × out_cols.
    Phases(const Window& seen_through, int out_rows, int out_cols)
        : window(seen_through),
          side(window.kernel < window.step ? window.kernel : window.step),
          rows(out_rows + (window.kernel - 1) / window.step),
          cols(out_cols + (window.kernel - 1) / window.step) {}

    [[nodiscard]] int size() const { return side * side * rows * cols; }

    /// Where the tap's value for the output (0, 0) is.
    [[nodiscard]] int tap(int dy, int dx) const {
        const int phase = dy % window.step * side + dx % window.step;
        return (phase * rows + dy / window.step) * cols + dx / window.step;
    }

    /// Writes the size() floats at `out` from a plane of height × width; the first output row is `first_row`.
    void fill(const float* plane, int height, int width, int first_row, float* out) const;

    Window window;
    int side;  ///< phases along each side
    int rows;  ///< of a phase
    int cols;
};

}  // namespace mien::nn
