// SPDX-License-Identifier: MIT
#pragma once

/// `fit`: learns a matcher from a store's encodings and keeps it there.

#include <mien/core/json.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/match/matcher.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace mien::service {

struct FitOptions {
    std::filesystem::path store;
    match::MatcherOptions matcher;  ///< name "stored": the kind that the store keeps, else nearest
    double wait_seconds{0};
    std::string user{};  ///< whom the log names; empty: the process's user
};

struct FitSummary {
    std::filesystem::path store;
    std::string matcher;
    std::string method;       ///< what answers: the matcher, or cosine where an svm has too little to learn from
    std::string description;  ///< what was learned, for people
    std::size_t people{};
    std::size_t encodings{};
    std::size_t bytes{};  ///< that it takes in the store
    double seconds{};     ///< of learning
    bool changed{};       ///< false: the store kept it already
};

/// throws: Error{store_missing, store_locked, store_corrupt}, Error{usage} where there is too much to learn
FitSummary fit(const FitOptions& options);

Json to_json(const FitSummary& summary);

/// A changed gallery with the matcher that it keeps, or that is asked for, fitted to it. Where it cannot be fitted, a
/// warning says so and the gallery comes back as it is.
std::shared_ptr<const gallery::Gallery> with_fitted_matcher(std::shared_ptr<const gallery::Gallery> gallery,
                                                            const match::MatcherOptions& options);

}  // namespace mien::service
