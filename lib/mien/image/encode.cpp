// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/image/codecs.hpp>
#include <mien/image/encode.hpp>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <turbojpeg.h>

#include <algorithm>
#include <memory>

namespace mien::image {
namespace {

// Of cv::ImwriteFlags, whose header belongs to imgcodecs.
constexpr int k_imwrite_webp_quality = 64;

std::vector<std::byte> copy_of(const unsigned char* bytes, std::size_t size) {
    const auto* first = reinterpret_cast<const std::byte*>(bytes);
    return {first, first + size};
}

std::vector<std::byte> encode_jpeg(const cv::Mat& image, int quality) {
    struct Destroy {
        void operator()(void* handle) const { tjDestroy(handle); }
    };
    struct Free {
        void operator()(unsigned char* bytes) const { tjFree(bytes); }
    };
    const std::unique_ptr<void, Destroy> compressor(tjInitCompress());
    if (!compressor) {
        throw Error(ErrorCode::runtime, "libturbojpeg does not start");
    }
    const bool grey = image.channels() == 1;
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    const int failed =
        tjCompress2(compressor.get(), image.data, image.cols, static_cast<int>(image.step), image.rows,
                    grey ? TJPF_GRAY : TJPF_BGR, &bytes, &size, grey ? TJSAMP_GRAY : TJSAMP_420, quality, 0);
    const std::unique_ptr<unsigned char, Free> owner(bytes);
    if (failed != 0) {
        throw Error(ErrorCode::runtime,
                    std::string("cannot write the image as JPEG: ") + tjGetErrorStr2(compressor.get()));
    }
    return copy_of(bytes, size);
}

std::vector<std::byte> encode_ppm(const cv::Mat& image) {
    cv::Mat rgb;
    cv::cvtColor(image, rgb, image.channels() == 1 ? cv::COLOR_GRAY2RGB : cv::COLOR_BGR2RGB);
    const auto header = "P6\n" + std::to_string(rgb.cols) + " " + std::to_string(rgb.rows) + "\n255\n";
    const auto* text = reinterpret_cast<const std::byte*>(header.data());
    std::vector<std::byte> file(text, text + header.size());
    const auto* pixels = reinterpret_cast<const std::byte*>(rgb.data);
    file.insert(file.end(), pixels, pixels + rgb.total() * rgb.elemSize());
    return file;
}

}  // namespace

std::vector<std::byte> encode(const cv::Mat& bgr, std::string_view extension, int jpeg_quality) {
    std::string lower(extension);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto is = [&](std::string_view known) { return lower == known; };
    if (bgr.empty() || (bgr.type() != CV_8UC3 && bgr.type() != CV_8UC1)) {
        throw Error(ErrorCode::runtime, "only 8-bit BGR and grey images can be written");
    }
    const int quality = std::clamp(jpeg_quality, 1, 100);
    try {
        if (is(".jpg") || is(".jpeg") || is(".jpe")) {
            return encode_jpeg(bgr, quality);
        }
        if (is(".ppm")) {
            return encode_ppm(bgr);
        }
        if (is(".png") || is(".bmp") || is(".tiff") || is(".tif")) {
            return encode_with_imgcodecs(bgr, lower, {});
        }
        if (is(".webp")) {
            return encode_with_imgcodecs(bgr, lower, {k_imwrite_webp_quality, quality});
        }
    } catch (const cv::Exception& error) {
        throw Error(ErrorCode::runtime, "cannot write the image: " + error.err);
    } catch (const std::bad_alloc&) {
        throw Error(ErrorCode::runtime, "cannot write the image: not enough memory");
    }
    throw Error(ErrorCode::usage,
                "images are written as .jpg, .png, .webp, .bmp, .tiff or .ppm, not as '" + printable(extension) + "'");
}

}  // namespace mien::image
