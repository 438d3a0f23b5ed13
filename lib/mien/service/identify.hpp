// SPDX-License-Identifier: MIT
#pragma once

/// Who is on a photo: what every verb and route that names faces goes through.

#include <mien/core/json.hpp>
#include <mien/eval/calibration.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/match/matcher.hpp>
#include <mien/models/models.hpp>
#include <mien/pipeline/pipeline.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mien::service {

struct FaceAnswer {
    Box box;
    float score{};
    quality::Quality quality;
    /// known, unknown, or no_face: an operator said so of a face like this one
    Verdict verdict{Verdict::unknown};
    std::string label;  ///< of the first candidate where the verdict is known, else empty
    /// to the first candidate; nothing where there is none
    std::optional<double> distance;
    double confidence{};               ///< P(it is the first candidate)
    std::string_view confidence_kind;  ///< where that comes from: see Identifier
    /// Likeliest first, without who was denied and without who is nearer to another face of the photo.
    std::vector<match::Candidate> candidates;
    Encoding encoding;  ///< for the inbox; never printed
};

struct PhotoAnswer {
    std::string photo;  ///< as it was named
    Sha256 hash;
    /// known: at least one face is; unknown: there are faces, none known; no_face; unreadable
    Verdict verdict{Verdict::unreadable};
    std::string reason;  ///< for no_face and unreadable
    int width{};
    int height{};
    std::vector<FaceAnswer> faces;
    std::string remembered;  ///< its name in the inbox, where it was put there
    pipeline::Milliseconds ms;
    double match_ms{};
};

struct IdentifyOptions {
    std::optional<double> tolerance;  ///< largest distance that still counts as known
    std::size_t top{3};               ///< candidates a face
    match::MatcherOptions matcher;
};

/// From an encoding to the nearest one of a person, that of `except` aside. Nothing where they have no other, where
/// nobody has that label, and where the gallery's encodings are of another length.
std::optional<double> distance_to(const gallery::Gallery& gallery, std::string_view label,
                                  std::span<const float> encoding, const gallery::RecordKey& except = {});

/// One state of a store, with all that turns encodings into names: matcher, threshold, confidence. Immutable; threads
/// share it. When the store changes, a new one takes its place while answers in progress keep theirs.
class Identifier {
public:
    /// encoder: the card of the store's encoder. before: the one whose place this one takes, to share its work
    /// throws: Error{store_corrupt, usage} as match::make_matcher
    Identifier(std::shared_ptr<const gallery::Gallery> gallery, const models::Card& encoder,
               const IdentifyOptions& options, const Identifier* before = nullptr);

    /// Names the faces of one photo. tolerance: in the place of the threshold, for this photo only.
    /// throws: Error{model_mismatch}
    [[nodiscard]] PhotoAnswer answer(pipeline::PhotoResult result, std::optional<double> tolerance = {}) const;

    /// One face held against one person alone, with pair_threshold() and pair_confidence(). Nobody else is named, and
    /// the encoding of this very face, where the store has it, is left aside.
    [[nodiscard]] FaceAnswer compare(const pipeline::Face& seen, const Sha256& photo, const std::string& label) const;

    [[nodiscard]] const gallery::Gallery& gallery() const { return *m_gallery; }
    [[nodiscard]] const match::Matcher& matcher() const { return *m_matcher; }
    [[nodiscard]] double threshold() const { return m_threshold; }
    /// For one photo with one claimed person: calibrated for 1:1 where the store is, else threshold().
    [[nodiscard]] double pair_threshold() const { return m_pair_threshold; }
    /// P(the same person | distance), 0..1
    [[nodiscard]] double confidence(double distance) const {
        return m_calibration ? m_calibration->confidence(distance) : m_decision.confidence(distance);
    }
    /// P(it is that one person), for 1:1.
    [[nodiscard]] double pair_confidence(double distance) const {
        return m_pairs ? m_pairs->confidence(distance) : confidence(distance);
    }
    [[nodiscard]] std::string_view pair_confidence_kind() const { return m_pairs ? "calibrated" : confidence_kind(); }
    /// Where confidences come from: "calibrated" (by the store), "model" (measured for the encoder) or "nominal".
    [[nodiscard]] std::string_view confidence_kind() const {
        return m_calibration ? "calibrated" : m_decision.confidence_kind();
    }

    /// detector: the name of the one that found the faces
    [[nodiscard]] Json to_json(const PhotoAnswer& answer, const std::string& detector) const;
    [[nodiscard]] Json to_json(const FaceAnswer& face) const;

private:
    void decide(FaceAnswer& face, double threshold) const;

    std::shared_ptr<const gallery::Gallery> m_gallery;
    std::unique_ptr<const match::Matcher> m_matcher;
    models::Decision m_decision;
    std::optional<eval::Calibration> m_calibration;
    IdentifyOptions m_options;
    double m_threshold{};
    double m_pair_threshold{};
    std::optional<eval::PairCalibration> m_pairs;  ///< where it has a curve
};

}  // namespace mien::service
