// SPDX-License-Identifier: MIT
#include <unit/image/made_images.hpp>

#include <mien/core/error.hpp>

#include <algorithm>

namespace mien::test {
namespace {

std::uint32_t crc32(const File& data) {
    std::uint32_t crc = ~0U;
    for (const auto byte : data) {
        crc ^= std::to_integer<std::uint32_t>(byte);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 1U) != 0 ? 0xEDB88320U ^ (crc >> 1U) : crc >> 1U;
        }
    }
    return ~crc;
}

/// zlib's container around uncompressed blocks.
File stored_zlib(const File& data) {
    constexpr std::size_t k_block = 65535;
    Writer little(ByteOrder::little);
    little.u8(0x78).u8(0x01);
    for (std::size_t at = 0; at == 0 || at < data.size(); at += k_block) {
        const auto size = std::min(k_block, data.size() - at);
        little.u8(at + size == data.size() ? 1 : 0).u16(size).u16(~size & 0xFFFFU);
        little.bytes(File(data.begin() + static_cast<std::ptrdiff_t>(at),
                          data.begin() + static_cast<std::ptrdiff_t>(at + size)));
    }
    std::uint32_t a = 1;
    std::uint32_t b = 0;
    for (const auto byte : data) {
        a = (a + std::to_integer<std::uint32_t>(byte)) % 65521;
        b = (b + a) % 65521;
    }
    return Writer(ByteOrder::big).bytes(little.file()).u16(b).u16(a).file();
}

void add_chunk(Writer& writer, std::string_view type, const File& data) {
    const auto body = Writer(ByteOrder::big).text(type).bytes(data).file();
    writer.u32(data.size()).bytes(body).u32(crc32(body));
}

}  // namespace

Writer& Writer::text(std::string_view text) { return bytes(file_of(text)); }

Writer& Writer::bytes(const File& bytes) {
    m_file.insert(m_file.end(), bytes.begin(), bytes.end());
    return *this;
}

Writer& Writer::number(std::uint64_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        const auto shift = 8U * (m_order == ByteOrder::little ? i : count - 1 - i);
        m_file.push_back(static_cast<std::byte>(value >> shift & 0xFFU));
    }
    return *this;
}

File file_of(std::string_view text) {
    File file(text.size());
    std::ranges::transform(text, file.begin(), [](char c) { return static_cast<std::byte>(c); });
    return file;
}

cv::Mat sample(int width, int height) {
    cv::Mat bgr(height, width, CV_8UC3);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            bgr.at<cv::Vec3b>(y, x) = {static_cast<std::uint8_t>(20 + 200 * x / width),
                                       static_cast<std::uint8_t>(30 + 180 * y / height),
                                       static_cast<std::uint8_t>(220 - 100 * (x + y) / (width + height))};
        }
    }
    return bgr;
}

File encoded(const cv::Mat& bgr, std::string_view extension, int quality) {
    return image::encode(bgr, extension, quality);
}

File png(const PngParts& parts) {
    const std::size_t row = parts.height == 0 ? 0 : parts.rows.size() / parts.height;
    File filtered;
    for (std::size_t y = 0; row > 0 && y < parts.height; ++y) {  // without rows the header may claim anything
        filtered.push_back(std::byte{0});
        const auto from = parts.rows.begin() + static_cast<std::ptrdiff_t>(y * row);
        filtered.insert(filtered.end(), from, from + static_cast<std::ptrdiff_t>(row));
    }
    Writer writer(ByteOrder::big);
    writer.text("\x89PNG\r\n\x1A\n");
    add_chunk(writer, "IHDR",
              Writer(ByteOrder::big)
                  .u32(parts.width)
                  .u32(parts.height)
                  .u8(parts.bits)
                  .u8(parts.colour_type)
                  .u8(0)
                  .u8(0)
                  .u8(0)
                  .file());
    for (const auto& [type, data] : parts.extra) {
        add_chunk(writer, type, data);
    }
    add_chunk(writer, "IDAT", stored_zlib(filtered));
    add_chunk(writer, "IEND", {});
    return writer.file();
}

File exif_block(int orientation, ByteOrder order) {
    Writer writer(order);
    writer.text(order == ByteOrder::little ? "II" : "MM").u16(42).u32(8).u16(3);
    writer.u16(271).u16(2).u32(5).u32(50);  // the camera's maker, elsewhere
    writer.u16(274).u16(3).u32(1).u16(static_cast<std::uint64_t>(orientation)).u16(0);
    writer.u16(282).u16(5).u32(1).u32(58);  // resolution
    writer.u32(0);
    writer.text("mien").u8(0).text("\0\0\0").u32(72).u32(1);
    return writer.file();
}

File jpeg_with_exif(const File& jpeg, const File& exif) {
    Writer writer(ByteOrder::big);
    writer.u16(0xFFD8).u16(0xFFE1).u16(exif.size() + 8).text(std::string_view("Exif\0\0", 6)).bytes(exif);
    writer.bytes(File(jpeg.begin() + 2, jpeg.end()));
    return writer.file();
}

