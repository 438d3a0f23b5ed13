// SPDX-License-Identifier: MIT
#include <mien/image/exif.hpp>
#include <mien/image/formats.hpp>

#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

namespace mien::image {
namespace {

/// The markers up to the first scan. Read by ourselves since turbojpeg knows neither EXIF nor Adobe's mark, and
/// gives no size for unusual chroma subsampling.
struct JpegMarkers {
    int frame{};  ///< 0xC0 for a baseline frame …; 0: none
    int precision{};
    int width{};
    int height{};
    int components{};
    bool adobe{};
    int orientation{1};
    bool exif_seen{};
    std::uint64_t scan_at{};  ///< where the first scan's data start
};

constexpr int k_sof0 = 0xC0;
constexpr int k_dht = 0xC4;
constexpr int k_jpg = 0xC8;
constexpr int k_dac = 0xCC;
constexpr int k_rst0 = 0xD0;
constexpr int k_soi = 0xD8;
constexpr int k_eoi = 0xD9;
constexpr int k_sos = 0xDA;
constexpr int k_app1 = 0xE1;
constexpr int k_app14 = 0xEE;
constexpr int k_tem = 0x01;

bool is_frame(int marker) {
    return marker >= k_sof0 && marker <= 0xCF && marker != k_dht && marker != k_jpg && marker != k_dac;
}

JpegMarkers read_markers(Bytes file) {
    const Reader reader(file, ByteOrder::big, "JPEG");
    JpegMarkers found;
    std::uint64_t at = 2;
    while (true) {
        // Like libjpeg, pass over what stands between two segments.
        while (reader.u8(at) != 0xFF) {
            ++at;
        }
        while (reader.u8(at) == 0xFF) {
            ++at;
        }
        const int marker = reader.u8(at++);
        if (marker == 0 || marker == k_tem || (marker >= k_rst0 && marker <= k_soi)) {
            continue;
        }
        if (marker == k_eoi) {
            refuse_damaged("JPEG", "it holds no pixels");
        }
        const auto length = reader.u16(at);
        if (length < 2) {
            refuse_damaged("JPEG", "a segment has no length");
        }
        const Reader segment(reader.part(at + 2, length - 2U), ByteOrder::big, "JPEG");
        at += length;
        if (is_frame(marker) && found.frame == 0) {
            found.frame = marker;
            found.precision = segment.u8(0);
            found.height = segment.u16(1);
            found.width = segment.u16(3);
            found.components = segment.u8(5);
        } else if (marker == k_app1 && !found.exif_seen && segment.says(0, std::string_view("Exif\0", 5))) {
            found.exif_seen = true;
            found.orientation = exif_orientation(segment.part(0, segment.size()));
        } else if (marker == k_app14 && segment.says(0, "Adobe")) {
            found.adobe = true;
        } else if (marker == k_sos) {
            found.scan_at = at;
            break;
        }
    }
    return found;
}

std::string unsupported_kind(const JpegMarkers& markers) {
    // Baseline, extended, progressive; the same with arithmetic coding.
    constexpr std::array k_known{0xC0, 0xC1, 0xC2, 0xC9, 0xCA};
    if (std::ranges::find(k_known, markers.frame) == k_known.end()) {
        return "lossless and hierarchical JPEG are not supported; convert it to an ordinary JPEG";
    }
    if (markers.precision != 8) {
        return "JPEG with " + std::to_string(markers.precision) + " bits is not supported; convert it to 8 bits";
    }
    if (markers.components != 1 && markers.components != 3 && markers.components != 4) {
        return "JPEG with " + std::to_string(markers.components) + " channels is not supported";
    }
    return {};
}

struct Destroy {
    void operator()(void* handle) const { tjDestroy(handle); }
};
using Decompressor = std::unique_ptr<void, Destroy>;

const unsigned char* raw(Bytes bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

/// Everything from the first scan's data to the end marker, which a file cut short does not have.
std::string_view scans_of(Bytes file, std::uint64_t scan_at) {
    const auto scans = Reader::as_text(file.subspan(static_cast<std::size_t>(scan_at)));
    const auto end = scans.find("\xFF\xD9");  // not the last one: whole images may follow
    if (end == std::string_view::npos) {
        refuse_cut_short("JPEG");
    }
    return scans.substr(0, end);
}

/// Bytes that belong to nothing, found by libjpeg at the end of the pixels. A few, or zeros, are a sloppy camera; more
/// are what is left when bytes before them are missing or wrong.
bool is_left_over_data(std::string_view text, std::string_view scans) {
    unsigned count = 0;
    unsigned marker = 0;
    if (std::sscanf(std::string(text).c_str(), "Corrupt JPEG data: %u extraneous bytes before marker 0x%x", &count,
                    &marker) != 2 ||
        marker != k_eoi) {
        return false;
    }
    constexpr unsigned k_few = 16;
    return count > k_few && (count > scans.size() ||
                             scans.substr(scans.size() - count).find_first_not_of('\0') != std::string_view::npos);
}

/// libjpeg goes on after a warning and keeps the text of the first one only. Refused are those that cost pixels; the
/// harmless ones are common in the wild: padding between segments, odd version numbers, settings of another mode.
void check_warning(const std::string& text, std::string_view scans) {
    constexpr std::array<std::string_view, 5> k_harmless{"extraneous bytes before marker", "unknown JFIF revision",
                                                         "Unknown Adobe color transform", "Invalid SOS parameters",
                                                         "Inconsistent progression sequence"};
    if (text.find("Premature end of JPEG file") != std::string::npos) {
        refuse_cut_short("JPEG");
    }
    const bool harmless =
        std::ranges::any_of(k_harmless, [&](auto known) { return text.find(known) != std::string::npos; });
    if (!harmless || is_left_over_data(text, scans)) {
        constexpr std::string_view k_prefix = "Corrupt JPEG data: ";
        refuse_damaged("JPEG", text.starts_with(k_prefix) ? text.substr(k_prefix.size()) : text);
    }
}

/// Adobe's programs store how much paper shows, everybody else how much ink.
cv::Mat from_cmyk(const cv::Mat& cmyk, bool inverted) {
    cv::Mat bgr(cmyk.size(), CV_8UC3);
    for (int y = 0; y < cmyk.rows; ++y) {
        const auto* from = cmyk.ptr<cv::Vec4b>(y);
        auto* to = bgr.ptr<cv::Vec3b>(y);
        for (int x = 0; x < cmyk.cols; ++x) {
            const auto paper = [&](int ink) { return inverted ? from[x][ink] : 255 - from[x][ink]; };
            for (int channel = 0; channel < 3; ++channel) {
                to[x][channel] = static_cast<std::uint8_t>((paper(2 - channel) * paper(3) + 127) / 255);
            }
        }
    }
    return bgr;
}

}  // namespace

Stored read_jpeg(Bytes file) {
    const auto markers = read_markers(file);
    if (markers.frame == 0) {
        refuse_damaged("JPEG", "its header is missing");
    }
    return {Format::jpeg, static_cast<std::uint64_t>(markers.width), static_cast<std::uint64_t>(markers.height),
            markers.orientation, unsupported_kind(markers)};
}

cv::Mat decode_jpeg(Bytes file, const Stored& stored, int divisor) {
    const auto markers = read_markers(file);
    const auto scans = scans_of(file, markers.scan_at);  // before any room is made for pixels
    const Decompressor decompressor(tjInitDecompress());
    if (!decompressor) {
        throw Error(ErrorCode::runtime, "libturbojpeg does not start");
    }
    int width = 0;
    int height = 0;
    int subsampling = -1;
    int colours = -1;
    // It fails on unusual subsampling, which decoding can deal with; what counts is that it sees the same size as we
    // do.
    tjDecompressHeader3(decompressor.get(), raw(file), file.size(), &width, &height, &subsampling, &colours);
    if (static_cast<std::uint64_t>(width) != stored.width || static_cast<std::uint64_t>(height) != stored.height) {
        refuse_damaged("JPEG", width == 0 ? tjGetErrorStr2(decompressor.get()) : "it names several sizes");
    }
    const tjscalingfactor factor{1, divisor};
    const int columns = TJSCALED(width, factor);
    const int rows = TJSCALED(height, factor);
    const bool cmyk = markers.components == 4;
    cv::Mat pixels(rows, columns, cmyk ? CV_8UC4 : CV_8UC3);
    // TJFLAG_LIMITSCANS: a progressive file of a few kilobytes could otherwise keep us busy for hours.
    if (tjDecompress2(decompressor.get(), raw(file), file.size(), pixels.data, columns, static_cast<int>(pixels.step),
                      rows, cmyk ? TJPF_CMYK : TJPF_BGR, TJFLAG_LIMITSCANS) != 0) {
        const std::string text = tjGetErrorStr2(decompressor.get());
        if (tjGetErrorCode(decompressor.get()) != TJERR_WARNING) {
            refuse_damaged("JPEG", text);
        }
        check_warning(text, scans);
    }
    return cmyk ? from_cmyk(pixels, markers.adobe) : pixels;
}

}  // namespace mien::image
