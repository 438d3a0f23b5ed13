// SPDX-License-Identifier: MIT
#include <mien/nn/dense.hpp>

#include <mien/nn/isa.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>

namespace mien::nn {
namespace {

constexpr int k_depth = 256;          ///< terms summed at a time: what a tile packs should stay in the first cache
constexpr int k_turn_floats = 6144;   ///< packed by the tiles that a thread takes at a time
constexpr int k_copy_floats = 98304;  ///< of the padded copy at a time
constexpr int k_least_band = 480;     ///< pixels of it, so that tiles are full
constexpr int k_most_tile = 48;       ///< pixels; the most of any kernel
constexpr int k_copied = 16;          ///< floats that packing copies at a time, the row's end or not

/// `block` channels by one tile of pixels over `depth` terms.
struct Job {
    const float* weights = nullptr;  ///< depth × block
    const float* pixels = nullptr;   ///< depth × width
    int depth = 0;
    float* out = nullptr;  ///< `channels` rows, `step` floats apart
    std::ptrdiff_t step = 0;
    int channels = 0;             ///< that exist: up to the kernel's block
    bool first = false;           ///< of the sum: starts at the bias, otherwise at what `out` has
    bool last = false;            ///< finishes with slope and cap
    const float* bias = nullptr;  ///< of the block's channels, slopes too
    const float* slope = nullptr;
    float cap = 0;
};

using Micro = void (*)(const Job&);

/// A kernel: micro[v - 1] does tiles of v vectors.
struct Kernel {
    int block = 0;
    int lanes = 0;
    int vectors = 0;  ///< the most
    std::array<Micro, 3> micro{};

