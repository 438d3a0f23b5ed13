// SPDX-License-Identifier: MIT
#pragma once

/// Chance that is the same with every library and machine.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace mien::eval {

/// splitmix64: small, and good enough for shuffles and resampling.
class Random {
public:
    explicit Random(std::uint64_t seed) : m_state(seed) {}

    std::uint64_t next() {
        m_state += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = m_state;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31U);
    }

    /// 0 … count-1; 0 < count < 2^32
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(((next() >> 32U) * count) >> 32U); }

    template <class Value>
    void shuffle(std::vector<Value>& values) {
        for (std::size_t i = values.size(); i > 1; --i) {
            std::swap(values[i - 1], values[below(i)]);
        }
    }

private:
    std::uint64_t m_state;
};

}  // namespace mien::eval
