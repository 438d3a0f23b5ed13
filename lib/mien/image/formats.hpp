// SPDX-License-Identifier: MIT
#pragma once

/// What each file format knows about itself. Inside lib/mien/image only.

#include <mien/image/decode.hpp>
#include <mien/image/reader.hpp>

#include <cstdint>
#include <vector>

namespace mien::image {

/// As the file stores it: before the orientation is applied.
struct Stored {
    Format format{};
    std::uint64_t width{};
    std::uint64_t height{};
    int orientation{1};
    /// Why the pixels cannot be decoded although the header can be read; empty: nothing known against it.
    std::string refusal;
};

/// The format by the first bytes.
/// throws: Error{unreadable}: empty, a format that is not supported (named), text, nothing known
Format sniff(Bytes file);

/// "JPEG", for messages
std::string_view display_name(Format format);

/// JPEG's own bound; the other formats' wider sides are of no use to anybody.
inline constexpr std::uint64_t k_max_side = 65535;

// The headers, bounded, without decoding and without allocating more than the file's own size.
// throws: Error{unreadable} if the header is damaged or cut short
Stored read_jpeg(Bytes file);
Stored read_png(Bytes file);
Stored read_webp(Bytes file);
Stored read_bmp(Bytes file);
Stored read_tiff(Bytes file);
Stored read_pnm(Bytes file);

/// stored: what read_jpeg() said. divisor: 1, 2, 4 or 8
/// returns: 8-bit BGR, not turned
cv::Mat decode_jpeg(Bytes file, const Stored& stored, int divisor);
/// returns: 8-bit BGR, not turned
cv::Mat decode_pnm(Bytes file);

/// The chunks that matter for the pixels and nothing else: libpng talks about the others on stderr.
/// throws: Error{unreadable} if a checksum is wrong
std::vector<std::byte> slim_png(Bytes file);

/// The file with its orientation tag set to upright: OpenCV's reader turns some TIFFs itself and others not.
std::vector<std::byte> upright_tiff(Bytes file);

}  // namespace mien::image
