// SPDX-License-Identifier: MIT
#pragma once

/// The inbox: photos in dataset/ that wait until somebody says who is on them.
///
/// What waits is decided by the photos in dataset/ and by the store: a face waits while its photo lies there and the
/// store neither has a record of it nor knows that it is no face. pending.mien only keeps the encodings, so that photos
/// are not looked at twice; without it nothing is lost but time.

#include <mien/core/json.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/identify.hpp>
#include <mien/service/workspace.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mien::service {

/// Puts a photo into dataset/ under a safe name that was free, and remembers its unknown faces; where all are known (or
/// none was found), the photo waits with all it has. The same photo again changes nothing.
/// name: as its sender called it; only what is harmless of it is used
/// answer: of an Identifier over `store`; without faces the photo is kept nevertheless
/// returns: the photo's name in the workspace, e.g. "dataset/door.jpg"
/// throws: Error{runtime, store_locked}; then the photo may lie there and be looked at later
/// threads: safe; processes too
std::string remember(const Workspace& workspace, const gallery::Description& store, std::string_view name, Bytes bytes,
                     const PhotoAnswer& answer);

/// Which faces of a photo wait once it is in dataset/: the unknown ones; where there are none, all.
std::vector<const FaceAnswer*> faces_that_wait(const PhotoAnswer& answer);

/// What pending.mien holds of encodings of this model; null where it is of no use. One label for all, '?'.
std::shared_ptr<const gallery::Gallery> remembered_faces(const Workspace& workspace, const ModelContract& contract);

/// Who a waiting face may be.
struct Suggestion {
    std::string label;
    double distance{};
    double confidence{};  ///< P(it is this person)
    bool known{};         ///< the distance is within the threshold: predict would say so
};

struct WaitingFace {
    std::uint64_t id{};  ///< gallery::record_id()
    std::string photo;   ///< in the workspace, e.g. "dataset/door.jpg"
    Sha256 photo_hash;
    Box box;
    float score{};
    float quality{gallery::k_not_measured};
    UnixTime time{};  ///< when it came
    std::vector<float> encoding;
    std::optional<Suggestion> suggestion;  ///< nothing where the store has nobody whom operators did not rule out
};

/// Faces that look like one person; never two of one photo.
struct WaitingCluster {
    std::string id;                        ///< 8 hexadecimal digits; another one as soon as a face comes or goes
    std::vector<std::size_t> faces;        ///< indices into Pending::faces
    std::optional<Suggestion> suggestion;  ///< the most confident one of its faces
};

/// A photo in dataset/ without a waiting face.
struct IdlePhoto {
    std::string photo;
    /// no_face, unreadable, settled (the store has all its faces), duplicate (of another photo there)
    std::string outcome;
    std::string reason;
    UnixTime time{};
};

struct Pending {
    std::vector<WaitingFace> faces;        ///< cluster after cluster
    std::vector<WaitingCluster> clusters;  ///< the largest first, then the oldest
    std::vector<IdlePhoto> idle;
    std::size_t photos{};  ///< with a waiting face
    std::size_t unseen{};  ///< photos that nobody has looked at yet
    std::string encoder;
    double threshold{};
};

struct PendingOptions {
    Workspace workspace;
    pipeline::Options pipeline;
    IdentifyOptions identify;
    int jobs{1};
};

struct PendingEvents {
    std::function<void(std::size_t photos)> started;  ///< photos that were not looked at yet
    std::function<void(std::size_t done)> looked;
};

/// Looks at what nobody has looked at yet, then says what waits.
/// throws: Error{store_corrupt, model_missing, model_mismatch, interrupted, runtime}
Pending pending(const PendingOptions& options, const models::Finder& finder, const PendingEvents& events = {});

/// The same with the tools of somebody who has them, for a server that is asked again and again.
/// at_most: photos that are looked at now; the others are counted as unseen
/// identifier: of a store that was made with `tools`
Pending pending(const Workspace& workspace, const pipeline::Blueprint& tools, const Identifier& identifier, int jobs,
                std::size_t at_most, const PendingEvents& events = {});

/// Removes photos that came more than keep_days days before `now` from dataset/, for good, with what is remembered of
/// them. dry_run: only says which.
/// returns: their names in the workspace
std::vector<std::string> expire(const Workspace& workspace, double keep_days, UnixTime now, bool dry_run);

/// Contact sheets of the clusters: OUT, then OUT-2, OUT-3 … before the extension.
/// returns: the files written
std::vector<std::filesystem::path> draw_sheets(const Pending& pending, const Workspace& workspace,
                                               std::int64_t max_pixels, const std::filesystem::path& out);

/// A small picture of a face, for terminals. rgb: height × width × 3 bytes; empty where the photo cannot be read.
struct Thumbnail {
    int width{};
    int height{};
    std::vector<std::uint8_t> rgb;
};
Thumbnail thumbnail(const WaitingFace& face, const Workspace& workspace, std::int64_t max_pixels, int side);

/// A face with its surroundings as a JPEG, at most `side` pixels wide and high.
/// photo: in the workspace, as a store names it
/// returns: nothing where the photo is gone, is another one by now, cannot be read, or does not lie in one of the
///          workspace's three folders of photos, links included
std::optional<std::vector<std::byte>> face_picture(const Workspace& workspace, std::string_view photo,
                                                   const Sha256& photo_hash, const Box& box, std::int64_t max_pixels,
                                                   int side);

/// A line a face, then {"summary":…}.
Json to_json(const WaitingFace& face, const WaitingCluster& cluster);
Json to_json(const IdlePhoto& photo);
Json summary_json(const Pending& pending);

}  // namespace mien::service
