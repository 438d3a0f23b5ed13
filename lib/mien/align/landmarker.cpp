// SPDX-License-Identifier: MIT
#include <mien/align/landmarker.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>

#include <dlib/image_processing/shape_predictor.h>
#include <dlib/opencv/cv_image.h>

#include <cmath>
#include <fstream>
#include <istream>
#include <span>
#include <streambuf>

#ifdef MIEN_HAS_STARTER_LANDMARKS
extern "C" const unsigned char mien_starter_landmarks[];
extern "C" const unsigned char mien_starter_landmarks_end[];
#endif

namespace mien::align {
namespace {

/// Bytes of the program as a stream.
class MemoryBuffer : public std::streambuf {
public:
    explicit MemoryBuffer(Bytes bytes) {
        auto* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));  // a get area is only read
        setg(begin, begin, begin + bytes.size());
    }
};

Bytes starter_bytes() {
#ifdef MIEN_HAS_STARTER_LANDMARKS
    return std::as_bytes(std::span(&mien_starter_landmarks[0], &mien_starter_landmarks_end[0]));
#else
    throw Error(ErrorCode::model_missing, "this build has no starter landmarks; use --landmarks dlib68");
#endif
}

dlib::shape_predictor read_predictor(std::istream& in, const std::string& name) {
    dlib::shape_predictor predictor;
    try {
        dlib::deserialize(predictor, in);
    } catch (const std::exception& error) {  // dlib's own, or std::bad_alloc of a damaged length
        throw Error(ErrorCode::model_missing, "cannot read the landmarks " + name + ": " + error.what());
    }
    return predictor;
}

LandmarkScheme scheme_of(const std::string& name) {
    return name == "dlib68"  ? LandmarkScheme::dlib68
           : name == "dlib5" ? LandmarkScheme::dlib5
                             : LandmarkScheme::arcface5;
}

/// The predictors were trained on square boxes; YuNet's are taller than wide.
dlib::rectangle square(const Rect& box) {
    const double side = (static_cast<double>(box.width) + static_cast<double>(box.height)) / 2;
    const double left = static_cast<double>(box.left) + (static_cast<double>(box.width) - side) / 2;
    const double top = static_cast<double>(box.top) + (static_cast<double>(box.height) - side) / 2;
    return {std::lround(left), std::lround(top), std::lround(left + side) - 1, std::lround(top + side) - 1};
}

}  // namespace

struct Landmarker::Impl {
    dlib::shape_predictor predictor;
    LandmarkScheme scheme{};
};

Landmarker::Landmarker(const std::string& name, const models::Finder& finder) : m_name(name), m_impl(new Impl) {
    const auto& card = models::card(models::Kind::landmarks, name);
    if (card.file.empty()) {
        const auto bytes = starter_bytes();
        MemoryBuffer buffer(bytes);
        std::istream in(&buffer);
        m_impl->predictor = read_predictor(in, name);
        m_weights = to_hex(sha256(bytes));
    } else {
        const auto file = finder.require(card);
        std::ifstream in(file, std::ios::binary);
        m_impl->predictor = read_predictor(in, printable(file.native()));
        m_weights = finder.digest(file);
    }
    m_impl->scheme = scheme_of(name);
    const auto expected = m_impl->scheme == LandmarkScheme::dlib68 ? 68U : 5U;
    if (m_impl->predictor.num_parts() != expected) {
        throw Error(ErrorCode::model_missing, "the landmarks " + name + " have " +
                                                  std::to_string(m_impl->predictor.num_parts()) + " points, not " +
                                                  std::to_string(expected));
    }
}

Landmarker::~Landmarker() = default;
Landmarker::Landmarker(Landmarker&&) noexcept = default;
Landmarker& Landmarker::operator=(Landmarker&&) noexcept = default;

Landmarks Landmarker::predict(const cv::Mat& bgr, const Rect& box) const {
    const dlib::cv_image<dlib::bgr_pixel> image(bgr);
    const auto shape = m_impl->predictor(image, square(box));
    Landmarks landmarks{m_impl->scheme, {}};
    for (unsigned long i = 0; i < shape.num_parts(); ++i) {
        landmarks.points.push_back({static_cast<float>(shape.part(i).x()), static_cast<float>(shape.part(i).y())});
    }
    return landmarks;
}

}  // namespace mien::align
