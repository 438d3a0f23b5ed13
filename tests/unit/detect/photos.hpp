// SPDX-License-Identifier: MIT
#pragma once

/// Photos for the detectors' tests, read by dlib so that these tests need nothing of mien but the detectors.

#include <support/shared.hpp>

#include <dlib/image_io.h>
#include <opencv2/core.hpp>

#include <algorithm>
#include <filesystem>
#include <vector>

namespace mien::test {

using DlibPixels = dlib::matrix<dlib::rgb_pixel>;

inline DlibPixels read_photo(const std::filesystem::path& file) {
    DlibPixels pixels;
    dlib::load_image(pixels, file.native());
    return pixels;
}

inline cv::Mat to_bgr(const DlibPixels& pixels) {
    cv::Mat bgr(static_cast<int>(pixels.nr()), static_cast<int>(pixels.nc()), CV_8UC3);
    for (int row = 0; row < bgr.rows; ++row) {
        for (int column = 0; column < bgr.cols; ++column) {
            const auto& pixel = pixels(row, column);
            bgr.at<cv::Vec3b>(row, column) = {pixel.blue, pixel.green, pixel.red};
        }
    }
    return bgr;
}

/// Up to `limit` photos below a folder, spread over its sorted list.
inline std::vector<std::filesystem::path> some_photos(const std::filesystem::path& folder, std::size_t limit) {
    std::vector<std::filesystem::path> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() == ".jpg") {
            all.push_back(entry.path());
        }
    }
    std::sort(all.begin(), all.end());
    std::vector<std::filesystem::path> chosen;
    for (std::size_t i = 0; i < std::min(limit, all.size()); ++i) {
        chosen.push_back(all[i * all.size() / std::min(limit, all.size())]);
    }
    return chosen;
}

}  // namespace mien::test
