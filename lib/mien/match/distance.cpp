// SPDX-License-Identifier: MIT
#include <mien/match/distance.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cmath>

namespace mien::match {
namespace {

using Kernel = float (*)(const float*, const float*, std::size_t);

float squared_l2_plain(const float* a, const float* b, std::size_t dim) {
    float sum = 0;
    for (std::size_t i = 0; i < dim; ++i) {
        const float d = a[i] - b[i];
        sum += d * d;
    }
    return sum;
}

float dot_plain(const float* a, const float* b, std::size_t dim) {
    float sum = 0;
    for (std::size_t i = 0; i < dim; ++i) {
        sum += a[i] * b[i];
    }
    return sum;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) float sum_of(__m256 v) {
    const __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_shuffle_ps(quarter, quarter, 1)));
}

__attribute__((target("avx2,fma"))) float squared_l2_avx2(const float* a, const float* b, std::size_t dim) {
    __m256 sum0 = _mm256_setzero_ps();
    __m256 sum1 = _mm256_setzero_ps();
    std::size_t i = 0;
    for (; i + 16 <= dim; i += 16) {
        const __m256 d0 = _mm256_sub_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
        const __m256 d1 = _mm256_sub_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8));
        sum0 = _mm256_fmadd_ps(d0, d0, sum0);
        sum1 = _mm256_fmadd_ps(d1, d1, sum1);
    }
    return sum_of(_mm256_add_ps(sum0, sum1)) + squared_l2_plain(a + i, b + i, dim - i);
}

__attribute__((target("avx2,fma"))) float dot_avx2(const float* a, const float* b, std::size_t dim) {
    __m256 sum0 = _mm256_setzero_ps();
    __m256 sum1 = _mm256_setzero_ps();
    std::size_t i = 0;
    for (; i + 16 <= dim; i += 16) {
        sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum0);
        sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), sum1);
    }
    return sum_of(_mm256_add_ps(sum0, sum1)) + dot_plain(a + i, b + i, dim - i);
}
#endif

bool has_avx2() {
#if defined(__x86_64__)
    static const bool k_has = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    return k_has;
#else
    return false;
#endif
}

Kernel kernel(Metric metric) {
#if defined(__x86_64__)
    if (has_avx2()) {
        return metric == Metric::l2 ? squared_l2_avx2 : dot_avx2;
    }
#endif
    return metric == Metric::l2 ? squared_l2_plain : dot_plain;
}

float finish(Metric metric, float value) { return metric == Metric::l2 ? std::sqrt(value) : 1.0F - value; }

}  // namespace

void distances(Metric metric, std::span<const float> probe, std::span<const float> rows, std::span<float> out) {
    const auto measure = kernel(metric);
    const float* row = rows.data();
    for (float& value : out) {
        value = finish(metric, measure(probe.data(), row, probe.size()));
        row += probe.size();
    }
}

float distance(Metric metric, std::span<const float> a, std::span<const float> b) {
    return finish(metric, kernel(metric)(a.data(), b.data(), a.size()));
}

}  // namespace mien::match
