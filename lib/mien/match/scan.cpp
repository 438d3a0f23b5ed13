// SPDX-License-Identifier: MIT
#include <mien/match/scan.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>
#include <cstring>

namespace mien::match {
namespace {

/// How far ahead of the loop the bytes of a lone probe's pass are asked for: a scan is over before the processor's own
/// prefetching has found out where each page leads.
constexpr std::size_t k_ahead = 2048;

template <std::size_t Probes>
std::size_t scan_plain(const ScanJob& job) {
    std::size_t found = 0;
    for (std::size_t g = 0; g < job.groups; ++g) {
        const std::int8_t* bytes = job.bytes + g * job.pairs * k_group * 2;
        for (std::size_t p = 0; p < Probes; ++p) {
            std::array<std::int32_t, k_group> sums{};
            for (std::size_t i = 0; i < job.pairs; ++i) {
                std::array<std::int16_t, 2> probe{};
                std::memcpy(probe.data(), job.probes + i * Probes + p, sizeof probe);
                const std::int8_t* pair = bytes + i * k_group * 2;
                for (std::size_t r = 0; r < k_group; ++r) {
                    sums[r] += pair[2 * r] * probe[0] + pair[2 * r + 1] * probe[1];
                }
            }
            for (std::size_t r = 0; r < k_group; ++r) {
                const auto row = g * k_group + r;
                const float score =
                    job.offsets[row] + job.scales[row] * job.probe_scales[p] * static_cast<float>(sums[r]);
                if (score <= job.cuts[p]) {
                    job.hits[found++] = {job.first_row + static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(p),
                                         score};
                }
            }
        }
    }
    return found;
}

#if defined(__x86_64__)
#define MIEN_AVX2 __attribute__((target("avx2,fma")))
#define MIEN_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

/// Eight rows' products become scores, and the rare good ones hits.
MIEN_AVX2 inline std::size_t keep(const ScanJob& job, std::size_t row, std::size_t p, __m256i sums, std::size_t found) {
    const __m256 scale = _mm256_mul_ps(_mm256_loadu_ps(job.scales + row), _mm256_set1_ps(job.probe_scales[p]));
    const __m256 scores = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), scale, _mm256_loadu_ps(job.offsets + row));
    auto mask =
        static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(scores, _mm256_set1_ps(job.cuts[p]), _CMP_LE_OQ)));
    if (mask != 0) {
        alignas(32) std::array<float, 8> values;
        _mm256_store_ps(values.data(), scores);
        for (; mask != 0; mask &= mask - 1) {
            const auto r = static_cast<unsigned>(__builtin_ctz(mask));
            job.hits[found++] = {job.first_row + static_cast<std::uint32_t>(row) + r, static_cast<std::uint32_t>(p),
                                 values[r]};
        }
    }
    return found;
}

MIEN_AVX2 std::size_t scan_one_avx2(const ScanJob& job) {
    std::size_t found = 0;
    const std::int8_t* bytes = job.bytes;
    for (std::size_t g = 0; g < job.groups; ++g) {
        // Two sums of each half, so that an addition need not wait for the one before.
        __m256i low[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        __m256i high[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        const auto add = [&](std::size_t i, std::size_t at) MIEN_AVX2 {
            const auto* pair = reinterpret_cast<const __m128i*>(bytes + i * k_group * 2);
            const __m256i probe = _mm256_set1_epi32(job.probes[i]);
            low[at] = _mm256_add_epi32(low[at], _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm_load_si128(pair)), probe));
            high[at] =
                _mm256_add_epi32(high[at], _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm_load_si128(pair + 1)), probe));
        };
        std::size_t i = 0;
        for (; i + 2 <= job.pairs; i += 2) {
            _mm_prefetch(bytes + i * k_group * 2 + k_ahead, _MM_HINT_T0);
            add(i, 0);
            add(i + 1, 1);
        }
        if (i < job.pairs) {
            add(i, 0);
        }
        found = keep(job, g * k_group, 0, _mm256_add_epi32(low[0], low[1]), found);
        found = keep(job, g * k_group + 8, 0, _mm256_add_epi32(high[0], high[1]), found);
        bytes += job.pairs * k_group * 2;
    }
    return found;
}

MIEN_AVX2 std::size_t scan_tile_avx2(const ScanJob& job) {
    constexpr std::size_t k_half = k_tile / 2;  // eight sums: more do not fit into the registers
    std::size_t found = 0;
    const std::int8_t* bytes = job.bytes;
    for (std::size_t g = 0; g < job.groups; ++g) {
        for (std::size_t first = 0; first < k_tile; first += k_half) {
            __m256i low[k_half];
            __m256i high[k_half];
            for (std::size_t p = 0; p < k_half; ++p) {
                low[p] = high[p] = _mm256_setzero_si256();
            }
            for (std::size_t i = 0; i < job.pairs; ++i) {
                const auto* pair = reinterpret_cast<const __m128i*>(bytes + i * k_group * 2);
                const __m256i rows_low = _mm256_cvtepi8_epi16(_mm_load_si128(pair));
                const __m256i rows_high = _mm256_cvtepi8_epi16(_mm_load_si128(pair + 1));
                const std::int32_t* probes = job.probes + i * k_tile + first;
                for (std::size_t p = 0; p < k_half; ++p) {
                    const __m256i probe = _mm256_set1_epi32(probes[p]);
                    low[p] = _mm256_add_epi32(low[p], _mm256_madd_epi16(rows_low, probe));
                    high[p] = _mm256_add_epi32(high[p], _mm256_madd_epi16(rows_high, probe));
                }
            }
            for (std::size_t p = 0; p < k_half; ++p) {
                found = keep(job, g * k_group, first + p, low[p], found);
                found = keep(job, g * k_group + 8, first + p, high[p], found);
            }
        }
        bytes += job.pairs * k_group * 2;
    }
    return found;
}

