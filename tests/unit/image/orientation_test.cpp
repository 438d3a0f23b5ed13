// SPDX-License-Identifier: MIT
// Photos come upright, whatever way the camera was held and wherever the file says so.
#include <unit/image/made_images.hpp>

#include <mien/image/exif.hpp>

namespace mien::test {
namespace {

/// How an upright photo is stored under an orientation, from the words of the EXIF specification: which edge of the
/// upright photo the stored first row and first column are.
cv::Mat stored_as(const cv::Mat& upright, int orientation) {
    const int w = upright.cols;
    const int h = upright.rows;
    const bool turned = orientation >= 5;
    cv::Mat stored(turned ? w : h, turned ? h : w, upright.type());
    for (int row = 0; row < stored.rows; ++row) {
        for (int column = 0; column < stored.cols; ++column) {
            int x = 0;
            int y = 0;
            switch (orientation) {
                case 1:
                    x = column;
                    y = row;
                    break;  // row 0 is the top, column 0 the left
                case 2:
                    x = w - 1 - column;
                    y = row;
                    break;  // top, right
                case 3:
                    x = w - 1 - column;
                    y = h - 1 - row;
                    break;  // bottom, right
                case 4:
                    x = column;
                    y = h - 1 - row;
                    break;  // bottom, left
                case 5:
                    x = row;
                    y = column;
                    break;  // left, top
                case 6:
                    x = w - 1 - row;
                    y = column;
                    break;  // right, top
                case 7:
                    x = w - 1 - row;
                    y = h - 1 - column;
                    break;  // right, bottom
                default:
                    x = row;
                    y = h - 1 - column;
                    break;  // left, bottom
            }
            stored.at<cv::Vec3b>(row, column) = upright.at<cv::Vec3b>(y, x);
        }
    }
    return stored;
}

class Orientation : public ::testing::TestWithParam<int> {
protected:
    const cv::Mat m_upright = sample(64, 40);
    const cv::Mat m_stored = stored_as(m_upright, GetParam());

    void expect_upright(const File& file, double tolerance) const {
        const auto header = image::read_header(file);
        EXPECT_EQ(header.orientation, GetParam());
        EXPECT_EQ(header.width, 64);
        EXPECT_EQ(header.height, 40);
        const auto photo = decode(file);
        EXPECT_EQ(photo.width, 64);
        EXPECT_EQ(photo.height, 40);
        EXPECT_FLOAT_EQ(photo.scale, 1.0F);
        EXPECT_LE(largest_difference(photo.bgr, m_upright), tolerance);
    }

    [[nodiscard]] File stored_pixels() const {  // RGB
        Writer writer(ByteOrder::big);
        for (int y = 0; y < m_stored.rows; ++y) {
            for (int x = 0; x < m_stored.cols; ++x) {
                const auto bgr = m_stored.at<cv::Vec3b>(y, x);
                writer.u8(bgr[2]).u8(bgr[1]).u8(bgr[0]);
            }
        }
        return writer.file();
    }
};

TEST_P(Orientation, OfJpeg) {
    for (const auto order : {ByteOrder::little, ByteOrder::big}) {
        expect_upright(jpeg_with_exif(encoded(m_stored, ".jpg"), exif_block(GetParam(), order)), 8);
    }
}

TEST_P(Orientation, OfPng) {
    for (const auto order : {ByteOrder::little, ByteOrder::big}) {
        expect_upright(png({.width = static_cast<std::uint32_t>(m_stored.cols),
                            .height = static_cast<std::uint32_t>(m_stored.rows),
                            .rows = stored_pixels(),
                            .extra = {{"eXIf", exif_block(GetParam(), order)}}}),
                       0);
    }
}

TEST_P(Orientation, OfWebp) {
    const auto webp = encoded(m_stored, ".webp");
    for (const auto order : {ByteOrder::little, ByteOrder::big}) {
        auto exif = exif_block(GetParam(), order);
        expect_upright(webp_with_exif(webp, m_stored.cols, m_stored.rows, exif), 12);
        const auto prefix = file_of(std::string_view("Exif\0\0", 6));  // some writers keep JPEG's prefix
        exif.insert(exif.begin(), prefix.begin(), prefix.end());
        expect_upright(webp_with_exif(webp, m_stored.cols, m_stored.rows, exif), 12);
    }
}

TEST_P(Orientation, OfTiff) {
    for (const auto order : {ByteOrder::little, ByteOrder::big}) {
        for (const bool big : {false, true}) {
            expect_upright(tiff({.width = m_stored.cols,
                                 .height = m_stored.rows,
                                 .orientation = GetParam(),
                                 .order = order,
                                 .big = big,
                                 .pixels = stored_pixels()}),
                           0);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Image, Orientation, ::testing::Range(1, 9));

TEST(Exif, BrokenOnesMeanUpright) {
    const auto good = exif_block(6, ByteOrder::little);
    EXPECT_EQ(image::exif_orientation(good), 6);
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto orientation = image::exif_orientation(Bytes(good).first(size));
        EXPECT_TRUE(orientation == 1 || orientation == 6) << size;
    }
    EXPECT_EQ(image::exif_orientation(exif_block(0, ByteOrder::big)), 1);
    EXPECT_EQ(image::exif_orientation(exif_block(9, ByteOrder::big)), 1);
    EXPECT_EQ(image::exif_orientation(file_of("nothing of the kind")), 1);
    // A directory far outside, and one that claims more entries than there are bytes.
    EXPECT_EQ(image::exif_orientation(Writer(ByteOrder::little).text("II").u16(42).u32(0xFFFFFFFF).file()), 1);
    EXPECT_EQ(image::exif_orientation(Writer(ByteOrder::little).text("II").u16(42).u32(8).u16(0xFFFF).u32(0).file()),
              1);
    EXPECT_EQ(image::exif_orientation(Writer(ByteOrder::big).text("MM").u16(43).u32(0x80000).u64(~0ULL).file()), 1);
    // The value lies elsewhere, which is nowhere.
    EXPECT_EQ(image::exif_orientation(Writer(ByteOrder::little)
                                          .text("II")
                                          .u16(42)
                                          .u32(8)
                                          .u16(1)
                                          .u16(274)
                                          .u16(4)
                                          .u32(0x40000000)
                                          .u32(0xFFFFFFF0)
                                          .u32(0)
                                          .file()),
              1);
    // The photo stays readable.
    const auto jpeg = encoded(sample(20, 10), ".jpg");
    EXPECT_EQ(decode(jpeg_with_exif(jpeg, file_of("rubbish"))).width, 20);
}

}  // namespace
}  // namespace mien::test
