// SPDX-License-Identifier: MIT
#include <mien/detect/hog_scan.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// Loops below are written so that the compiler turns them into vector instructions; next to
// nothing here is written for one processor. Multiplying and adding in one step is asked for by name (and not left to
// the compiler) so that the pyramid, where a rounding decides about a pixel's value, is the same on every processor.
#ifdef __FMA__
#define MIEN_MULTIPLY_ADD(a, b, c) __builtin_fmaf(a, b, c)
#else
#define MIEN_MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

namespace mien::detect {
namespace {

constexpr long k_cell = 8;
constexpr long k_signed = 18;
constexpr long k_unsigned = 9;
constexpr long k_smallest_layer = 64;
constexpr long k_pad_before = (k_hog_window - 1) / 2;
constexpr long k_pad_both = k_hog_window - 1;
constexpr long k_lanes = 8;

constexpr long round_up(long value) { return (value + k_lanes - 1) / k_lanes * k_lanes; }

/// Four floats: the channels of a pixel, or the shares of four cells.
using Float4 = float __attribute__((vector_size(16)));

#ifdef __SSE2__
Float4 load_pixel(const std::uint8_t* rgbx) {
    std::int32_t bytes;
    std::memcpy(&bytes, rgbx, sizeof bytes);
    const __m128i zero = _mm_setzero_si128();
    return _mm_cvtepi32_ps(_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), zero), zero));
}

/// Cut to whole values.
void store_pixel(std::uint8_t* rgbx, Float4 value) {
    const __m128i whole = _mm_cvttps_epi32(value);
    const __m128i words = _mm_packs_epi32(whole, whole);
    const std::int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    std::memcpy(rgbx, &bytes, sizeof bytes);
}
#else
Float4 load_pixel(const std::uint8_t* rgbx) {
    return Float4{static_cast<float>(rgbx[0]), static_cast<float>(rgbx[1]), static_cast<float>(rgbx[2]),
                  static_cast<float>(rgbx[3])};
}

/// Cut to whole values.
void store_pixel(std::uint8_t* rgbx, Float4 value) {
    for (int channel = 0; channel < 4; ++channel) {
        rgbx[channel] = static_cast<std::uint8_t>(value[channel]);
    }
}
#endif

template <typename T>
T* ensure(std::vector<T>& buffer, long size) {
    if (buffer.size() < static_cast<std::size_t>(size)) {
        buffer.resize(static_cast<std::size_t>(size));
    }
    return buffer.data();
}

/// One layer of the pyramid: red, green, blue and an unused byte a pixel.
struct Layer {
    std::vector<std::uint8_t> pixels;
    long rows{};
    long columns{};
    [[nodiscard]] const std::uint8_t* row(long y) const { return pixels.data() + y * columns * 4; }
};

class Scan final : public HogScan {
public:
    explicit Scan(std::shared_ptr<const HogFilters> filters) : m_filters(std::move(filters)) {}

    void scan(const std::uint8_t* bgr, std::size_t row_step, long rows, long columns,
              std::vector<HogHit>& hits) override {
        hits.clear();
        take(bgr, row_step, rows, columns);
        long layers = 0;
        long right = columns - 1;
        long bottom = rows - 1;
        do {
            right = down(right);
            bottom = down(bottom);
            ++layers;
        } while (right + 1 >= k_smallest_layer && bottom + 1 >= k_smallest_layer);
        for (long layer = 0; layer < layers; ++layer) {
            if (layer > 0) {
                shrink();
            }
            if (extract_features()) {
                filter();
                collect(layer, hits);
            }
        }
    }

private:
    // -- the pyramid: each layer has five sixths of the sides of the one before

    static long down(long coordinate) {
        return static_cast<long>(std::floor((static_cast<double>(coordinate) - 0.3) * (5.0 / 6.0) + 0.5));
    }

