// SPDX-License-Identifier: MIT
#pragma once

/// Who is it: the seam behind `--matcher`.

#include <mien/gallery/gallery.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mien::match {

/// A person, with how far the probe is from them.
struct Candidate {
    std::string label;
    /// In the metric of the encoder, whatever the matcher: thresholds and calibrations mean this. To the person's
    /// nearest encoding, or as the vote says, or to their mean (centroid).
    float distance{};
    std::size_t record{};  ///< the row of the person's nearest encoding
    /// The matcher's own belief that it is this person and not another of the gallery, where it has one. It does not
    /// know of strangers: those the distance tells.
    std::optional<double> probability{};
};

/// One fitted state over one snapshot of a gallery. Immutable to its callers; threads share it.
class Matcher {
public:
    virtual ~Matcher() = default;
    Matcher() = default;
    Matcher(const Matcher&) = delete;
    Matcher& operator=(const Matcher&) = delete;

    /// As it was asked for: nearest, centroid, label-propagation, svm.
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// What really answers: the name, or cosine where the svm has too little to learn from.
    [[nodiscard]] virtual std::string_view method() const = 0;
    /// For each probe the k likeliest people, likeliest first, each once; equals in the order of labels. A probe's
    /// answer has the same bits alone, in any batch, and for any number of threads.
    /// throws: Error{model_mismatch} with both names if a probe comes from another model;
    ///         Error{runtime} if a number of a probe is not finite
    [[nodiscard]] virtual std::vector<std::vector<Candidate>> rank(std::span<const Encoding> probes,
                                                                   std::size_t k) const = 0;
    /// What was learned, for the store's extra("matcher"); make_matcher() reads it.
    [[nodiscard]] virtual std::string save() const = 0;
    /// How often what was learned named a person's held-out encodings rightly, 0..1; nothing where nothing was learned.
    [[nodiscard]] virtual std::optional<double> accuracy() const { return std::nullopt; }
    /// For people: what was learned, or why it was not. One line.
    [[nodiscard]] virtual std::string description() const = 0;
};

/// How a person's encodings become one distance.
struct Vote {
    /// The mean of the distances to this many of the person's nearest encodings (of all where they have fewer); 0: all.
    std::uint32_t nearest{1};
    friend bool operator==(const Vote&, const Vote&) = default;
};

/// "min", "mean" or a number from 1 to 1000. throws: Error{usage}
Vote parse_vote(std::string_view text);
std::string to_string(Vote vote);

/// What a threshold means as long as nothing was chosen: kind_of() the default.
inline constexpr std::string_view k_default_kind = "nearest min";

enum class Kernel : std::uint8_t { rbf = 0, linear = 1 };

struct SvmOptions {
    std::optional<Kernel> kernel;  ///< nothing: rbf
    std::optional<double> c;       ///< nothing: the best of a grid
    std::optional<double> gamma;   ///< nothing: the best of a grid around what the encodings' distances suggest
    std::uint64_t seed{1};         ///< of the folds
    friend bool operator==(const SvmOptions&, const SvmOptions&) = default;
};

/// The store's name for what a matcher learned.
inline constexpr std::string_view k_matcher_extra = "matcher";
/// What --matcher takes, the stored one aside.
inline constexpr std::array<std::string_view, 4> k_matchers{"nearest", "centroid", "label-propagation", "svm"};

struct MatcherOptions {
    std::string name{"stored"};  ///< one of k_matchers; stored: what the gallery keeps, else nearest
    std::optional<Vote> vote;    ///< of nearest; nothing: what the gallery keeps, else min
    SvmOptions svm;              ///< what is not given is what the gallery keeps, where that is an svm
    bool only_svm{false};        ///< svm was asked for, not just set in an environment: no other matcher will do
    int threads{1};              ///< for one call of rank(), and for fitting
    bool prepare{false};         ///< for many probes: do now what pays only then
};

/// The same with what is left open filled in: what make_matcher() would give.
/// throws: Error{store_corrupt}; Error{usage} for options of another matcher
MatcherOptions decided(const MatcherOptions& options, const gallery::Gallery& gallery);
/// Where there is no gallery that keeps anything.
MatcherOptions decided(const MatcherOptions& options);

/// In a few words, what decides how far a probe is from people and who is first: "nearest min", "svm rbf". A threshold
/// that was measured with one means nothing for another. options: decided()
std::string kind_of(const MatcherOptions& options);

/// The matcher that is wanted over this gallery: restored where the gallery keeps one that fits, else fitted.
/// before: a matcher over an earlier snapshot of the same store, whose work is taken over where rows are shared.
/// throws: Error{usage} for a name that is none and where there is too much to learn;
///         Error{store_corrupt} if what is kept is damaged
std::unique_ptr<Matcher> make_matcher(const MatcherOptions& options, std::shared_ptr<const gallery::Gallery> gallery,
                                      const Matcher* before = nullptr);

/// The same, but learned anew from the gallery, whatever it keeps.
std::unique_ptr<Matcher> fit_matcher(const MatcherOptions& options, std::shared_ptr<const gallery::Gallery> gallery,
                                     const Matcher* before = nullptr);

}  // namespace mien::match
