// SPDX-License-Identifier: MIT
#pragma once

/// `evaluate`: how good the answers are on labelled photos, with the uncertainty of that.

#include <mien/core/json.hpp>
#include <mien/eval/assertion.hpp>
#include <mien/eval/identification.hpp>
#include <mien/eval/pairs.hpp>
#include <mien/match/matcher.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/encode_photos.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mien::service {

/// A way to find out who somebody is.
struct EvaluateWay {
    pipeline::Options pipeline;
    match::MatcherOptions matcher;  ///< fitted to the enrolled photos; there is no stored one. Not of pairs
};

struct EvaluateOptions {
    std::filesystem::path folder;  ///< LABEL/PHOTO at any depth, or LABEL.jpg
    std::filesystem::path pairs;   ///< LFW's format; empty: none
    bool identification{true};
    EvaluateWay way;
    std::optional<EvaluateWay> compare;  ///< a second one, on the same photos
    EncodeOptions encode;
    eval::Protocol protocol;
    std::size_t draws{1000};          ///< of people, for the intervals; 0: no intervals
    std::optional<double> tolerance;  ///< judge this threshold; nothing: the model's
    std::vector<double> rates{0.01, 0.001};
    std::filesystem::path groups;  ///< CSV with a header: a person's label in the first column
    std::string by;                ///< which other column groups people
    std::vector<eval::Assertion> assertions;
};

/// A photo of the evaluation. Its number is its place in Evaluated::photos.
struct EvaluatedPhoto {
    std::filesystem::path path;
    std::string name;  ///< relative to the folder
    std::uint32_t person{};
    EncodedPhoto encoded;
    [[nodiscard]] bool found() const { return !encoded.result.faces.empty(); }
};

/// What one group's people make of the whole's thresholds.
struct GroupResult {
    std::string group;
    std::size_t people{};
    std::size_t pairs{};
    std::size_t probes{};
    std::size_t open_probes{};
    std::size_t strangers{};
    std::optional<double> rank1;
    eval::Interval rank1_interval;
    /// false and true rates at the thresholds of the whole, by its false rate
    std::map<double, eval::Point> pair_rates;
    std::map<double, eval::Point> rates;
    std::map<double, eval::Interval> fnir_intervals;
    std::map<double, eval::Interval> fpir_intervals;
};

/// One way, judged.
struct Evaluated {
    Json settings;
    std::string encoder;
    std::string detector;
    Metric metric{};
    std::vector<std::string> people;  ///< by number
    std::vector<EvaluatedPhoto> photos;
    std::size_t no_face{};
    std::size_t unreadable{};
    std::size_t reused{};
    double threshold{};
    std::string threshold_from;  ///< option, model

    std::vector<eval::Pair> pairs;
    std::vector<std::array<std::size_t, 2>> pair_photos;
    std::vector<eval::Comparison> pair_comparisons;
    std::optional<eval::PairsResult> pairs_result;
    eval::Point pairs_at_threshold;

    std::string matcher;      ///< match::kind_of()
    std::string method;       ///< what answered in the open set: Matcher::method()
    std::string description;  ///< and what it had learned
    std::string no_closed;    ///< why the closed set was not judged; empty: it was
    std::vector<eval::Probe> probes;
    std::optional<eval::IdentificationResult> identification;
    eval::Point open_at_threshold;

    std::vector<GroupResult> groups;
};

/// Two ways on the same photos.
struct Difference {
    /// pairs: rightly judged by one of the two only, and McNemar's exact two-sided p
    std::size_t only_first{};
    std::size_t only_second{};
    double p{1};
    /// second minus first, with 95 % intervals from drawing the same people for both; nothing where there are no probes
    std::optional<double> rank1;
    eval::Interval rank1_interval;
    std::map<double, std::pair<double, eval::Interval>> fnir;
};

struct AssertionResult {
    eval::Assertion assertion;
    std::optional<double> value;  ///< nothing: the data are too few to say
    bool holds{};
};

struct Evaluation {
    Evaluated first;
    std::optional<Evaluated> second;
    std::optional<Difference> difference;
    std::vector<AssertionResult> assertions;  ///< about the first
    double seconds{};
};

struct EvaluateEvents {
    std::function<void(std::size_t photos)> started;  ///< once for each way of encoding that differs
    std::function<void(std::size_t done)> photo;
};

/// The protocol is in man mien-evaluate. The same numbers for any number of jobs.
/// throws: Error{usage} (pairs, groups, matchers or assertions that make no sense, more people than a matcher takes in
/// the open set), Error{runtime} (no photos),
/// Error{model_missing},
///         Error{interrupted}
Evaluation evaluate(const EvaluateOptions& options, const models::Finder& finder, const EvaluateEvents& events);

/// {"pairs":…,"identification":…,…}
Json to_json(const Evaluation& evaluation);

/// Every comparison as a line of CSV: kind,first,second,same,distance,right
std::string to_csv(const Evaluated& evaluated);

}  // namespace mien::service
