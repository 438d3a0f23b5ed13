// SPDX-License-Identifier: MIT
#include <mien/encode/dlib_encoder.hpp>

#include <mien/core/error.hpp>
#include <mien/encode/dlib_nets.hpp>

#include <opencv2/dnn.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

namespace mien::encode {
namespace {

constexpr int k_chip_side = 150;
// dlib's input layers take these from the channels and divide by 256
constexpr std::array<float, 3> k_mean_rgb{122.782F, 117.001F, 104.298F};
constexpr float k_scale = 256.0F;

/// Builds the OpenCV network that computes what a dlib network computes, layer by layer from the input up.
/// An affine layer right above a convolution disappears into the convolution's weights.
class Converter {
public:
    Converter() : m_here{0, 0, 3, k_chip_side, k_chip_side} {}

    template <typename Loss, typename Below>
    cv::dnn::Net convert(const dlib::add_loss_layer<Loss, Below>& net) {
        walk(net.subnet());
        flush();
        return std::move(m_net);
    }

private:
    /// What a layer gives: which layer's output, and its shape.
    struct Blob {
        int layer{};
        int pin{};
        int channels{};
        int rows{};
        int columns{};
    };

    struct Convolution {
        int filters{};
        int rows{}, columns{};
        int stride_y{}, stride_x{};
        int padding_y{}, padding_x{};
        cv::Mat weights;  ///< filters × (channels × rows × columns)
        cv::Mat bias;     ///< 1 × filters
    };

    /// A tag's number by value: dlib declares the constant, but does not define it, so nothing may refer to it.
    template <template <typename> class Tag>
    static unsigned long number_of() {
        return dlib::tag_id<Tag>::id;
    }

    // -- from the input up

    template <typename Details, typename Below, typename Enabled>
    void walk(const dlib::add_layer<Details, Below, Enabled>& layer) {
        walk(layer.subnet());
        add(layer.layer_details());
    }
    template <unsigned long id, typename Below, typename Enabled>
    void walk(const dlib::add_tag_layer<id, Below, Enabled>& layer) {
        walk(layer.subnet());
        flush();
        m_tags[id] = m_here;
    }
    template <template <typename> class Tag, typename Below>
    void walk(const dlib::add_skip_layer<Tag, Below>& layer) {
        walk(layer.subnet());
        flush();
        m_here = m_tags.at(number_of<Tag>());
    }
    template <std::size_t times, template <typename> class Repeated, typename Below>
    void walk(const dlib::repeat<times, Repeated, Below>& layer) {
        walk(layer.subnet());
        for (std::size_t i = times; i-- > 0;) {
            walk(layer.get_repeated_layer(i));
        }
    }
    // The input, and what stands for the layer below inside of `repeat`.
    void walk(const dlib::input_rgb_image&) {}
    void walk(const dlib::input_rgb_image_sized<k_chip_side>&) {}
    void walk(const dlib::impl::repeat_input_layer&) {}

    // -- one layer each

    template <long filters, long rows, long columns, int stride_y, int stride_x, int padding_y, int padding_x>
    void add(const dlib::con_<filters, rows, columns, stride_y, stride_x, padding_y, padding_x>& layer) {
        flush();
        Convolution made;
        made.filters = static_cast<int>(layer.num_filters());
        made.rows = static_cast<int>(rows);
        made.columns = static_cast<int>(columns);
        made.stride_y = stride_y;
        made.stride_x = stride_x;
        made.padding_y = static_cast<int>(layer.padding_y());
        made.padding_x = static_cast<int>(layer.padding_x());
        const auto& parameters = layer.get_layer_params();
        const auto per_filter = m_here.channels * made.rows * made.columns;
        const auto weights = static_cast<std::size_t>(made.filters) * static_cast<std::size_t>(per_filter);
        const auto biases = layer.bias_is_disabled() ? std::size_t{0} : static_cast<std::size_t>(made.filters);
        expect(parameters.size() == weights + biases);
        made.weights.create(made.filters, per_filter, CV_32F);
        std::copy_n(parameters.host(), weights, made.weights.ptr<float>());
        made.bias = cv::Mat::zeros(1, made.filters, CV_32F);
        std::copy_n(parameters.host() + weights, biases, made.bias.ptr<float>());
        m_convolution = std::move(made);
    }

