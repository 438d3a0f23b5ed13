// SPDX-License-Identifier: MIT
#pragma once

/// Altered copies of a face, as other photos of it might show it: mirrored, turned, lighter or darker, blurred.

#include <mien/core/hash.hpp>
#include <mien/core/types.hpp>

#include <opencv2/core/mat.hpp>

#include <cstddef>
#include <vector>

namespace mien::pipeline {

/// bgr: 8-bit BGR. face: its place among the photo's faces.
/// returns: chips as align::extract_chip makes them. The same for the same photo, face and place in the list, however
///          many are asked for. Every second one is mirrored.
std::vector<cv::Mat> altered_chips(const cv::Mat& bgr, const Landmarks& landmarks, const ChipSpec& spec,
                                   const Sha256& photo_hash, std::size_t face, std::size_t count);

}  // namespace mien::pipeline
