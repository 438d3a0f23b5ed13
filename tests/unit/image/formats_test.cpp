// SPDX-License-Identifier: MIT
// Every format and kind of pixel comes out as the same 8-bit BGR.
#include <unit/image/made_images.hpp>

#include <mien/core/file.hpp>
#include <mien/image/codecs.hpp>

#include <turbojpeg.h>
#include <support/shared.hpp>

#include <algorithm>
#include <thread>

namespace mien::test {
namespace {

using image::Format;

cv::Vec3b pixel(const image::Photo& photo, int x, int y) { return photo.bgr.at<cv::Vec3b>(y, x); }

void expect_plain(const image::Photo& photo, int width, int height, Format format) {
    EXPECT_EQ(photo.bgr.type(), CV_8UC3);
    EXPECT_EQ(photo.bgr.cols, width);
    EXPECT_EQ(photo.bgr.rows, height);
    EXPECT_EQ(photo.width, width);
    EXPECT_EQ(photo.height, height);
    EXPECT_FLOAT_EQ(photo.scale, 1.0F);
    EXPECT_EQ(photo.format, format);
}

struct Case {
    const char* extension;
    Format format;
    double tolerance;
};

class EveryFormat : public ::testing::TestWithParam<Case> {};

TEST_P(EveryFormat, KeepsColour) {
    const auto bgr = sample(61, 43);
    const auto file = encoded(bgr, GetParam().extension);
    const auto photo = decode(file);
    expect_plain(photo, 61, 43, GetParam().format);
    EXPECT_LE(largest_difference(photo.bgr, bgr), GetParam().tolerance);
}

TEST_P(EveryFormat, MakesGreyBgr) {
    cv::Mat grey;
    cv::extractChannel(sample(33, 20), grey, 0);
    const auto photo = decode(encoded(grey, GetParam().extension));
    expect_plain(photo, 33, 20, GetParam().format);
    cv::Mat expected;
    cv::merge(std::vector{grey, grey, grey}, expected);
    EXPECT_LE(largest_difference(photo.bgr, expected), GetParam().tolerance);
}

TEST_P(EveryFormat, TellsSizeFromHeader) {
    const auto header = image::read_header(encoded(sample(61, 43), GetParam().extension));
    EXPECT_EQ(header.format, GetParam().format);
    EXPECT_EQ(header.width, 61);
    EXPECT_EQ(header.height, 43);
    EXPECT_EQ(header.orientation, 1);
}

TEST_P(EveryFormat, DecodesOnePixel) {
    const cv::Mat one(1, 1, CV_8UC3, cv::Scalar(10, 130, 250));
    EXPECT_LE(largest_difference(decode(encoded(one, GetParam().extension)).bgr, one), GetParam().tolerance);
}

INSTANTIATE_TEST_SUITE_P(Image, EveryFormat,
                         ::testing::Values(Case{".jpg", Format::jpeg, 8}, Case{".png", Format::png, 0},
                                           Case{".webp", Format::webp, 12}, Case{".bmp", Format::bmp, 0},
                                           Case{".tiff", Format::tiff, 0}, Case{".ppm", Format::pnm, 0}),
                         [](const auto& test) { return std::string(test.param.extension + 1); });

// --- PNG

TEST(Png, ScalesSixteenBits) {
    Writer rows(ByteOrder::big);
    rows.u16(0).u16(257 * 100).u16(65535).u16(257 * 7 + 128).u16(257 * 7 + 129).u16(1);
    const auto photo =
        decode(png({.width = 2, .height = 1, .bits = 16, .colour_type = 2, .rows = rows.file(), .extra = {}}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(255, 100, 0));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(0, 8, 7));  // rounded
}

TEST(Png, ScalesSixteenBitGrey) {
    const auto rows = Writer(ByteOrder::big).u16(257 * 50).u16(65535).file();
    const auto photo = decode(png({.width = 2, .height = 1, .bits = 16, .colour_type = 0, .rows = rows, .extra = {}}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(50, 50, 50));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(255, 255, 255));
}

TEST(Png, LaysAlphaOverWhite) {
    Writer rows(ByteOrder::big);
    rows.u8(200).u8(100).u8(0).u8(255);  // RGBA
    rows.u8(200).u8(100).u8(0).u8(0);
    rows.u8(200).u8(100).u8(0).u8(128);
    const auto photo =
        decode(png({.width = 3, .height = 1, .bits = 8, .colour_type = 6, .rows = rows.file(), .extra = {}}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(0, 100, 200));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(255, 255, 255));
    EXPECT_EQ(pixel(photo, 2, 0), cv::Vec3b(127, 177, 227));
}

TEST(Png, LaysGreyAlphaOverWhite) {
    const auto rows = Writer(ByteOrder::big).u8(100).u8(255).u8(100).u8(0).file();
    const auto photo = decode(png({.width = 2, .height = 1, .bits = 8, .colour_type = 4, .rows = rows, .extra = {}}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(100, 100, 100));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(255, 255, 255));
}

TEST(Png, LaysSixteenBitAlphaOverWhite) {
    const auto rows =
        Writer(ByteOrder::big).u16(0).u16(0).u16(0).u16(0).u16(257 * 9).u16(0).u16(65535).u16(65535).file();
    const auto photo = decode(png({.width = 2, .height = 1, .bits = 16, .colour_type = 6, .rows = rows, .extra = {}}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(255, 255, 255));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(255, 0, 9));
}

TEST(Png, LooksUpPalette) {
    const auto palette = Writer(ByteOrder::big).u8(10).u8(20).u8(30).u8(200).u8(100).u8(50).u8(1).u8(2).u8(3).file();
    const auto rows = Writer(ByteOrder::big).u8(0).u8(1).u8(2).file();
    PngParts parts{.width = 3, .height = 1, .bits = 8, .colour_type = 3, .rows = rows, .extra = {{"PLTE", palette}}};
    auto photo = decode(png(parts));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(30, 20, 10));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(50, 100, 200));
    parts.extra.emplace_back("tRNS", Writer(ByteOrder::big).u8(255).u8(0).file());  // the second is transparent
    photo = decode(png(parts));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(30, 20, 10));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(255, 255, 255));
    EXPECT_EQ(pixel(photo, 2, 0), cv::Vec3b(3, 2, 1));
}