File webp_with_exif(const File& webp, int width, int height, const File& exif) {
    Writer body(ByteOrder::little);
    const auto u24 = [&](int value) {
        body.u16(static_cast<std::uint64_t>(value) & 0xFFFFU).u8(static_cast<std::uint64_t>(value) >> 16U);
    };
    body.text("WEBPVP8X").u32(10).u32(0x08);
    u24(width - 1);
    u24(height - 1);
    body.bytes(File(webp.begin() + 12, webp.end()));
    body.text("EXIF").u32(exif.size()).bytes(exif);
    if (exif.size() % 2 != 0) {
        body.u8(0);
    }
    return Writer(ByteOrder::little).text("RIFF").u32(body.file().size()).bytes(body.file()).file();
}

File tiff(const TiffParts& parts) {
    struct Tag {
        int tag;
        int type;
        std::uint64_t value;
    };
    constexpr int k_short = 3;
    constexpr int k_long = 4;
    const auto number = [](int value) { return static_cast<std::uint64_t>(value); };
    const std::uint64_t header = parts.big ? 16 : 8;
    std::vector<Tag> tags{{256, k_long, number(parts.width)},
                          {257, k_long, number(parts.height)},
                          {258, k_short, number(parts.bits)},
                          {259, k_short, 1},
                          {262, k_short, parts.channels >= 3 ? 2U : 1U},
                          {273, k_long, header},
                          {277, k_short, number(parts.channels)},
                          {278, k_long, number(parts.height)},
                          {279, k_long, parts.pixels.size()},
                          {284, k_short, 1}};
    if (parts.orientation != 0) {
        tags.insert(tags.begin() + 6, {274, k_short, number(parts.orientation)});
    }
    if (parts.extra_sample != 0) {
        tags.push_back({338, k_short, number(parts.extra_sample)});
    }
    if (parts.sample_format != 0) {
        tags.push_back({339, k_short, number(parts.sample_format)});
    }
    Writer writer(parts.order);
    const auto directory = header + parts.pixels.size();
    writer.text(parts.order == ByteOrder::little ? "II" : "MM").u16(parts.big ? 43 : 42);
    if (parts.big) {
        writer.u16(8).u16(0).u64(directory);
    } else {
        writer.u32(directory);
    }
    writer.bytes(parts.pixels);
    // BitsPerSample has a value a channel, which does not fit into a classic entry: three or four lie behind the
    // directory.
    const auto entries_end = directory + (parts.big ? 8 + tags.size() * 20 + 8 : 2 + tags.size() * 12 + 4);
    parts.big ? writer.u64(tags.size()) : writer.u16(tags.size());
    for (const auto& tag : tags) {
        const bool elsewhere = tag.tag == 258 && parts.channels > (parts.big ? 4 : 2);
        const bool many = tag.tag == 258 || (tag.tag == 339 && parts.channels == 1);
        const auto count = tag.tag == 258 ? number(parts.channels) : 1U;
        writer.u16(number(tag.tag)).u16(number(tag.type));
        parts.big ? writer.u64(count) : writer.u32(count);
        const std::uint64_t field = parts.big ? 8 : 4;
        std::uint64_t used = 0;
        if (elsewhere) {
            writer.u32(entries_end);
            used = 4;
        } else {
            for (std::uint64_t i = 0; i < (many ? count : 1); ++i) {
                tag.type == k_short ? writer.u16(tag.value) : writer.u32(tag.value);
                used += tag.type == k_short ? 2 : 4;
            }
        }
        for (; used < field; ++used) {
            writer.u8(0);
        }
    }
    parts.big ? writer.u64(0) : writer.u32(0);
    if (parts.channels > (parts.big ? 4 : 2)) {
        for (int i = 0; i < parts.channels; ++i) {
            writer.u16(number(parts.bits));
        }
    }
    return writer.file();
}

File bmp(const BmpParts& parts) {
    Writer writer(ByteOrder::little);
    const auto pixels_at = 14 + parts.header_size + parts.palette.size();
    writer.text("BM").u32(pixels_at + parts.rows.size()).u32(0).u32(pixels_at).u32(parts.header_size);
    if (parts.header_size == 12) {
        writer.u16(static_cast<std::uint64_t>(parts.width))
            .u16(static_cast<std::uint64_t>(parts.height))
            .u16(1)
            .u16(parts.bits);
    } else {
        const auto entry = 4U;
        writer.u32(static_cast<std::uint32_t>(parts.width))
            .u32(static_cast<std::uint32_t>(parts.height))
            .u16(1)
            .u16(parts.bits);
        writer.u32(parts.compression)
            .u32(parts.rows.size())
            .u32(2835)
            .u32(2835)
            .u32(parts.palette.size() / entry)
            .u32(0);
        for (std::uint32_t i = 40; i < parts.header_size; ++i) {
            writer.u8(0);
        }
    }
    return writer.bytes(parts.palette).bytes(parts.rows).file();
}

double largest_difference(const cv::Mat& a, const cv::Mat& b) {
    if (a.size() != b.size() || a.type() != b.type()) {
        return 1e9;
    }
    return cv::norm(a, b, cv::NORM_INF);
}

std::string refusal(const File& file, const image::DecodeOptions& options) {
    try {
        image::decode(file, options);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::unreadable) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "it was decoded";
    return {};
}

}  // namespace mien::test
