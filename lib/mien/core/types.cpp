// SPDX-License-Identifier: MIT
#include <mien/core/types.hpp>

#include <cmath>
#include <ctime>

namespace mien {

Box to_box(const Rect& rect) {
    const auto left = static_cast<std::int32_t>(std::lround(rect.left));
    const auto top = static_cast<std::int32_t>(std::lround(rect.top));
    return {left, top, static_cast<std::int32_t>(std::lround(rect.left + rect.width)) - left,
            static_cast<std::int32_t>(std::lround(rect.top + rect.height)) - top};
}

std::string_view to_string(Metric metric) { return metric == Metric::l2 ? "l2" : "cosine"; }

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::known: return "known";
        case Verdict::unknown: return "unknown";
        case Verdict::no_face: return "no_face";
        case Verdict::several_faces: return "several_faces";
        case Verdict::low_quality: return "low_quality";
        case Verdict::spoof: return "spoof";
        case Verdict::unreadable: return "unreadable";
    }
    return "unreadable";
}

std::string_view to_string(Origin origin) {
    switch (origin) {
        case Origin::train: return "train";
        case Origin::confirm: return "confirm";
        case Origin::enroll: return "enroll";
        case Origin::import: return "import";
    }
    return "import";
}

std::string to_iso8601(UnixTime time) {
    const std::time_t seconds = time;
    std::tm parts{};
    if (gmtime_r(&seconds, &parts) == nullptr) {
        return "invalid";
    }
    std::array<char, 48> text{};
    const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), length};
}

}  // namespace mien
