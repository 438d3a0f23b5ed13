// SPDX-License-Identifier: MIT
#pragma once

/// OpenCV's imgcodecs, loaded when first needed: linking it would cost every start 64 ms (140 shared libraries).
/// Inside lib/mien/image only.

#include <mien/core/hash.hpp>

#include <opencv2/core/mat.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace mien::image {

/// The image, not turned, as stored (its own depth and channels) or as 8-bit BGR. The caller has bounded its size.
/// throws: Error{unreadable}; Error{runtime} if the module is not installed
/// threads: safe to call from any number
cv::Mat decode_with_imgcodecs(Bytes file, bool as_colour);

/// extension: ".png" …, lower case. options: pairs of cv::ImwriteFlags and values
/// throws: Error{runtime}
std::vector<std::byte> encode_with_imgcodecs(const cv::Mat& image, const std::string& extension,
                                             const std::vector<int>& options);

// What the module exports. Both return whether they did it, and throw nothing.
using ImgcodecsDecode = bool (*)(const unsigned char* bytes, std::size_t size, bool as_colour, cv::Mat& image,
                                 std::string& reason);
using ImgcodecsEncode = bool (*)(const cv::Mat& image, const char* extension, const std::vector<int>& options,
                                 std::vector<unsigned char>& bytes, std::string& reason);
inline constexpr const char* k_imgcodecs_decode = "mien_imgcodecs_decode";
inline constexpr const char* k_imgcodecs_encode = "mien_imgcodecs_encode";

}  // namespace mien::image
