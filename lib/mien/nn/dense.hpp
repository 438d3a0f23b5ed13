// SPDX-License-Identifier: MIT
#pragma once

#include <mien/nn/convolution.hpp>

namespace mien::nn {

/// Whether this processor has what make_dense needs; without AVX2, OpenCV's own layer is as good.
bool can_make_dense();

/// A convolution in which every output channel reads every input channel (weights D × C × k × k), as a product of
/// matrices: weights (D × C k²) by pixels under the window (C k² × H' W').
cv::Ptr<cv::dnn::Layer> make_dense(const cv::dnn::LayerParams& params, const Window& window);

}  // namespace mien::nn
