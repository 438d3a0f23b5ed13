// SPDX-License-Identifier: MIT
#include <mien/nn/depthwise.hpp>

#include <mien/nn/isa.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstddef>

namespace mien::nn {
namespace {

constexpr int k_taps = 9;
// Kernels go down a column of vectors at a time, so the rows that they go through must fit into the first cache.
constexpr int k_band_pixels = 4096;
constexpr int k_least_band = 8;
constexpr int k_ahead = 64;  // floats of a row: processors foresee the way along rows, not down columns

/// One channel's plane.
struct Job {
    const float* in = nullptr;
    int rows = 0;
    int cols = 0;
    int pad = 0;
    int step = 1;  ///< 1 or 2
    const float* weights = nullptr;
    float bias = 0;
    float slope = 1;
    float cap = 0;
    float* out = nullptr;
    int out_rows = 0;
    int out_cols = 0;
};

using Kernel = void (*)(const Job&);

/// Adds the three taps of one row of the window, `in` being the row of pixels under it.
template <int k_step>
void add_row(const Job& job, const float* __restrict in, const float* __restrict w, float* __restrict out) {
    // The outputs [from, to) have all three pixels within the plane.
    const int from = std::min(job.out_cols, (job.pad + k_step - 1) / k_step);
    const int to = std::clamp((job.cols + job.pad - 3 + k_step) / k_step, from, job.out_cols);
    const auto edge = [&](int begin, int end) {
        for (int col = begin; col < end; ++col) {
            for (int t = 0; t < 3; ++t) {
                const int x = col * k_step + t - job.pad;
                if (x >= 0 && x < job.cols) {
                    out[col] += w[t] * in[x];
                }
            }
        }
    };
    edge(0, from);
    const float* __restrict first = in - job.pad;
    for (int col = from; col < to; ++col) {
        out[col] += w[0] * first[col * k_step] + w[1] * first[col * k_step + 1] + w[2] * first[col * k_step + 2];
    }
    edge(to, job.out_cols);
}

void kernel_plain(const Job& job) {
    float* out = job.out;
    for (int row = 0; row < job.out_rows; ++row) {
        std::fill_n(out, job.out_cols, job.bias);
        for (int t = 0; t < 3; ++t) {
            const int y = row * job.step - job.pad + t;
            if (y >= 0 && y < job.rows) {
                const float* in = job.in + static_cast<std::ptrdiff_t>(y) * job.cols;
                (job.step == 1 ? add_row<1> : add_row<2>)(job, in, job.weights + 3 * t, out);
            }
        }
        for (int col = 0; col < job.out_cols; ++col) {
            out[col] = std::min(std::max(out[col], out[col] * job.slope), job.cap);
        }
        out += job.out_cols;
    }
}

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {

using V = __m256;
using Mask = __m256i;
constexpr int k_lanes = 8;

inline Mask mask_of(int from, int to) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_and_si256(_mm256_cmpgt_epi32(lanes, _mm256_set1_epi32(from - 1)),
                            _mm256_cmpgt_epi32(_mm256_set1_epi32(to), lanes));
}
inline V all(float value) { return _mm256_set1_ps(value); }
inline V load(const float* from, Mask mask) { return _mm256_maskload_ps(from, mask); }
inline void store(float* to, int count, V v) {
    if (count == k_lanes) {
        _mm256_storeu_ps(to, v);
        return;
    }
    // Masked stores are slow on many processors.
    float values[k_lanes];
    _mm256_storeu_ps(values, v);
    for (int i = 0; i < count; ++i) {
        to[i] = values[i];
    }
}
inline V multiply(V a, V b) { return _mm256_mul_ps(a, b); }
inline V multiply_add(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
inline V larger(V a, V b) { return _mm256_max_ps(a, b); }
inline V at_most(V a, V b) { return _mm256_min_ps(a, b); }
inline V in_order(V v) { return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(v), 0xd8)); }
inline V even(V a, V b) { return in_order(_mm256_shuffle_ps(a, b, 0x88)); }
inline V odd(V a, V b) { return in_order(_mm256_shuffle_ps(a, b, 0xdd)); }

#include "depthwise_rows.inc"

}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl")
namespace avx512 {

using V = __m512;
using Mask = __mmask16;
constexpr int k_lanes = 16;
constexpr Mask k_every = 0xffff;  // g++ 12 warns about its own unmasked min and max

inline Mask mask_of(int from, int to) {
    const auto below = [](int lane) { return (1U << static_cast<unsigned>(lane)) - 1U; };
    return static_cast<Mask>(below(to) & ~below(from));
}
inline V all(float value) { return _mm512_set1_ps(value); }
inline V load(const float* from, Mask mask) { return _mm512_maskz_loadu_ps(mask, from); }
inline void store(float* to, int count, V v) { _mm512_mask_storeu_ps(to, mask_of(0, count), v); }
inline V multiply(V a, V b) { return _mm512_mul_ps(a, b); }
inline V multiply_add(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
inline V larger(V a, V b) { return _mm512_maskz_max_ps(k_every, a, b); }
inline V at_most(V a, V b) { return _mm512_maskz_min_ps(k_every, a, b); }
inline V even(V a, V b) {
    const __m512i lanes = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_permutex2var_ps(a, lanes, b);
}
inline V odd(V a, V b) {
    const __m512i lanes = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_permutex2var_ps(a, lanes, b);
}

#include "depthwise_rows.inc"

}  // namespace avx512
#pragma GCC pop_options
#endif

Kernel best_kernel() {
#if defined(__x86_64__)
    switch (isa()) {
        case Isa::avx512: return avx512::kernel;
        case Isa::avx2: return avx2::kernel;
        case Isa::plain: break;
    }
#endif
    return kernel_plain;
}

class Depthwise : public Convolution {
public:
    Depthwise(const cv::dnn::LayerParams& params, const Window& window)
        : Convolution(params, window), m_kernel(best_kernel()) {}

protected:
    void prepare() override {}

    void run(const float* input, float* output, const Sizes& sizes) override {
        CV_Assert(sizes.channels == sizes.out_channels);
        const auto plane = static_cast<std::ptrdiff_t>(sizes.height) * sizes.width;
        const int out_plane = sizes.out_height * sizes.out_width;
        const auto after = epilogue();
        spread(sizes.channels, [&](const cv::Range& range) {
            Job job;
            job.rows = sizes.height;
            job.cols = sizes.width;
            job.pad = window().pad;
            job.step = window().step;
            job.out_rows = sizes.out_height;
            job.out_cols = sizes.out_width;
            job.cap = after.cap;
            for (int c = range.start; c < range.end; ++c) {
                job.in = input + c * plane;
                job.weights = weights().ptr<float>(c);
                job.bias = after.bias[c];
                job.slope = after.slope[c];
                job.out = output + static_cast<std::ptrdiff_t>(c) * out_plane;
                m_kernel(job);
                activate(job.out, out_plane, static_cast<std::size_t>(out_plane), c, c + 1);
            }
        });
    }

private:
    Kernel m_kernel;
};

}  // namespace

cv::Ptr<cv::dnn::Layer> make_depthwise(const cv::dnn::LayerParams& params, const Window& window) {
    return cv::makePtr<Depthwise>(params, window);
}

}  // namespace mien::nn