TEST(Png, WidensFewBits) {
    auto photo =
        decode(png({.width = 3, .height = 1, .bits = 1, .colour_type = 0, .rows = file_of("\xA0"), .extra = {}}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(255, 255, 255));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(0, 0, 0));
    EXPECT_EQ(pixel(photo, 2, 0), cv::Vec3b(255, 255, 255));
    photo = decode(png({.width = 2, .height = 1, .bits = 4, .colour_type = 0, .rows = file_of("\x5F"), .extra = {}}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(85, 85, 85));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(255, 255, 255));
}

TEST(Png, IsSilentAboutChunksThatDoNotMatter) {
    const auto rows = Writer(ByteOrder::big).u8(1).u8(2).u8(3).file();
    ::testing::internal::CaptureStderr();
    const auto photo = decode(png({.width = 1,
                                   .height = 1,
                                   .rows = rows,
                                   .extra = {{"iCCP", file_of("rubbish")}, {"gAMA", file_of("x")}, {"tEXt", {}}}}));
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(3, 2, 1));
}

// --- JPEG

struct TjCompressor {
    tjhandle handle = tjInitCompress();
    TjCompressor() = default;
    TjCompressor(const TjCompressor&) = delete;
    TjCompressor& operator=(const TjCompressor&) = delete;
    ~TjCompressor() { tjDestroy(handle); }
    [[nodiscard]] File compress(const cv::Mat& image, int format, int subsampling, int flags = 0) const {
        unsigned char* bytes = nullptr;
        unsigned long size = 0;
        EXPECT_EQ(tjCompress2(handle, image.data, image.cols, static_cast<int>(image.step), image.rows, format, &bytes,
                              &size, subsampling, 95, flags),
                  0);
        const auto file = file_of({reinterpret_cast<const char*>(bytes), size});
        tjFree(bytes);
        return file;
    }
};

TEST(Jpeg, ConvertsAdobeInk) {
    // libjpeg turns CMYK into YCCK and marks it as Adobe's, where 255 is no ink.
    cv::Mat cmyk(16, 16, CV_8UC4, cv::Scalar(255, 128, 64, 200));
    const auto file = TjCompressor().compress(cmyk, TJPF_CMYK, TJSAMP_444);
    auto photo = decode(file);
    expect_plain(photo, 16, 16, Format::jpeg);
    const auto near = [&](const cv::Vec3b& a, const cv::Vec3b& b) {
        for (int i = 0; i < 3; ++i) {
            EXPECT_NEAR(a[i], b[i], 4);
        }
    };
    near(pixel(photo, 8, 8), {50, 100, 200});
    // Without Adobe's mark the channels are ink as they stand: Y, Cb, Cr and K of this grey are 200, 128, 128, 200.
    cmyk.setTo(cv::Scalar(55, 55, 55, 200));
    auto plain = TjCompressor().compress(cmyk, TJPF_CMYK, TJSAMP_444);
    const auto mark = file_of("Adobe");
    const auto at = std::search(plain.begin(), plain.end(), mark.begin(), mark.end());
    ASSERT_NE(at, plain.end());
    *at = std::byte{'X'};
    photo = decode(plain);
    near(pixel(photo, 8, 8), {27, 27, 12});
}

