// SPDX-License-Identifier: MIT
#pragma once

/// Finds faces in pixels.

#include <mien/core/types.hpp>
#include <mien/models/models.hpp>

#include <opencv2/core/mat.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mien::detect {

struct Detection {
    Rect box;                            ///< pixels of the image that was asked
    float score{};                       ///< the detector's own; larger is surer; comparable within one detector only
    std::optional<Landmarks> landmarks;  ///< where the detector gives them (yunet: arcface5)
};

/// The same face in an image that is `factor` times as large.
void scale(Detection& detection, float factor);

/// ◆ Implementations: hog and cnn (dlib), yunet (OpenCV DNN). One instance per worker; not thread-safe.
class Detector {
public:
    virtual ~Detector() = default;

    /// "hog", "cnn", "yunet"
    [[nodiscard]] virtual std::string name() const = 0;

    /// sha256 of its weights, 64 hexadecimal digits; of a built-in detector: of its name and version.
    [[nodiscard]] virtual std::string weights() const = 0;

    /// The long side in pixels at which photos are searched when the user asks for nothing else.
    [[nodiscard]] virtual int default_size() const = 0;

    /// A smaller long side that is enough to find the large faces of a portrait; default_size() where a glance saves
    /// nothing.
    [[nodiscard]] virtual int glance_size() const = 0;

    /// The smallest face it finds, pixels of the image that is asked.
    [[nodiscard]] virtual int smallest_face() const = 0;

    /// bgr: 8-bit BGR, any size from 1×1. Every face at the image's own resolution, best score first.
    /// throws: Error{runtime}
    virtual std::vector<Detection> detect(const cv::Mat& bgr) = 0;
};

/// name: "hog", "cnn", "yunet", or "auto": the best that is present (yunet, else hog).
/// throws: Error{usage} on another name, Error{model_missing} with the command that gets the weights
std::unique_ptr<Detector> make_detector(const std::string& name, const models::Finder& finder);

/// What "auto" means on this machine.
std::string resolve_detector(const std::string& name, const models::Finder& finder);

struct SearchOptions {
    int size{0};      ///< long side in pixels to search at; 0: the detector's default
    int upsample{0};  ///< how many times the searched image is doubled first, as face_recognition's option of that name
};

/// Searches a photo at a bounded resolution. Boxes and points come back in pixels of bgr. Unless a size is asked for,
/// a glance at the small photo comes first, and is enough where one face dominates. Where nothing is found by a
/// detector that misses small faces, a photo of at most half the size is searched once more, doubled.
/// Where the detector gives points, small faces are looked at once more, enlarged, for points that are more exact.
std::vector<Detection> search(Detector& detector, const cv::Mat& bgr, const SearchOptions& options);

}  // namespace mien::detect
