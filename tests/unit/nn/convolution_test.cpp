// SPDX-License-Identifier: MIT
#include <mien/nn/isa.hpp>
#include <mien/nn/network.hpp>

#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace mien::nn {
namespace {

struct Shape {
    int in = 1;   ///< channels
    int out = 1;  ///< channels; as many groups as channels where depthwise
    int height = 1;
    int width = 1;
    int kernel = 3;
    int step = 1;
    int pad = 1;
    bool depthwise = true;
    bool bias = true;

    [[nodiscard]] int each() const { return depthwise ? 1 : in; }
    [[nodiscard]] int out_height() const { return (height + 2 * pad - kernel) / step + 1; }
    [[nodiscard]] int out_width() const { return (width + 2 * pad - kernel) / step + 1; }
    [[nodiscard]] bool exists() const { return height + 2 * pad >= kernel && width + 2 * pad >= kernel; }
    [[nodiscard]] std::string text() const {
        return std::to_string(in) + "x" + std::to_string(height) + "x" + std::to_string(width) + " -> " +
               std::to_string(out) + ", kernel " + std::to_string(kernel) + ", step " + std::to_string(step) +
               ", pad " + std::to_string(pad) + (bias ? ", bias" : "");
    }
};

cv::Mat random_floats(const std::vector<int>& sizes) {
    cv::Mat floats(sizes, CV_32F);
    cv::randu(floats, -1, 1);
    return floats;
}

struct Case {
    explicit Case(const Shape& its) : shape(its) {
        input = random_floats({1, shape.in, shape.height, shape.width});
        weights = random_floats({shape.out, shape.each(), shape.kernel, shape.kernel});
        bias = random_floats({shape.out});
    }

    /// The convolution, and behind it a layer of type `then` where that is not empty.
    [[nodiscard]] cv::dnn::Net net(const std::string& then = {}, cv::dnn::LayerParams its = {}) const {
        cv::dnn::LayerParams params;
        params.set("kernel_size", shape.kernel);
        params.set("stride", shape.step);
        params.set("pad", shape.pad);
        params.set("num_output", shape.out);
        params.set("group", shape.depthwise ? shape.out : 1);
        params.set("bias_term", shape.bias);
        params.blobs.push_back(weights);
        if (shape.bias) {
            params.blobs.push_back(bias);
        }
        use_own_convolutions();
        cv::dnn::Net net;
        net.addLayerToPrev("convolution", "Convolution", params);
        if (!then.empty()) {
            net.addLayerToPrev("then", then, its);
        }
        return net;
    }

    [[nodiscard]] std::vector<double> expected() const {
        std::vector<double> sums;
        for (int d = 0; d < shape.out; ++d) {
            for (int y = 0; y < shape.out_height(); ++y) {
                for (int x = 0; x < shape.out_width(); ++x) {
                    double sum = shape.bias ? static_cast<double>(bias.ptr<float>()[d]) : 0.0;
                    for (int c = 0; c < shape.each(); ++c) {
                        sum += under_window(d, c, y * shape.step - shape.pad, x * shape.step - shape.pad);
                    }
                    sums.push_back(sum);
                }
            }
        }
        return sums;
    }

    [[nodiscard]] double under_window(int d, int c, int top, int left) const {
        const auto* plane = input.ptr<float>(0, shape.depthwise ? d : c);
        const auto* taps = weights.ptr<float>(d, c);
        double sum = 0;
        for (int y = std::max(0, -top); y < std::min(shape.kernel, shape.height - top); ++y) {
            for (int x = std::max(0, -left); x < std::min(shape.kernel, shape.width - left); ++x) {
                sum += static_cast<double>(plane[(top + y) * shape.width + left + x]) *
                       static_cast<double>(taps[y * shape.kernel + x]);
            }
        }
        return sum;
    }

    Shape shape;
    cv::Mat input;
    cv::Mat weights;
    cv::Mat bias;
};

cv::Mat forward(cv::dnn::Net net, const cv::Mat& input) {
    net.setInput(input);
    return net.forward().clone();
}

bool same_bits(const cv::Mat& a, const cv::Mat& b) {
    return a.total() == b.total() && std::memcmp(a.data, b.data, a.total() * sizeof(float)) == 0;
}

/// The most that `found` is away from what `expected` gives; infinite where the sizes differ.
double distance(const cv::Mat& found, const std::vector<double>& expected) {
    if (found.total() != expected.size()) {
        return HUGE_VAL;
    }
    double most = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        most = std::max(most, std::abs(static_cast<double>(found.ptr<float>()[i]) - expected[i]));
    }
    return most;
}

