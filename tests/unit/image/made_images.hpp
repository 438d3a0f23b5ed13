// SPDX-License-Identifier: MIT
#pragma once

/// Image files made byte by byte, so that tests say exactly what stands in them.

#include <mien/core/hash.hpp>
#include <mien/image/decode.hpp>
#include <mien/image/encode.hpp>
#include <mien/image/reader.hpp>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mien::test {

using image::ByteOrder;
using File = std::vector<std::byte>;

/// Appends numbers in one byte order.
class Writer {
public:
    explicit Writer(ByteOrder order) : m_order(order) {}
    Writer& u8(std::uint64_t value) { return number(value, 1); }
    Writer& u16(std::uint64_t value) { return number(value, 2); }
    Writer& u32(std::uint64_t value) { return number(value, 4); }
    Writer& u64(std::uint64_t value) { return number(value, 8); }
    Writer& text(std::string_view text);
    Writer& bytes(const File& bytes);
    [[nodiscard]] const File& file() const { return m_file; }

private:
    Writer& number(std::uint64_t value, unsigned count);
    ByteOrder m_order;
    File m_file;
};

File file_of(std::string_view text);

/// A smooth photo-like BGR image whose four corners differ.
cv::Mat sample(int width, int height);

/// The file in the format, from public encode().
File encoded(const cv::Mat& bgr, std::string_view extension, int quality = 95);

/// PNG: rows as the specification wants them, without filter bytes. extra: chunks (type, data) before IDAT.
struct PngParts {
    std::uint32_t width{};
    std::uint32_t height{};
    std::uint8_t bits{8};
    std::uint8_t colour_type{2};
    File rows;
    std::vector<std::pair<std::string, File>> extra;
};
File png(const PngParts& parts);

/// The TIFF structure of an EXIF block that holds the orientation among other tags.
File exif_block(int orientation, ByteOrder order);
/// A JPEG with an APP1 segment of this EXIF block (behind "Exif\0\0").
File jpeg_with_exif(const File& jpeg, const File& exif);
File webp_with_exif(const File& webp, int width, int height, const File& exif);

/// An uncompressed TIFF of one strip. samples: each pixel's channels in the file's order (RGB).
struct TiffParts {
    int width{};
    int height{};
    int bits{8};
    int channels{3};
    int orientation{};   ///< 0: no such tag
    int extra_sample{};  ///< 1: alpha that the colours are multiplied with, 2: that they are not; 0: no such tag
    int sample_format{};
    ByteOrder order{ByteOrder::little};
    bool big{};  ///< BigTIFF
    File pixels;
};
File tiff(const TiffParts& parts);

/// A BMP with any header. rows: as stored, padded to four bytes. palette: BGR0 each (BGR for size 12).
struct BmpParts {
    std::uint32_t header_size{40};
    std::int32_t width{};
    std::int32_t height{};  ///< negative: the upper row first
    std::uint32_t bits{24};
    std::uint32_t compression{};
    File palette;
    File rows;
};
File bmp(const BmpParts& parts);

/// The largest difference of any channel.
double largest_difference(const cv::Mat& a, const cv::Mat& b);

inline image::Photo decode(const File& file, int enough = 0) { return image::decode(file, {.enough = enough}); }

/// The reason that a file is refused with; fails the test where it is not.
std::string refusal(const File& file, const image::DecodeOptions& options = {});

}  // namespace mien::test
