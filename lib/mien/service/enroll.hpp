// SPDX-License-Identifier: MIT
#pragma once

/// `enroll`: good photos of one person, for identity back ends that know people by an id.

#include <mien/core/json.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/identify.hpp>
#include <mien/service/on_limit.hpp>
#include <mien/service/workspace.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mien::service {

/// The rules of enrolment, the same for the CLI and every dialect of HTTP.
struct EnrollRules {
    double quality{0.8};          ///< smallest quality::score that is good enough; 0 takes anything
    std::size_t max_per_user{5};  ///< enrolled encodings a person
    OnLimit on_limit{OnLimit::oldest};
    bool force{false};  ///< also a face that the store knows as somebody else
    /// The photo itself is kept, in the person's folder of dataset_training, and goes when its encoding makes room. The
    /// store is this workspace's own.
    std::optional<Workspace> keep_in{};
};

struct EnrollOptions {
    Workspace workspace;
    std::filesystem::path store;  ///< empty: the workspace's; made by the first enrolment if absent
    pipeline::Options pipeline;
    IdentifyOptions identify;  ///< its tolerance decides when a face already belongs to somebody
    std::string user;          ///< the label
    EnrollRules rules;
    double wait_seconds{0};
};

/// What became of one photo.
struct EnrolledPhoto {
    std::string photo;
    Sha256 hash;
    /// enrolled; already (this face of this photo is enrolled for this person); no_face; several_faces; unreadable;
    /// low_quality; other_person; limit
    std::string outcome;
    std::string reason;                ///< for people; empty for enrolled and already
    std::string rival;                 ///< other_person: whose face it is
    std::optional<double> distance;    ///< other_person: how near
    std::optional<double> quality;     ///< where there was one face
    std::vector<std::string> poor;     ///< low_quality: what is wrong with the photo, in words
    std::vector<std::string> dropped;  ///< photos whose encodings made room
    std::string kept_as;               ///< where the photo is kept in the workspace; empty: it is not
    std::size_t encodings{};           ///< of the person, afterwards
    UnixTime time{};                   ///< of the enrolment
    pipeline::Milliseconds ms;

    [[nodiscard]] bool succeeded() const { return outcome == "enrolled" || outcome == "already"; }
};

/// What a photo's looks rule out, whatever the store holds: unreadable, no_face, several_faces. Nothing: ask the store.
std::optional<EnrolledPhoto> refused_at_sight(const std::string& photo, const Sha256& hash,
                                              const pipeline::PhotoResult& result);

/// Takes one face that is processed already into an open store, durable when it returns. The store is made if absent.
/// result: as Worker::process gave it. bytes: the photo, for rules.keep_in. identifier: of
/// writer.gallery(), or of an empty gallery. throws: Error{model_mismatch, runtime}
EnrolledPhoto enroll_face(gallery::StoreWriter& writer, const pipeline::Blueprint& blueprint,
                          const Identifier& identifier, const std::string& user, const EnrollRules& rules,
                          const std::string& photo, const Sha256& hash, pipeline::PhotoResult result, Bytes bytes = {});

/// Encodes each photo and adds what passes the rules, one durable change a photo. The photos are not copied.
/// throws: Error{usage} for a bad label; Error{store_locked, store_corrupt, model_missing, model_mismatch}
void enroll(const EnrollOptions& options, const models::Finder& finder, std::span<const std::filesystem::path> photos,
            const std::function<void(const EnrolledPhoto&)>& take);

Json to_json(const EnrolledPhoto& photo);

}  // namespace mien::service
