// SPDX-License-Identifier: MIT
#pragma once

#include <mien/core/hash.hpp>
#include <mien/core/types.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mien::gallery {

/// One face of one photo of one person.
struct Record {
    std::string label;
    std::string photo;  ///< path relative to the workspace, '/' between parts; bytes, not necessarily UTF-8
    Sha256 photo_hash;
    Box box;        ///< in pixels of the upright photo
    float score{};  ///< the detector's
    Origin origin{Origin::train};
    UnixTime time{};  ///< of training photos: the file's own time, so that the same folder gives the same store
    std::vector<float> encoding;
};

/// The same, as a gallery lends it; valid as long as the gallery is.
struct RecordView {
    std::uint64_t id{};  ///< record_id()
    std::string_view label;
    std::string_view photo;
    Sha256 photo_hash;
    Box box;
    float score{};
    Origin origin{};
    UnixTime time{};
    std::span<const float> encoding;
};

/// Names a face by its photo's content and its place there, whatever it is called and wherever the file lies.
std::uint64_t record_id(const Sha256& photo_hash, const Box& box);

/// Why a photo of the training folders gave no record. Kept so that it is not decoded again.
enum class Outcome : std::uint8_t { no_face = 0, several_faces = 1, unreadable = 2 };

std::string_view to_string(Outcome outcome);

struct SkippedPhoto {
    std::string photo;
    Sha256 photo_hash;
    Outcome outcome{};
    std::string reason;  ///< for people
};

}  // namespace mien::gallery
