// SPDX-License-Identifier: MIT
// Any bytes are a photo or an Error, and never more pixels than allowed.
#include <mien/core/error.hpp>
#include <mien/image/decode.hpp>

#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = std::as_bytes(std::span(data, size));
    constexpr std::int64_t k_max_pixels = 1'000'000;
    constexpr int k_enough = 64;
    try {
        const auto header = mien::image::read_header(file);
        require(header.width > 0 && header.height > 0 && header.orientation >= 1 && header.orientation <= 8);
        const auto photo = mien::image::decode(file, {.max_pixels = k_max_pixels, .enough = k_enough});
        require(photo.width == header.width && photo.height == header.height);
        require(std::int64_t{photo.width} * photo.height <= k_max_pixels);
        require(photo.bgr.cols <= photo.width && photo.bgr.rows <= photo.height && photo.bgr.type() == CV_8UC3);
    } catch (const mien::Error& error) {
        require(error.code() == mien::ErrorCode::unreadable);
    }
    return 0;
}