    void take(const std::uint8_t* bgr, std::size_t row_step, long rows, long columns) {
        m_layer.rows = rows;
        m_layer.columns = columns;
        auto* to = ensure(m_layer.pixels, rows * columns * 4);
        for (long y = 0; y < rows; ++y) {
            const auto* from = bgr + static_cast<std::size_t>(y) * row_step;
            for (long x = 0; x < columns; ++x) {
                to[0] = from[2];
                to[1] = from[1];
                to[2] = from[0];
                to[3] = 0;
                to += 4;
                from += 3;
            }
        }
    }

    /// Bilinear, corner on corner, cut (not rounded) to whole values: bit for bit what dlib's detector looks at.
    void shrink() {
        const long rows = 5 * m_layer.rows / 6;
        const long columns = 5 * m_layer.columns / 6;
        auto* to = ensure(m_next.pixels, rows * columns * 4);
        m_next.rows = rows;
        m_next.columns = columns;
        const double x_scale =
            static_cast<double>(m_layer.columns - 1) / static_cast<double>(std::max(columns - 1, 1L));
        const double y_scale = static_cast<double>(m_layer.rows - 1) / static_cast<double>(std::max(rows - 1, 1L));

        // dlib walks four columns at a time in single precision, and the last few in double
        auto* lefts = ensure(m_lefts, columns);
        auto* fractions = ensure(m_fractions, columns);
        std::array<float, 4> walk{};
        for (std::size_t lane = 0; lane < 4; ++lane) {
            walk[lane] = static_cast<float>(-4 * x_scale + static_cast<double>(lane) * x_scale);
        }
        const auto stride = static_cast<float>(4 * x_scale);
        long fours = 0;
        for (;; fours += 4) {
            std::array<int, 4> left{};
            for (std::size_t lane = 0; lane < 4; ++lane) {
                walk[lane] += stride;
                left[lane] = static_cast<int>(walk[lane]);
            }
            if (left[3] + 1 >= m_layer.columns || fours + 4 > columns) {
                break;
            }
            for (std::size_t lane = 0; lane < 4; ++lane) {
                lefts[fours + static_cast<long>(lane)] = left[lane];
                fractions[fours + static_cast<long>(lane)] = walk[lane] - static_cast<float>(left[lane]);
            }
        }

        double y = -y_scale;
        for (long row = 0; row < rows; ++row) {
            y += y_scale;
            const long top = std::min(static_cast<long>(std::floor(y)), m_layer.rows - 1);
            const long bottom = std::min(top + 1, m_layer.rows - 1);
            const double below = y - static_cast<double>(top);
            const auto below_f = static_cast<float>(below);
            const auto above_f = static_cast<float>(1 - below);
            const auto* upper = m_layer.row(top);
            const auto* lower = m_layer.row(bottom);
            for (long x = 0; x < fours; ++x) {
                const long at = 4 * static_cast<long>(lefts[x]);
                const float behind = fractions[x];
                const float before = 1 - behind;
                const Float4 value =
                    above_f * before * load_pixel(upper + at) + above_f * behind * load_pixel(upper + at + 4) +
                    below_f * before * load_pixel(lower + at) + below_f * behind * load_pixel(lower + at + 4);
                store_pixel(to + 4 * x, value);
            }
            double position = -x_scale + static_cast<double>(fours) * x_scale;
            for (long x = fours; x < columns; ++x) {
                position += x_scale;
                const long left = std::min(static_cast<long>(std::floor(position)), m_layer.columns - 1);
                const long right = std::min(left + 1, m_layer.columns - 1);
                const double behind = position - static_cast<double>(left);
                for (long channel = 0; channel < 4; ++channel) {
                    const double value =
                        (1 - below) * ((1 - behind) * upper[4 * left + channel] + behind * upper[4 * right + channel]) +
                        below * ((1 - behind) * lower[4 * left + channel] + behind * lower[4 * right + channel]);
                    to[4 * x + channel] = static_cast<std::uint8_t>(value);
                }
            }
            to += columns * 4;
        }
        std::swap(m_layer, m_next);
    }

    // -- from pixels to 31 numbers a cell