MIEN_AVX512 inline std::size_t keep(const ScanJob& job, std::size_t row, std::size_t p, __m512i sums,
                                    std::size_t found) {
    const __m512 scale = _mm512_mul_ps(_mm512_loadu_ps(job.scales + row), _mm512_set1_ps(job.probe_scales[p]));
    // All lanes of a mask: g++ 12 warns about its own header's maskless conversion.
    const __m512 products = _mm512_maskz_cvtepi32_ps(0xffff, sums);
    const __m512 scores = _mm512_fmadd_ps(products, scale, _mm512_loadu_ps(job.offsets + row));
    unsigned mask = _mm512_cmp_ps_mask(scores, _mm512_set1_ps(job.cuts[p]), _CMP_LE_OQ);
    if (mask != 0) {
        alignas(64) std::array<float, k_group> values;
        _mm512_store_ps(values.data(), scores);
        for (; mask != 0; mask &= mask - 1) {
            const auto r = static_cast<unsigned>(__builtin_ctz(mask));
            job.hits[found++] = {job.first_row + static_cast<std::uint32_t>(row) + r, static_cast<std::uint32_t>(p),
                                 values[r]};
        }
    }
    return found;
}

/// The rows' bytes of a pair, widened: 16 rows × 2.
MIEN_AVX512 inline __m512i pair_of(const std::int8_t* bytes, std::size_t i) {
    return _mm512_cvtepi8_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(bytes + i * k_group * 2)));
}

MIEN_AVX512 std::size_t scan_one_avx512(const ScanJob& job) {
    std::size_t found = 0;
    const std::int8_t* bytes = job.bytes;
    for (std::size_t g = 0; g < job.groups; ++g) {
        __m512i sums[4];
        for (auto& sum : sums) {
            sum = _mm512_setzero_si512();
        }
        std::size_t i = 0;
        for (; i + 4 <= job.pairs; i += 4) {
            _mm_prefetch(bytes + i * k_group * 2 + k_ahead, _MM_HINT_T0);
            _mm_prefetch(bytes + i * k_group * 2 + k_ahead + 64, _MM_HINT_T0);
            for (std::size_t j = 0; j < 4; ++j) {
                sums[j] = _mm512_dpwssd_epi32(sums[j], pair_of(bytes, i + j), _mm512_set1_epi32(job.probes[i + j]));
            }
        }
        for (; i < job.pairs; ++i) {
            sums[0] = _mm512_dpwssd_epi32(sums[0], pair_of(bytes, i), _mm512_set1_epi32(job.probes[i]));
        }
        const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(sums[0], sums[1]), _mm512_add_epi32(sums[2], sums[3]));
        found = keep(job, g * k_group, 0, sum, found);
        bytes += job.pairs * k_group * 2;
    }
    return found;
}

template <std::size_t Groups>
MIEN_AVX512 inline std::size_t tile_of_groups(const ScanJob& job, std::size_t g, std::size_t found) {
    const std::size_t step = job.pairs * k_group * 2;
    const std::int8_t* bytes = job.bytes + g * step;
    __m512i sums[Groups][k_tile];
    for (auto& of_group : sums) {
        for (auto& sum : of_group) {
            sum = _mm512_setzero_si512();
        }
    }
    for (std::size_t i = 0; i < job.pairs; ++i) {
        __m512i rows[Groups];
        for (std::size_t h = 0; h < Groups; ++h) {
            rows[h] = pair_of(bytes + h * step, i);
        }
        const std::int32_t* probes = job.probes + i * k_tile;
        for (std::size_t p = 0; p < k_tile; ++p) {
            const __m512i probe = _mm512_set1_epi32(probes[p]);
            for (std::size_t h = 0; h < Groups; ++h) {
                sums[h][p] = _mm512_dpwssd_epi32(sums[h][p], rows[h], probe);
            }
        }
    }
    for (std::size_t h = 0; h < Groups; ++h) {
        for (std::size_t p = 0; p < k_tile; ++p) {
            found = keep(job, (g + h) * k_group, p, sums[h][p], found);
        }
    }
    return found;
}

MIEN_AVX512 std::size_t scan_tile_avx512(const ScanJob& job) {
    std::size_t found = 0;
    std::size_t g = 0;
    for (; g + 2 <= job.groups; g += 2) {
        found = tile_of_groups<2>(job, g, found);
    }
    return g < job.groups ? tile_of_groups<1>(job, g, found) : found;
}
#endif

}  // namespace

ScanIsa processor_isa() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
        __builtin_cpu_supports("avx512vnni") != 0) {
        return ScanIsa::avx512;
    }
    if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
        return ScanIsa::avx2;
    }
#endif
    return ScanIsa::plain;
}

Scans scans([[maybe_unused]] ScanIsa isa) {
#if defined(__x86_64__)
    if (isa == ScanIsa::avx512) {
        return {scan_one_avx512, scan_tile_avx512};
    }
    if (isa == ScanIsa::avx2) {
        return {scan_one_avx2, scan_tile_avx2};
    }
#endif
    return {scan_plain<1>, scan_plain<k_tile>};
}

}  // namespace mien::match
