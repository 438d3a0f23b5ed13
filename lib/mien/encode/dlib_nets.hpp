// SPDX-License-Identifier: MIT
#pragma once

/// The two networks whose weights dlib publishes for faces, as types that dlib can load.
///
/// Both take 150×150 RGB chips (0.25 padding around dlib's mean face) and give 128 numbers that are compared by their
/// Euclidean distance. Expensive to compile: include it where a .dat file is read, nowhere else.
/// source: dlib's examples/dnn_face_recognition_ex (residual network), davisking/dlib-models and the weights' own
/// layer list (dense network)

#include <dlib/dnn.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <type_traits>

namespace mien::encode::dlib_nets {

// ---- residual network: 29 layers, 5.6 million weights; dlib_face_recognition_resnet_model_v1.dat

template <int filters, int stride, typename Below>
using ResidualBranch = dlib::affine<
    dlib::con<filters, 3, 3, 1, 1, dlib::relu<dlib::affine<dlib::con<filters, 3, 3, stride, stride, Below>>>>>;

/// relu(branch(x) + x)
template <int filters, typename Below>
using Residual = dlib::relu<dlib::add_prev1<ResidualBranch<filters, 1, dlib::tag1<Below>>>>;

/// Half the size: relu(branch(x) + mean2x2(x)); add_prev fills what is missing at the edge and in channels with zeros.
template <int filters, typename Below>
using ResidualDown = dlib::relu<dlib::add_prev2<
    dlib::avg_pool<2, 2, 2, 2, dlib::skip1<dlib::tag2<ResidualBranch<filters, 2, dlib::tag1<Below>>>>>>>;

template <typename Below>
using ResidualStem = dlib::max_pool<3, 3, 2, 2, dlib::relu<dlib::affine<dlib::con<32, 7, 7, 2, 2, Below>>>>;
template <typename Below>
using ResidualLevel32 = Residual<32, Residual<32, Residual<32, Below>>>;
template <typename Below>
using ResidualLevel64 = Residual<64, Residual<64, Residual<64, ResidualDown<64, Below>>>>;
template <typename Below>
using ResidualLevel128 = Residual<128, Residual<128, ResidualDown<128, Below>>>;
template <typename Below>
using ResidualLevel256 = ResidualDown<256, Residual<256, Residual<256, ResidualDown<256, Below>>>>;

using ResNet =
    dlib::loss_metric<dlib::fc_no_bias<128, dlib::avg_pool_everything<ResidualLevel256<ResidualLevel128<ResidualLevel64<
                                                ResidualLevel32<ResidualStem<dlib::input_rgb_image_sized<150>>>>>>>>>;

// ---- dense network: growth 16, blocks of 3, 6, 12 and 8; face_recognition_densenet_model_v1.dat

inline constexpr long k_growth = 16;

template <long filters, int size, int stride, typename Below>
using SameConv = dlib::add_layer<dlib::con_<filters, size, size, stride, stride, size / 2, size / 2>, Below>;

/// Every convolution but the first sees normalised, rectified input. (The file holds batch statistics; affine layers
/// read them.)
template <typename Below>
using Activated = dlib::relu<dlib::affine<Below>>;

/// [x, 16 new channels of x]
template <typename Below>
using DenseUnit = dlib::concat2<
    dlib::tag1, dlib::tag2,
    dlib::tag2<SameConv<k_growth, 3, 1, Activated<SameConv<4 * k_growth, 1, 1, Activated<dlib::tag1<Below>>>>>>>;

/// Half the channels, half the size.
template <long filters, typename Below>
using DenseTransition = dlib::avg_pool<2, 2, 2, 2, dlib::con<filters, 1, 1, 1, 1, Activated<Below>>>;

template <typename Below>
using DenseStem = dlib::add_layer<dlib::max_pool_<3, 3, 2, 2, 1, 1>, Activated<SameConv<2 * k_growth, 7, 2, Below>>>;

inline constexpr long k_after_3 = (2 * k_growth + 3 * k_growth) / 2;
inline constexpr long k_after_6 = (k_after_3 + 6 * k_growth) / 2;
inline constexpr long k_after_12 = (k_after_6 + 12 * k_growth) / 2;

using DenseNet = dlib::loss_metric<dlib::fc_no_bias<
    128,
    dlib::avg_pool_everything<Activated<dlib::repeat<
        8, DenseUnit,
        DenseTransition<
            k_after_12,
            dlib::repeat<
                12, DenseUnit,
                DenseTransition<
                    k_after_6,
                    dlib::repeat<6, DenseUnit,
                                 DenseTransition<k_after_3,
                                                 dlib::repeat<3, DenseUnit, DenseStem<dlib::input_rgb_image>>>>>>>>>>>>;

// ---- random weights, for measuring and testing without the published files

/// Gives the network weights of the size that trained ones have; the same seed, the same weights.
template <typename Net>
void randomise(Net& net, std::uint32_t seed) {
    const auto each = [&net](auto&& action) {
        dlib::visit_computational_layers(net, [&](auto& details) { action(details); });
    };
    // An affine layer made by its default constructor scales every pixel on its own, the published ones every channel.
    each([](auto& details) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(details)>, dlib::affine_>) {
            details = dlib::affine_(dlib::CONV_MODE);
        }
    });
    // Layers allocate their weights when they first see an input.
    dlib::matrix<dlib::rgb_pixel> blank(150, 150);
    dlib::assign_all_pixels(blank, dlib::rgb_pixel(0, 0, 0));
    net(blank);

    std::mt19937 random(seed);
    const auto fill = [&random](auto&& values, float mean, float deviation) {
        std::normal_distribution<float> normal(mean, deviation);
        for (auto& value : values) {
            value = normal(random);
        }
    };
    each([&](auto& details) {
        using Details = std::remove_cvref_t<decltype(details)>;
        if constexpr (std::is_same_v<Details, dlib::affine_>) {
            fill(details.get_gamma(), 0.7F, 0.1F);
            fill(details.get_beta(), 0.0F, 0.1F);
        } else if constexpr (requires { details.num_filters(); }) {
            auto& weights = details.get_layer_params();
            const auto inputs = static_cast<float>(weights.size()) / static_cast<float>(details.num_filters());
            fill(weights, 0.0F, std::sqrt(2.0F / inputs));
        } else if constexpr (requires { details.get_num_outputs(); }) {
            auto& weights = details.get_layer_params();
            fill(weights, 0.0F, std::sqrt(1.0F / static_cast<float>(weights.num_samples())));
        }
    });
}

}  // namespace mien::encode::dlib_nets
