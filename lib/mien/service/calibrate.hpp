// SPDX-License-Identifier: MIT
#pragma once

/// `calibrate`: from a wanted rate of false alarms to a threshold and to probabilities, kept in the store.

#include <mien/core/json.hpp>
#include <mien/eval/calibration.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/encode_photos.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace mien::service {

struct CalibrateOptions {
    std::filesystem::path store;
    eval::CalibrationRequest request;
    /// For 1:1 instead of 1:N: wanted share of comparisons of a photo with one other person that are accepted. Of the
    /// request, draws and seed hold.
    std::optional<double> far;
    std::filesystem::path impostors;  ///< a folder LABEL/PHOTO of people who are not in the store; empty: none
    EncodeOptions encode;             ///< of the impostors' photos
    bool dry_run{false};              ///< say it, change nothing
    bool remove{false};               ///< take the store's calibrations, for 1:N and 1:1, away instead
    double wait_seconds{0};
};

/// Of the two calibrations one is made and the other left as it is.
struct CalibrateResult {
    bool removed{};                                     ///< asked to be: both are gone
    std::optional<eval::Calibration> before;            ///< for 1:N, as the store kept it
    std::optional<eval::Calibration> after;             ///< made; nothing with `far`, or where it was removed
    std::optional<eval::PairCalibration> pairs_before;  ///< for 1:1
    std::optional<eval::PairCalibration> pairs_after;   ///< made with `far`
    std::optional<double> model_threshold;              ///< of the encoder's card, where it is here
    std::size_t impostor_photos{};                      ///< that gave a face, copies aside
    std::size_t impostor_people{};                      ///< whose those are
    std::size_t impostor_copies{};                      ///< of the same content as another
    std::size_t impostors_without_face{};
};

struct CalibrateEvents {
    std::function<void(std::size_t photos)> started;  ///< the impostors' photos, where there are some
    std::function<void(std::size_t done)> photo;
};

/// For the matcher that the store keeps. With nearest, every record of the store is asked against all others: its own
/// person's others are what a known person gets, the nearest of everybody else what a stranger of that look would get.
/// Other matchers are cross-validated. Impostors are asked against the whole store. With `far` photos are compared with
/// one person after the other, by the nearest photo whatever the matcher. The same numbers for any number of jobs.
/// throws: Error{store_missing, store_corrupt, store_locked, model_missing, model_mismatch, interrupted};
/// Error{runtime}
///         where the data are too few for what is asked
CalibrateResult calibrate(const CalibrateOptions& options, const models::Finder& finder, const CalibrateEvents& events);

/// The part of the matcher nearest that needs no photos: a probe for each record of the gallery. jobs: threads
std::vector<eval::CalibrationProbe> leave_out_probes(const gallery::Gallery& gallery, int jobs);

/// A face of somebody who is not in the gallery, numbered behind its people.
struct Stranger {
    std::uint32_t person{};
    std::vector<float> encoding;
};

/// The part of 1:1: at most k_pair_photos photos of each person, spread over those that there are, each with every
/// other person of the gallery. Where the comparisons that the wanted rate reaches are too many for the memory, a part
/// of all is looked at, drawn by the request's seed. jobs: threads
eval::PairProbes pair_probes(const gallery::Gallery& gallery, const std::vector<Stranger>& strangers,
                             const eval::PairRequest& request, int jobs);
inline constexpr std::size_t k_pair_photos = 8;

Json to_json(const CalibrateResult& result);

}  // namespace mien::service