    void add(const dlib::affine_& layer) {
        auto gamma_alias = layer.get_gamma();
        auto beta_alias = layer.get_beta();
        const dlib::tensor& gamma = gamma_alias;
        const dlib::tensor& beta = beta_alias;
        if (m_convolution) {
            auto& convolution = *m_convolution;
            expect(gamma.size() == static_cast<std::size_t>(convolution.filters) && beta.size() == gamma.size());
            for (int filter = 0; filter < convolution.filters; ++filter) {
                const float factor = gamma.host()[filter];
                convolution.weights.row(filter) *= factor;
                auto& bias = convolution.bias.at<float>(filter);
                bias = bias * factor + beta.host()[filter];
            }
            return;
        }
        expect(gamma.size() == static_cast<std::size_t>(m_here.channels) && beta.size() == gamma.size());
        cv::Mat scale(1, m_here.channels, CV_32F);
        cv::Mat shift(1, m_here.channels, CV_32F);
        std::copy_n(gamma.host(), gamma.size(), scale.ptr<float>());
        std::copy_n(beta.host(), beta.size(), shift.ptr<float>());
        cv::dnn::LayerParams parameters;
        parameters.set("bias_term", true);
        parameters.set("axis", 1);
        parameters.blobs = {scale, shift};
        append("Scale", parameters);
    }

    void add(const dlib::relu_&) {
        flush();
        cv::dnn::LayerParams parameters;
        append("ReLU", parameters);
    }

    template <long rows, long columns, int stride_y, int stride_x, int padding_y, int padding_x>
    void add(const dlib::max_pool_<rows, columns, stride_y, stride_x, padding_y, padding_x>& layer) {
        pool("max", rows, columns, stride_y, stride_x, layer.padding_y(), layer.padding_x());
    }
    template <long rows, long columns, int stride_y, int stride_x, int padding_y, int padding_x>
    void add(const dlib::avg_pool_<rows, columns, stride_y, stride_x, padding_y, padding_x>& layer) {
        if constexpr (rows == 0) {  // avg_pool_everything
            flush();
            cv::dnn::LayerParams parameters;
            parameters.set("pool", "ave");
            parameters.set("global_pooling", true);
            append("Pooling", parameters);
            m_here.rows = m_here.columns = 1;
        } else {
            pool("ave", rows, columns, stride_y, stride_x, layer.padding_y(), layer.padding_x());
        }
    }

    /// The sum of two blobs of different sizes: what one of them lacks counts as zero.
    template <template <typename> class Tag>
    void add(const dlib::add_prev_<Tag>&) {
        flush();
        auto other = m_tags.at(number_of<Tag>());
        const int channels = std::max(m_here.channels, other.channels);
        const int rows = std::max(m_here.rows, other.rows);
        const int columns = std::max(m_here.columns, other.columns);
        const auto mine = pad(m_here, channels, rows, columns);
        other = pad(other, channels, rows, columns);
        cv::dnn::LayerParams parameters;
        parameters.set("operation", "sum");
        m_here = mine;
        join("Eltwise", parameters, {mine, other});
    }

    /// concat2: the channels of the first tag, then those of the second.
    template <template <typename> class First, template <typename> class Second>
    void add(const dlib::concat_<First, Second>&) {
        flush();
        const auto first = m_tags.at(number_of<First>());
        const auto second = m_tags.at(number_of<Second>());
        expect(first.rows == second.rows && first.columns == second.columns);
        cv::dnn::LayerParams parameters;
        parameters.set("axis", 1);
        m_here = first;
        join("Concat", parameters, {first, second});
        m_here.channels = first.channels + second.channels;
    }

