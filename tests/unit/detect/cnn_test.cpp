// SPDX-License-Identifier: MIT
#include <mien/detect/engines.hpp>

#include <mien/core/error.hpp>

#include "photos.hpp"

#include <fstream>
#include <sstream>
#include <string>

namespace {

std::filesystem::path weights() { return mien::test::shared_models() / "mmod_human_face_detector.dat"; }

TEST(Cnn, FindsTheFaceOfAnLfwPhoto) {
    MIEN_NEEDS(weights());
    MIEN_NEEDS(mien::test::shared_faces() / "lfw");
    const auto cnn = mien::detect::make_cnn(weights(), std::string(64, 'c'));
    EXPECT_EQ(cnn->name(), "cnn");
    EXPECT_EQ(cnn->weights(), std::string(64, 'c'));
    for (const auto& file : mien::test::some_photos(mien::test::shared_faces() / "lfw", 4)) {
        SCOPED_TRACE(file.native());
        const auto faces = cnn->detect(mien::test::to_bgr(mien::test::read_photo(file)));
        ASSERT_FALSE(faces.empty());
        const auto& box = faces.front().box;
        EXPECT_GT(faces.front().score, 0.5F);
        EXPECT_TRUE(box.left < 125 && 125 < box.left + box.width && box.top < 125 && 125 < box.top + box.height);
        for (std::size_t i = 1; i < faces.size(); ++i) {
            EXPECT_GE(faces[i - 1].score, faces[i].score);
        }
    }
}

TEST(Cnn, SmallPicturesAreSearched) {
    MIEN_NEEDS(weights());
    const auto cnn = mien::detect::make_cnn(weights(), "");
    for (const auto& [rows, columns] : {std::pair{1, 1}, {5, 300}, {40, 40}}) {
        EXPECT_NO_THROW((void)cnn->detect(cv::Mat(rows, columns, CV_8UC3, cv::Scalar::all(90))));
    }
}

TEST(Cnn, TruncatedFilesAreErrors) {
    MIEN_NEEDS(weights());
    std::ifstream in(weights(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    const std::string whole = text.str();
    const mien::test::TemporaryFolder folder;
    const auto cut = folder.path() / "cut.dat";
    for (const double part : {0.0, 0.0001, 0.2, 0.999}) {
        std::ofstream(cut, std::ios::binary)
            << whole.substr(0, static_cast<std::size_t>(part * static_cast<double>(whole.size())));
        try {
            (void)mien::detect::make_cnn(cut, "");
            ADD_FAILURE() << "cut at " << part << " was accepted";
        } catch (const mien::Error& error) {
            EXPECT_EQ(error.code(), mien::ErrorCode::model_missing);
        }
    }
    EXPECT_THROW((void)mien::detect::make_cnn(folder.path() / "absent.dat", ""), mien::Error);
}

}  // namespace
