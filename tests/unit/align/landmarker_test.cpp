// SPDX-License-Identifier: MIT
#include <mien/align/landmarker.hpp>

#include <mien/core/error.hpp>

#include <support/shared.hpp>

#include <dlib/image_io.h>
#include <dlib/image_processing/shape_predictor.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {

using mien::align::Landmarker;
using Pixels = dlib::matrix<dlib::rgb_pixel>;

const char* const k_dlib_folder = "/usr/share/dlib";  // Debian's libdlib-data

mien::models::Finder finder(const std::filesystem::path& folder, bool trust = false) {
    mien::models::FinderOptions options;
    options.folders = {folder};
    options.trust_digests = trust;
    return mien::models::Finder(options);
}

cv::Mat to_bgr(const Pixels& pixels) {
    cv::Mat bgr(static_cast<int>(pixels.nr()), static_cast<int>(pixels.nc()), CV_8UC3);
    for (int row = 0; row < bgr.rows; ++row) {
        for (int column = 0; column < bgr.cols; ++column) {
            const auto& pixel = pixels(row, column);
            bgr.at<cv::Vec3b>(row, column) = {pixel.blue, pixel.green, pixel.red};
        }
    }
    return bgr;
}

std::vector<std::filesystem::path> lfw_photos(std::size_t limit) {
    std::vector<std::filesystem::path> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(mien::test::shared_faces() / "lfw")) {
        if (entry.path().extension() == ".jpg") {
            all.push_back(entry.path());
        }
    }
    std::sort(all.begin(), all.end());
    std::vector<std::filesystem::path> chosen;
    for (std::size_t i = 0; i < limit; ++i) {
        chosen.push_back(all[i * all.size() / limit]);
    }
    return chosen;
}

/// A predictor of five points in the manner of dlib, with random trees.
dlib::shape_predictor random_predictor() {
    std::mt19937 random(11);
    std::normal_distribution<float> normal(0, 0.02F);
    dlib::matrix<float, 0, 1> mean(10);
    mean = 0.8F, 0.3F, 0.6F, 0.3F, 0.2F, 0.3F, 0.4F, 0.3F, 0.5F, 0.6F;
    std::vector<std::vector<dlib::impl::regression_tree>> forests(3);
    std::vector<std::vector<dlib::vector<float, 2>>> places(3);
    for (std::size_t cascade = 0; cascade < 3; ++cascade) {
        for (int i = 0; i < 40; ++i) {
            places[cascade].emplace_back(static_cast<float>(random() % 100) / 100.0F,
                                         static_cast<float>(random() % 100) / 100.0F);
        }
        for (int tree = 0; tree < 20; ++tree) {
            dlib::impl::regression_tree made;
            for (int i = 0; i < 7; ++i) {
                made.splits.push_back({random() % 40, random() % 40, normal(random) * 500});
            }
            for (int i = 0; i < 8; ++i) {
                dlib::matrix<float, 0, 1> leaf(10);
                for (auto& value : leaf) {
                    value = normal(random);
                }
                made.leaf_values.push_back(leaf);
            }
            forests[cascade].push_back(made);
        }
    }
    return {mean, forests, places};
}

TEST(Landmarker, SixtyEightPointsAreDlibs) {
    MIEN_NEEDS(std::filesystem::path(k_dlib_folder) / "shape_predictor_68_face_landmarks.dat");
    MIEN_NEEDS(mien::test::shared_faces() / "lfw");
    const Landmarker landmarker("dlib68", finder(k_dlib_folder));
    EXPECT_EQ(landmarker.name(), "dlib68");
    EXPECT_EQ(landmarker.weights(), "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f");
    dlib::shape_predictor reference;
    dlib::deserialize(std::string(k_dlib_folder) + "/shape_predictor_68_face_landmarks.dat") >> reference;

    std::size_t different = 0;
    for (const auto& file : lfw_photos(12)) {
        SCOPED_TRACE(file.native());
        Pixels pixels;
        dlib::load_image(pixels, file.native());
        const auto bgr = to_bgr(pixels);
        for (const auto& box : {dlib::rectangle(76, 83, 175, 182), dlib::rectangle(-40, 100, 60, 200)}) {
            const auto expected = reference(pixels, box);
            const auto found =
                landmarker.predict(bgr, {static_cast<float>(box.left()), static_cast<float>(box.top()),
                                         static_cast<float>(box.width()), static_cast<float>(box.height())});
            ASSERT_EQ(found.scheme, mien::LandmarkScheme::dlib68);
            ASSERT_EQ(found.points.size(), 68U);
            for (std::size_t i = 0; i < 68; ++i) {
                const auto& point = expected.part(i);
                different +=
                    found.points[i] == mien::Point{static_cast<float>(point.x()), static_cast<float>(point.y())} ? 0U
                                                                                                                 : 1U;
            }
        }
        // plausible, too: eyes above the nose above the mouth, the viewer's left on the left
        const auto face = landmarker.predict(bgr, {76, 83, 100, 100}).points;
        EXPECT_LT(face[36].y, face[33].y);
        EXPECT_LT(face[33].y, face[57].y);
        EXPECT_LT(face[36].x, face[45].x);
        EXPECT_LT(face[48].x, face[54].x);
    }
    EXPECT_LE(different, 8U);  // of 1632; a last bit of the rotation may move a pixel
}

