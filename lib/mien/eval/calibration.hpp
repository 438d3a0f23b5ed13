// SPDX-License-Identifier: MIT
#pragma once

/// From a target for false alarms to a threshold, and from a distance to a probability, as one store's own people and
/// other strangers show it.

#include <mien/core/json.hpp>
#include <mien/eval/scores.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/match/matcher.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mien::eval {

/// distance, probability that the answer is right; distances rise, probabilities fall
using Curve = std::vector<std::pair<double, double>>;

/// Between the curve's points straight in log-odds, beyond them flat; 0 where the curve is empty.
double confidence_at(const Curve& curve, double distance);

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

/// What the store keeps under the name "calibration": for 1:N, a photo with the whole gallery.
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
    Curve curve;                 ///< P(the nearest person is right | distance)
    UnixTime time{};

    [[nodiscard]] double confidence(double distance) const { return confidence_at(curve, distance); }
};

inline constexpr std::string_view k_calibration_name = "calibration";
inline constexpr double k_calibration_level = 0.99;

/// probes: of the store's records and of other strangers. people: how many persons the probes have in all.
/// throws: Error{runtime} where the strangers are too few for the rate, with the number that is needed and the lowest
///         rate that they support (rule of three, in people); Error{usage} where a share is not between 0 and 1
Calibration calibrate(std::span<const CalibrationProbe> probes, std::size_t people, const CalibrationRequest& request);

Json to_json(const Calibration& calibration);

/// throws: Error{store_corrupt} where the text is no calibration that to_json() could have written
Calibration calibration_from(std::string_view text);

/// One photo with one other person: the distance to the nearest of that person's photos.
struct PairComparison {
    float distance{};
    std::uint32_t person{};  ///< whose photo it is
    std::uint32_t other{};   ///< with whom it is compared, one of the gallery
};

/// Comparisons of photos with other people. Those that a low rate does not reach are not kept, and of very many only
/// some are looked at.
struct PairProbes {
    std::vector<PairComparison> nearest;  ///< of those that were looked at, the nearest; distances rise
    double share{1};                      ///< how many of all comparisons were looked at, drawn evenly
    /// How many photos of each person were compared with every other person of the gallery; people who are not in the
    /// gallery have numbers behind the gallery's.
    std::vector<std::uint32_t> photos;
    std::size_t gallery_people{};
    std::vector<Comparison> own;  ///< photos with their own person's other photos
};

/// The nearest of many comparisons, in bounded memory: the same ones in whatever order they come. add() is for one
/// thread, cap() for all.
class NearestPairs {
public:
    explicit NearestPairs(std::size_t most) : m_most(most) {}

    void add(const std::vector<PairComparison>& comparisons);
    /// What is farther needs no add().
    [[nodiscard]] float cap() const { return m_cap.load(std::memory_order_relaxed); }
    /// At most `most`, rising.
    [[nodiscard]] std::vector<PairComparison> take();

private:
    void prune();

    std::size_t m_most;
    std::vector<PairComparison> m_kept;
    std::atomic<float> m_cap{k_never};
};

struct PairRequest {
    double far{0.001};  ///< wanted share of comparisons of a photo with one other person that are accepted
    std::size_t draws{2000};
    std::uint64_t seed{1};
};

/// What the store keeps under the name "calibration.pairs": for 1:1, a photo with the one person whom it claims to be,
/// which is the nearest of that person's photos with every matcher.
struct PairCalibration {
    std::string encoder;
    std::string weights;      ///< as in the store's contract
    std::string fingerprint;  ///< of the store's settings
    double far{};             ///< asked for
    double threshold{};
    /// 99 % of the times when as many other people are compared with each other, the share of false accepts lies here;
    /// every ordered pair of people counts the same, with the share of the photos that are accepted. From drawing
    /// people twice: for the threshold, and for those who come.
    Interval interval;
    std::optional<double> fnmr;  ///< share of photos that are farther from their own person; nothing: no second photos
    Interval fnmr_interval;      ///< 95 %, by person
    std::size_t gallery_people{};
    std::size_t people{};  ///< whose photos were compared
    std::size_t photos{};
    std::size_t pairs{};  ///< of people
    std::size_t known_photos{};
    /// P(it is that person | distance), where every other comparison is with the own person; empty: there are too few
    /// people with second photos to say.
    Curve curve;
    UnixTime time{};

    [[nodiscard]] double confidence(double distance) const { return confidence_at(curve, distance); }
};

inline constexpr std::string_view k_pair_calibration_name = "calibration.pairs";

/// throws: Error{runtime} where the pairs of people are too few for the rate, with the number that is needed and the
///         lowest rate that they support (rule of three, in pairs of people); Error{usage} where the rate is not
///         between 0 and 1
PairCalibration calibrate_pairs(const PairProbes& probes, const PairRequest& request);

Json to_json(const PairCalibration& calibration);

/// throws: Error{store_corrupt} where the text is nothing that to_json() could have written
PairCalibration pair_calibration_from(std::string_view text);

/// The store's, for 1:1; nothing where it has none, or one of another model or other settings.
/// throws: Error{store_corrupt}
std::optional<PairCalibration> pair_calibration_of(const gallery::Gallery& gallery);

/// The same, whatever it is of.
std::optional<PairCalibration> kept_pair_calibration(const gallery::Gallery& gallery);

/// The store's calibration; nothing where it has none, or one of another model, other settings or another matcher.
/// matcher: the kind that is in use; where left out, the one that the store keeps
/// throws: Error{store_corrupt}
std::optional<Calibration> calibration_of(const gallery::Gallery& gallery, const match::MatcherOptions& matcher = {});

/// The same, whatever it is of.
std::optional<Calibration> kept_calibration(const gallery::Gallery& gallery);

/// Whether the gallery has grown by more than a fifth since, so that strangers meet more people than was measured.
bool has_outgrown(const Calibration& calibration, std::size_t people);

}  // namespace mien::eval
