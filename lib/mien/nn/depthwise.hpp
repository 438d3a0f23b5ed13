// SPDX-License-Identifier: MIT
#pragma once

#include <mien/nn/convolution.hpp>

namespace mien::nn {

/// A 3 × 3 convolution of every channel by itself (weights D × 1 × 3 × 3, D = C), with steps of 1 or 2 pixels.
/// OpenCV 4.6 has a fast path for wide maps only; on the 14 × 14 and 7 × 7 ones of a face encoder this takes a tenth
/// of its time or less.
cv::Ptr<cv::dnn::Layer> make_depthwise(const cv::dnn::LayerParams& params, const Window& window);

}  // namespace mien::nn
