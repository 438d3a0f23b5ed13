// SPDX-License-Identifier: MIT
#include <mien/match/evidence.hpp>

#include <mien/match/distance.hpp>

#include <algorithm>
#include <limits>
#include <map>

namespace mien::match {
namespace {

/// Of one probe, the nearest denial of each label that is within the threshold.
std::map<std::string_view, float> denials_near(const gallery::Gallery& gallery, const Encoding& probe,
                                               double threshold) {
    std::map<std::string_view, float> near;
    for (const auto& denial : gallery.denials()) {
        if (denial.encoding.size() != probe.values.size()) {
            continue;
        }
        const float d = distance(gallery.contract().metric, probe.values, denial.encoding);
        if (static_cast<double>(d) <= threshold) {
            const auto known = near.try_emplace(denial.label, d).first;
            known->second = std::min(known->second, d);
        }
    }
    return near;
}

/// The rule: nearer to what was denied than to any of the person's own.
bool rules_out(const std::map<std::string_view, float>& denied, std::string_view label, double own) {
    const auto found = denied.find(label);
    return found != denied.end() && static_cast<double>(found->second) < own;
}

Judged without_denied(const gallery::Gallery& gallery, const Encoding& probe, std::vector<Candidate> candidates,
                      const std::map<std::string_view, float>& denied) {
    Judged judged;
    float nearest_person = std::numeric_limits<float>::infinity();
    for (auto& candidate : candidates) {
        // A candidate's own distance may be a mean or one to a mean.
        const float own = distance(gallery.contract().metric, probe.values, gallery.encoding(candidate.record));
        nearest_person = std::min(nearest_person, own);
        if (!rules_out(denied, candidate.label, static_cast<double>(own))) {
            judged.candidates.push_back(std::move(candidate));
        }
    }
    judged.not_a_face = rules_out(denied, "", static_cast<double>(nearest_person));
    return judged;
}

}  // namespace

bool is_denied(const gallery::Gallery& gallery, std::string_view label, const Encoding& probe, double nearest,
               double threshold) {
    return rules_out(denials_near(gallery, probe, threshold), label, nearest);
}

std::vector<Judged> judge(const Matcher& matcher, const gallery::Gallery& gallery, std::span<const Encoding> probes,
                          std::size_t k, double threshold) {
    auto ranks = matcher.rank(probes, k);
    std::vector<Judged> judged;
    for (std::size_t p = 0; p < probes.size(); ++p) {
        const auto denied = denials_near(gallery, probes[p], threshold);
        if (denied.empty()) {
            judged.push_back({false, std::move(ranks[p])});
            continue;
        }
        // As many more as could fall out.
        auto more = matcher.rank(probes.subspan(p, 1), k + denied.size());
        judged.push_back(without_denied(gallery, probes[p], std::move(more.front()), denied));
        if (judged.back().candidates.size() > k) {
            judged.back().candidates.resize(k);
        }
    }
    return judged;
}

void assign_once(std::span<std::vector<Candidate>> faces, double threshold) {
    // Deferred acceptance: each face asks its first candidate; who is asked twice keeps the nearer face.
    std::map<std::string, std::size_t> holder;
    std::vector<std::size_t> waiting;
    for (std::size_t face = faces.size(); face-- > 0;) {
        waiting.push_back(face);
    }
    const auto nearer = [&faces](std::size_t a, std::size_t b) {
        const float to_a = faces[a].front().distance;
        const float to_b = faces[b].front().distance;
        return to_a != to_b ? to_a < to_b : a < b;
    };
    while (!waiting.empty()) {
        const auto face = waiting.back();
        waiting.pop_back();
        if (faces[face].empty() || static_cast<double>(faces[face].front().distance) > threshold) {
            continue;
        }
        const auto [held, is_free] = holder.try_emplace(faces[face].front().label, face);
        if (is_free) {
            continue;
        }
        const auto loser = nearer(face, held->second) ? held->second : face;
        held->second = loser == face ? held->second : face;
        faces[loser].erase(faces[loser].begin());
        waiting.push_back(loser);
    }
}

}  // namespace mien::match