    bool extract_features() {
        const long rows = m_layer.rows;
        const long columns = m_layer.columns;
        m_cell_rows = static_cast<long>(static_cast<float>(rows) / static_cast<float>(k_cell) + 0.5F);
        m_cell_columns = static_cast<long>(static_cast<float>(columns) / static_cast<float>(k_cell) + 0.5F);
        m_hog_rows = m_cell_rows - 2;
        m_hog_columns = m_cell_columns - 2;
        if (m_hog_rows <= 0 || m_hog_columns <= 0) {
            return false;
        }
        vote();
        normalise();
        return true;
    }

    /// Strength and direction (of 18) of the gradients of one row: of the channel where it is strongest; of several, of
    /// the first or of the last one.
    template <bool first>
    static void gradients(const std::uint8_t* __restrict above, const std::uint8_t* __restrict here,
                          const std::uint8_t* __restrict below, long plane, long from, long to,
                          float* __restrict strength, std::int32_t* __restrict direction) {
        // where the next of the directions 0°, 20°, 40°, 60°, 80° becomes the closest, as slopes
        constexpr float k_to_20 = 0.0603F / 0.3420F;
        constexpr float k_to_40 = 0.1737F / 0.3008F;
        constexpr float k_to_60 = 0.2660F / 0.2232F;
        constexpr float k_to_80 = 0.3264F / 0.1188F;
        const auto* above_g = above + plane;
        const auto* above_b = above + 2 * plane;
        const auto* here_g = here + plane;
        const auto* here_b = here + 2 * plane;
        const auto* below_g = below + plane;
        const auto* below_b = below + 2 * plane;
        for (long x = from; x < to; ++x) {
            const int red_x = here[x + 1] - here[x - 1];
            const int red_y = below[x] - above[x];
            const int green_x = here_g[x + 1] - here_g[x - 1];
            const int green_y = below_g[x] - above_g[x];
            const int blue_x = here_b[x + 1] - here_b[x - 1];
            const int blue_y = below_b[x] - above_b[x];
            const int red = red_x * red_x + red_y * red_y;
            const int green = green_x * green_x + green_y * green_y;
            const int blue = blue_x * blue_x + blue_y * blue_y;
            const bool over_green = first ? red >= green : red > green;
            int best = over_green ? red : green;
            int gradient_x = over_green ? red_x : green_x;
            int gradient_y = over_green ? red_y : green_y;
            const bool over_blue = first ? best >= blue : best > blue;
            gradient_x = over_blue ? gradient_x : blue_x;
            gradient_y = over_blue ? gradient_y : blue_y;
            best = over_blue ? best : blue;
            const auto flat = static_cast<float>(gradient_x < 0 ? -gradient_x : gradient_x);
            const auto steep = static_cast<float>(gradient_y < 0 ? -gradient_y : gradient_y);
            const int step = (steep > k_to_20 * flat ? 1 : 0) + (steep > k_to_40 * flat ? 1 : 0) +
                             (steep > k_to_60 * flat ? 1 : 0) + (steep > k_to_80 * flat ? 1 : 0);
            // into the right quarter; 0° has two names
            const int downward = gradient_x >= 0 ? step : 9 - step;
            const int upward = gradient_x > 0 ? 18 - step : 9 + step;
            const int found = gradient_y >= 0 ? downward : upward;
            direction[x] = found == 18 ? 0 : found;
            strength[x] = std::sqrt(static_cast<float>(best));
        }
    }

    void split(const std::uint8_t* __restrict rgbx, std::uint8_t* __restrict planes) const {
        const long columns = m_layer.columns;
        auto* __restrict green = planes + m_plane_step;
        auto* __restrict blue = planes + 2 * m_plane_step;
        for (long x = 0; x < columns; ++x) {
            planes[x] = rgbx[4 * x];
            green[x] = rgbx[4 * x + 1];
            blue[x] = rgbx[4 * x + 2];
        }
    }

