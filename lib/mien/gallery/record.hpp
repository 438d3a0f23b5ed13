// SPDX-License-Identifier: MIT
#pragma once

#include <mien/core/hash.hpp>
#include <mien/core/types.hpp>

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mien::gallery {

/// The quality of a face that nobody has measured.
inline constexpr float k_not_measured = std::numeric_limits<float>::quiet_NaN();

/// Names a face by its photo's content and its place there, whatever it is called and wherever the file lies. No two
/// records of a store share it.
struct RecordKey {
    Sha256 photo_hash;
    Box box;  ///< in pixels of the upright photo
    friend bool operator==(const RecordKey&, const RecordKey&) = default;
};

/// The key in 64 bits.
std::uint64_t record_id(const Sha256& photo_hash, const Box& box);

/// One face of one photo of one person.
struct Record {
    std::string label;
    std::string photo;  ///< path relative to the workspace, '/' between parts; bytes, not necessarily UTF-8
    Sha256 photo_hash;
    Box box;                        ///< in pixels of the upright photo
    float score{};                  ///< the detector's
    float quality{k_not_measured};  ///< 0..1
    Origin origin{Origin::train};
    UnixTime time{};  ///< of training photos: the file's own time, so that the same folder gives the same store
    std::vector<float> encoding;

    [[nodiscard]] RecordKey key() const { return {photo_hash, box}; }
};

/// The same, as a gallery lends it; valid as long as the gallery is.
struct RecordView {
    std::uint64_t id{};  ///< record_id()
    std::string_view label;
    std::string_view photo;
    Sha256 photo_hash;
    Box box;
    float score{};
    float quality{k_not_measured};
    Origin origin{};
    UnixTime time{};
    std::span<const float> encoding;

    [[nodiscard]] RecordKey key() const { return {photo_hash, box}; }
    /// A record of its own, with copies of everything.
    [[nodiscard]] Record copy() const;
};

/// Why a photo of the training folders gave no record. Kept so that it is not decoded again.
enum class Outcome : std::uint8_t { no_face = 0, several_faces = 1, unreadable = 2 };

std::string_view to_string(Outcome outcome);

struct SkippedPhoto {
    std::string photo;
    Sha256 photo_hash;
    Outcome outcome{};
    std::string reason;  ///< for people
    friend bool operator==(const SkippedPhoto&, const SkippedPhoto&) = default;
};

/// What an operator denied: this face is not that person, or is no face at all.
struct Denial {
    std::string label;  ///< who it is not; empty: it is not a face
    Sha256 photo_hash;
    Box box;
    std::string photo;  ///< as in Record
    UnixTime time{};
    std::vector<float> encoding;
};

}  // namespace mien::gallery
