// SPDX-License-Identifier: MIT
#pragma once

/// The arithmetic of the `hog` detector, apart from everything else so that it can be compiled twice: once for every
/// processor, once (as the module mien_hog_avx2.so) for those with AVX2. Plain types only.
///
/// source: P. Felzenszwalb, R. Girshick, D. McAllester, D. Ramanan: Object Detection with Discriminatively Trained
/// Part Based Models, PAMI 32(9), 2010; the filters and the order of the arithmetic are dlib's, so that the same
/// pixels give the same faces.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace mien::detect {

inline constexpr int k_hog_planes = 31;  ///< 18 signed directions, 9 unsigned ones, 4 of texture
inline constexpr int k_hog_window = 10;  ///< cells of 8 pixels on a side: the smallest face is 80 pixels

/// One part of a detector's filter over one plane: the outer product of a column and a row.
struct HogRank {
    int detector{};
    std::array<float, k_hog_window> row{};
    std::array<float, k_hog_window> column{};
};

/// dlib's five detectors (front, left, right, and front rotated either way).
struct HogFilters {
    double overlap{};                ///< boxes that share more of their union are one face
    double covered{};                ///< so are boxes of which more than this is covered by the other
    std::vector<double> thresholds;  ///< one a detector
    std::array<std::vector<HogRank>, k_hog_planes> ranks;  ///< by plane, detectors in order
};

/// A window above its detector's threshold; the last column and row belong to it.
struct HogHit {
    long left{};
    long top{};
    long right{};
    long bottom{};
    float score{};  ///< above the threshold
    int detector{};
};

/// Keeps its buffers between pictures: one per thread.
class HogScan {
public:
    HogScan() = default;
    virtual ~HogScan() = default;
    HogScan(const HogScan&) = delete;
    HogScan& operator=(const HogScan&) = delete;

    /// bgr: rows × columns × 3 bytes, row_step bytes from one row to the next. hits: every window of every scale.
    virtual void scan(const std::uint8_t* bgr, std::size_t row_step, long rows, long columns,
                      std::vector<HogHit>& hits) = 0;
};

/// For every processor.
std::unique_ptr<HogScan> make_hog_scan(std::shared_ptr<const HogFilters> filters);

/// What the module exports under k_hog_module_symbol.
using HogModuleFactory = HogScan* (*)(const std::shared_ptr<const HogFilters>&);
inline constexpr const char* k_hog_module_file = "mien_hog_avx2.so";
inline constexpr const char* k_hog_module_symbol = "mien_make_hog_scan";

// hog.cpp, for make_hog() and the tests:

/// dlib's filters, as they were built in; one copy a process.
std::shared_ptr<const HogFilters> hog_filters();

/// The module's factory; null where the processor has no AVX2 or the file is missing.
HogModuleFactory hog_module();

}  // namespace mien::detect
