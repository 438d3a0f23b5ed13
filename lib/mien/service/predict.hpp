// SPDX-License-Identifier: MIT
#pragma once

/// `predict`: names the faces of photos.

#include <mien/core/json.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/match/nearest.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/workspace.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mien::service {

struct PredictOptions {
    std::filesystem::path store;
    pipeline::Options pipeline;  ///< detector "auto": the store's, else the best present; the encoder is the store's
    std::optional<double> tolerance;  ///< largest distance that still counts as known
    std::size_t top{3};               ///< candidates a face
    std::filesystem::path draw;       ///< empty: draw nothing; else a file for one photo, a folder for several
    int jobs{1};
};

struct FaceAnswer {
    Box box;
    float score{};
    quality::Quality quality;
    Verdict verdict{Verdict::unknown};
    std::string label;  ///< of the nearest person where the verdict is known, else empty
    /// to the nearest person; nothing where the store has nobody
    std::optional<double> distance;
    double confidence{};  ///< P(it is the nearest person)
    std::vector<match::Candidate> candidates;
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
    pipeline::Milliseconds ms;
    double match_ms{};
};

/// Where a face's confidence comes from; stores have no calibration yet, so it is the encoder's card.
std::string_view confidence_kind(const models::Decision& decision);

/// Answers about photos from one state of a store. Thread-safe once made.
class Predictor {
public:
    /// throws: Error{store_missing, store_corrupt, model_missing, model_mismatch, usage}
    Predictor(const PredictOptions& options, const models::Finder& finder);

    /// Answers in the order of the photos. Photos that cannot be read are answers.
    /// throws: Error{interrupted} after the answers so far
    void predict(std::span<const std::filesystem::path> photos,
                 const std::function<void(const PhotoAnswer&)>& take) const;

    /// With everything that made it: detector, encoder, threshold.
    [[nodiscard]] Json to_json(const PhotoAnswer& answer) const;

    [[nodiscard]] double threshold() const { return m_threshold; }

private:
    [[nodiscard]] PhotoAnswer answer(const std::filesystem::path& photo, pipeline::Worker& worker) const;
    void decide(FaceAnswer& face) const;
    void draw(const std::filesystem::path& photo, Bytes bytes, const PhotoAnswer& answer, bool several) const;

    PredictOptions m_options;
    std::shared_ptr<const gallery::Gallery> m_gallery;
    match::NearestMatcher m_matcher;
    pipeline::Blueprint m_blueprint;
    double m_threshold{};
};

}  // namespace mien::service
