// SPDX-License-Identifier: MIT
#pragma once

/// Bytes to pixels. The bytes are hostile: everything is bounded before it is allocated.

#include <mien/core/hash.hpp>

#include <opencv2/core/mat.hpp>

#include <cstdint>
#include <string_view>

namespace mien::image {

enum class Format { jpeg, png, webp, bmp, tiff, pnm };

std::string_view to_string(Format format);

/// What the header says, without decoding.
struct Header {
    Format format{};
    int width{};  ///< upright: after the EXIF orientation
    int height{};
    int orientation{1};  ///< EXIF, 1..8
};

/// throws: Error{unreadable} with the reason: empty, not an image, a format that is not supported (named), damaged
Header read_header(Bytes file);

struct DecodeOptions {
    /// Refused before allocating if width × height is larger.
    std::int64_t max_pixels{100'000'000};
    /// A JPEG may be decoded at a half, a quarter or an eighth of its size as long as its long side keeps at least
    /// this many pixels; 0: always whole.
    int enough{0};
};

/// An upright photo.
struct Photo {
    cv::Mat bgr;  ///< 8-bit BGR, perhaps smaller than the photo itself
    int width{};  ///< of the upright photo at full size, pixels
    int height{};
    float scale{1.0F};  ///< bgr.cols / width
    Format format{};
};

/// Grey becomes BGR, 16 bits become 8, alpha is laid over white.
/// throws: Error{unreadable} with the reason, also for files cut short
/// threads: safe to call from any number
Photo decode(Bytes file, const DecodeOptions& options);

/// Whether a file's extension is one that `train` and `predict` take from folders: jpg jpeg jpe png webp bmp tif tiff
/// pgm ppm pbm pnm, in any case.
bool has_image_extension(std::string_view file_name);

}  // namespace mien::image
