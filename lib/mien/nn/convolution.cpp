// SPDX-License-Identifier: MIT
#include <mien/nn/convolution.hpp>

#include <opencv2/dnn/all_layers.hpp>

#include <algorithm>
#include <limits>

namespace mien::nn {
namespace {

constexpr float k_no_cap = std::numeric_limits<float>::infinity();

/// One float a channel, from a layer's scales or shifts: of each channel, or one for all. Empty: neither.
std::vector<float> each_channel(const cv::Mat& values, int channels) {
    if (values.type() != CV_32F || !values.isContinuous()) {
        return {};
    }
    const auto* first = values.ptr<float>();
    if (values.total() == 1) {
        return std::vector<float>(static_cast<std::size_t>(channels), *first);
    }
    return values.total() == static_cast<std::size_t>(channels) ? std::vector<float>(first, first + channels)
                                                                : std::vector<float>{};
}

}  // namespace

Convolution::Convolution(const cv::dnn::LayerParams& params, const Window& window)
    : cv::dnn::Layer(params), m_window(window) {
    // Later versions of OpenCV take whatever calls itself "Convolution" for their own class.
    type = "MienConvolution";
    forget_activation();
}

bool Convolution::supportBackend(int backend) { return backend == cv::dnn::DNN_BACKEND_OPENCV; }

bool Convolution::getMemoryShapes(const std::vector<cv::dnn::MatShape>& inputs, int /*required_outputs*/,
                                  std::vector<cv::dnn::MatShape>& outputs,
                                  std::vector<cv::dnn::MatShape>& internals) const {
    CV_Assert(inputs.size() == 1 && inputs[0].size() == 4);
    const auto& in = inputs[0];
    outputs.assign(1, {in[0], out_channels(), m_window.places(in[2]), m_window.places(in[3])});
    CV_Assert(outputs[0][2] > 0 && outputs[0][3] > 0);
    internals.clear();
    return false;
}

void Convolution::finalize(cv::InputArrayOfArrays /*inputs*/, cv::OutputArrayOfArrays /*outputs*/) {
    // cv::dnn calls this before it fuses, each time that a size changes.
    const int channels = out_channels();
    m_weights = blobs[0].reshape(1, channels).clone();
    m_bias.assign(static_cast<std::size_t>(channels), 0.0F);
    if (blobs.size() > 1) {
        m_bias = each_channel(blobs[1], channels);
        CV_Assert(m_bias.size() == static_cast<std::size_t>(channels));
    }
    m_prepared = false;
}

void Convolution::forward(cv::InputArrayOfArrays inputs, cv::OutputArrayOfArrays outputs,
                          cv::OutputArrayOfArrays /*internals*/) {
    std::vector<cv::Mat> in;
    std::vector<cv::Mat> out;
    inputs.getMatVector(in);
    outputs.getMatVector(out);
    CV_Assert(in.size() == 1 && out.size() == 1 && in[0].type() == CV_32F && out[0].type() == CV_32F);
    CV_Assert(in[0].isContinuous() && out[0].isContinuous());
    if (!m_prepared) {
        prepare();
        m_prepared = true;
    }
    const auto& from = in[0].size;
    const auto& to = out[0].size;
    const Sizes sizes{from[1], from[2], from[3], to[1], to[2], to[3]};
    for (int n = 0; n < from[0]; ++n) {
        run(in[0].ptr<float>(n), out[0].ptr<float>(n), sizes);
    }
}

void Convolution::forget_activation() {
    m_slopes.assign(static_cast<std::size_t>(out_channels()), 1.0F);
    m_cap = k_no_cap;
    m_has_activation = false;
    m_activation.release();
    m_prepared = false;
}

bool Convolution::take_into_epilogue(const cv::Ptr<cv::dnn::ActivationLayer>& layer) {
    std::vector<float> slopes;
    float cap = k_no_cap;
    if (const auto relu = layer.dynamicCast<cv::dnn::ReLULayer>()) {
        slopes.assign(m_slopes.size(), relu->negativeSlope);
    } else if (const auto relu6 = layer.dynamicCast<cv::dnn::ReLU6Layer>(); relu6 && relu6->minValue == 0) {
        slopes.assign(m_slopes.size(), 0.0F);
        cap = relu6->maxValue;
    } else if (layer.dynamicCast<cv::dnn::ChannelsPReLULayer>() && layer->blobs.size() == 1) {
        slopes = each_channel(layer->blobs[0], out_channels());
    }
    // max(x, slope * x), which the kernels do, is right up to a slope of 1.
    if (slopes.empty() || std::any_of(slopes.begin(), slopes.end(), [](float slope) { return !(slope <= 1.0F); })) {
        return false;
    }
    m_slopes = std::move(slopes);
    m_cap = cap;
    return true;
}

bool Convolution::setActivation(const cv::Ptr<cv::dnn::ActivationLayer>& layer) {
    if (!layer) {
        forget_activation();
        return false;
    }
    if (m_has_activation) {
        return false;  // the second one runs by itself
    }
    if (!take_into_epilogue(layer)) {
        m_activation = layer;
    }
    m_has_activation = true;
    m_prepared = false;
    return true;
}

bool Convolution::tryFuse(cv::Ptr<cv::dnn::Layer>& top) {
    if (m_has_activation) {
        return false;
    }
    if (top.dynamicCast<cv::dnn::BlankLayer>()) {
        return true;
    }
    cv::Mat scales;
    cv::Mat shifts;
    top->getScaleShift(scales, shifts);
    const auto scale = each_channel(scales, out_channels());
    const auto shift = each_channel(shifts, out_channels());
    if ((scale.empty() && shift.empty()) || scale.empty() != scales.empty() || shift.empty() != shifts.empty()) {
        return false;
    }
    for (std::size_t c = 0; c < m_bias.size(); ++c) {
        if (!scale.empty()) {
            m_weights.row(static_cast<int>(c)) *= static_cast<double>(scale[c]);
            m_bias[c] *= scale[c];
        }
        if (!shift.empty()) {
            m_bias[c] += shift[c];
        }
    }
    m_prepared = false;
    return true;
}

void Convolution::activate(float* data, int count, std::size_t step, int first, int last) const {
    if (m_activation) {
        m_activation->forwardSlice(data, data, count, step, first, last);
    }
}

void Convolution::spread(int count, const std::function<void(const cv::Range&)>& work) {
#if defined(__SANITIZE_THREAD__)
    work({0, count});  // ThreadSanitizer cannot see how the threads of OpenCV, compiled without it, wait for each other
#else
    cv::parallel_for_({0, count}, work);
#endif
}

int64 Convolution::getFLOPS(const std::vector<cv::dnn::MatShape>& /*inputs*/,
                            const std::vector<cv::dnn::MatShape>& outputs) const {
    int64 sums = 0;
    for (const auto& shape : outputs) {
        int64 total = 1;
        for (const int size : shape) {
            total *= size;
        }
        sums += total;
    }
    return sums * (2 * static_cast<int64>(blobs[0].total() / static_cast<std::size_t>(out_channels())) + 1);
}

}  // namespace mien::nn
