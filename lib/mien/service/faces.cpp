// SPDX-License-Identifier: MIT
#include <mien/service/faces.hpp>

#include <algorithm>

namespace mien::service {

double overlap(const Box& a, const Box& b) {
    const auto end = [](std::int32_t from, std::int32_t length) { return std::int64_t{from} + length; };
    const auto width = std::min(end(a.left, a.width), end(b.left, b.width)) - std::max(a.left, b.left);
    const auto height = std::min(end(a.top, a.height), end(b.top, b.height)) - std::max(a.top, b.top);
    if (width <= 0 || height <= 0) {
        return 0;
    }
    const auto area = [](const Box& box) { return static_cast<double>(box.width) * static_cast<double>(box.height); };
    const double both = static_cast<double>(width) * static_cast<double>(height);
    return both / (area(a) + area(b) - both);
}

const pipeline::Face* face_at(const pipeline::PhotoResult& result, const Box& box) {
    const pipeline::Face* best = nullptr;
    double most = k_same_face;
    for (const auto& face : result.faces) {
        const double shared = overlap(face.box, box);
        if (shared >= most) {
            most = shared;
            best = &face;
        }
    }
    return best;
}

std::optional<Settled> settled(const gallery::Gallery& store, const Sha256& photo_hash, const Box& box) {
    std::optional<Settled> best;
    double most = k_same_face;
    for (const auto row : store.rows_of_photo(photo_hash)) {
        const double shared = overlap(store.box(row), box);
        if (shared >= most) {
            most = shared;
            best = Settled{row, std::string(store.record(row).label)};
        }
    }
    if (best) {
        return best;
    }
    const auto& denials = store.denials();
    const bool no_face = std::any_of(denials.begin(), denials.end(), [&](const gallery::Denial& denial) {
        return denial.label.empty() && denial.photo_hash == photo_hash && overlap(denial.box, box) >= k_same_face;
    });
    return no_face ? std::optional(Settled{}) : std::nullopt;
}

}  // namespace mien::service
