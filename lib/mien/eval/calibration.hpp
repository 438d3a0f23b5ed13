// SPDX-License-Identifier: MIT
#pragma once

/// From a target for false alarms to a threshold, and from a distance to a probability, as one store's own people and
/// other strangers show it.

#include <mien/core/json.hpp>
#include <mien/eval/scores.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/match/matcher.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mien::eval {

/// What a matcher says of one photo, which it has not learned.
struct CalibrationProbe {
    std::uint32_t person{};        ///< people who are not in the gallery have numbers behind the gallery's
    float known{k_never};          ///< distance to whom it takes it for; k_never: its person has no other photo
    bool right{};                  ///< and that is its person
    float other{k_never};          ///< distance to whom it takes it for if its whole person is left out: a stranger's
    std::uint32_t other_person{};  ///< whose that is
};

struct CalibrationRequest {
    double fpir{0.01};      ///< wanted share of strangers, each with any of their photos, who are taken for somebody
    double strangers{0.5};  ///< how many of the faces that will be asked about are strangers': for the probability
    std::size_t draws{2000};
    std::uint64_t seed{1};
};

/// What the store keeps under the name "calibration".
struct Calibration {
    std::string encoder;
    std::string weights;                         ///< as in the store's contract
    std::string fingerprint;                     ///< of the store's settings
    std::string matcher{match::k_default_kind};  ///< match::kind_of() the one that was measured
    double fpir{};                               ///< asked for
    double threshold{};
    /// 99 % of the times when as many other strangers are asked about, each with as many photos, the share of false
    /// alarms (of each stranger's photos, its mean over the strangers) lies here. From drawing people twice: for the
    /// threshold, and for those who come.
    Interval interval;
    double fnir{};  ///< share of the known people's photos that are missed at the threshold: own person not first or
                    ///< too far
    Interval fnir_interval;        ///< 95 %, by person
    std::size_t gallery_people{};  ///< how many people a photo was compared with
    std::size_t gallery_records{};
    std::size_t stranger_people{};
    std::size_t stranger_photos{};
    std::size_t known_photos{};  ///< photos whose person has others
    double strangers{};          ///< as asked for
    /// distance, probability that the nearest person is the right one; distances rise, probabilities fall
    std::vector<std::pair<double, double>> curve;
    UnixTime time{};

    /// P(the nearest person is right | distance): between the curve's points straight in log-odds, beyond them flat.
    [[nodiscard]] double confidence(double distance) const;
};

inline constexpr std::string_view k_calibration_name = "calibration";
inline constexpr double k_calibration_level = 0.99;

/// probes: of the store's records and of other strangers. people: how many persons the probes have in all.
/// throws: Error{runtime} where the strangers are too few for the rate, with the number that is needed and the lowest
///         rate that they support (rule of three, in people)
Calibration calibrate(std::span<const CalibrationProbe> probes, std::size_t people, const CalibrationRequest& request);

Json to_json(const Calibration& calibration);

/// throws: Error{store_corrupt} where the text is no calibration that to_json() could have written
Calibration calibration_from(std::string_view text);

/// The store's calibration; nothing where it has none, or one of another model, other settings or another matcher.
/// matcher: the kind that is in use; where left out, the one that the store keeps
/// throws: Error{store_corrupt}
std::optional<Calibration> calibration_of(const gallery::Gallery& gallery, const match::MatcherOptions& matcher = {});

/// The same, whatever it is of.
std::optional<Calibration> kept_calibration(const gallery::Gallery& gallery);

/// Whether the gallery has grown by more than a fifth since, so that strangers meet more people than was measured.
bool has_outgrown(const Calibration& calibration, std::size_t people);

}  // namespace mien::eval
