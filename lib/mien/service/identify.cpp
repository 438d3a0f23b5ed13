// SPDX-License-Identifier: MIT
#include <mien/service/identify.hpp>

#include <mien/core/hex.hpp>
#include <mien/core/log.hpp>
#include <mien/match/distance.hpp>
#include <mien/match/evidence.hpp>

#include <algorithm>
#include <chrono>

namespace mien::service {
namespace {

constexpr int k_distance_places = 4;

}  // namespace

std::optional<double> distance_to(const gallery::Gallery& gallery, std::string_view label,
                                  std::span<const float> encoding, const gallery::RecordKey& except) {
    const auto person = gallery.find_person(label);
    if (!person || encoding.size() != gallery.contract().dim) {
        return std::nullopt;
    }
    std::optional<double> nearest;
    for (const auto row : gallery.rows_of_person(*person)) {
        if (gallery.photo_hash(row) == except.photo_hash && gallery.box(row) == except.box) {
            continue;
        }
        const auto distance =
            static_cast<double>(match::distance(gallery.contract().metric, encoding, gallery.encoding(row)));
        nearest = std::min(nearest.value_or(distance), distance);
    }
    return nearest;
}

Identifier::Identifier(std::shared_ptr<const gallery::Gallery> gallery, const models::Card& encoder,
                       const IdentifyOptions& options, const Identifier* before)
    : m_gallery(std::move(gallery)),
      m_matcher(match::make_matcher(options.matcher, m_gallery, before != nullptr ? before->m_matcher.get() : nullptr)),
      m_decision(encoder.decision),
      m_calibration(eval::calibration_of(*m_gallery, options.matcher)),
      m_options(options),
      m_threshold(options.tolerance.value_or(m_calibration ? m_calibration->threshold : m_decision.threshold)),
      m_pair_threshold(m_threshold) {
    if (const auto pairs = eval::pair_calibration_of(*m_gallery)) {
        m_pair_threshold = options.tolerance.value_or(pairs->threshold);
        if (!pairs->curve.empty()) {
            m_pairs = pairs;
        }
    } else if (!m_gallery->extra(eval::k_pair_calibration_name).empty() &&
               (before == nullptr || eval::pair_calibration_of(*before->m_gallery))) {
        log::warn(
            "the store's calibration for 1:1 is of other settings and is not used; 'mien calibrate --far RATE' makes "
            "one");
    }
    if (!m_calibration && !m_gallery->extra(eval::k_calibration_name).empty() &&
        (before == nullptr || before->m_calibration)) {
        log::warn(
            "the store's calibration is of another matcher or other settings and is not used; 'mien calibrate' "
            "makes one for {}",
            match::kind_of(match::decided(options.matcher, *m_gallery)));
    }
}

PhotoAnswer Identifier::answer(pipeline::PhotoResult result, std::optional<double> tolerance) const {
    PhotoAnswer answer;
    answer.verdict = result.verdict;
    answer.reason = std::move(result.reason);
    answer.width = result.width;
    answer.height = result.height;
    answer.ms = result.ms;

    const auto start = std::chrono::steady_clock::now();
    std::vector<Encoding> probes;
    for (auto& face : result.faces) {
        probes.push_back(std::move(face.encoding));
    }
    // As many more as the other faces of the photo may take away.
    const auto top = std::max<std::size_t>(m_options.top, 1);
    auto judged = match::judge(*m_matcher, *m_gallery, probes, top + probes.size(), m_threshold);
    std::vector<std::vector<match::Candidate>> candidates;
    for (auto& face : judged) {
        candidates.push_back(face.not_a_face ? std::vector<match::Candidate>() : std::move(face.candidates));
    }
    match::assign_once(candidates, m_threshold);
    for (std::size_t i = 0; i < result.faces.size(); ++i) {
        FaceAnswer face;
        face.box = result.faces[i].box;
        face.score = result.faces[i].score;
        face.quality = result.faces[i].quality;
        face.candidates = std::move(candidates[i]);
        face.candidates.resize(std::min(face.candidates.size(), top));
        face.verdict = judged[i].not_a_face ? Verdict::no_face : Verdict::unknown;
        face.confidence_kind = confidence_kind();
        face.encoding = std::move(probes[i]);
        decide(face, tolerance.value_or(m_threshold));
        answer.faces.push_back(std::move(face));
    }
    if (!answer.faces.empty()) {
        const auto has = [&answer](Verdict verdict) {
            return std::any_of(answer.faces.begin(), answer.faces.end(),
                               [verdict](const FaceAnswer& face) { return face.verdict == verdict; });
        };
        answer.verdict = has(Verdict::known)     ? Verdict::known
                         : has(Verdict::unknown) ? Verdict::unknown
                                                 : Verdict::no_face;
        answer.reason = answer.verdict == Verdict::no_face ? "what looks like a face was said to be none" : "";
    }
    answer.match_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return answer;
}

FaceAnswer Identifier::compare(const pipeline::Face& seen, const Sha256& photo, const std::string& label) const {
    FaceAnswer face;
    face.box = seen.box;
    face.score = seen.score;
    face.quality = seen.quality;
    face.confidence_kind = pair_confidence_kind();
    face.distance = distance_to(*m_gallery, label, seen.encoding.values, {photo, seen.box});
    if (face.distance) {
        face.confidence = pair_confidence(*face.distance);
        const bool near = *face.distance <= m_pair_threshold;
        if (near && !match::is_denied(*m_gallery, label, seen.encoding, *face.distance, m_pair_threshold)) {
            face.verdict = Verdict::known;
            face.label = label;
        }
    }
    return face;
}

void Identifier::decide(FaceAnswer& face, double threshold) const {
    if (face.candidates.empty()) {
        return;
    }
    const auto& nearest = face.candidates.front();
    face.distance = static_cast<double>(nearest.distance);
    face.confidence = confidence(*face.distance);
    if (*face.distance <= threshold) {
        face.verdict = Verdict::known;
        face.label = nearest.label;
    }
}

Json Identifier::to_json(const PhotoAnswer& answer, const std::string& detector) const {
    Json json{{"photo", answer.photo}};
    if (!is_utf8(answer.photo)) {
        json["photo_hex"] = to_hex(answer.photo);
    }
    if (answer.hash != Sha256{}) {
        json["sha256"] = to_hex(answer.hash);
    }
    json["verdict"] = to_string(answer.verdict);
    if (!answer.reason.empty()) {
        json["reason"] = answer.reason;
    }
    if (answer.verdict != Verdict::unreadable) {
        json["width"] = answer.width;
        json["height"] = answer.height;
    }
    json["faces"] = Json::array();
    for (const auto& face : answer.faces) {
        json["faces"].push_back(to_json(face));
    }
    if (!answer.remembered.empty()) {
        json["remembered"] = answer.remembered;
    }
    json["detector"] = detector;
    json["encoder"] = m_gallery->contract().encoder;
    json["method"] = m_matcher->method();
    json["threshold"] = rounded(m_threshold, k_distance_places);
    json["ms"] = {{"decode", rounded(answer.ms.decode, 2)},
                  {"detect", rounded(answer.ms.detect, 2)},
                  {"encode", rounded(answer.ms.encode, 2)},
                  {"match", rounded(answer.match_ms, 2)}};
    return json;
}

Json Identifier::to_json(const FaceAnswer& face) const {
    Json json{{"box", mien::to_json(face.box)},
              {"score", rounded(static_cast<double>(face.score), k_distance_places)},
              {"quality", rounded(static_cast<double>(face.quality.score), k_distance_places)},
              {"verdict", to_string(face.verdict)},
              {"label", face.label.empty() ? Json(nullptr) : Json(face.label)},
              {"distance", face.distance ? Json(rounded(*face.distance, k_distance_places)) : Json(nullptr)},
              {"confidence", rounded(face.confidence, k_distance_places)},
              {"confidence_kind", face.confidence_kind},
              {"candidates", Json::array()}};
    if (const auto reasons = quality::reasons(face.quality); !reasons.empty()) {
        json["quality_reasons"] = reasons;
    }
    for (std::size_t i = 0; i < std::min(face.candidates.size(), m_options.top); ++i) {
        const auto& candidate = face.candidates[i];
        Json entry{{"label", candidate.label},
                   {"distance", rounded(static_cast<double>(candidate.distance), k_distance_places)}};
        if (candidate.probability) {
            entry["probability"] = rounded(*candidate.probability, k_distance_places);
        }
        json["candidates"].push_back(std::move(entry));
    }
    return json;
}

}  // namespace mien::service