TEST(Landmarker, ReadsWhatDlibWrites) {
    const mien::test::TemporaryFolder folder;
    const auto file = folder.path() / "shape_predictor_5_face_landmarks.dat";
    const auto reference = random_predictor();
    dlib::serialize(file.native()) << reference;
    const Landmarker landmarker("dlib5", finder(folder.path(), true));

    Pixels pixels(120, 160);
    for (long row = 0; row < pixels.nr(); ++row) {
        for (long column = 0; column < pixels.nc(); ++column) {
            pixels(row, column) = {static_cast<unsigned char>(row * 2), static_cast<unsigned char>(column),
                                   static_cast<unsigned char>((row * column) % 251)};
        }
    }
    for (const auto& box :
         {dlib::rectangle(20, 10, 119, 109), dlib::rectangle(-30, 50, 69, 149), dlib::rectangle(5, 5, 5, 5)}) {
        const auto expected = reference(pixels, box);
        const auto found =
            landmarker.predict(to_bgr(pixels), {static_cast<float>(box.left()), static_cast<float>(box.top()),
                                                static_cast<float>(box.width()), static_cast<float>(box.height())});
        EXPECT_EQ(found.scheme, mien::LandmarkScheme::dlib5);
        ASSERT_EQ(found.points.size(), 5U);
        for (std::size_t i = 0; i < 5; ++i) {
            EXPECT_NEAR(found.points[i].x, static_cast<double>(expected.part(i).x()), 1);
            EXPECT_NEAR(found.points[i].y, static_cast<double>(expected.part(i).y()), 1);
        }
    }
}

TEST(Landmarker, TruncatedFilesAreErrors) {
    std::ostringstream text;
    dlib::serialize(random_predictor(), text);
    const auto whole = text.str();
    const mien::test::TemporaryFolder folder;
    const auto file = folder.path() / "shape_predictor_5_face_landmarks.dat";
    for (std::size_t length = 0; length < whole.size(); length += 1 + length / 12) {
        std::ofstream(file, std::ios::binary) << whole.substr(0, length);
        try {
            (void)Landmarker("dlib5", finder(folder.path(), true));
            ADD_FAILURE() << "cut at " << length << " was accepted";
        } catch (const mien::Error& error) {
            EXPECT_TRUE(error.code() == mien::ErrorCode::model_missing || error.code() == mien::ErrorCode::runtime);
        }
    }
}

TEST(Landmarker, DamagedFilesNeverCrash) {
    std::ostringstream text;
    dlib::serialize(random_predictor(), text);
    const auto whole = text.str();
    const mien::test::TemporaryFolder folder;
    const auto file = folder.path() / "shape_predictor_5_face_landmarks.dat";
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
        auto damaged = whole;
        // most of the file is numbers; what holds it together lies in between, and at the start and the end
        const auto place = round < 60 ? static_cast<std::size_t>(round) : random() % damaged.size();
        damaged[place] = static_cast<char>(random() % 256);
        std::ofstream(file, std::ios::binary) << damaged;
        try {
            const Landmarker landmarker("dlib5", finder(folder.path(), true));
            (void)landmarker.predict(cv::Mat(90, 90, CV_8UC3, cv::Scalar::all(77)), {10, 10, 60, 60});
        } catch (const mien::Error&) {
        }
    }
}

TEST(Landmarker, StarterFindsPlausiblePoints) {
    MIEN_NEEDS(mien::test::shared_faces() / "lfw");
    const mien::test::TemporaryFolder empty;
    std::unique_ptr<Landmarker> landmarker;
    try {
        landmarker = std::make_unique<Landmarker>("starter5", finder(empty.path()));
    } catch (const mien::Error& error) {
        GTEST_SKIP() << error.what();
    }
    std::size_t plausible = 0;
    const auto files = lfw_photos(20);
    for (const auto& file : files) {
        Pixels pixels;
        dlib::load_image(pixels, file.native());
        const auto found = landmarker->predict(to_bgr(pixels), {76, 83, 100, 100});
        ASSERT_EQ(found.scheme, mien::LandmarkScheme::arcface5);
        ASSERT_EQ(found.points.size(), 5U);
        const auto& p = found.points;
        plausible +=
            p[0].x < p[2].x && p[2].x < p[1].x && p[0].y < p[2].y && p[2].y < p[3].y && p[3].x < p[4].x ? 1U : 0U;
    }
    EXPECT_GE(plausible + 3, files.size());
}

TEST(Landmarker, OtherNamesAreUsageErrors) {
    const mien::test::TemporaryFolder empty;
    try {
        (void)Landmarker("dlib99", finder(empty.path()));
        ADD_FAILURE();
    } catch (const mien::Error& error) {
        EXPECT_EQ(error.code(), mien::ErrorCode::usage);
    }
    EXPECT_THROW((void)Landmarker("dlib5", finder(empty.path())), mien::Error);
}

}  // namespace
