// SPDX-License-Identifier: MIT
#pragma once

/// `predict`: names the faces of photos.

#include <mien/core/json.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/identify.hpp>
#include <mien/service/workspace.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <span>

namespace mien::service {

struct PredictOptions {
    std::filesystem::path store;
    pipeline::Options pipeline;  ///< detector "auto": the store's, else the best present; the encoder is the store's
    IdentifyOptions identify;
    std::filesystem::path draw;         ///< empty: draw nothing; else a file for one photo, a folder for several
    std::optional<Workspace> remember;  ///< photos with an unknown face go into its inbox, too
    int jobs{1};
};

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

    [[nodiscard]] const Identifier& identifier() const { return m_identifier; }

private:
    Predictor(const PredictOptions& options, std::shared_ptr<const gallery::Gallery> gallery,
              const models::Finder& finder);
    [[nodiscard]] PhotoAnswer answer(const std::filesystem::path& photo, pipeline::Worker& worker) const;
    void draw(const std::filesystem::path& photo, Bytes bytes, const PhotoAnswer& answer, bool several) const;

    PredictOptions m_options;
    pipeline::Blueprint m_blueprint;
    Identifier m_identifier;
};

}  // namespace mien::service
