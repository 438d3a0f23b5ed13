// SPDX-License-Identifier: MIT
#pragma once

/// Contact sheets: many small pictures in groups, with captions.

#include <opencv2/core/mat.hpp>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace mien::image {

struct SheetGroup {
    std::string heading;                ///< UTF-8; shown as draw() shows names
    std::vector<std::string> captions;  ///< one a picture, below it
};

/// Lays the groups out on pages of 8 pictures across and at most 12 lines, one below the other; a group that does not
/// fit goes on overleaf under its heading.
/// picture: called once for each picture, in order; any size of 8-bit BGR, fitted into its cell; empty leaves it blank
/// page: takes each finished page, 8-bit BGR
void draw_sheets(std::span<const SheetGroup> groups,
                 const std::function<cv::Mat(std::size_t group, std::size_t index)>& picture,
                 const std::function<void(const cv::Mat& bgr)>& page);

/// A face with its surroundings: the box with a third of its size around it, as far as the photo goes; at most `side`
/// pixels wide and high. scale: pixels of bgr for a pixel of the box's photo. Empty where the box lies outside.
cv::Mat crop_around(const cv::Mat& bgr, const cv::Rect& box, double scale, int side);

}  // namespace mien::image
