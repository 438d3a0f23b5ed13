// SPDX-License-Identifier: MIT
#pragma once

/// From a photo's bytes to faces with encodings.

#include <mien/core/hash.hpp>
#include <mien/core/json.hpp>
#include <mien/core/types.hpp>
#include <mien/models/models.hpp>
#include <mien/quality/quality.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mien::pipeline {

class Remote;

/// What a user may ask for. Names as make_detector() and make_encoder() take them.
struct Options {
    std::string detector{"auto"};
    std::string encoder{"auto"};
    std::string landmarks{"auto"};
    int detect_size{0};  ///< long side to search at, pixels; 0: the detector's default
    int upsample{0};
    std::optional<bool> flip;  ///< encode the mirrored face too and take the mean; nothing: as the encoder's card says
    std::int64_t max_pixels{100'000'000};
    /// Encode so many altered copies of each face, too. Changes nothing of what the face itself gives.
    std::size_t augment{0};
    /// Who looks at photos where its tools are what these options mean; else, or null: the models are loaded here.
    std::shared_ptr<Remote> remote{};
};

/// Which faces of a photo are wanted.
enum class Faces {
    all,
    one,      ///< exactly one; a photo with more is `several_faces` and nothing is encoded
    largest,  ///< the largest; the others are ignored
};

struct Face {
    Box box;  ///< pixels of the upright photo
    float score{};
    Landmarks landmarks;  ///< pixels of the upright photo
    Encoding encoding;
    quality::Quality quality;
    std::vector<Encoding> augmented;  ///< of the altered copies that Options ask for, the same whoever makes them
};

struct Milliseconds {
    double decode{};
    double detect{};
    double encode{};  ///< landmarks, chips, quality and the network
};

struct PhotoResult {
    Verdict verdict{Verdict::known};  ///< known: look at the faces; no_face; several_faces; unreadable
    std::string reason;               ///< for people, where the verdict is not `known`
    int width{};                      ///< of the upright photo
    int height{};
    std::vector<Face> faces;  ///< from left to right
    Milliseconds ms;
};

/// One worker's tools. Not thread-safe; make one a thread.
class Worker {
public:
    virtual ~Worker() = default;
    Worker() = default;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Photos that cannot be read are answers here, not errors.
    /// throws: Error of the engines
    virtual PhotoResult process(Bytes photo, Faces faces) = 0;
};

struct Offer;

/// The options with every "auto" decided and every file found: what a store keeps so that all its photos are treated
/// alike. Shared by the workers; thread-safe.
class Blueprint {
public:
    /// throws: Error{usage}, Error{model_missing}
    Blueprint(const Options& options, const models::Finder& finder);
    ~Blueprint();
    Blueprint(Blueprint&&) noexcept;
    Blueprint& operator=(Blueprint&&) noexcept;

    [[nodiscard]] std::unique_ptr<Worker> make_worker() const;

    /// These tools, for another process.
    [[nodiscard]] Offer offer() const;

    /// The encoder's card and promise.
    [[nodiscard]] const models::Card& encoder() const;
    [[nodiscard]] ContractPtr contract() const;
    [[nodiscard]] std::string detector() const;

    /// Everything that decides what becomes of a photo, for the store and for people.
    [[nodiscard]] Json settings() const;
    /// sha256 of those settings and of `faces`; results are reused only where it agrees.
    [[nodiscard]] std::string fingerprint(Faces faces) const;

    /// Lets one photo use all cores, or (workers > 1) each worker one. Process-wide: the first call counts.
    static void set_workers(int workers);

private:
    struct Impl;
    std::shared_ptr<Impl> m_impl;
};

}  // namespace mien::pipeline