    [[nodiscard]] int tile() const { return lanes * vectors; }
};

#if defined(__x86_64__)
// The compiler keeps `sum` in registers, as all loops over it are unrolled.
template <std::size_t k_vectors>
__attribute__((target("avx2,fma"))) void micro_avx2(const Job& job) {
    constexpr int k_block = 4;
    constexpr std::size_t k_lanes = 8;
    __m256 sum[k_block][k_vectors];
#pragma GCC unroll 4
    for (int b = 0; b < k_block; ++b) {
#pragma GCC unroll 3
        for (std::size_t v = 0; v < k_vectors; ++v) {
            if (job.first) {
                sum[b][v] = _mm256_broadcast_ss(job.bias + b);
            } else {
                sum[b][v] =
                    b < job.channels ? _mm256_loadu_ps(job.out + b * job.step + v * k_lanes) : _mm256_setzero_ps();
            }
        }
    }
    const float* weights = job.weights;
    const float* pixels = job.pixels;
    for (int k = 0; k < job.depth; ++k, weights += k_block, pixels += k_vectors * k_lanes) {
        __m256 x[k_vectors];
#pragma GCC unroll 3
        for (std::size_t v = 0; v < k_vectors; ++v) {
            x[v] = _mm256_loadu_ps(pixels + v * k_lanes);
        }
#pragma GCC unroll 4
        for (int b = 0; b < k_block; ++b) {
            const __m256 w = _mm256_broadcast_ss(weights + b);
#pragma GCC unroll 3
            for (std::size_t v = 0; v < k_vectors; ++v) {
                sum[b][v] = _mm256_fmadd_ps(w, x[v], sum[b][v]);
            }
        }
    }
    const __m256 cap = _mm256_set1_ps(job.cap);
#pragma GCC unroll 4
    for (int b = 0; b < k_block; ++b) {
        if (b < job.channels) {
            const __m256 slope = _mm256_broadcast_ss(job.slope + b);
#pragma GCC unroll 3
            for (std::size_t v = 0; v < k_vectors; ++v) {
                __m256 value = sum[b][v];
                if (job.last) {
                    value = _mm256_min_ps(_mm256_max_ps(_mm256_mul_ps(value, slope), value), cap);
                }
                _mm256_storeu_ps(job.out + b * job.step + v * k_lanes, value);
            }
        }
    }
}

template <std::size_t k_vectors>
__attribute__((target("avx512f,avx512vl"))) void micro_avx512(const Job& job) {
    constexpr int k_block = 8;
    constexpr std::size_t k_lanes = 16;
    constexpr __mmask16 k_all = 0xffff;  // g++ 12 warns about its own unmasked min and max
    __m512 sum[k_block][k_vectors];
#pragma GCC unroll 8
    for (int b = 0; b < k_block; ++b) {
#pragma GCC unroll 3
        for (std::size_t v = 0; v < k_vectors; ++v) {
            if (job.first) {
                sum[b][v] = _mm512_set1_ps(job.bias[b]);
            } else {
                sum[b][v] =
                    b < job.channels ? _mm512_loadu_ps(job.out + b * job.step + v * k_lanes) : _mm512_setzero_ps();
            }
        }
    }
    const float* weights = job.weights;
    const float* pixels = job.pixels;
    for (int k = 0; k < job.depth; ++k, weights += k_block, pixels += k_vectors * k_lanes) {
        __m512 x[k_vectors];
#pragma GCC unroll 3
        for (std::size_t v = 0; v < k_vectors; ++v) {
            x[v] = _mm512_loadu_ps(pixels + v * k_lanes);
        }
#pragma GCC unroll 8
        for (int b = 0; b < k_block; ++b) {
            const __m512 w = _mm512_set1_ps(weights[b]);
#pragma GCC unroll 3
            for (std::size_t v = 0; v < k_vectors; ++v) {
                sum[b][v] = _mm512_fmadd_ps(w, x[v], sum[b][v]);
            }
        }
    }
    const __m512 cap = _mm512_set1_ps(job.cap);
#pragma GCC unroll 8
    for (int b = 0; b < k_block; ++b) {
        if (b < job.channels) {
            const __m512 slope = _mm512_set1_ps(job.slope[b]);
#pragma GCC unroll 3
            for (std::size_t v = 0; v < k_vectors; ++v) {
                __m512 value = sum[b][v];
                if (job.last) {
                    value =
                        _mm512_maskz_min_ps(k_all, _mm512_maskz_max_ps(k_all, _mm512_mul_ps(value, slope), value), cap);
                }
                _mm512_storeu_ps(job.out + b * job.step + v * k_lanes, value);
            }
        }
    }
}
#endif

Kernel best_kernel() {
#if defined(__x86_64__)
    switch (isa()) {
        case Isa::avx512: return {8, 16, 3, {micro_avx512<1>, micro_avx512<2>, micro_avx512<3>}};
        case Isa::avx2: return {4, 8, 3, {micro_avx2<1>, micro_avx2<2>, micro_avx2<3>}};
        case Isa::plain: break;
    }
#endif
    return {};
}

/// Neighbouring output pixels of a tile whose taps are neighbours too.
struct Run {
    int from = 0;  ///< floats behind a tap's first
    int to = 0;    ///< in the tile
    int count = 0;
};

/// What one thread works with.
struct Scratch {
    std::vector<float> pixels;
    std::vector<float> sums;
};

class Dense : public Convolution {
public:
    Dense(const cv::dnn::LayerParams& params, const Window& window)
        : Convolution(params, window), m_kernel(best_kernel()) {}

protected:
    /// The weights as the kernels read them: for each block of channels all terms, the block's weights of a term
    /// together; the last block filled up with zeros.
    void prepare() override {
        const int terms = weights().cols;
        const int blocks = (out_channels() + m_kernel.block - 1) / m_kernel.block;
        m_packed.assign(static_cast<std::size_t>(blocks) * static_cast<std::size_t>(m_kernel.block * terms), 0.0F);
        const auto after = epilogue();
        m_bias.assign(static_cast<std::size_t>(blocks * m_kernel.block), 0.0F);
        std::copy_n(after.bias, out_channels(), m_bias.begin());
        m_slopes.assign(m_bias.size(), 1.0F);
        std::copy_n(after.slope, out_channels(), m_slopes.begin());
        for (int d = 0; d < out_channels(); ++d) {
            const auto* row = weights().ptr<float>(d);
            float* to = m_packed.data() + static_cast<std::ptrdiff_t>(d / m_kernel.block) * m_kernel.block * terms +
                        d % m_kernel.block;
            for (int k = 0; k < terms; ++k) {
                to[static_cast<std::ptrdiff_t>(k) * m_kernel.block] = row[k];
            }
        }
    }

