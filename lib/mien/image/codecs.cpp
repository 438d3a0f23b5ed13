// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/image/codecs.hpp>
#include <mien/image/reader.hpp>

#include <dlfcn.h>

#ifndef MIEN_MODULE_FOLDER
#define MIEN_MODULE_FOLDER ""  // the program's RUNPATH says where modules lie
#endif

namespace mien::image {
namespace {

class Imgcodecs {
public:
    Imgcodecs() {
        constexpr const char* k_name = MIEN_MODULE_FOLDER "mien_imgcodecs.so";
        // Never closed: libraries underneath it keep threads and exit handlers.
        void* module = dlopen(k_name, RTLD_NOW | RTLD_LOCAL);
        if (module != nullptr) {
            m_decode = reinterpret_cast<ImgcodecsDecode>(dlsym(module, k_imgcodecs_decode));
            m_encode = reinterpret_cast<ImgcodecsEncode>(dlsym(module, k_imgcodecs_encode));
        }
        if (m_decode == nullptr || m_encode == nullptr) {
            const char* reason = dlerror();
            throw Error(
                ErrorCode::runtime,
                "only JPEG and PNM can be read and written, since mien_imgcodecs.so cannot be loaded; install mien and "
                "libopencv-imgcodecs406 again (" +
                    std::string(reason != nullptr ? reason : "a foreign file") + ")");
        }
    }
    [[nodiscard]] ImgcodecsDecode decode() const { return m_decode; }
    [[nodiscard]] ImgcodecsEncode encode() const { return m_encode; }

private:
    ImgcodecsDecode m_decode{};
    ImgcodecsEncode m_encode{};
};

const Imgcodecs& imgcodecs() {
    static const Imgcodecs module;
    return module;
}

}  // namespace

cv::Mat decode_with_imgcodecs(Bytes file, bool as_colour) {
    cv::Mat image;
    std::string reason;
    if (!imgcodecs().decode()(reinterpret_cast<const unsigned char*>(file.data()), file.size(), as_colour, image,
                              reason)) {
        refuse(reason);
    }
    return image;
}

std::vector<std::byte> encode_with_imgcodecs(const cv::Mat& image, const std::string& extension,
                                             const std::vector<int>& options) {
    std::vector<unsigned char> bytes;
    std::string reason;
    if (!imgcodecs().encode()(image, extension.c_str(), options, bytes, reason)) {
        throw Error(ErrorCode::runtime, "cannot write the image as " + extension + ": " + reason);
    }
    const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
    return {first, first + bytes.size()};
}

}  // namespace mien::image
