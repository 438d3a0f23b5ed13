// SPDX-License-Identifier: MIT
#include <mien/nn/network.hpp>

#include <mien/nn/dense.hpp>
#include <mien/nn/depthwise.hpp>

#include <opencv2/dnn/all_layers.hpp>
#include <opencv2/dnn/layer.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

namespace mien::nn {
namespace {

using cv::dnn::LayerParams;

/// The value of a parameter that may be given once or for each side, where all sides agree. Empty: they do not.
std::optional<int> one_of_all(const LayerParams& params, const char* name, std::optional<int> otherwise) {
    if (!params.has(name)) {
        return otherwise;
    }
    const auto& values = params.get(name);
    if (values.size() < 1 || !values.isInt()) {
        return std::nullopt;
    }
    const int first = values.get<int>(0);
    for (int i = 1; i < values.size(); ++i) {
        if (values.get<int>(i) != first) {
            return std::nullopt;
        }
    }
    return first;
}

/// The window that the parameters describe, as OpenCV's reader of ONNX files writes them; empty for all that is
/// unusual, which OpenCV's own layer then does or refuses.
std::optional<Window> window_of(const LayerParams& params) {
    static constexpr std::array k_unusual{"pad_mode",   "kernel_h", "kernel_w", "stride_h", "stride_w", "pad_h",
                                          "pad_w",      "pad_l",    "pad_r",    "pad_t",    "pad_b",    "dilation_h",
                                          "dilation_w", "adj",      "adj_h",    "adj_w",    "scales",   "zeropoints"};
    if (std::any_of(k_unusual.begin(), k_unusual.end(), [&](const char* name) { return params.has(name); })) {
        return std::nullopt;
    }
    const auto kernel = one_of_all(params, "kernel_size", std::nullopt);
    const auto step = one_of_all(params, "stride", 1);
    const auto pad = one_of_all(params, "pad", 0);
    if (!kernel || !step || !pad || one_of_all(params, "dilation", 1) != 1) {
        return std::nullopt;
    }
    if (*step < 1 || *step > 2 || *pad < 0 || *pad >= *kernel) {
        return std::nullopt;
    }
    return Window{*kernel, *step, *pad};
}

bool has_constant_weights(const LayerParams& params, const Window& window) {
    const auto& blobs = params.blobs;
    if (blobs.empty() || blobs.size() > 2) {
        return false;
    }
    const auto& weights = blobs[0];
    const int outputs = params.get<int>("num_output", 0);
    return weights.type() == CV_32F && weights.isContinuous() && weights.dims == 4 && weights.size[0] == outputs &&
           weights.size[2] == window.kernel && weights.size[3] == window.kernel &&
           (blobs.size() == 1 || (blobs[1].type() == CV_32F && blobs[1].isContinuous() &&
                                  blobs[1].total() == static_cast<std::size_t>(outputs)));
}

cv::Ptr<cv::dnn::Layer> make_convolution(LayerParams& params) {
    const auto window = window_of(params);
    if (window && has_constant_weights(params, *window)) {
        const auto& weights = params.blobs[0];
        const int groups = params.get<int>("group", 1);
        if (window->kernel == 3 && groups == weights.size[0] && weights.size[1] == 1) {
            return make_depthwise(params, *window);
        }
        if (window->kernel <= 3 && groups == 1 && can_make_dense()) {
            return make_dense(params, *window);
        }
    }
    return cv::dnn::ConvolutionLayer::create(params);
}

}  // namespace

void use_own_convolutions() {
    static std::once_flag once;
    // The constructor that was registered last is the one that is used.
    std::call_once(once, [] { cv::dnn::LayerFactory::registerLayer("Convolution", make_convolution); });
}

cv::dnn::Net read_onnx(Bytes network) {
    use_own_convolutions();
    return cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(network.data()), network.size());
}

cv::dnn::Net read_onnx(const std::filesystem::path& file) {
    use_own_convolutions();
    return cv::dnn::readNetFromONNX(file.native());
}

}  // namespace mien::nn