    void run(const float* input, float* output, const Sizes& sizes) override {
        const int pixels = sizes.out_height * sizes.out_width;
        Source source;
        if (window().kernel == 1 && window().step == 1 && window().pad == 0) {
            // Such a window reads the input as it is; others read a padded copy.
            source.pixels = input;
            source.plane = pixels;
            source.cols = pixels;
            source.width = pixels;
            source.taps = {0};
            multiply(source, pixels, output, pixels);
            return;
        }
        // The copy is made of as many rows at a time as stay in the second cache.
        const Phases one(window(), 1, sizes.out_width);
        const int least = (k_least_band - 1) / sizes.out_width + 1;
        const int band = std::min(sizes.out_height, std::max(least, k_copy_floats / (one.size() * sizes.channels)));
        for (int first = 0; first < sizes.out_height; first += band) {
            const int rows = std::min(band, sizes.out_height - first);
            const Phases phases(window(), rows, sizes.out_width);
            source.plane = phases.size();
            source.cols = phases.cols;
            source.width = sizes.out_width;
            source.slack = true;
            source.taps.clear();
            for (int t = 0; t < window().kernel * window().kernel; ++t) {
                source.taps.push_back(phases.tap(t / window().kernel, t % window().kernel));
            }
            const auto floats = static_cast<std::size_t>(phases.size()) * static_cast<std::size_t>(sizes.channels);
            m_phases.resize(std::max(m_phases.size(), floats + k_copied));
            source.pixels = m_phases.data();
            spread(sizes.channels, [&](const cv::Range& range) {
                for (std::ptrdiff_t c = range.start; c < range.end; ++c) {
                    phases.fill(input + c * sizes.height * sizes.width, sizes.height, sizes.width, first,
                                m_phases.data() + c * source.plane);
                }
            });
            multiply(source, rows * sizes.out_width, output + static_cast<std::ptrdiff_t>(first) * sizes.out_width,
                     pixels);
        }
    }

private:
    /// Where the pixels under the window are.
    struct Source {
        const float* pixels = nullptr;
        std::ptrdiff_t plane = 0;  ///< floats a channel
        int cols = 0;              ///< floats from an output row's taps to the next row's
        int width = 0;             ///< outputs a row
        bool slack = false;        ///< k_copied floats may be read behind any row
        std::vector<int> taps;     ///< of the first output pixel
    };

    /// The first `count` pixels of every output channel; channels are `step` floats apart.
    void multiply(const Source& source, int count, float* output, int step) const {
        const int tiles = (count + m_kernel.tile() - 1) / m_kernel.tile();
        const int turn = std::max(1, k_turn_floats / (std::min(weights().cols, k_depth) * m_kernel.tile()));
        const int turns = (tiles + turn - 1) / turn;
        // Where the picture is small, threads share out the channels as well.
        const int blocks = static_cast<int>(m_bias.size()) / m_kernel.block;
        const int threads = cv::getNumThreads();
        const int shares = threads > 1 ? std::clamp(2 * threads / turns, 1, blocks) : 1;
        spread(turns * shares, [&](const cv::Range& range) {
            Scratch scratch;
            for (int job = range.start; job < range.end; ++job) {
                const int share = job % shares;
                const cv::Range some(blocks * share / shares, blocks * (share + 1) / shares);
                const int first = job / shares * turn;
                for (int tile = first; tile < std::min(first + turn, tiles); ++tile) {
                    const int from = tile * m_kernel.tile();
                    do_tile(source, from, std::min(m_kernel.tile(), count - from), some, output, step, scratch);
                }
            }
        });
    }