    /// Every pixel votes with its gradient's strength for its direction, in the four cells around it. Squares of 8×8
    /// pixels between four cell centres vote for the same four cells; they are counted together.
    void vote() {
        const long rows = m_layer.rows;
        const long columns = m_layer.columns;
        const long visible_rows = std::min(m_cell_rows * k_cell, rows) - 1;
        const long visible_columns = std::min(m_cell_columns * k_cell, columns) - 1;
        // dlib takes eight columns at a time, and the last few one by one with another rule for equal channels
        const long eights = visible_columns > 8 ? 1 + round_up(visible_columns - 8) : 1;
        const long squares = m_cell_columns + 1;
        m_votes_step = round_up(m_cell_columns + 2) + k_lanes;
        const long votes_size = (m_cell_rows + 2) * k_signed * m_votes_step;
        auto* votes = ensure(m_votes, votes_size);
        std::fill_n(votes, votes_size, 0.0F);

        m_plane_step = round_up(columns) + k_lanes;
        auto* planes = ensure(m_planes, 3 * 3 * m_plane_step);
        // square i covers columns 8i-4 … 8i+3 of the picture, 8i … 8i+7 of these
        constexpr long k_shift = k_cell / 2;
        const long band_step = round_up(squares * k_cell) + k_lanes;
        const long band_size = k_cell * band_step;
        auto* strengths = ensure(m_strengths, band_size);
        auto* directions = ensure(m_directions, band_size);

        for (long y = 0; y < std::min(rows, 2L); ++y) {
            split(m_layer.row(y), planes + (y % 3) * 3 * m_plane_step);
        }
        for (long square_row = 0; square_row <= m_cell_rows; ++square_row) {
            std::fill_n(strengths, band_size, 0.0F);
            std::fill_n(directions, band_size, 0);
            bool any = false;
            for (long line = 0; line < k_cell; ++line) {
                const long y = square_row * k_cell - k_shift + line;
                if (y < 1 || y >= visible_rows) {
                    continue;
                }
                any = true;
                split(m_layer.row(y + 1), planes + ((y + 1) % 3) * 3 * m_plane_step);
                const auto* above = planes + ((y - 1) % 3) * 3 * m_plane_step;
                const auto* here = planes + (y % 3) * 3 * m_plane_step;
                const auto* below = planes + ((y + 1) % 3) * 3 * m_plane_step;
                auto* strength = strengths + line * band_step + k_shift;
                auto* direction = directions + line * band_step + k_shift;
                gradients<false>(above, here, below, m_plane_step, 1, eights, strength, direction);
                gradients<true>(above, here, below, m_plane_step, eights, visible_columns, strength, direction);
            }
            if (!any) {
                continue;
            }
            auto* upper = votes + square_row * k_signed * m_votes_step;
            auto* lower = upper + k_signed * m_votes_step;
            for (long square = 0; square < squares; ++square) {
                count(strengths + square * k_cell, directions + square * k_cell, band_step, upper + square,
                      lower + square);
            }
        }
    }

    void count(const float* strengths, const std::int32_t* directions, long step, float* upper, float* lower) const {
        // two counters in turns: neighbours often share a direction and would wait for each other's sum
        alignas(32) std::array<Float4, 2 * k_signed> counts{};
        const Float4* weight = m_weights.data();
        for (long line = 0; line < k_cell; ++line) {
            for (long x = 0; x < k_cell; x += 2) {
                auto& even = counts[static_cast<std::size_t>(2 * directions[x])];
                even += strengths[x] * weight[x];
                auto& odd = counts[static_cast<std::size_t>(2 * directions[x + 1] + 1)];
                odd += strengths[x + 1] * weight[x + 1];
            }
            weight += k_cell;
            strengths += step;
            directions += step;
        }
        for (long direction = 0; direction < k_signed; ++direction) {
            const Float4 sum =
                counts[static_cast<std::size_t>(2 * direction)] + counts[static_cast<std::size_t>(2 * direction + 1)];
            upper[0] += sum[0];
            upper[1] += sum[1];
            lower[0] += sum[2];
            lower[1] += sum[3];
            upper += m_votes_step;
            lower += m_votes_step;
        }
    }

