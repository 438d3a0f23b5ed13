// SPDX-License-Identifier: MIT
#pragma once

/// `calibrate`: from a wanted rate of false alarms to a threshold and to probabilities, kept in the store.

#include <mien/core/json.hpp>
#include <mien/eval/calibration.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/encode_photos.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>

namespace mien::service {

struct CalibrateOptions {
    std::filesystem::path store;
    eval::CalibrationRequest request;
    std::filesystem::path impostors;  ///< a folder LABEL/PHOTO of people who are not in the store; empty: none
    EncodeOptions encode;             ///< of the impostors' photos
    bool dry_run{false};              ///< say it, change nothing
    bool remove{false};               ///< take the store's calibration away instead
    double wait_seconds{0};
};

struct CalibrateResult {
    std::optional<eval::Calibration> before;
    std::optional<eval::Calibration> after;  ///< nothing where it was removed
    std::optional<double> model_threshold;   ///< of the encoder's card, where it is here
    std::size_t impostor_photos{};           ///< that gave a face
    std::size_t impostors_without_face{};
};

struct CalibrateEvents {
    std::function<void(std::size_t photos)> started;  ///< the impostors' photos, where there are some
    std::function<void(std::size_t done)> photo;
};

/// For the matcher that the store keeps. With nearest, every record of the store is asked against all others: its own
/// person's others are what a known person gets, the nearest of everybody else what a stranger of that look would get.
/// Other matchers are cross-validated. Impostors are asked against the whole store. The same numbers for any number of
/// jobs.
/// throws: Error{store_missing, store_corrupt, store_locked, model_missing, model_mismatch, interrupted};
/// Error{runtime}
///         where the data are too few for what is asked
CalibrateResult calibrate(const CalibrateOptions& options, const models::Finder& finder, const CalibrateEvents& events);

/// The part of the matcher nearest that needs no photos: a probe for each record of the gallery. jobs: threads
std::vector<eval::CalibrationProbe> leave_out_probes(const gallery::Gallery& gallery, int jobs);

Json to_json(const CalibrateResult& result);

}  // namespace mien::service