/// With each set of instructions that this processor has.
class ConvolutionOn : public testing::TestWithParam<Isa> {
protected:
    void SetUp() override {
        cv::theRNG().state = 7;
        limit_isa(GetParam());
        if (isa() != GetParam()) {
            GTEST_SKIP() << "this processor does not have these instructions";
        }
    }
    void TearDown() override {
        limit_isa(Isa::avx512);
        cv::setNumThreads(-1);
    }
};

INSTANTIATE_TEST_SUITE_P(Every, ConvolutionOn, testing::Values(Isa::plain, Isa::avx2, Isa::avx512),
                         [](const testing::TestParamInfo<Isa>& tested) {
                             return std::string(tested.param == Isa::plain  ? "plain"
                                                : tested.param == Isa::avx2 ? "avx2"
                                                                            : "avx512");
                         });

TEST_P(ConvolutionOn, DepthwiseIsWhatTheDefinitionSays) {
    for (int height = 1; height <= 20; ++height) {
        for (int width = 1; width <= 20; ++width) {
            for (int variant = 0; variant < 8; ++variant) {
                const std::vector<int> channels{1, 3, 8, 17};
                const int count = channels[static_cast<std::size_t>(height + width + variant) % channels.size()];
                const Shape shape{count,           count,           height, width,           3,
                                  1 + variant % 2, variant / 2 % 2, true,   variant / 4 == 1};
                if (shape.exists()) {
                    const Case c(shape);
                    ASSERT_LT(distance(forward(c.net(), c.input), c.expected()), 1e-5) << shape.text();
                }
            }
        }
    }
}

TEST_P(ConvolutionOn, DepthwiseOfLargeMapsToo) {
    for (const int width : {31, 32, 33, 47, 64, 160, 641}) {
        for (int variant = 0; variant < 4; ++variant) {
            const Case c({3, 3, 67, width, 3, 1 + variant % 2, variant / 2, true, true});
            ASSERT_LT(distance(forward(c.net(), c.input), c.expected()), 1e-5) << c.shape.text();
        }
    }
}

TEST_P(ConvolutionOn, DenseIsWhatTheDefinitionSays) {
    for (int size = 1; size <= 20; ++size) {
        for (int variant = 0; variant < 16; ++variant) {
            const int kernel = variant % 2 == 0 ? 1 : 3;
            const std::vector<int> channels{1, 3, 8, 17, 40};
            const auto pick = [&](int i) { return channels[static_cast<std::size_t>(i) % channels.size()]; };
            const Shape shape{pick(size + variant),
                              pick(size + 2 * variant + 1),
                              size,
                              1 + (7 * size + variant) % 23,
                              kernel,
                              1 + variant / 2 % 2,
                              kernel == 1 ? 0 : variant / 4 % 2,
                              false,
                              variant / 8 == 1};
            if (shape.exists()) {
                const Case c(shape);
                ASSERT_LT(distance(forward(c.net(), c.input), c.expected()), 1e-4) << shape.text();
            }
        }
    }
}

TEST_P(ConvolutionOn, DenseOfManyTermsAndLargeMapsToo) {
    for (const Shape& shape :
         {Shape{70, 19, 14, 14, 3, 1, 1, false, true}, Shape{600, 33, 7, 7, 1, 1, 0, false, true},
          Shape{600, 33, 1, 1, 1, 1, 0, false, false}, Shape{3, 16, 150, 210, 3, 2, 1, false, true},
          Shape{40, 20, 70, 90, 3, 1, 1, false, true}, Shape{60, 20, 61, 47, 1, 2, 0, false, true}}) {
        const Case c(shape);
        ASSERT_LT(distance(forward(c.net(), c.input), c.expected()), 1e-4) << shape.text();
    }
}

