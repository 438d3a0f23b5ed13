// SPDX-License-Identifier: MIT
#include <mien/image/codecs.hpp>
#include <mien/image/decode.hpp>
#include <mien/image/exif.hpp>
#include <mien/image/formats.hpp>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <new>

namespace mien::image {
namespace {

Stored read_stored(Bytes file) {
    const auto format = sniff(file);
    auto stored = [&] {
        switch (format) {
            case Format::jpeg: return read_jpeg(file);
            case Format::png: return read_png(file);
            case Format::webp: return read_webp(file);
            case Format::bmp: return read_bmp(file);
            case Format::tiff: return read_tiff(file);
            case Format::pnm: return read_pnm(file);
        }
        refuse("not an image of a known format");
    }();
    if (stored.width == 0 || stored.height == 0) {
        refuse_damaged(display_name(format), "its width or height is nothing");
    }
    if (stored.width > k_max_side || stored.height > k_max_side) {
        refuse("the image is too large: " + std::to_string(stored.width) + " x " + std::to_string(stored.height) +
               " pixels, where a side may have " + std::to_string(k_max_side));
    }
    return stored;
}

bool is_turned(int orientation) { return orientation >= 5; }

Header upright_header(const Stored& stored) {
    Header header{stored.format, static_cast<int>(stored.width), static_cast<int>(stored.height), stored.orientation};
    if (is_turned(stored.orientation)) {
        std::swap(header.width, header.height);
    }
    return header;
}

/// Turns and mirrors as EXIF says it has to be done to see the photo upright.
cv::Mat make_upright(const cv::Mat& stored, int orientation) {
    cv::Mat upright;
    switch (orientation) {
        case 2: cv::flip(stored, upright, 1); break;
        case 3: cv::rotate(stored, upright, cv::ROTATE_180); break;
        case 4: cv::flip(stored, upright, 0); break;
        case 5: cv::transpose(stored, upright); break;
        case 6: cv::rotate(stored, upright, cv::ROTATE_90_CLOCKWISE); break;
        case 7:
            cv::transpose(stored, upright);
            cv::flip(upright, upright, -1);
            break;
        case 8: cv::rotate(stored, upright, cv::ROTATE_90_COUNTERCLOCKWISE); break;
        default: upright = stored;
    }
    return upright;
}

/// premultiplied: the colours have been dimmed by alpha already
cv::Mat over_white(const cv::Mat& bgra, bool premultiplied) {
    cv::Mat bgr(bgra.size(), CV_8UC3);
    for (int y = 0; y < bgra.rows; ++y) {
        const auto* from = bgra.ptr<cv::Vec4b>(y);
        auto* to = bgr.ptr<cv::Vec3b>(y);
        for (int x = 0; x < bgra.cols; ++x) {
            const int alpha = from[x][3];
            for (int channel = 0; channel < 3; ++channel) {
                const int colour = from[x][channel] * (premultiplied ? 255 : alpha);
                to[x][channel] = cv::saturate_cast<std::uint8_t>((colour + 255 * (255 - alpha) + 127) / 255);
            }
        }
    }
    return bgr;
}

/// What imgcodecs gives, as 8-bit BGR.
cv::Mat to_bgr8(const cv::Mat& image, Format format) {
    cv::Mat eight_bits = image;
    if (image.depth() == CV_16U) {
        image.convertTo(eight_bits, CV_8U, 1.0 / 257.0);
    } else if (image.depth() != CV_8U) {
        refuse("floating-point pixels are not supported; convert it to 8 bits");
    }
    cv::Mat bgr;
    switch (image.channels()) {
        case 1: cv::cvtColor(eight_bits, bgr, cv::COLOR_GRAY2BGR); return bgr;
        case 3: return eight_bits;
        case 4:
            return over_white(eight_bits,
                              format == Format::tiff && image.depth() == CV_8U);  // libtiff has multiplied them
        default: refuse("images with " + std::to_string(image.channels()) + " channels are not supported");
    }
}

/// The smallest scale at which the long side keeps `enough` pixels.
int divisor(const Stored& stored, int enough) {
    const auto long_side = std::max(stored.width, stored.height);
    for (const std::uint64_t by : {8U, 4U, 2U}) {
        if (enough > 0 && (long_side + by - 1) / by >= static_cast<std::uint64_t>(enough)) {
            return static_cast<int>(by);
        }
    }
    return 1;
}

cv::Mat decode_stored(Bytes file, const Stored& stored, const DecodeOptions& options) {
    if (stored.format == Format::jpeg) {
        return decode_jpeg(file, stored, divisor(stored, options.enough));
    }
    if (stored.format == Format::pnm) {
        return decode_pnm(file);
    }
    std::vector<std::byte> prepared;
    if (stored.format == Format::png) {
        prepared = slim_png(file);
    } else if (stored.format == Format::tiff && stored.orientation != 1) {
        prepared = upright_tiff(file);
    }
    // A BMP's fourth byte is mostly zero, which does not mean transparent, and OpenCV takes OS/2's BMPs for grey ones.
    const bool as_colour = stored.format == Format::bmp;
    const auto image = decode_with_imgcodecs(prepared.empty() ? file : Bytes(prepared), as_colour);
    if (static_cast<std::uint64_t>(image.cols) != stored.width ||
        static_cast<std::uint64_t>(image.rows) != stored.height) {
        refuse_damaged(display_name(stored.format), "it names several sizes");
    }
    return to_bgr8(image, stored.format);
}

Photo decode_bounded(Bytes file, const DecodeOptions& options) {
    const auto stored = read_stored(file);
    const auto header = upright_header(stored);
    if (std::int64_t{header.width} * header.height > options.max_pixels) {
        refuse("the image is too large: " + std::to_string(header.width) + " x " + std::to_string(header.height) +
               " pixels, where " + std::to_string(options.max_pixels) + " are allowed");
    }
    if (!stored.refusal.empty()) {
        refuse(stored.refusal);
    }
    Photo photo;
    photo.bgr = make_upright(decode_stored(file, stored, options), stored.orientation);
    photo.width = header.width;
    photo.height = header.height;
    photo.scale = static_cast<float>(photo.bgr.cols) / static_cast<float>(photo.width);
    photo.format = stored.format;
    return photo;
}

/// Lets errors through and turns everything else into one.
template <typename Work>
auto translated(Work work) {
    try {
        return work();
    } catch (const Error&) {
        throw;
    } catch (const std::bad_alloc&) {
        refuse("the image needs more memory than there is");
    } catch (const cv::Exception& error) {
        refuse(error.code == cv::Error::StsNoMem ? "the image needs more memory than there is"
                                                 : "cannot be decoded: " + error.err);
    } catch (const std::exception& error) {
        refuse(std::string("cannot be decoded: ") + error.what());
    }
}

}  // namespace

std::string_view to_string(Format format) {
    switch (format) {
        case Format::jpeg: return "jpeg";
        case Format::png: return "png";
        case Format::webp: return "webp";
        case Format::bmp: return "bmp";
        case Format::tiff: return "tiff";
        case Format::pnm: return "pnm";
    }
    return "unknown";
}

Header read_header(Bytes file) {
    return translated([&] { return upright_header(read_stored(file)); });
}

Photo decode(Bytes file, const DecodeOptions& options) {
    return translated([&] { return decode_bounded(file, options); });
}

bool has_image_extension(std::string_view file_name) {
    constexpr std::array<std::string_view, 12> k_extensions{"jpg", "jpeg", "jpe", "png", "webp", "bmp",
                                                            "tif", "tiff", "pgm", "ppm", "pbm",  "pnm"};
    const auto name = file_name.substr(file_name.find_last_of('/') + 1);  // npos + 1 is 0
    const auto dot = name.find_last_of('.');
    if (dot == std::string_view::npos || dot == 0) {
        return false;  // ".jpg" is a hidden file without an extension
    }
    std::string extension(name.substr(dot + 1));
    std::ranges::transform(extension, extension.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return std::ranges::find(k_extensions, extension) != k_extensions.end();
}

}  // namespace mien::image