    template <unsigned long outputs>
    void add(const dlib::fc_<outputs, dlib::FC_NO_BIAS>& layer) {
        flush();
        const auto& weights = layer.get_layer_params();
        const int inputs = m_here.channels * m_here.rows * m_here.columns;
        expect(weights.size() == static_cast<std::size_t>(inputs) * outputs);
        const cv::Mat by_input(inputs, static_cast<int>(outputs), CV_32F,
                               const_cast<float*>(weights.host()));  // read only
        cv::dnn::LayerParams parameters;
        parameters.set("num_output", static_cast<int>(outputs));
        parameters.set("bias_term", false);
        parameters.blobs = {by_input.t()};
        append("InnerProduct", parameters);
        m_here.channels = static_cast<int>(outputs);
        m_here.rows = m_here.columns = 1;
    }

    // -- building

    void pool(const char* kind, long rows, long columns, int stride_y, int stride_x, long padding_y, long padding_x) {
        flush();
        cv::dnn::LayerParams parameters;
        parameters.set("pool", kind);
        parameters.set("kernel_h", static_cast<int>(rows));
        parameters.set("kernel_w", static_cast<int>(columns));
        parameters.set("stride_h", stride_y);
        parameters.set("stride_w", stride_x);
        parameters.set("pad_h", static_cast<int>(padding_y));
        parameters.set("pad_w", static_cast<int>(padding_x));
        parameters.set("ceil_mode", false);
        append("Pooling", parameters);
        m_here.rows = 1 + (m_here.rows + 2 * static_cast<int>(padding_y) - static_cast<int>(rows)) / stride_y;
        m_here.columns = 1 + (m_here.columns + 2 * static_cast<int>(padding_x) - static_cast<int>(columns)) / stride_x;
    }

    Blob pad(const Blob& blob, int channels, int rows, int columns) {
        if (blob.channels == channels && blob.rows == rows && blob.columns == columns) {
            return blob;
        }
        const std::array<int, 8> paddings{
            0, 0, 0, channels - blob.channels, 0, rows - blob.rows, 0, columns - blob.columns};
        cv::dnn::LayerParams parameters;
        parameters.set("paddings", cv::dnn::DictValue::arrayInt(paddings.data(), static_cast<int>(paddings.size())));
        parameters.set("value", 0);
        m_here = blob;
        append("Padding", parameters);
        m_here.channels = channels;
        m_here.rows = rows;
        m_here.columns = columns;
        return m_here;
    }

    /// Adds the convolution that waited for an affine layer.
    void flush() {
        if (!m_convolution) {
            return;
        }
        const auto made = *std::exchange(m_convolution, std::nullopt);
        cv::dnn::LayerParams parameters;
        parameters.set("num_output", made.filters);
        parameters.set("kernel_h", made.rows);
        parameters.set("kernel_w", made.columns);
        parameters.set("stride_h", made.stride_y);
        parameters.set("stride_w", made.stride_x);
        parameters.set("pad_h", made.padding_y);
        parameters.set("pad_w", made.padding_x);
        parameters.set("bias_term", true);
        const std::array<int, 4> shape{made.filters, m_here.channels, made.rows, made.columns};
        parameters.blobs = {made.weights.reshape(1, 4, shape.data()), made.bias};
        append("Convolution", parameters);
        m_here.channels = made.filters;
        m_here.rows = 1 + (m_here.rows + 2 * made.padding_y - made.rows) / made.stride_y;
        m_here.columns = 1 + (m_here.columns + 2 * made.padding_x - made.columns) / made.stride_x;
    }

    void append(const char* type, cv::dnn::LayerParams& parameters) { join(type, parameters, {m_here}); }