    void do_tile(const Source& source, int from, int count, const cv::Range& blocks, float* output, int step,
                 Scratch& scratch) const {
        const int vectors = (count + m_kernel.lanes - 1) / m_kernel.lanes;
        const int width = vectors * m_kernel.lanes;
        const int terms = weights().cols;
        scratch.pixels.resize(static_cast<std::size_t>(std::min(terms, k_depth) * width + k_copied));
        std::array<Run, k_most_tile> runs;
        const int run_count = runs_of(source, from, count, runs);
        // A tile that is not full goes through memory of its own: nothing may be written behind the pixels.
        const bool whole = count == width;
        const int first_channel = blocks.start * m_kernel.block;
        const int end_channel = std::min(blocks.end * m_kernel.block, out_channels());
        if (!whole) {
            scratch.sums.resize(static_cast<std::size_t>((end_channel - first_channel) * width));
        }
        Job job;
        job.pixels = scratch.pixels.data();
        job.step = whole ? step : width;
        job.cap = epilogue().cap;
        for (int k = 0; k < terms; k += k_depth) {
            job.depth = std::min(k_depth, terms - k);
            job.first = k == 0;
            job.last = k + job.depth == terms;
            pack(source, runs.data(), run_count, width, k, job.depth, scratch.pixels.data());
            for (int block = blocks.start; block < blocks.end; ++block) {
                const int channel = block * m_kernel.block;
                job.weights = m_packed.data() + (static_cast<std::ptrdiff_t>(block) * terms + k) * m_kernel.block;
                job.out = whole ? output + static_cast<std::ptrdiff_t>(channel) * step + from
                                : scratch.sums.data() + static_cast<std::ptrdiff_t>(channel - first_channel) * width;
                job.channels = std::min(m_kernel.block, out_channels() - channel);
                job.bias = m_bias.data() + channel;
                job.slope = m_slopes.data() + channel;
                m_kernel.micro[static_cast<std::size_t>(vectors - 1)](job);
            }
        }
        if (!whole) {
            for (std::ptrdiff_t c = first_channel; c < end_channel; ++c) {
                std::memcpy(output + c * step + from, scratch.sums.data() + (c - first_channel) * width,
                            static_cast<std::size_t>(count) * sizeof(float));
            }
        }
        activate(output + static_cast<std::ptrdiff_t>(first_channel) * step + from, count,
                 static_cast<std::size_t>(step), first_channel, end_channel);
    }

    static int runs_of(const Source& source, int from, int count, std::array<Run, k_most_tile>& runs) {
        std::size_t found = 0;
        for (int done = 0; done < count; ++found) {
            const int row = (from + done) / source.width;
            const int col = (from + done) % source.width;
            const int length = std::min(source.width - col, count - done);
            runs[found] = {row * source.cols + col, done, length};
            done += length;
        }
        return static_cast<int>(found);
    }

    /// The terms [k, k + depth) of a tile, `width` floats each.
    static void pack(const Source& source, const Run* runs, int run_count, int width, int k, int depth, float* to) {
        const int taps = static_cast<int>(source.taps.size());
        for (int term = k; term < k + depth; ++term, to += width) {
            const float* from =
                source.pixels + term / taps * source.plane + source.taps[static_cast<std::size_t>(term % taps)];
            for (int r = 0; r < run_count; ++r) {
                const Run run = runs[r];
                if (!source.slack) {
                    std::memcpy(to + run.to, from + run.from, static_cast<std::size_t>(run.count) * sizeof(float));
                    std::fill(to + run.to + run.count, to + width, 0.0F);
                    continue;
                }
                // What is copied too much, the next run or term covers.
                for (int i = 0; i < run.count; i += k_copied) {
                    std::memcpy(to + run.to + i, from + run.from + i, k_copied * sizeof(float));
                }
            }
        }
    }

    Kernel m_kernel;
    std::vector<float> m_packed;
    std::vector<float> m_bias;  ///< for whole blocks, as the slopes
    std::vector<float> m_slopes;
    std::vector<float> m_phases;
};

}  // namespace

bool can_make_dense() { return isa() != Isa::plain; }

cv::Ptr<cv::dnn::Layer> make_dense(const cv::dnn::LayerParams& params, const Window& window) {
    return cv::makePtr<Dense>(params, window);
}

}  // namespace mien::nn
