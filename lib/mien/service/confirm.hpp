// SPDX-License-Identifier: MIT
#pragma once

/// `confirm`: somebody says who a face is, who it is not, or that it is none.
///
/// The photo is copied into dataset_training/LABEL/ (durable, nothing overwritten), then the store takes the face, then
/// the upload leaves dataset/ unless another face of it waits. All of it is one change of the store, and one undo takes
/// it back. After a crash anywhere the same call goes on and repeats nothing.

#include <mien/core/error.hpp>
#include <mien/core/json.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/identify.hpp>
#include <mien/service/pending.hpp>
#include <mien/service/workspace.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mien::service {

enum class Decision {
    is,          ///< this is `label`
    is_not,      ///< this is not `label`, whoever it is: later verdicts heed it
    not_a_face,  ///< nor is anything that looks like it
};

/// Which face of a photo. Neither: the only one, or the only one that the store does not know yet.
struct FaceChoice {
    std::optional<std::size_t> number;  ///< from the left, from 1, as predict prints them
    std::optional<Box> box;             ///< of the upright photo; the face that it overlaps most
};

struct ConfirmRequest {
    std::filesystem::path photo;  ///< anywhere; only an upload in dataset/ is ever taken away
    FaceChoice face;
    Decision decision{Decision::is};
    std::string label;  ///< as typed; empty for not_a_face
    /// Also where the store has this very face as somebody else (it is renamed), or knows it as somebody else by its
    /// looks.
    bool force{false};
};

/// Refused because the face is somebody else, by its looks or in the store: `force` makes it so all the same.
class NeedsForce : public Error {
public:
    explicit NeedsForce(const std::string& message) : Error(ErrorCode::usage, message) {}
};

/// What became of one face.
struct Confirmed {
    std::string photo;  ///< as it was named
    Sha256 hash;
    Box box;
    Decision decision{Decision::is};
    /// confirmed; relabelled (it was `before`); already (nothing was to do); denied; not_a_face; or nothing could be
    /// done: no_face, unreadable
    std::string outcome;
    std::string reason;  ///< of no_face and unreadable
    std::string label;
    std::string before;      ///< relabelled: who it was
    std::string kept_as;     ///< its place in dataset_training, in the workspace
    bool upload_removed{};   ///< the photo has left dataset/
    std::uint64_t change{};  ///< the store's change, for undo; 0: the store was not changed
};

/// The choice of a face that is missing, or means none. The message lists the options of the command line.
class WhichFace : public Error {
public:
    WhichFace(const std::string& message, Json faces) : Error(ErrorCode::usage, message), m_faces(std::move(faces)) {}
    /// All faces of the photo, from the left: face (its number), box, label (in the store; null: it waits).
    [[nodiscard]] const Json& faces() const { return m_faces; }

private:
    Json m_faces;
};

struct ConfirmOptions {
    Workspace workspace;
    pipeline::Options pipeline;
    IdentifyOptions identify;
    double wait_seconds{10};  ///< for other writers
    std::string user{};       ///< whom the log names; empty: the process's user
    // What a server has at hand; null elsewhere.
    std::shared_ptr<gallery::StoreReader> reader{};  ///< of the workspace's store
    std::shared_ptr<const Identifier> identifier{};  ///< of an earlier state of it, whose work is shared
};

/// Decides about faces, one or many. Models are loaded when a photo has to be looked at. Not thread-safe; any number of
/// them in any number of processes may work on one workspace.
class Confirmer {
public:
    Confirmer(ConfirmOptions options, const models::Finder& finder);
    ~Confirmer();
    Confirmer(const Confirmer&) = delete;
    Confirmer& operator=(const Confirmer&) = delete;

    /// throws: WhichFace: no such face, or a choice is needed; Error{usage}: a bad label, another face of this photo is
    ///         `label` already; NeedsForce, which says who it is else;
    ///         Error{store_locked, store_corrupt, model_missing, model_mismatch, runtime}
    Confirmed decide(const ConfirmRequest& request);

    /// The same for bytes that somebody sent; nothing of them is taken away. photo: what they are called
    Confirmed decide(const ConfirmRequest& request, Bytes photo);

    /// About waiting faces, all in one change: all or none.
    std::vector<Confirmed> decide(std::span<const WaitingFace> faces, Decision decision, const std::string& label,
                                  bool force);

    /// Takes back the change that was the store's last one.
    /// throws: Error{usage} where somebody has changed the store since; then nothing happened
    void undo(std::uint64_t change);

    /// Everybody the store knows, sorted.
    [[nodiscard]] std::vector<std::string> labels() const;

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

/// One line of a batch: PHOTO,FACE,LABEL. FACE is a number, "LEFT,TOP,WIDTH,HEIGHT" or empty. A first line of these
/// words in any order says another order; further columns are passed over.
struct BatchLine {
    std::size_t line{};
    ConfirmRequest request;
    std::string problem;  ///< why the line makes no sense; then request is of no use
};

/// csv: RFC 4180. Photos are relative to `folder`.
/// throws: Error{usage} if the first line names columns but not photo and label
std::vector<BatchLine> read_batch(std::string_view csv, const std::filesystem::path& folder);

/// "12,40,96,96"
/// throws: Error{usage}
Box parse_box(std::string_view text);

Json to_json(const Confirmed& confirmed);

}  // namespace mien::service