TEST_P(ConvolutionOn, FusesWhatComesBehind) {
    for (const bool depthwise : {true, false}) {
        const Case c({17, 17, 13, 15, 3, 1, 1, depthwise, true});
        const auto check = [&](const std::string& type, const cv::dnn::LayerParams& params, auto&& function) {
            auto expected = c.expected();
            const std::size_t plane = expected.size() / 17;
            for (std::size_t i = 0; i < expected.size(); ++i) {
                expected[i] = function(expected[i], i / plane);
            }
            EXPECT_LT(distance(forward(c.net(type, params), c.input), expected), 1e-4) << type << depthwise;
        };
        cv::dnn::LayerParams six;
        six.set("min_value", 0.0F);
        six.set("max_value", 0.75F);
        check("ReLU6", six, [](double x, std::size_t) { return std::clamp(x, 0.0, 0.75); });
        cv::dnn::LayerParams band;
        band.set("min_value", -0.5F);
        band.set("max_value", 0.5F);
        check("ReLU6", band, [](double x, std::size_t) { return std::clamp(x, -0.5, 0.5); });
        check("ReLU", {}, [](double x, std::size_t) { return std::max(x, 0.0); });
        cv::dnn::LayerParams steep;
        steep.set("negative_slope", 2.0F);
        check("ReLU", steep, [](double x, std::size_t) { return x < 0 ? 2 * x : x; });
        check("Sigmoid", {}, [](double x, std::size_t) { return 1 / (1 + std::exp(-x)); });
        cv::dnn::LayerParams slopes;
        slopes.blobs.push_back(random_floats({17}));
        check("PReLU", slopes, [&](double x, std::size_t channel) {
            return x < 0 ? x * static_cast<double>(slopes.blobs[0].ptr<float>()[channel]) : x;
        });
        cv::dnn::LayerParams scale;
        scale.set("bias_term", true);
        scale.blobs = {random_floats({1, 17}), random_floats({1, 17})};
        check("Scale", scale, [&](double x, std::size_t channel) {
            return x * static_cast<double>(scale.blobs[0].ptr<float>()[channel]) +
                   static_cast<double>(scale.blobs[1].ptr<float>()[channel]);
        });
    }
}

TEST_P(ConvolutionOn, TheNumberOfThreadsChangesNoBit) {
    for (const Shape& shape : {Shape{64, 64, 14, 14, 3, 1, 1, true, true}, Shape{32, 32, 56, 56, 3, 2, 1, true, true},
                               Shape{64, 100, 7, 7, 1, 1, 0, false, true}, Shape{3, 16, 96, 80, 3, 2, 1, false, true},
                               Shape{96, 96, 14, 14, 3, 1, 1, false, true}}) {
        if (GetParam() == Isa::plain && !shape.depthwise) {
            continue;  // OpenCV's own layer, whose bits do change
        }
        const Case c(shape);
        cv::setNumThreads(1);
        const auto one = forward(c.net("ReLU6"), c.input);
        for (const int threads : {2, 5}) {
            cv::setNumThreads(threads);
            EXPECT_TRUE(same_bits(one, forward(c.net("ReLU6"), c.input))) << shape.text() << ", threads " << threads;
        }
    }
}

TEST_P(ConvolutionOn, OneNetworkTakesPicturesOfSeveralSizesAndBatches) {
    Case c({8, 8, 20, 24, 3, 1, 1, true, true});
    auto net = c.net("ReLU");
    const auto first = forward(net, c.input);
    const auto other = random_floats({1, 8, 9, 31});
    EXPECT_TRUE(same_bits(forward(net, other), forward(c.net("ReLU"), other)));
    EXPECT_TRUE(same_bits(forward(net, c.input), first));
    const auto two = random_floats({2, 8, 6, 7});
    const auto both = forward(net, two);
    const cv::Mat second(std::vector<int>{1, 8, 6, 7}, CV_32F, two.data + 8 * 6 * 7 * sizeof(float));
    const cv::Mat second_found(std::vector<int>{1, 8, 6, 7}, CV_32F, both.data + 8 * 6 * 7 * sizeof(float));
    EXPECT_TRUE(same_bits(forward(net, second), second_found));
}

TEST(Convolution, WhatIsUnusualRemainsOpenCvs) {
    use_own_convolutions();
    Case c({8, 8, 20, 24, 3, 1, 1, true, true});
    const auto kind = [&](const char* name, int value) {
        cv::dnn::LayerParams params;
        params.set("kernel_size", 3);
        params.set("num_output", 8);
        params.set("group", 8);
        params.set(name, value);
        params.blobs = {c.weights};
        cv::dnn::Net net;
        const int id = net.addLayerToPrev("convolution", "Convolution", params);
        return net.getLayer(id)->type;
    };
    EXPECT_EQ("MienConvolution", kind("stride", 1));
    EXPECT_EQ("Convolution", kind("dilation", 2));
    EXPECT_EQ("Convolution", kind("stride", 3));
    EXPECT_EQ("Convolution", kind("pad", 3));
    EXPECT_EQ("Convolution", kind("group", 4));
}

}  // namespace
}  // namespace mien::nn
