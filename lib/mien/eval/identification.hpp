// SPDX-License-Identifier: MIT
#pragma once

/// Who is this, among many? Closed set: everybody who is asked about is in the gallery. Open set: strangers come too.

#include <mien/core/types.hpp>
#include <mien/eval/scores.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/match/matcher.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace mien::eval {

/// Which photo plays which part. Decided by the labels and a seed alone, before any photo is looked at.
struct Protocol {
    std::size_t enrol{1};  ///< photos a person in the gallery
    double held_out{0.2};  ///< share of the people with more photos who are kept out of the open set's gallery
    std::uint64_t seed{1};
};

enum class Role : std::uint8_t {
    enrolled,         ///< in the gallery of both sets
    enrolled_closed,  ///< in the closed set's gallery; a probe of a stranger in the open set
    probe,            ///< a probe of both sets, of somebody in the gallery
    probe_stranger,   ///< the same in the closed set; a probe of a stranger in the open set
};

/// person: of each photo the number of its person, 0..people-1. Of each person `enrol` photos, drawn by the seed, are
/// enrolled, and the others are probes. People with no more than `enrol` photos, and a seeded share of the others, are
/// the open set's strangers: all their photos are probes there.
std::vector<Role> assign_roles(std::span<const std::uint32_t> person, const Protocol& protocol);

/// The gallery's encodings.
struct Templates {
    Metric metric{Metric::cosine};
    std::uint32_t dim{};
    std::vector<float> rows;            ///< n × dim
    std::vector<std::uint32_t> person;  ///< of each row
    std::vector<bool> open;             ///< of each row: in the open set's gallery too
};

/// What a gallery says of one probe.
struct Ranking {
    float own{k_never};       ///< distance of the probe's own person
    float other{k_never};     ///< of whoever is first of all others
    std::uint32_t nearest{};  ///< who that is
    std::uint32_t rank{};     ///< place of the own person, 1 is the first; 0: not in the gallery
};

struct Rankings {
    Ranking closed;
    Ranking open;
};

/// Compares one encoding with the gallery. A person's distance is that of their nearest encoding; equal distances count
/// against the own person.
/// people: how many there are in all
/// threads: safe
Rankings rank_probe(const Templates& gallery, std::span<const float> probe, std::uint32_t person, std::size_t people);

/// The same of one gallery as a matcher ranks it. People stand in the matcher's order, whatever that goes by; whom it
/// does not tell apart from the own person stands before them. Distances are the matcher's, in the encoder's metric:
/// what decides whether a face is known at all.
/// gallery: the matcher's. people: the labels of all persons by their numbers, which are sorted
/// throws: as Matcher::rank; threads: safe
Ranking rank_probe(const match::Matcher& matcher, const gallery::Gallery& gallery, const Encoding& probe,
                   std::uint32_t person, std::span<const std::string> people);

struct Probe {
    std::size_t photo{};
    std::uint32_t person{};
    bool stranger{};       ///< in the open set
    bool found{};          ///< a face was; else nothing below means anything
    bool in_closed{true};  ///< false: a stranger's photo that the closed set's gallery holds
    Rankings rankings;
};

/// The open set as comparisons: of somebody in the gallery, accepted where they come first and are near enough; of
/// strangers, accepted where anybody is. A face that was not found, and a person whose enrolment failed, are never
/// accepted: an error for the one, none for the stranger.
Scores open_set(const std::vector<Probe>& probes);

struct IdentificationResult {
    std::size_t gallery{};  ///< people of the closed set; 0: it was not judged, and has no probes
    std::size_t probes{};
    std::size_t probes_not_found{};  ///< photos without a face among the closed set's probes: errors
    std::size_t
        people_not_enrolled{};  ///< people of whom no enrolled photo had a face: each of their probes is an error
    std::vector<double> cmc;    ///< share of probes whose person is among the first k, k = 1..
    Interval rank1_interval;
    std::size_t open_gallery{};
    std::size_t open_probes{};
    std::size_t strangers{};  ///< photos
    std::size_t stranger_people{};
    std::size_t strangers_not_found{};
    /// By FPIR; FNIR is 1 - true_rate, its interval mirrored. No point where strangers or probes are too few to say.
    std::map<double, RateResult> rates;
};

/// draws: how often people are drawn with replacement for the intervals; 0: none
IdentificationResult judge_identification(const std::vector<Probe>& probes, std::size_t people,
                                          const std::vector<double>& false_rates, std::size_t draws,
                                          std::uint64_t seed);

}  // namespace mien::eval
