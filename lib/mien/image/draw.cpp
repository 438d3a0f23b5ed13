// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/image/encode.hpp>
#include <mien/image/letters.hpp>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace mien::image {
namespace {

const cv::Scalar k_green(80, 175, 60);
const cv::Scalar k_amber(0, 160, 245);
const cv::Scalar k_black(0, 0, 0);

/// Sizes that look alike on every photo.
struct Pen {
    explicit Pen(const cv::Size& photo) {
        const auto side = static_cast<double>(std::max(photo.width, photo.height));
        line = std::max(1, static_cast<int>(std::lround(side / 400)));
        font_scale = std::clamp(side / 1200, 0.4, 20.0);
        stroke = std::max(1, static_cast<int>(std::lround(font_scale * 1.6)));
        margin = 2 + line;
    }
    int line;
    double font_scale;
    int stroke;
    int margin;
};

constexpr int k_font = cv::FONT_HERSHEY_SIMPLEX;

/// Boxes may lie anywhere; OpenCV wants coordinates near the photo.
int near(std::int64_t value, int side) {
    return static_cast<int>(std::clamp<std::int64_t>(value, -1000, std::int64_t{side} + 1000));
}

void draw_text(cv::Mat& bgr, const cv::Rect& box, const std::string& text, const cv::Scalar& colour, const Pen& pen) {
    double scale = pen.font_scale;
    int below = 0;
    auto size = cv::getTextSize(text, k_font, scale, pen.stroke, &below);
    const int room = bgr.cols - 2 * pen.margin;
    if (size.width > room) {  // a long name gets smaller letters
        scale = std::max(0.2, scale * std::max(room, 1) / size.width);
        size = cv::getTextSize(text, k_font, scale, pen.stroke, &below);
    }
    const cv::Size plate(size.width + 2 * pen.margin, size.height + below + 2 * pen.margin);
    // Above the box where there is room, else below it, else inside; always inside the photo.
    int top = box.y - plate.height;
    if (top < 0) {
        top = box.y + box.height + plate.height <= bgr.rows ? box.y + box.height : box.y;
    }
    const int left = std::clamp(box.x, 0, std::max(0, bgr.cols - plate.width));
    top = std::clamp(top, 0, std::max(0, bgr.rows - plate.height));
    cv::rectangle(bgr, cv::Rect({left, top}, plate), colour, cv::FILLED);
    cv::putText(bgr, text, {left + pen.margin, top + pen.margin + size.height}, k_font, scale, k_black, pen.stroke,
                cv::LINE_AA);
}

}  // namespace

void draw(cv::Mat& bgr, std::span<const Mark> marks) {
    if (bgr.empty() || bgr.type() != CV_8UC3) {
        throw Error(ErrorCode::runtime, "marks are drawn on 8-bit BGR images only");
    }
    const Pen pen(bgr.size());
    try {
        for (const auto& mark : marks) {
            const auto& colour = mark.good ? k_green : k_amber;
            const cv::Point corner(near(mark.box.left, bgr.cols), near(mark.box.top, bgr.rows));
            const cv::Point opposite(near(std::int64_t{mark.box.left} + mark.box.width, bgr.cols),
                                     near(std::int64_t{mark.box.top} + mark.box.height, bgr.rows));
            const cv::Rect box(corner, opposite);
            cv::rectangle(bgr, box, colour, pen.line);
            if (const auto text = to_plain_letters(mark.text); !text.empty()) {
                draw_text(bgr, box, text, colour, pen);
            }
        }
    } catch (const cv::Exception& error) {
        throw Error(ErrorCode::runtime, "cannot draw: " + error.err);
    }
}

}  // namespace mien::image
