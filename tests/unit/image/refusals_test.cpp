// SPDX-License-Identifier: MIT
// What is refused says why.
#include <unit/image/made_images.hpp>

#include <chrono>

namespace mien::test {
namespace {

using namespace std::string_literals;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Refusals, OfWhatIsNoImage) {
    EXPECT_EQ(refusal({}), "the file is empty");
    EXPECT_EQ(refusal(file_of("Dear Ada,\nhere is the photo.\n")), "not an image but text");
    EXPECT_EQ(refusal(file_of("BMW is a car, not a bitmap.")), "not an image but text");
    EXPECT_EQ(refusal(file_of("<!DOCTYPE html><html><body>404")), "not an image but a web page");
    EXPECT_EQ(refusal(file_of("\x01\x02\x03")), "too short for an image (3 bytes)");
    EXPECT_EQ(refusal(file_of("PK\3\4............................")), "not an image but a ZIP archive");
    EXPECT_EQ(refusal(file_of("\0\0\0\x18"s + "ftypmp42............")), "not an image but a video");
    EXPECT_EQ(refusal(file_of("\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08\x09")),
              "not an image of a known format");
    EXPECT_TRUE(has(refusal(File(4096, std::byte{0})), "starts with zeros"));
    EXPECT_THROW(image::read_header({}), Error);
}

TEST(Refusals, NameTheFormat) {
    const std::pair<std::string, std::string> cases[]{
        {"GIF89a\1\0\1\0", "GIF"},
        {"GIF87a\1\0\1\0", "GIF"},
        {"\0\0\0\x18"s + "ftypheic....", "HEIC"},
        {"\0\0\0\x18"s + "ftypmif1....", "HEIF"},
        {"\0\0\0\x18"s + "ftypavif....", "AVIF"},
        {"\xFF\x0A............", "JPEG XL"},
        {"\0\0\0\x0CJXL \r\n\x87\n...."s, "JPEG XL"},
        {"\0\0\0\x0CjP  \r\n\x87\n...."s, "JPEG 2000"},
        {"\xFF\x4F\xFF\x51....", "JPEG 2000"},
        {"%PDF-1.7 ...", "PDF"},
        {"<?xml version=\"1.0\"?>\n<svg xmlns=\"...\">", "SVG"},
        {"\x76\x2F\x31\x01............", "OpenEXR"},
        {"8BPS............", "PSD"},
    };
    for (const auto& [bytes, name] : cases) {
        EXPECT_EQ(refusal(file_of(bytes)), name + " is not supported; convert it to JPEG");
    }
}

TEST(Refusals, OfTooManyPixelsComeBeforeAnyWork) {
    const auto tiny_png = [](std::uint32_t width, std::uint32_t height) {
        return png({.width = width, .height = height, .rows = {}, .extra = {}});
    };
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(refusal(tiny_png(60000, 60000)),
              "the image is too large: 60000 x 60000 pixels, where 100000000 are allowed");
    EXPECT_TRUE(has(refusal(tiny_png(70000, 10)), "a side may have 65535"));
    EXPECT_TRUE(has(refusal(tiny_png(0xFFFFFFFF, 0xFFFFFFFF)), "too large"));
    EXPECT_TRUE(has(refusal(tiny_png(0, 10)), "nothing"));
    EXPECT_TRUE(has(refusal(tiny_png(9000, 9000)), "too few pixels"));  // within the budget, but not in 60 bytes
    EXPECT_TRUE(has(refusal(file_of("P6 60000 60000 255\nx")), "too large"));
    EXPECT_TRUE(has(refusal(file_of("P6 9000 9000 255\nx")), "cut short"));
    EXPECT_TRUE(has(refusal(file_of("P6 99999999999999999999 1 255\nx")), "too large"));
    EXPECT_TRUE(has(refusal(bmp({.width = 60000, .height = 60000, .palette = {}, .rows = {}})), "too large"));
    EXPECT_TRUE(has(refusal(bmp({.width = 9000, .height = 9000, .palette = {}, .rows = {}})), "cut short"));
    EXPECT_FALSE(refusal(bmp({.width = INT32_MIN, .height = INT32_MIN, .palette = {}, .rows = {}})).empty());
    EXPECT_TRUE(has(refusal(tiff({.width = 60000, .height = 60000, .pixels = file_of("x")})), "too large"));
    EXPECT_TRUE(has(refusal(tiff({.width = 9000, .height = 9000, .pixels = file_of("x")})), "cut short"));
    auto jpeg = encoded(sample(16, 16), ".jpg");
    for (std::size_t i = 0; i + 9 < jpeg.size(); ++i) {
        if (jpeg[i] == std::byte{0xFF} && jpeg[i + 1] == std::byte{0xC0}) {
            for (std::size_t side = 5; side < 9; ++side) {
                jpeg[i + side] = std::byte{0xEA};
            }
        }
    }
    EXPECT_TRUE(has(refusal(jpeg), "60138 x 60138 pixels"));
    auto webp = webp_with_exif(encoded(sample(16, 16), ".webp"), 16384, 16384, {});
    EXPECT_TRUE(has(refusal(webp), "too large"));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(1));
}

TEST(Refusals, FollowTheBudget) {
    for (const auto* extension : {".jpg", ".png", ".webp", ".bmp", ".tiff", ".ppm"}) {
        const auto file = encoded(sample(20, 10), extension);
        EXPECT_EQ(image::decode(file, {.max_pixels = 200}).width, 20) << extension;
        EXPECT_TRUE(has(refusal(file, {.max_pixels = 199}), "where 199 are allowed")) << extension;
    }
}

TEST(Refusals, OfAnimatedWebp) {
    auto file = webp_with_exif(encoded(sample(16, 16), ".webp"), 16, 16, {});
    file[20] = std::byte{0x02};
    EXPECT_EQ(refusal(file), "animated WebP is not supported; convert it to JPEG");
}

TEST(Refusals, OfRareJpegs) {
    const auto jpeg = encoded(sample(16, 16), ".jpg");
    const auto with_frame = [&](unsigned marker, unsigned precision) {
        auto changed = jpeg;
        for (std::size_t i = 0; i + 4 < changed.size(); ++i) {
            if (changed[i] == std::byte{0xFF} && changed[i + 1] == std::byte{0xC0}) {
                changed[i + 1] = static_cast<std::byte>(marker);
                changed[i + 4] = static_cast<std::byte>(precision);
            }
        }
        return changed;
    };
    EXPECT_TRUE(has(refusal(with_frame(0xC3, 8)), "lossless"));
    EXPECT_TRUE(has(refusal(with_frame(0xC1, 12)), "12 bits"));
}

}  // namespace
}  // namespace mien::test