TEST(Jpeg, TakesEverySubsampling) {
    const auto bgr = sample(67, 41);
    for (const int subsampling : {TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_440, TJSAMP_411}) {
        for (const int flags : {0, TJFLAG_PROGRESSIVE}) {
            const auto photo = decode(TjCompressor().compress(bgr, TJPF_BGR, subsampling, flags));
            EXPECT_LE(largest_difference(photo.bgr, bgr), 12) << subsampling;
        }
    }
}

TEST(Jpeg, AcceptsPaddingBetweenSegments) {
    const auto jpeg = encoded(sample(40, 30), ".jpg");
    // Zeros behind the first segment, as some cameras write them; libjpeg warns of "extraneous bytes".
    const auto first = static_cast<std::ptrdiff_t>(
        4 + (std::to_integer<unsigned>(jpeg[4]) << 8U | std::to_integer<unsigned>(jpeg[5])));
    File padded(jpeg.begin(), jpeg.begin() + first);
    padded.insert(padded.end(), 16, std::byte{0});
    padded.insert(padded.end(), jpeg.begin() + first, jpeg.end());
    EXPECT_EQ(largest_difference(decode(padded).bgr, decode(jpeg).bgr), 0);
    // The padding does not hide that the file is cut.
    padded.erase(padded.end() - 40, padded.end());
    EXPECT_EQ(refusal(padded), "the JPEG file is cut short");
}

TEST(Jpeg, AcceptsPaddingBeforeTheEnd) {
    const auto jpeg = encoded(sample(40, 30), ".jpg");
    const auto padded = [&](std::size_t count, std::byte with) {
        auto file = jpeg;
        file.insert(file.end() - 2, count, with);
        return file;
    };
    EXPECT_EQ(largest_difference(decode(padded(500, std::byte{0})).bgr, decode(jpeg).bgr), 0);
    EXPECT_EQ(largest_difference(decode(padded(10, std::byte{0x5A})).bgr, decode(jpeg).bgr), 0);
    // (the scan itself takes in the first three)
    EXPECT_EQ(refusal(padded(500, std::byte{0x5A})),
              "the JPEG file is damaged: 497 extraneous bytes before marker 0xd9");
}

TEST(Jpeg, AcceptsWhatFollowsTheEnd) {
    auto file = encoded(sample(40, 30), ".jpg");
    const auto alone = decode(file);
    const auto second = encoded(sample(10, 10), ".jpg");
    file.insert(file.end(), second.begin(), second.end());
    EXPECT_EQ(largest_difference(decode(file).bgr, alone.bgr), 0);
}

// --- BMP

TEST(Bmp, ReadsEveryHeader) {
    const auto rows = Writer(ByteOrder::little).u8(1).u8(2).u8(3).u8(0).u8(4).u8(5).u8(6).u8(0).file();
    for (const std::uint32_t size : {12U, 40U, 52U, 56U, 64U, 108U, 124U}) {
        const auto photo = decode(bmp({.header_size = size, .width = 1, .height = 2, .palette = {}, .rows = rows}));
        expect_plain(photo, 1, 2, Format::bmp);
        EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(4, 5, 6)) << size;  // the lower row comes first
        EXPECT_EQ(pixel(photo, 0, 1), cv::Vec3b(1, 2, 3)) << size;
    }
}

TEST(Bmp, ReadsUpperRowFirst) {
    const auto rows = Writer(ByteOrder::little).u8(1).u8(2).u8(3).u8(0).u8(4).u8(5).u8(6).u8(0).file();
    const auto photo = decode(bmp({.width = 1, .height = -2, .palette = {}, .rows = rows}));
    expect_plain(photo, 1, 2, Format::bmp);
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(1, 2, 3));
}

