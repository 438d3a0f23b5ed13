// SPDX-License-Identifier: MIT
#pragma once

#include <mien/core/hash.hpp>

#include <opencv2/dnn.hpp>

#include <filesystem>

namespace mien::nn {

/// cv::dnn::readNetFromONNX, with our own layers for the convolutions that they make faster (see depthwise.hpp and
/// dense.hpp); all others remain OpenCV's, as does everything for a backend other than OpenCV's own. Results differ
/// from OpenCV's in the last bits. Throws cv::Exception. Any thread.
cv::dnn::Net read_onnx(Bytes network);
cv::dnn::Net read_onnx(const std::filesystem::path& file);

/// What read_onnx does first: has cv::dnn make its convolutions through us, in this process from now on. Any thread.
void use_own_convolutions();

}  // namespace mien::nn
