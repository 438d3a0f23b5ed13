// SPDX-License-Identifier: MIT
#pragma once

/// The words that every part shares. Plain values: no OpenCV, no dlib, no files.
///
/// Coordinates are pixels of the upright photo (after its EXIF orientation), x to the right, y down, and
/// (0, 0) is the outer corner of the first pixel. "Left" and "right" are the viewer's, not the person's.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

struct Point {
    float x{};
    float y{};
    friend bool operator==(const Point&, const Point&) = default;
};

/// A rectangle as detectors give it; it may reach outside the photo.
struct Rect {
    float left{};
    float top{};
    float width{};
    float height{};
    friend bool operator==(const Rect&, const Rect&) = default;
};

/// A rectangle as people and files see it: whole pixels.
struct Box {
    std::int32_t left{};
    std::int32_t top{};
    std::int32_t width{};
    std::int32_t height{};
    friend bool operator==(const Box&, const Box&) = default;
};

Box to_box(const Rect& rect);

/// Which points a landmark list holds, in which order.
enum class LandmarkScheme {
    arcface5,  ///< left eye centre, right eye centre, nose tip, left mouth corner, right mouth corner (YuNet's, ours)
    dlib5,     ///< dlib's file: right eye outer, inner corner, left eye outer, inner corner, nose base (viewer's sides)
    dlib68,    ///< the 68 points of the iBUG 300-W annotation
};

struct Landmarks {
    LandmarkScheme scheme{LandmarkScheme::arcface5};
    std::vector<Point> points;
};

/// How an encoder wants a face to be cut out: a square whose sides are `size` pixels, with the face's points
/// where the frame says they belong.
enum class ChipFrame {
    arcface,  ///< the 112-pixel ArcFace template, scaled to `size`
    dlib,     ///< dlib's mean face with `padding` around it (0.25 for dlib's own encoders)
};

struct ChipSpec {
    ChipFrame frame{ChipFrame::arcface};
    int size{112};
    float padding{0.25F};  ///< of the dlib frame only
    friend bool operator==(const ChipSpec&, const ChipSpec&) = default;
};

enum class Metric {
    l2,      ///< Euclidean distance of the raw vectors
    cosine,  ///< 1 - cosine similarity, 0..2
};

std::string_view to_string(Metric metric);

/// The promise that makes two encodings comparable.
struct ModelContract {
    std::string encoder;  ///< the encoder's name, e.g. "mobilefacenet"
    std::string weights;  ///< sha256 of the weights, 64 hexadecimal digits
    std::uint32_t dim{};
    Metric metric{Metric::l2};
    friend bool operator==(const ModelContract&, const ModelContract&) = default;
};

using ContractPtr = std::shared_ptr<const ModelContract>;

/// A face as a vector. It knows the model that made it; comparing across models is Error{model_mismatch}.
struct Encoding {
    ContractPtr model;
    std::vector<float> values;
};

/// The answer about a photo or about one of its faces.
enum class Verdict { known, unknown, no_face, several_faces, low_quality, spoof, unreadable };

std::string_view to_string(Verdict verdict);

/// Where a record came from.
enum class Origin : std::uint8_t { train = 0, confirm = 1, enroll = 2, import = 3 };

std::string_view to_string(Origin origin);

/// Seconds since 1970-01-01T00:00:00Z.
using UnixTime = std::int64_t;

/// "2026-01-31T09:00:00Z"
std::string to_iso8601(UnixTime time);

}  // namespace mien