TEST(Bmp, LooksUpPalette) {
    const auto palette = Writer(ByteOrder::little).u32(0x00102030).u32(0x00FFEEDD).file();
    auto photo = decode(bmp(
        {.width = 2, .height = 1, .bits = 1, .palette = palette, .rows = file_of(std::string_view("\x40\0\0\0", 4))}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(0x30, 0x20, 0x10));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(0xDD, 0xEE, 0xFF));
    photo = decode(bmp(
        {.width = 2, .height = 1, .bits = 8, .palette = palette, .rows = file_of(std::string_view("\1\0\0\0", 4))}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(0xDD, 0xEE, 0xFF));
}

TEST(Bmp, IgnoresTheFourthByte) {
    const auto photo = decode(bmp(
        {.width = 1, .height = 1, .bits = 32, .palette = {}, .rows = file_of(std::string_view("\x0A\x14\x1E\0", 4))}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(10, 20, 30));
}

// --- TIFF

TEST(Tiff, ReadsBothByteOrdersAndBigTiff) {
    const auto pixels = Writer(ByteOrder::big).u8(200).u8(100).u8(50).u8(1).u8(2).u8(3).file();
    for (const auto order : {ByteOrder::little, ByteOrder::big}) {
        for (const bool big : {false, true}) {
            const auto photo = decode(tiff({.width = 2, .height = 1, .order = order, .big = big, .pixels = pixels}));
            expect_plain(photo, 2, 1, Format::tiff);
            EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(50, 100, 200));
            EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(3, 2, 1));
        }
    }
}

TEST(Tiff, ScalesSixteenBits) {
    for (const auto order : {ByteOrder::little, ByteOrder::big}) {
        const auto pixels = Writer(order).u16(257 * 200).u16(257 * 7 + 129).u16(0).file();
        const auto photo = decode(tiff({.width = 1, .height = 1, .bits = 16, .order = order, .pixels = pixels}));
        EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(0, 8, 200));
    }
}

TEST(Tiff, LaysAlphaOverWhite) {
    const auto decoded = [](int extra_sample, int red, int alpha) {
        const auto pixels = Writer(ByteOrder::big)
                                .u8(static_cast<std::uint64_t>(red))
                                .u8(0)
                                .u8(0)
                                .u8(static_cast<std::uint64_t>(alpha))
                                .file();
        return pixel(
            decode(tiff({.width = 1, .height = 1, .channels = 4, .extra_sample = extra_sample, .pixels = pixels})), 0,
            0);
    };
    for (const int extra_sample : {1, 2}) {
        EXPECT_EQ(decoded(extra_sample, 200, 255), cv::Vec3b(0, 0, 200));
        EXPECT_EQ(decoded(extra_sample, 0, 0), cv::Vec3b(255, 255, 255));
    }
    EXPECT_NEAR(decoded(1, 100, 128)[2], 227, 1);
    EXPECT_NEAR(decoded(2, 200, 128)[2], 227, 1);
}

TEST(Tiff, WidensBits) {
    const auto photo = decode(tiff({.width = 2, .height = 1, .bits = 1, .channels = 1, .pixels = file_of("\x40")}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(0, 0, 0));
    EXPECT_EQ(pixel(photo, 1, 0), cv::Vec3b(255, 255, 255));
}

TEST(Tiff, RefusesFloatingPoint) {
    const auto pixels = Writer(ByteOrder::little).u32(0x3F800000).file();
    EXPECT_NE(refusal(tiff({.width = 1, .height = 1, .bits = 32, .channels = 1, .sample_format = 3, .pixels = pixels}))
                  .find("floating-point"),
              std::string::npos);
}

TEST(Tiff, ReadsPackedOnes) {
    const auto bgr = sample(50, 40);
    // 5: LZW, 32773: PackBits, 8: Deflate, 7: JPEG (cv::IMWRITE_TIFF_COMPRESSION is 259)
    for (const int compression : {5, 32773, 8}) {
        EXPECT_EQ(largest_difference(decode(image::encode_with_imgcodecs(bgr, ".tiff", {259, compression})).bgr, bgr),
                  0)
            << compression;
    }
}

TEST(Tiff, KeepsOpaqueAlphaAndSixteenBits) {
    cv::Mat bgra(3, 4, CV_8UC4, cv::Scalar(10, 20, 30, 255));
    EXPECT_EQ(pixel(decode(image::encode_with_imgcodecs(bgra, ".tiff", {})), 1, 1), cv::Vec3b(10, 20, 30));
    cv::Mat wide(3, 4, CV_16UC3, cv::Scalar(257 * 10, 257 * 20, 257 * 30));
    EXPECT_EQ(pixel(decode(image::encode_with_imgcodecs(wide, ".tiff", {})), 1, 1), cv::Vec3b(10, 20, 30));
}

// --- WebP

TEST(Webp, ReadsLosslessAndAlpha) {
    const auto bgr = sample(50, 40);
    EXPECT_EQ(largest_difference(decode(image::encode_with_imgcodecs(bgr, ".webp", {64, 101})).bgr, bgr), 0);
    cv::Mat bgra(10, 10, CV_8UC4, cv::Scalar(10, 20, 30, 0));
    bgra.colRange(5, 10).setTo(cv::Scalar(10, 20, 30, 255));
    const auto photo = decode(image::encode_with_imgcodecs(bgra, ".webp", {64, 101}));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(255, 255, 255));
    EXPECT_EQ(pixel(photo, 9, 9), cv::Vec3b(10, 20, 30));
}

