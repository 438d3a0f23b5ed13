// SPDX-License-Identifier: MIT
#include <mien/detect/engines.hpp>
#include <mien/detect/hog_scan.hpp>

#include <mien/core/error.hpp>

#include "photos.hpp"

#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_transforms.h>

#include <cmath>
#include <random>
#include <thread>
#include <utility>

namespace {

using mien::detect::Detection;
using mien::detect::HogHit;
using mien::test::DlibPixels;

dlib::frontal_face_detector& dlib_detector() {
    static auto s_detector = dlib::get_frontal_face_detector();
    return s_detector;
}

std::vector<std::pair<double, dlib::rectangle>> dlib_faces(const DlibPixels& pixels, double adjust = 0) {
    std::vector<std::pair<double, dlib::rectangle>> found;
    dlib_detector()(pixels, found, adjust);
    return found;
}

/// A picture that changes in every direction.
cv::Mat noise(int rows, int columns, unsigned seed) {
    std::mt19937 random(seed);
    cv::Mat bgr(rows, columns, CV_8UC3);
    for (int row = 0; row < rows; ++row) {
        for (int column = 0; column < columns; ++column) {
            for (int channel = 0; channel < 3; ++channel) {
                const double wave = 90 * std::sin(row * 0.11 + channel) * std::cos(column * 0.07 - channel);
                bgr.at<cv::Vec3b>(row, column)[channel] =
                    cv::saturate_cast<unsigned char>(128 + wave + static_cast<double>(random() % 24));
            }
        }
    }
    return bgr;
}

TEST(Hog, FindsWhatDlibFinds) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "dlib's own scan takes ten minutes under the sanitizers; the dev build compares the two";
#endif
    const auto folder = mien::test::shared_faces() / "portraits";
    MIEN_NEEDS(folder);
    const auto hog = mien::detect::make_hog();
    std::size_t faces = 0;
    std::size_t exact = 0;
    for (const auto& file : mien::test::some_photos(folder, 40)) {
        SCOPED_TRACE(file.native());
        auto pixels = mien::test::read_photo(file);
        dlib::pyramid_up(pixels);
        const auto expected = dlib_faces(pixels);
        const auto found = hog->detect(mien::test::to_bgr(pixels));
        ASSERT_EQ(found.size(), expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            const auto& box = expected[i].second;
            ++faces;
            exact += found[i].box == mien::Rect{static_cast<float>(box.left()), static_cast<float>(box.top()),
                                                static_cast<float>(box.width()), static_cast<float>(box.height())}
                         ? 1U
                         : 0U;
            // the sums are the same, their order is not
            EXPECT_NEAR(found[i].score, expected[i].first, 1e-4);
        }
    }
    EXPECT_GT(faces, 30U);
    EXPECT_EQ(exact, faces);
}

TEST(Hog, FindsTheFaceOfAnLfwPhoto) {
    const auto folder = mien::test::shared_faces() / "lfw";
    MIEN_NEEDS(folder);
    const auto hog = mien::detect::make_hog();
    std::size_t hits = 0;
    const auto files = mien::test::some_photos(folder, 20);
    for (const auto& file : files) {
        for (const auto& face : hog->detect(mien::test::to_bgr(mien::test::read_photo(file)))) {
            const auto& box = face.box;  // LFW's person is in the middle
            if (box.left < 125 && 125 < box.left + box.width && box.top < 125 && 125 < box.top + box.height) {
                ++hits;
                break;
            }
        }
    }
    EXPECT_GE(hits + 1, files.size());
}

TEST(Hog, ScanAgreesWithDlibFarBelowTheThreshold) {
    // A lowered threshold gives many windows in any picture: every scale, every place, every filter.
    auto filters = std::make_shared<mien::detect::HogFilters>(*mien::detect::hog_filters());
    constexpr double k_lower = -1.6;
    for (auto& threshold : filters->thresholds) {
        threshold += k_lower;
    }
    filters->overlap = filters->covered = 1;
    const auto scan = mien::detect::make_hog_scan(filters);
    for (const auto& [rows, columns] : {std::pair{211, 173}, {80, 80}, {97, 300}, {64, 64}, {240, 321}}) {
        const auto bgr = noise(rows, columns, 3);
        DlibPixels pixels(rows, columns);
        for (int row = 0; row < rows; ++row) {
            for (int column = 0; column < columns; ++column) {
                const auto& pixel = bgr.at<cv::Vec3b>(row, column);
                pixels(row, column) = {pixel[2], pixel[1], pixel[0]};
            }
        }
        std::vector<HogHit> hits;
        scan->scan(bgr.data, bgr.step[0], rows, columns, hits);
        dlib::scan_fhog_pyramid<dlib::pyramid_down<6>> scanner;
        scanner.copy_configuration(dlib_detector().get_scanner());
        scanner.load(pixels);
        std::size_t expected_hits = 0;
        for (unsigned long i = 0; i < dlib_detector().num_detectors(); ++i) {
            const double threshold = filters->thresholds[i];
            std::vector<std::pair<double, dlib::rectangle>> expected;
            scanner.detect(dlib_detector().get_processed_w(i).get_detect_argument(), expected, threshold);
            expected_hits += expected.size();
            for (const auto& [score, box] : expected) {
                const bool found =
                    std::any_of(hits.begin(), hits.end(), [&, &box = box, &score = score](const HogHit& hit) {
                        return hit.detector == static_cast<int>(i) && hit.left == box.left() && hit.top == box.top() &&
                               hit.right == box.right() && hit.bottom == box.bottom() &&
                               std::abs(static_cast<double>(hit.score) + threshold - score) < 1e-3;
                    });
                EXPECT_TRUE(found || score - threshold < 1e-3) << i << ": " << score << " at " << box;
            }
        }
        EXPECT_NEAR(static_cast<double>(hits.size()), static_cast<double>(expected_hits), 2);
    }
}

