// SPDX-License-Identifier: MIT
#include <mien/match/matcher.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/match/centroid.hpp>
#include <mien/match/label_propagation.hpp>
#include <mien/match/nearest.hpp>
#include <mien/match/state.hpp>
#include <mien/match/svm.hpp>

#include <cereal/cereal.hpp>

#include <algorithm>
#include <charconv>

namespace mien::match {
namespace {

constexpr std::uint32_t k_most_votes = 1000;

using GalleryPtr = std::shared_ptr<const gallery::Gallery>;

/// What the gallery keeps: the name and what was asked for. What was learned is for the matcher itself.
struct Kept {
    std::string name;
    std::optional<Vote> vote;
    SvmOptions svm;
};

std::optional<Kept> kept_in(const gallery::Gallery& gallery) {
    const auto bytes = gallery.extra(k_matcher_extra);
    if (bytes.empty()) {
        return std::nullopt;
    }
    try {
        StateReader in(bytes);
        Kept kept{in.name(), {}, {}};
        StateReader::require(std::find(k_matchers.begin(), k_matchers.end(), kept.name) != k_matchers.end());
        if (kept.name == "nearest") {
            kept.vote.emplace();
            in.read(kept.vote->nearest);
            StateReader::require(kept.vote->nearest <= k_most_votes);
            in.finish();
        } else if (kept.name == "centroid") {
            in.finish();
        } else if (kept.name == "svm") {
            kept.svm = read_svm_options(in);
        }
        return kept;
    } catch (const cereal::Exception&) {
        StateReader::require(false);
        throw;
    }
}

/// Restores what is kept under the same name; null where that is of another gallery.
std::unique_ptr<Matcher> restore(const MatcherOptions& options, const GalleryPtr& gallery) {
    try {
        StateReader in(gallery->extra(k_matcher_extra));
        if (options.name == "label-propagation") {
            return restore_label_propagation(in, gallery);
        }
        return restore_svm(in, gallery, options.svm);
    } catch (const cereal::Exception&) {
        StateReader::require(false);
        throw;
    }
}

MatcherOptions with_kept(MatcherOptions options, const std::optional<Kept>& kept) {
    if (options.name == "stored") {
        options.name = kept ? kept->name : "nearest";
    }
    if (kept && kept->name == options.name) {
        auto& svm = options.svm;
        options.vote = options.vote ? options.vote : kept->vote;
        svm.kernel = svm.kernel ? svm.kernel : kept->svm.kernel;
        svm.c = svm.c ? svm.c : kept->svm.c;
        svm.gamma = svm.gamma ? svm.gamma : kept->svm.gamma;
    }
    if (options.vote && options.name != "nearest") {
        throw Error(ErrorCode::usage, "only the matcher nearest takes a vote, not " + options.name);
    }
    if (options.only_svm && options.name != "svm") {
        throw Error(ErrorCode::usage, "only the matcher svm takes --svm-kernel, --svm-c and --svm-gamma, not " +
                                          options.name + "; add '--matcher svm', or leave them out");
    }
    return options;
}

}  // namespace

Vote parse_vote(std::string_view text) {
    if (text == "min") {
        return {1};
    }
    if (text == "mean") {
        return {0};
    }
    std::uint32_t count{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count == 0 || count > k_most_votes) {
        throw Error(ErrorCode::usage, "a vote is min, mean or a number from 1 to " + std::to_string(k_most_votes) +
                                          ", not " + std::string(text));
    }
    return {count};
}

std::string to_string(Vote vote) {
    return vote.nearest == 1 ? "min" : vote.nearest == 0 ? "mean" : std::to_string(vote.nearest);
}

MatcherOptions decided(const MatcherOptions& options, const gallery::Gallery& gallery) {
    return with_kept(options, kept_in(gallery));
}

MatcherOptions decided(const MatcherOptions& options) { return with_kept(options, std::nullopt); }

std::string kind_of(const MatcherOptions& options) {
    if (options.name == "nearest") {
        return "nearest " + to_string(options.vote.value_or(Vote{}));
    }
    if (options.name == "svm") {
        return options.svm.kernel.value_or(Kernel::rbf) == Kernel::rbf ? "svm rbf" : "svm linear";
    }
    return options.name;
}

std::unique_ptr<Matcher> make_matcher(const MatcherOptions& options, GalleryPtr gallery, const Matcher* before) {
    const auto kept = kept_in(*gallery);
    const auto wanted = with_kept(options, kept);
    if (kept && kept->name == wanted.name && (wanted.name == "label-propagation" || wanted.name == "svm")) {
        if (auto restored = restore(wanted, gallery)) {
            return restored;
        }
        log::debug("the {} that the store keeps is of other encodings; it is fitted anew for this run", wanted.name);
    }
    return fit_matcher(wanted, std::move(gallery), before);
}

std::unique_ptr<Matcher> fit_matcher(const MatcherOptions& options, GalleryPtr gallery, const Matcher* before) {
    const auto wanted = with_kept(options, options.name == "stored" ? kept_in(*gallery) : std::nullopt);
    if (wanted.name == "nearest") {
        return std::make_unique<NearestMatcher>(std::move(gallery), wanted,
                                                dynamic_cast<const NearestMatcher*>(before));
    }
    if (wanted.name == "centroid") {
        return make_centroid(std::move(gallery));
    }
    if (wanted.name == "label-propagation") {
        return fit_label_propagation(std::move(gallery));
    }
    if (wanted.name == "svm") {
        return fit_svm(std::move(gallery), wanted.svm, wanted.threads);
    }
    throw Error(ErrorCode::usage, "there is no matcher " + wanted.name +
                                      "; there are nearest, centroid, "
                                      "label-propagation and svm");
}

}  // namespace mien::match
