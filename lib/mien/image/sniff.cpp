// SPDX-License-Identifier: MIT
#include <mien/image/formats.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace mien::image {
namespace {

using namespace std::string_view_literals;

struct Magic {
    std::size_t at;
    std::string_view bytes;
    std::string_view name;
};

struct KnownMagic {
    std::string_view bytes;
    Format format;
};

constexpr std::array k_supported{
    KnownMagic{"\xFF\xD8\xFF"sv, Format::jpeg}, KnownMagic{"\x89PNG\r\n\x1A\n"sv, Format::png},
    KnownMagic{"II*\0"sv, Format::tiff},        KnownMagic{"MM\0*"sv, Format::tiff},
    KnownMagic{"II+\0"sv, Format::tiff},        KnownMagic{"MM\0+"sv, Format::tiff},
};

/// Pictures that we know by sight only; people can convert these.
constexpr std::array k_unsupported{
    Magic{0, "GIF87a"sv, "GIF"},
    Magic{0, "GIF89a"sv, "GIF"},
    Magic{0, "\xFF\x0A"sv, "JPEG XL"},
    Magic{0, "\0\0\0\x0CJXL \r\n\x87\n"sv, "JPEG XL"},
    Magic{0, "\0\0\0\x0CjP  \r\n\x87\n"sv, "JPEG 2000"},
    Magic{0, "\xFF\x4F\xFF\x51"sv, "JPEG 2000"},
    Magic{0, "\x76\x2F\x31\x01"sv, "OpenEXR"},
    Magic{0, "#?RADIANCE"sv, "Radiance HDR"},
    Magic{0, "#?RGBE"sv, "Radiance HDR"},
    Magic{0, "%PDF"sv, "PDF"},
    Magic{0, "8BPS"sv, "PSD"},
    Magic{0, "\0\0\1\0"sv, "ICO"},
    Magic{0, "P7\n"sv, "PAM"},
    Magic{0, "PF\n"sv, "PFM"},
    Magic{0, "Pf\n"sv, "PFM"},
    Magic{4, "ftypheic"sv, "HEIC"},
    Magic{4, "ftypheix"sv, "HEIC"},
    Magic{4, "ftypheim"sv, "HEIC"},
    Magic{4, "ftypheis"sv, "HEIC"},
    Magic{4, "ftyphevc"sv, "HEIC"},
    Magic{4, "ftyphevx"sv, "HEIC"},
    Magic{4, "ftypmif1"sv, "HEIF"},
    Magic{4, "ftypmsf1"sv, "HEIF"},
    Magic{4, "ftypavif"sv, "AVIF"},
    Magic{4, "ftypavis"sv, "AVIF"},
};

constexpr std::array k_not_pictures{
    Magic{4, "ftyp"sv, "a video"},
    Magic{0, "\x1A\x45\xDF\xA3"sv, "a video"},
    Magic{8, "AVI "sv, "a video"},
    Magic{0, "PK\3\4"sv, "a ZIP archive"},
    Magic{0, "\x1F\x8B"sv, "a gzip archive"},
    Magic{0,
          "\x7F"
          "ELF"sv,
          "a program"},
};

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lower;
}

bool is_text(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return c == '\t' || c == '\n' || c == '\r' || static_cast<unsigned char>(c) >= 32; });
}

/// What the guesses look at.
std::string_view start_of(Bytes file) {
    constexpr std::size_t k_look = 512;
    return Reader::as_text(file.first(std::min(file.size(), k_look)));
}

std::optional<Format> supported_format(Bytes file, const Reader& reader) {
    for (const auto& magic : k_supported) {
        if (reader.says(0, magic.bytes)) {
            return magic.format;
        }
    }
    if (reader.says(0, "BM") && !is_text(start_of(file))) {  // "BM" alone may begin a sentence
        return Format::bmp;
    }
    if (reader.says(0, "RIFF") && reader.says(8, "WEBP")) {
        return Format::webp;
    }
    if (reader.holds(0, 3) && reader.u8(0) == 'P' && reader.u8(1) >= '1' && reader.u8(1) <= '6' &&
        " \t\r\n\v\f#"sv.find(static_cast<char>(reader.u8(2))) != std::string_view::npos) {
        return Format::pnm;
    }
    return std::nullopt;
}

}  // namespace

Format sniff(Bytes file) {
    if (file.empty()) {
        refuse("the file is empty");
    }
    const Reader reader(file, ByteOrder::big, "image");
    if (const auto format = supported_format(file, reader)) {
        return *format;
    }
    for (const auto& magic : k_unsupported) {
        if (reader.says(magic.at, magic.bytes)) {
            refuse(std::string(magic.name) + " is not supported; convert it to JPEG");
        }
    }
    for (const auto& magic : k_not_pictures) {
        if (reader.says(magic.at, magic.bytes)) {
            refuse("not an image but " + std::string(magic.name));
        }
    }
    const auto start = start_of(file);
    const auto lower = lower_case(start);
    if (lower.find("<svg") != std::string::npos) {
        refuse("SVG is not supported; convert it to JPEG");
    }
    if (lower.find("<html") != std::string::npos || lower.find("<!doctype html") != std::string::npos) {
        refuse("not an image but a web page");
    }
    if (is_text(start)) {
        refuse("not an image but text");
    }
    constexpr std::size_t k_shortest = 16;
    if (file.size() < k_shortest) {
        refuse("too short for an image (" + std::to_string(file.size()) + " bytes)");
    }
    if (start.find_first_not_of('\0') == std::string_view::npos) {
        refuse("not an image: it starts with zeros, as files do whose copying was interrupted");
    }
    refuse("not an image of a known format");
}

std::string_view display_name(Format format) {
    switch (format) {
        case Format::jpeg: return "JPEG";
        case Format::png: return "PNG";
        case Format::webp: return "WebP";
        case Format::bmp: return "BMP";
        case Format::tiff: return "TIFF";
        case Format::pnm: return "PNM";
    }
    return "image";
}

}  // namespace mien::image
