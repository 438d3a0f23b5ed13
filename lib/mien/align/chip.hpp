// SPDX-License-Identifier: MIT
#pragma once

/// Cuts a face out the way an encoder wants it.

#include <mien/core/types.hpp>

#include <opencv2/core/mat.hpp>

namespace mien::align {

/// 2×3 similarity (rotation, scale, shift; least squares) that takes pixels of the photo to pixels of the chip.
/// Any scheme serves any frame: eye centres, nose and mouth are found in the scheme's points.
/// throws: Error{runtime} if the points coincide
cv::Matx23f chip_transform(const Landmarks& landmarks, const ChipSpec& spec);

/// bgr: 8-bit BGR. returns: spec.size × spec.size, 8-bit BGR, black outside the photo. Strongly shrunk faces are
/// averaged first, so that large photos do not alias.
cv::Mat extract_chip(const cv::Mat& bgr, const Landmarks& landmarks, const ChipSpec& spec);

}  // namespace mien::align
