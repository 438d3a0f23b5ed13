// SPDX-License-Identifier: MIT
#pragma once

/// The inner loop of CompressedRows. Internal to match/.

#include <cstddef>
#include <cstdint>

namespace mien::match {

/// The instructions that the scan comes in.
enum class ScanIsa { plain, avx2, avx512 };

/// The most that this processor has.
ScanIsa processor_isa();

constexpr std::size_t k_group = 16;  ///< rows that lie interleaved: pairs × k_group rows × 2 bytes
constexpr std::size_t k_tile = 8;    ///< probes that share a pass over the bytes

/// A row whose score is not above a probe's cut.
struct Hit {
    std::uint32_t row{};
    std::uint32_t probe{};  ///< of the tile
    float score{};
};

/// Groups of rows beside one probe or a tile of them.
struct ScanJob {
    const std::int8_t* bytes{};  ///< of the first group
    const float* scales{};       ///< of its first row
    const float* offsets{};      ///< of its first row
    std::size_t groups{};
    std::size_t pairs{};
    std::uint32_t first_row{};
    const std::int32_t* probes{};  ///< pairs × probes: two 16-bit numbers each
    const float* probe_scales{};   ///< one a probe
    const float* cuts{};           ///< one a probe
    Hit* hits{};                   ///< room for groups × k_group × probes
};

/// score = offset + scale × probe_scale × (product of bytes and 16-bit numbers, exact).
/// returns: how many hits were written
using Scan = std::size_t (*)(const ScanJob& job);

struct Scans {
    Scan one;   ///< of one probe
    Scan tile;  ///< of k_tile probes
};

Scans scans(ScanIsa isa);

}  // namespace mien::match