// --- PNM

TEST(Pnm, ReadsEveryKind) {
    const auto grey = [](int value) { return cv::Vec3b::all(static_cast<std::uint8_t>(value)); };
    auto photo = decode(file_of("P1\n# drawn by hand\n3 2\n0 1 0\n101\n"));
    expect_plain(photo, 3, 2, Format::pnm);
    EXPECT_EQ(pixel(photo, 0, 0), grey(255));
    EXPECT_EQ(pixel(photo, 1, 0), grey(0));
    EXPECT_EQ(pixel(photo, 2, 1), grey(0));
    photo = decode(file_of("P2 2 1 10\n5 10"));
    EXPECT_EQ(pixel(photo, 0, 0), grey(128));
    EXPECT_EQ(pixel(photo, 1, 0), grey(255));
    photo = decode(file_of("P3\n1 1\n255\n1 2 3\n"));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(3, 2, 1));
    photo = decode(file_of("P4\n9 2\n\x80\x80\x7F\xFF"));
    EXPECT_EQ(pixel(photo, 0, 0), grey(0));
    EXPECT_EQ(pixel(photo, 1, 0), grey(255));
    EXPECT_EQ(pixel(photo, 8, 0), grey(0));
    EXPECT_EQ(pixel(photo, 0, 1), grey(255));
    photo = decode(file_of("P5 2 1 15\n\x0F\x03"));
    EXPECT_EQ(pixel(photo, 0, 0), grey(255));
    EXPECT_EQ(pixel(photo, 1, 0), grey(51));
    photo = decode(file_of("P5 1 1 65535\n\x80\x80"));
    EXPECT_EQ(pixel(photo, 0, 0), grey(128));
    photo = decode(file_of("P6 1 1 255\n\x01\x02\x03"));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(3, 2, 1));
    photo = decode(file_of(std::string_view("P6 1 1 1023\n\x03\xFF\x02\x00\x01\x00", 18)));
    EXPECT_EQ(pixel(photo, 0, 0), cv::Vec3b(64, 128, 255));
}

// --- all

TEST(Decode, IsTheSameInManyThreads) {
    const auto bgr = sample(300, 200);
    std::vector<File> files;
    std::vector<cv::Mat> expected;
    for (const auto* extension : {".jpg", ".png", ".webp", ".bmp", ".tiff", ".ppm"}) {
        files.push_back(encoded(bgr, extension));
        expected.push_back(decode(files.back()).bgr);
    }
    std::vector<std::thread> threads;
    std::vector<int> wrong(6, 0);
    for (auto& mistakes : wrong) {
        threads.emplace_back([&] {
            for (std::size_t i = 0; i < 60; ++i) {
                const auto which = i % files.size();
                mistakes += largest_difference(decode(files[which]).bgr, expected[which]) == 0 ? 0 : 1;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(wrong, std::vector<int>(6, 0));
}

TEST(Decode, ReadsRealPhotos) {
    const auto folder = shared_faces() / "large";
    MIEN_NEEDS(folder);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (!image::has_image_extension(entry.path().filename().native())) {
            continue;
        }
        const auto file = read_file(entry.path(), 1U << 30U);
        const auto header = image::read_header(file);
        const auto photo = decode(file);
        EXPECT_EQ(photo.bgr.cols, header.width) << entry.path();
        EXPECT_EQ(photo.bgr.rows, header.height) << entry.path();
        const auto small = decode(file, 300);
        EXPECT_GE(std::max(small.bgr.cols, small.bgr.rows), 300) << entry.path();
        EXPECT_EQ(small.width, header.width) << entry.path();
    }
}

TEST(HasImageExtension, KnowsThemInAnyCase) {
    for (const auto* name : {"a.jpg", "a.JPG", "a.b.jpeg", "dir.x/a.jpe", "a.png", "a.WebP", "a.bmp", "a.tif", "a.TIFF",
                             "a.pgm", "a.ppm", "a.pbm", "a.pnm"}) {
        EXPECT_TRUE(image::has_image_extension(name)) << name;
    }
    for (const auto* name :
         {"", "a", "jpg", ".jpg", "dir.jpg/a", "a.jpg~", "a.gif", "a.heic", "a.txt", "a.", "dir/.png"}) {
        EXPECT_FALSE(image::has_image_extension(name)) << name;
    }
}

}  // namespace
}  // namespace mien::test