    /// The share of each of the four cells in a vote, for the 8×8 places in a square: upper left, upper right, …
    static std::array<Float4, k_cell * k_cell> weights() {
        std::array<Float4, k_cell * k_cell> table{};
        for (int y = 0; y < k_cell; ++y) {
            for (int x = 0; x < k_cell; ++x) {
                const float lower = (static_cast<float>(y) + 0.5F) / static_cast<float>(k_cell);
                const float right = (static_cast<float>(x) + 0.5F) / static_cast<float>(k_cell);
                table[static_cast<std::size_t>(y * k_cell + x)] =
                    Float4{(1 - lower) * (1 - right), (1 - lower) * right, lower * (1 - right), lower * right};
            }
        }
        return table;
    }

    /// Each cell relative to the four blocks of 2×2 cells that it belongs to, cut at 0.2.
    void normalise() {
        const long step = m_votes_step;
        const long width = round_up(m_cell_columns);
        auto* energy = ensure(m_energy, m_cell_rows * step);
        auto* limit = ensure(m_limit, m_cell_rows * step);
        auto* factor = ensure(m_factor, m_cell_rows * step);
        for (long y = 0; y < m_cell_rows; ++y) {
            const float* __restrict cell = m_votes.data() + (y + 1) * k_signed * step + 1;
            float* __restrict sum = energy + y * step;
            std::fill_n(sum, step, 0.0F);
            for (long direction = 0; direction < k_unsigned; ++direction) {
                const float* __restrict one = cell + direction * step;
                const float* __restrict other = one + k_unsigned * step;
                for (long x = 0; x < width; ++x) {
                    const float both = one[x] + other[x];
                    sum[x] = MIEN_MULTIPLY_ADD(both, both, sum[x]);
                }
            }
        }
        for (long y = 0; y + 1 < m_cell_rows; ++y) {
            const float* __restrict upper = energy + y * step;
            const float* __restrict lower = upper + step;
            float* __restrict limits = limit + y * step;
            float* __restrict factors = factor + y * step;
            for (long x = 0; x < width; ++x) {
                const float block = upper[x] + upper[x + 1] + lower[x] + lower[x + 1] + 0.0001F;
                limits[x] = 0.2F * std::sqrt(block);
                factors[x] = 0.1F / limits[x];
            }
        }

        m_feature_rows = m_hog_rows + k_pad_both;
        m_feature_step = round_up(m_hog_columns + k_pad_both) + 2 * k_lanes;
        const long plane_size = m_feature_rows * m_feature_step;
        auto* features = ensure(m_features, k_hog_planes * plane_size);
        std::fill_n(features, k_hog_planes * plane_size, 0.0F);
        auto* texture = ensure(m_texture, 4 * step);
        const long columns = m_hog_columns;
        for (long y = 0; y < m_hog_rows; ++y) {
            const float* __restrict cell = m_votes.data() + (y + 2) * k_signed * step + 2;
            const float* __restrict limit_0 = limit + (y + 1) * step + 1;
            const float* __restrict limit_1 = limit + y * step + 1;
            const float* __restrict limit_2 = limit + (y + 1) * step;
            const float* __restrict limit_3 = limit + y * step;
            const float* __restrict factor_0 = factor + (y + 1) * step + 1;
            const float* __restrict factor_1 = factor + y * step + 1;
            const float* __restrict factor_2 = factor + (y + 1) * step;
            const float* __restrict factor_3 = factor + y * step;
            float* __restrict texture_0 = texture;
            float* __restrict texture_1 = texture + step;
            float* __restrict texture_2 = texture + 2 * step;
            float* __restrict texture_3 = texture + 3 * step;
            std::fill_n(texture, 4 * step, 0.0F);
            float* to = features + (y + k_pad_before) * m_feature_step + k_pad_before;
            const auto smaller = [](float a, float b) { return a < b ? a : b; };
            for (long direction = 0; direction < k_signed; ++direction) {
                const float* __restrict votes = cell + direction * step;
                float* __restrict feature = to + direction * plane_size;
#pragma GCC ivdep
                for (long x = 0; x < columns; ++x) {
                    const float a = smaller(votes[x], limit_0[x]) * factor_0[x];
                    const float b = smaller(votes[x], limit_1[x]) * factor_1[x];
                    const float c = smaller(votes[x], limit_2[x]) * factor_2[x];
                    const float d = smaller(votes[x], limit_3[x]) * factor_3[x];
                    feature[x] = (a + b) + (c + d);
                    texture_0[x] += a;
                    texture_1[x] += b;
                    texture_2[x] += c;
                    texture_3[x] += d;
                }
            }
            for (long direction = 0; direction < k_unsigned; ++direction) {
                const float* __restrict one = cell + direction * step;
                const float* __restrict other = one + k_unsigned * step;
                float* __restrict feature = to + (k_signed + direction) * plane_size;
                for (long x = 0; x < columns; ++x) {
                    const float votes = one[x] + other[x];
                    feature[x] = (smaller(votes, limit_0[x]) * factor_0[x] + smaller(votes, limit_1[x]) * factor_1[x]) +
                                 (smaller(votes, limit_2[x]) * factor_2[x] + smaller(votes, limit_3[x]) * factor_3[x]);
                }
            }
            for (long corner = 0; corner < 4; ++corner) {
                const float* __restrict sums = texture + corner * step;
                float* __restrict feature = to + (k_signed + k_unsigned + corner) * plane_size;
                for (long x = 0; x < columns; ++x) {
                    feature[x] = sums[x] * (2 * 0.2357F);
                }
            }
        }
    }

