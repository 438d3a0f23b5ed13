// SPDX-License-Identifier: MIT
#pragma once

/// Pixels to files, and marks on photos.

#include <mien/core/types.hpp>

#include <opencv2/core/mat.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace mien::image {

/// bgr: 8-bit BGR or grey. extension: ".jpg", ".png", ".webp", ".bmp", ".tiff" or ".ppm", any case.
/// throws: Error{usage} on another extension
std::vector<std::byte> encode(const cv::Mat& bgr, std::string_view extension, int jpeg_quality = 90);

struct Mark {
    Box box;           ///< in pixels of the image that is drawn on
    std::string text;  ///< UTF-8; letters outside the font's range are transliterated or shown as '?'
    bool good{};       ///< green (known) or amber (unknown)
};

/// Draws boxes and names onto bgr, line widths and letters in proportion to the photo; text stays inside the photo.
void draw(cv::Mat& bgr, std::span<const Mark> marks);

}  // namespace mien::image
