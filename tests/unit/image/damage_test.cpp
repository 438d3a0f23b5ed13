// SPDX-License-Identifier: MIT
// Files cut anywhere are refused (a TIFF's last bytes, behind its pixels, do not matter); files with wrong bytes are
// refused or decoded, but nothing worse happens.
#include <unit/image/made_images.hpp>

#include <mien/image/codecs.hpp>

#include <random>

namespace mien::test {
namespace {

struct Made {
    std::string name;
    File file;
};

std::vector<Made> small_files() {
    const auto bgr = sample(24, 16);
    std::vector<Made> files;
    for (const auto* extension : {".jpg", ".png", ".webp", ".bmp", ".tiff", ".ppm"}) {
        files.push_back({extension, encoded(bgr, extension)});
    }
    files.push_back({"lossless WebP", image::encode_with_imgcodecs(bgr, ".webp", {64, 101})});
    files.push_back(
        {"progressive JPEG", image::encode_with_imgcodecs(bgr, ".jpg", {2, 1})});  // cv::IMWRITE_JPEG_PROGRESSIVE
    files.push_back({"JPEG with EXIF", jpeg_with_exif(encoded(bgr, ".jpg"), exif_block(6, ByteOrder::big))});
    files.push_back(
        {"WebP with EXIF", webp_with_exif(encoded(bgr, ".webp"), 24, 16, exif_block(6, ByteOrder::little))});
    files.push_back({"palette PNG", png({.width = 3,
                                         .height = 1,
                                         .colour_type = 3,
                                         .rows = file_of("\1\2\1"),
                                         .extra = {{"PLTE", file_of("abcdefghi")}}})});
    files.push_back(
        {"grey TIFF",
         tiff({.width = 8, .height = 8, .channels = 1, .orientation = 5, .pixels = File(64, std::byte{9})})});
    files.push_back({"LZW TIFF", image::encode_with_imgcodecs(bgr, ".tiff", {259, 5})});
    files.push_back(
        {"OS/2 BMP", bmp({.header_size = 12, .width = 4, .height = 4, .palette = {}, .rows = File(48, std::byte{7})})});
    files.push_back({"P4", file_of("P4 9 3\nabcdef")});
    return files;
}

TEST(Damage, EveryPrefixIsRefused) {
    for (const auto& [name, file] : small_files()) {
        const auto whole = decode(file).bgr;
        for (std::size_t size = 0; size < file.size(); ++size) {
            // A copy of just that size, so that sanitizers see every read behind it.
            const File cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
            try {
                const auto photo = decode(cut);
                EXPECT_TRUE(photo.format == image::Format::tiff && size + 8 >= file.size() &&
                            largest_difference(photo.bgr, whole) == 0)
                    << name << " was decoded from " << size << " of " << file.size() << " bytes";
            } catch (const Error& error) {
                ASSERT_EQ(error.code(), ErrorCode::unreadable) << name << " " << size << " " << error.what();
            }
        }
    }
}

TEST(Damage, LargerFilesCutInTheMiddleAreRefused) {
    const auto bgr = sample(400, 300);
    for (const auto* extension : {".jpg", ".png", ".webp", ".bmp", ".tiff", ".ppm"}) {
        const auto file = encoded(bgr, extension);
        for (int part = 1; part < 16; ++part) {
            const auto size = file.size() * static_cast<std::size_t>(part) / 16;
            EXPECT_FALSE(refusal(File(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size))).empty())
                << extension << part;
        }
    }
}

TEST(Damage, WrongBytesNeverCrash) {
    std::mt19937 random(20260101);  // NOLINT: the same changes every time
    const auto files = small_files();
    int decoded = 0;
    for (int round = 0; round < 4000; ++round) {
        auto [name, file] = files[static_cast<std::size_t>(round) % files.size()];
        const auto changes = 1 + random() % 6;
        for (unsigned i = 0; i < changes; ++i) {
            // Headers are where the harm is, so half of the changes go there.
            const auto range = random() % 2 == 0 ? std::min<std::size_t>(file.size(), 64) : file.size();
            file[random() % range] = static_cast<std::byte>(random());
        }
        try {
            const auto photo = image::decode(file, {.max_pixels = 1'000'000});
            EXPECT_EQ(photo.bgr.type(), CV_8UC3) << name;
            EXPECT_EQ(photo.bgr.cols, photo.width) << name;
            ++decoded;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::unreadable) << name << " " << error.what();
        }
    }
    EXPECT_GT(decoded, 100);  // otherwise the changes are too coarse to reach the pixels
}

TEST(Damage, OfPngPixelsIsSeenSilently) {
    auto file = encoded(sample(60, 40), ".png");
    file[file.size() - 40] ^= std::byte{1};
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(refusal(file), "the PNG file is damaged: the checksum of its IDAT chunk is wrong");
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Damage, OfJpegScansIsRefused) {
    // Noise fills the scan, so that a hole in it is seen.
    cv::Mat noise(64, 64, CV_8UC3);
    cv::theRNG().state = 7;
    cv::randu(noise, 0, 255);
    auto file = encoded(noise, ".jpg");
    const auto half = file.begin() + static_cast<std::ptrdiff_t>(file.size() / 2);
    file.erase(half, half + 200);
    EXPECT_TRUE(refusal(file).starts_with("the JPEG file is"));
}

}  // namespace
}  // namespace mien::test