    // -- from features to scores

    /// to = weighted sums of ten values of `from`, `step` apart; added to what is there if `add`.
    template <long step, bool add>
    static void ten(const float* __restrict from, long from_step, const std::array<float, k_hog_window>& weights,
                    float* __restrict to, long to_step, long rows, long columns) {
        const float w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3], w4 = weights[4];
        const float w5 = weights[5], w6 = weights[6], w7 = weights[7], w8 = weights[8], w9 = weights[9];
        for (long y = 0; y < rows; ++y) {
#pragma GCC ivdep
            for (long x = 0; x < columns; ++x) {
                float one = add ? to[x] : 0.0F;
                float two = from[x + step] * w1;
                one = MIEN_MULTIPLY_ADD(from[x], w0, one);
                two = MIEN_MULTIPLY_ADD(from[x + 3 * step], w3, two);
                one = MIEN_MULTIPLY_ADD(from[x + 2 * step], w2, one);
                two = MIEN_MULTIPLY_ADD(from[x + 5 * step], w5, two);
                one = MIEN_MULTIPLY_ADD(from[x + 4 * step], w4, one);
                two = MIEN_MULTIPLY_ADD(from[x + 7 * step], w7, two);
                one = MIEN_MULTIPLY_ADD(from[x + 6 * step], w6, one);
                two = MIEN_MULTIPLY_ADD(from[x + 9 * step], w9, two);
                one = MIEN_MULTIPLY_ADD(from[x + 8 * step], w8, one);
                to[x] = one + two;
            }
            from += from_step;
            to += to_step;
        }
    }

    /// In strips of columns, narrow enough for what is between the two passes to stay close to the processor.
    void filter() {
        constexpr long k_strip = 4 * k_lanes;
        m_score_step = round_up(m_hog_columns);
        const long plane_size = m_feature_rows * m_feature_step;
        const long score_size = m_hog_rows * m_score_step;
        const long detectors = static_cast<long>(m_filters->thresholds.size());
        auto* scores = ensure(m_scores, detectors * score_size);
        std::fill_n(scores, detectors * score_size, 0.0F);
        const long scratch_size = m_feature_rows * k_strip;
        auto* scratch = ensure(m_scratch, scratch_size);
        // above and below the picture there is nothing to filter
        std::fill_n(scratch, scratch_size, 0.0F);
        for (long strip = 0; strip < m_score_step; strip += k_strip) {
            const long columns = std::min(k_strip, m_score_step - strip);
            for (std::size_t plane = 0; plane < k_hog_planes; ++plane) {
                const float* features =
                    m_features.data() + static_cast<long>(plane) * plane_size + k_pad_before * m_feature_step + strip;
                for (const auto& rank : m_filters->ranks[plane]) {
                    ten<1, false>(features, m_feature_step, rank.row, scratch + k_pad_before * k_strip, k_strip,
                                  m_hog_rows, columns);
                    ten<k_strip, true>(scratch, k_strip, rank.column, scores + rank.detector * score_size + strip,
                                       m_score_step, m_hog_rows, columns);
                }
            }
        }
    }

    // -- from scores to boxes in the picture

    void collect(long layer, std::vector<HogHit>& hits) const {
        for (std::size_t detector = 0; detector < m_filters->thresholds.size(); ++detector) {
            const double threshold = m_filters->thresholds[detector];
            const float* scores = m_scores.data() + static_cast<long>(detector) * m_hog_rows * m_score_step;
            for (long y = 0; y < m_hog_rows; ++y) {
                for (long x = 0; x < m_hog_columns; ++x) {
                    const float score = scores[y * m_score_step + x];
                    if (static_cast<double>(score) >= threshold) {
                        hits.push_back({to_picture(x, layer), to_picture(y, layer), to_picture(x + k_pad_both, layer),
                                        to_picture(y + k_pad_both, layer),
                                        static_cast<float>(static_cast<double>(score) - threshold),
                                        static_cast<int>(detector)});
                    }
                }
            }
        }
    }

    /// The pixel in the picture at the middle of a (padded) cell of a layer.
    static long to_picture(long cell, long layer) {
        const long pixel = (cell + 1 - k_pad_before) * k_cell + 1;
        auto place = static_cast<double>(pixel >= 0 ? pixel + k_cell / 2 : pixel - k_cell / 2);
        for (long i = 0; i < layer; ++i) {
            place = place * (6.0 / 5.0) + 0.3;
        }
        return static_cast<long>(std::floor(place + 0.5));
    }

    std::shared_ptr<const HogFilters> m_filters;
    std::array<Float4, k_cell * k_cell> m_weights{weights()};
    Layer m_layer;
    Layer m_next;
    std::vector<int> m_lefts;
    std::vector<float> m_fractions;

    long m_cell_rows{};
    long m_cell_columns{};
    long m_hog_rows{};
    long m_hog_columns{};
    std::vector<std::uint8_t> m_planes;
    long m_plane_step{};
    std::vector<float> m_strengths;
    std::vector<std::int32_t> m_directions;
    std::vector<float> m_votes;  ///< (cell rows + 2) × 18 × step
    long m_votes_step{};
    std::vector<float> m_energy;
    std::vector<float> m_limit;
    std::vector<float> m_factor;
    std::vector<float> m_texture;
    std::vector<float> m_features;  ///< 31 × rows × step
    long m_feature_rows{};
    long m_feature_step{};
    std::vector<float> m_scratch;
    std::vector<float> m_scores;  ///< detectors × rows × step
    long m_score_step{};
};

}  // namespace

#ifdef MIEN_HOG_MODULE
extern "C" __attribute__((visibility("default"))) HogScan* mien_make_hog_scan(
    const std::shared_ptr<const HogFilters>& filters);
extern "C" HogScan* mien_make_hog_scan(const std::shared_ptr<const HogFilters>& filters) { return new Scan(filters); }
#else
std::unique_ptr<HogScan> make_hog_scan(std::shared_ptr<const HogFilters> filters) {
    return std::make_unique<Scan>(std::move(filters));
}
#endif

}  // namespace mien::detect
