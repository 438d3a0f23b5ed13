// SPDX-License-Identifier: MIT
#include <mien/detect/engines.hpp>

#include <mien/core/error.hpp>

#include <dlib/dnn.h>

#include <cblas.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

namespace mien::detect {
namespace {

// The network that dlib's examples/dnn_mmod_face_detection_ex.cpp describes and its published weights belong to: the
// photo's pyramid in one picture, an eighth of its size after three strided convolutions, then three more and a
// 9×9 window that scores each place.
template <long filters, typename Below>
using Halve = dlib::relu<dlib::affine<dlib::con<filters, 5, 5, 2, 2, Below>>>;
template <typename Below>
using Look = dlib::relu<dlib::affine<dlib::con<45, 5, 5, 1, 1, Below>>>;
using Network = dlib::loss_mmod<
    dlib::con<1, 9, 9, 1, 1,
              Look<Look<Look<Halve<32, Halve<32, Halve<16, dlib::input_rgb_image_pyramid<dlib::pyramid_down<6>>>>>>>>>>;

constexpr int k_smallest_picture = 128;

class Cnn final : public Detector {
public:
    Cnn(const std::filesystem::path& file, std::string digest) : m_weights(std::move(digest)) {
        // Workers are threads already: a BLAS that starts more of its own only makes them wait for each other.
        static std::once_flag s_single_threaded;
        std::call_once(s_single_threaded, [] { openblas_set_num_threads(1); });
        try {
            dlib::deserialize(file.native()) >> m_network;
        } catch (const std::exception& error) {
            throw Error(ErrorCode::model_missing, file.native() + " is not dlib's mmod face detector (" + error.what() +
                                                      "); get it with: mien models fetch cnn");
        }
    }

    [[nodiscard]] std::string name() const override { return "cnn"; }
    [[nodiscard]] std::string weights() const override { return m_weights; }
    [[nodiscard]] int default_size() const override { return 640; }
    [[nodiscard]] int glance_size() const override { return default_size(); }
    [[nodiscard]] int smallest_face() const override { return 80; }

    std::vector<Detection> detect(const cv::Mat& bgr) override {
        if (bgr.type() != CV_8UC3 || bgr.empty()) {
            throw Error(ErrorCode::runtime, "cnn searches 8-bit colour pictures only");
        }
        // dlib ends the program when a picture is smaller than its filters; black around it does no harm
        dlib::matrix<dlib::rgb_pixel> pixels(std::max(bgr.rows, k_smallest_picture),
                                             std::max(bgr.cols, k_smallest_picture));
        dlib::assign_all_pixels(pixels, dlib::rgb_pixel(0, 0, 0));
        for (int row = 0; row < bgr.rows; ++row) {
            const auto* from = bgr.ptr<cv::Vec3b>(row);
            for (int column = 0; column < bgr.cols; ++column) {
                pixels(row, column) = dlib::rgb_pixel(from[column][2], from[column][1], from[column][0]);
            }
        }
        try {
            std::vector<Detection> detections;
            for (const auto& found : m_network(pixels)) {
                const auto& box = found.rect;
                detections.push_back({{static_cast<float>(box.left()), static_cast<float>(box.top()),
                                       static_cast<float>(box.width()), static_cast<float>(box.height())},
                                      static_cast<float>(found.detection_confidence),
                                      std::nullopt});
            }
            std::stable_sort(detections.begin(), detections.end(),
                             [](const Detection& a, const Detection& b) { return a.score > b.score; });
            return detections;
        } catch (const std::exception& error) {
            throw Error(ErrorCode::runtime, std::string("the cnn detector failed: ") + error.what());
        }
    }

private:
    Network m_network;
    std::string m_weights;
};

}  // namespace

std::unique_ptr<Detector> make_cnn(const std::filesystem::path& weights_file, std::string weights_digest) {
    return std::make_unique<Cnn>(weights_file, std::move(weights_digest));
}

}  // namespace mien::detect
