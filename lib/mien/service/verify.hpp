// SPDX-License-Identifier: MIT
#pragma once

/// `verify`: is this the person they say they are (1:1), or who is it (1:N); `compare`: are these two the same.

#include <mien/service/identify.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace mien::service {

struct VerifyOptions {
    std::filesystem::path store;
    pipeline::Options pipeline;
    IdentifyOptions identify;
    std::optional<std::string> user;  ///< 1:1 against this person's encodings; nothing: 1:N
};

/// The answer about the one face of a photo.
struct VerifyAnswer {
    std::string photo;
    Sha256 hash;
    /// known: it is `label` (1:1: the claimed user); unknown; no_face; several_faces; unreadable
    Verdict verdict{Verdict::unknown};
    std::string reason;              ///< for no_face, several_faces and unreadable
    std::string label;               ///< 1:1: the claimed user; 1:N: the person, empty where unknown
    std::optional<double> distance;  ///< 1:1: to the claimed user's nearest encoding; 1:N: to the nearest person
    double confidence{};
    std::optional<double> quality;
    double threshold{};  ///< 1:1: Identifier::pair_threshold()
    std::string confidence_kind;
    Json face;  ///< the face as predict shows it; null where there is not one face
};

/// One photo against one state of a store. user: see VerifyOptions.
/// throws: Error{usage} if the store has no such user
VerifyAnswer verify(const Identifier& identifier, const std::optional<std::string>& user, pipeline::PhotoResult result);

/// throws: Error{store_missing, store_corrupt, model_missing, model_mismatch, usage}
VerifyAnswer verify(const VerifyOptions& options, const models::Finder& finder, const std::filesystem::path& photo);

Json to_json(const VerifyAnswer& answer);

struct CompareOptions {
    pipeline::Options pipeline;
    std::optional<double> tolerance;
    bool largest{false};  ///< of a photo with several faces take the largest instead of refusing
};

struct CompareAnswer {
    std::string a;
    std::string b;
    Verdict verdict{Verdict::unknown};  ///< known: the same person; unknown: not; no_face, several_faces, unreadable
    std::string reason;
    std::optional<double> distance;
    double confidence{};  ///< P(the same person)
    std::string confidence_kind;
    double threshold{};
    std::string encoder;
};

/// throws: Error{model_missing}
CompareAnswer compare(const CompareOptions& options, const models::Finder& finder, const std::filesystem::path& a,
                      const std::filesystem::path& b);

Json to_json(const CompareAnswer& answer);

}  // namespace mien::service
