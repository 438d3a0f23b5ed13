// SPDX-License-Identifier: MIT
#pragma once

/// What operators denied, and what a photo itself rules out.

#include <mien/match/matcher.hpp>

#include <span>
#include <string_view>
#include <vector>

namespace mien::match {

/// A probe's people after the denials.
struct Judged {
    /// An operator said of a face like this one that it is none.
    bool not_a_face{false};
    std::vector<Candidate> candidates;  ///< as the matcher ranks them, without those that are denied
};

/// Whether an operator said of a face like the probe that it is not `label`. nearest: from the probe to that person's
/// nearest encoding. See judge().
bool is_denied(const gallery::Gallery& gallery, std::string_view label, const Encoding& probe, double nearest,
               double threshold);

/// The k likeliest people of each probe that no denial rules out:
/// - Somebody falls out where the probe is nearer to a face that an operator said is not them than to any of their own
///   encodings, and not farther from it than the threshold.
/// - It is not a face where it is nearer to what an operator said is none than to any of the candidates, and not
///   farther from it than the threshold.
/// gallery: the matcher's. threshold: largest distance that counts as known
/// throws: as Matcher::rank
std::vector<Judged> judge(const Matcher& matcher, const gallery::Gallery& gallery, std::span<const Encoding> probes,
                          std::size_t k, double threshold);

/// Nobody is twice in one photo. faces: the candidates of each face, likeliest first. Where two faces would be given
/// the same person, the nearer keeps them (of equals the first) and the other loses that candidate, so that its next
/// best becomes its first. Only first candidates within the threshold are given at all.
/// Every face needs as many candidates as there are faces (or all there are).
void assign_once(std::span<std::vector<Candidate>> faces, double threshold);

}  // namespace mien::match
