// SPDX-License-Identifier: MIT
#include <mien/detect/engines.hpp>
#include <mien/detect/hog_scan.hpp>

#include <mien/core/error.hpp>
#include <mien/core/hash.hpp>
#include <mien/core/log.hpp>

#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <utility>

// Written by hog_filters_tool.cpp when mien is built.
extern "C" const unsigned char mien_hog_filters[];
extern "C" const unsigned char mien_hog_filters_end[];

namespace mien::detect {
namespace {

// Part of what caches depend on: change it with anything that changes boxes or scores.
constexpr std::string_view k_version = "mien hog 1 (dlib 19.24)";

class Reader {
public:
    template <typename T>
    T take() {
        T value;
        if (static_cast<std::size_t>(mien_hog_filters_end - m_at) < sizeof value) {
            throw Error(ErrorCode::runtime, "the built-in face filters are cut short: mien was not built properly");
        }
        std::memcpy(&value, m_at, sizeof value);
        m_at += sizeof value;
        return value;
    }

private:
    const unsigned char* m_at{mien_hog_filters};
};

std::shared_ptr<const HogFilters> read_filters() {
    auto filters = std::make_shared<HogFilters>();
    Reader reader;
    filters->overlap = reader.take<double>();
    filters->covered = reader.take<double>();
    const auto detectors = reader.take<std::uint64_t>();
    for (std::uint64_t detector = 0; detector < detectors; ++detector) {
        filters->thresholds.push_back(reader.take<double>());
        for (auto& plane : filters->ranks) {
            const auto ranks = reader.take<std::uint64_t>();
            for (std::uint64_t i = 0; i < ranks; ++i) {
                HogRank rank;
                rank.detector = static_cast<int>(detector);
                rank.row = reader.take<decltype(rank.row)>();
                rank.column = reader.take<decltype(rank.column)>();
                plane.push_back(rank);
            }
        }
    }
    return filters;
}

HogModuleFactory find_module() {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        log::debug("hog: this processor has no AVX2, the plain scan does the work");
        return nullptr;
    }
    void* module = dlopen(k_hog_module_file, RTLD_NOW | RTLD_LOCAL);  // stays for the rest of the process
    void* symbol = module != nullptr ? dlsym(module, k_hog_module_symbol) : nullptr;
    if (symbol == nullptr) {
        const char* reason = dlerror();
        log::debug("hog: {}, the plain scan does the work", reason != nullptr ? reason : "no module");
        return nullptr;
    }
    return reinterpret_cast<HogModuleFactory>(symbol);
}

double area(long left, long top, long right, long bottom) {
    return right < left || bottom < top ? 0.0
                                        : static_cast<double>(right - left + 1) * static_cast<double>(bottom - top + 1);
}

bool same_face(const HogHit& a, const HogHit& b, const HogFilters& filters) {
    const double shared = area(std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right),
                               std::min(a.bottom, b.bottom));
    if (shared == 0) {
        return false;
    }
    const double around = area(std::min(a.left, b.left), std::min(a.top, b.top), std::max(a.right, b.right),
                               std::max(a.bottom, b.bottom));
    return shared / around > filters.overlap || shared / area(a.left, a.top, a.right, a.bottom) > filters.covered ||
           shared / area(b.left, b.top, b.right, b.bottom) > filters.covered;
}

class Hog final : public Detector {
public:
    Hog() : m_filters(hog_filters()) {
        const auto make = hog_module();
        m_scan = make != nullptr ? std::unique_ptr<HogScan>(make(m_filters)) : make_hog_scan(m_filters);
    }

    [[nodiscard]] std::string name() const override { return "hog"; }
    [[nodiscard]] std::string weights() const override { return to_hex(sha256(k_version)); }
    [[nodiscard]] int default_size() const override { return 1280; }
    [[nodiscard]] int glance_size() const override { return default_size(); }
    [[nodiscard]] int smallest_face() const override { return k_hog_window * 8; }

    std::vector<Detection> detect(const cv::Mat& bgr) override {
        if (bgr.type() != CV_8UC3 || bgr.empty()) {
            throw Error(ErrorCode::runtime, "hog searches 8-bit colour pictures only");
        }
        m_scan->scan(bgr.data, bgr.step[0], bgr.rows, bgr.cols, m_hits);
        std::stable_sort(m_hits.begin(), m_hits.end(),
                         [](const HogHit& a, const HogHit& b) { return a.score > b.score; });
        std::vector<HogHit> faces;
        for (const auto& hit : m_hits) {
            if (std::none_of(faces.begin(), faces.end(),
                             [&](const HogHit& face) { return same_face(face, hit, *m_filters); })) {
                faces.push_back(hit);
            }
        }
        std::vector<Detection> detections;
        detections.reserve(faces.size());
        for (const auto& face : faces) {
            detections.push_back(
                {{static_cast<float>(face.left), static_cast<float>(face.top),
                  static_cast<float>(face.right - face.left + 1), static_cast<float>(face.bottom - face.top + 1)},
                 face.score,
                 std::nullopt});
        }
        return detections;
    }

private:
    std::shared_ptr<const HogFilters> m_filters;
    std::unique_ptr<HogScan> m_scan;
    std::vector<HogHit> m_hits;
};

}  // namespace

std::shared_ptr<const HogFilters> hog_filters() {
    static const auto k_filters = read_filters();
    return k_filters;
}

HogModuleFactory hog_module() {
    static const HogModuleFactory k_module = find_module();
    return k_module;
}

std::unique_ptr<Detector> make_hog() { return std::make_unique<Hog>(); }

}  // namespace mien::detect