TEST(Hog, ModuleAndPlainScanAgree) {
    const auto make = mien::detect::hog_module();
    if (make == nullptr) {
        GTEST_SKIP() << "this processor has no AVX2, or mien_hog_avx2.so was not built";
    }
    auto filters = std::make_shared<mien::detect::HogFilters>(*mien::detect::hog_filters());
    for (auto& threshold : filters->thresholds) {
        threshold -= 1.6;
    }
    const std::unique_ptr<mien::detect::HogScan> fast(make(filters));
    const auto plain = mien::detect::make_hog_scan(filters);
    for (const unsigned seed : {1U, 2U, 3U}) {
        const auto bgr = noise(333, 407, seed);
        std::vector<HogHit> fast_hits;
        std::vector<HogHit> plain_hits;
        fast->scan(bgr.data, bgr.step[0], bgr.rows, bgr.cols, fast_hits);
        plain->scan(bgr.data, bgr.step[0], bgr.rows, bgr.cols, plain_hits);
        ASSERT_EQ(fast_hits.size(), plain_hits.size());
        EXPECT_FALSE(fast_hits.empty());
        for (std::size_t i = 0; i < fast_hits.size(); ++i) {
            EXPECT_EQ(fast_hits[i].left, plain_hits[i].left);
            EXPECT_EQ(fast_hits[i].bottom, plain_hits[i].bottom);
            EXPECT_NEAR(fast_hits[i].score, plain_hits[i].score, 1e-4);
        }
    }
}

TEST(Hog, AnySizeIsSearched) {
    const auto hog = mien::detect::make_hog();
    for (const auto& [rows, columns] : {std::pair{1, 1},
                                        {1, 500},
                                        {500, 1},
                                        {2, 2},
                                        {3, 64},
                                        {7, 9},
                                        {12, 12},
                                        {20, 20},
                                        {23, 24},
                                        {63, 64},
                                        {65, 400},
                                        {400, 65}}) {
        EXPECT_NO_THROW((void)hog->detect(noise(rows, columns, 1))) << rows << "×" << columns;
    }
    EXPECT_THROW((void)hog->detect(cv::Mat(100, 100, CV_8UC1)), mien::Error);
    // a part of a larger picture, whose rows lie further apart
    const auto large = noise(300, 300, 5);
    const auto part = large(cv::Rect(17, 21, 200, 160));
    EXPECT_EQ(hog->detect(part).size(), hog->detect(part.clone()).size());
}

TEST(Hog, InstancesWorkSideBySide) {
    const auto folder = mien::test::shared_faces() / "portraits";
    MIEN_NEEDS(folder);
    std::vector<cv::Mat> photos;
    for (const auto& file : mien::test::some_photos(folder, 6)) {
        photos.push_back(mien::test::to_bgr(mien::test::read_photo(file)));
    }
    const auto search_all = [&photos] {
        const auto hog = mien::detect::make_hog();
        std::vector<mien::Rect> boxes;
        for (const auto& photo : photos) {
            for (const auto& face : hog->detect(photo)) {
                boxes.push_back(face.box);
            }
        }
        return boxes;
    };
    const auto expected = search_all();
    EXPECT_FALSE(expected.empty());
    std::vector<std::vector<mien::Rect>> answers(4);
    std::vector<std::thread> threads;
    for (auto& answer : answers) {
        threads.emplace_back([&answer, &search_all] { answer = search_all(); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    for (const auto& answer : answers) {
        EXPECT_EQ(answer, expected);
    }
}

TEST(Hog, TellsAboutItself) {
    const auto hog = mien::detect::make_hog();
    EXPECT_EQ(hog->name(), "hog");
    EXPECT_EQ(hog->weights().size(), 64U);
    EXPECT_EQ(hog->smallest_face(), 80);
}

}  // namespace
