// SPDX-License-Identifier: MIT
#pragma once

#include <mien/nn/planes.hpp>

#include <opencv2/dnn.hpp>

#include <functional>
#include <vector>

namespace mien::nn {

/// What happens to a sum before it is stored: + bias, then negative values times `slope` (at most 1), then at most
/// `cap`. One bias and slope a channel.
struct Epilogue {
    const float* bias = nullptr;
    const float* slope = nullptr;
    float cap = 0;
};

/// What our kernels for cv::dnn have in common: a 2-D convolution of floats with constant weights, into which cv::dnn
/// fuses the scales and the activation behind it. Input N × C × H × W, output N × D × H' × W'. As with every layer of
/// cv::dnn, one thread at a time; the work inside is spread by cv::parallel_for_, and every output is summed in an
/// order that depends on the layer alone, so the bits are the same for any number of threads.
class Convolution : public cv::dnn::Layer {
public:
    /// `params`: blobs D × C' × kernel × kernel floats and, or not, D biases.
    Convolution(const cv::dnn::LayerParams& params, const Window& window);

    bool supportBackend(int backend) override;
    bool getMemoryShapes(const std::vector<cv::dnn::MatShape>& inputs, int required_outputs,
                         std::vector<cv::dnn::MatShape>& outputs,
                         std::vector<cv::dnn::MatShape>& internals) const override;
    using cv::dnn::Layer::finalize;
    void finalize(cv::InputArrayOfArrays inputs, cv::OutputArrayOfArrays outputs) override;
    using cv::dnn::Layer::forward;
    void forward(cv::InputArrayOfArrays inputs, cv::OutputArrayOfArrays outputs,
                 cv::OutputArrayOfArrays internals) override;
    bool setActivation(const cv::Ptr<cv::dnn::ActivationLayer>& layer) override;
    bool tryFuse(cv::Ptr<cv::dnn::Layer>& top) override;
    int64 getFLOPS(const std::vector<cv::dnn::MatShape>& inputs,
                   const std::vector<cv::dnn::MatShape>& outputs) const override;

protected:
    /// The sizes of one picture of a batch.
    struct Sizes {
        int channels = 0;
        int height = 0;
        int width = 0;
        int out_channels = 0;
        int out_height = 0;
        int out_width = 0;
    };

    [[nodiscard]] const Window& window() const { return m_window; }
    [[nodiscard]] int out_channels() const { return blobs[0].size[0]; }
    /// Input channels that one output channel reads.
    [[nodiscard]] int channels_each() const { return blobs[0].size[1]; }
    /// D rows of C' * kernel * kernel, what was fused into them included.
    [[nodiscard]] const cv::Mat& weights() const { return m_weights; }
    [[nodiscard]] Epilogue epilogue() const { return {m_bias.data(), m_slopes.data(), m_cap}; }
    /// The activation that the epilogue cannot do, for `count` floats each of the channels [first, last), at `data`
    /// and every `step` floats on.
    void activate(float* data, int count, std::size_t step, int first, int last) const;

    /// cv::parallel_for_ over [0, count).
    static void spread(int count, const std::function<void(const cv::Range&)>& work);

    /// The weights or what comes after them have changed: the time to arrange them.
    virtual void prepare() = 0;
    virtual void run(const float* input, float* output, const Sizes& sizes) = 0;

private:
    void forget_activation();
    /// Whether `layer` is something that the epilogue does.
    bool take_into_epilogue(const cv::Ptr<cv::dnn::ActivationLayer>& layer);

    Window m_window;
    cv::Mat m_weights;
    std::vector<float> m_bias;
    std::vector<float> m_slopes;
    float m_cap = 0;
    bool m_has_activation = false;
    cv::Ptr<cv::dnn::ActivationLayer> m_activation;  ///< where the epilogue cannot do it
    bool m_prepared = false;
};

}  // namespace mien::nn