    void join(const char* type, cv::dnn::LayerParams& parameters, std::initializer_list<Blob> inputs) {
        const int id = m_net.addLayer(std::to_string(m_layers++) + type, type, parameters);
        int pin = 0;
        for (const auto& input : inputs) {
            m_net.connect(input.layer, input.pin, id, pin++);
        }
        m_here.layer = id;
        m_here.pin = 0;
    }

    static void expect(bool fits) {
        if (!fits) {
            throw Error(ErrorCode::model_missing, "its layers do not fit each other");
        }
    }

    cv::dnn::Net m_net;
    std::map<unsigned long, Blob> m_tags;
    std::optional<Convolution> m_convolution;
    Blob m_here;
    int m_layers{};
};

template <typename Network>
cv::dnn::Net load(const std::filesystem::path& file) {
    const auto network = std::make_unique<Network>();  // too large for some threads' stacks
    dlib::deserialize(file.native()) >> *network;
    return Converter().convert(*network);
}

class DlibEncoder final : public Encoder {
public:
    DlibEncoder(const models::Card& card, const std::filesystem::path& file, std::string digest)
        : m_card(card),
          m_contract(std::make_shared<const ModelContract>(
              ModelContract{card.name, std::move(digest), card.dim, card.metric})) {
        try {
            m_net = card.name == "dlib" ? load<dlib_nets::ResNet>(file) : load<dlib_nets::DenseNet>(file);
            m_net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
            m_net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
        } catch (const std::exception& error) {
            throw Error(ErrorCode::model_missing, file.native() + " does not hold dlib's network \"" + card.name +
                                                      "\" (" + error.what() + "); get it with: mien models fetch " +
                                                      card.name);
        }
    }

    [[nodiscard]] const models::Card& card() const override { return m_card; }
    [[nodiscard]] ContractPtr contract() const override { return m_contract; }

    std::vector<Encoding> encode(std::span<const cv::Mat> chips) override {
        std::vector<Encoding> encodings;
        encodings.reserve(chips.size());
        for (const auto& chip : chips) {
            encodings.push_back({m_contract, encode_one(chip)});
        }
        return encodings;
    }

private:
    // One by one: a larger batch would be summed in another order, and give other last bits.
    std::vector<float> encode_one(const cv::Mat& chip) {
        if (chip.type() != CV_8UC3 || chip.rows != k_chip_side || chip.cols != k_chip_side) {
            throw Error(ErrorCode::runtime, m_card.name + " encodes chips of 150 by 150 pixels only");
        }
        for (int row = 0; row < k_chip_side; ++row) {
            const auto* from = chip.ptr<cv::Vec3b>(row);
            for (int channel = 0; channel < 3; ++channel) {
                auto* to = m_input.ptr<float>(0, channel) + row * k_chip_side;
                const float mean = k_mean_rgb[static_cast<std::size_t>(channel)];
                for (int column = 0; column < k_chip_side; ++column) {
                    to[column] = (static_cast<float>(from[column][2 - channel]) - mean) / k_scale;
                }
            }
        }
        try {
            m_net.setInput(m_input);
            const cv::Mat output = m_net.forward();
            if (output.total() != m_contract->dim) {
                throw Error(ErrorCode::runtime, m_card.name + " gave " + std::to_string(output.total()) + " numbers");
            }
            return {output.ptr<float>(), output.ptr<float>() + output.total()};
        } catch (const cv::Exception& error) {
            throw Error(ErrorCode::runtime, m_card.name + " failed: " + error.what());
        }
    }

    models::Card m_card;
    ContractPtr m_contract;
    cv::dnn::Net m_net;
    cv::Mat m_input{std::vector<int>{1, 3, k_chip_side, k_chip_side}, CV_32F};
};

}  // namespace

std::unique_ptr<Encoder> make_dlib_encoder(const models::Card& card, const std::filesystem::path& file,
                                           std::string digest) {
    return std::make_unique<DlibEncoder>(card, file, std::move(digest));
}

}  // namespace mien::encode
