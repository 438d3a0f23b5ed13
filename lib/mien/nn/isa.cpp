// SPDX-License-Identifier: MIT
#include <mien/nn/isa.hpp>

#include <algorithm>
#include <atomic>

namespace mien::nn {
namespace {

std::atomic<Isa> g_most{Isa::avx512};

Isa processor() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") == 0 || __builtin_cpu_supports("fma") == 0) {
        return Isa::plain;
    }
    // The two together are what every server of the last years has; the first AVX-512 processors had no vl.
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0 ? Isa::avx512 : Isa::avx2;
#else
    return Isa::plain;
#endif
}

}  // namespace

Isa isa() {
    static const Isa k_has = processor();
    return std::min(k_has, g_most.load());
}

void limit_isa(Isa most) { g_most = most; }

}  // namespace mien::nn
