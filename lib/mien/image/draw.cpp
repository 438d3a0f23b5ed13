// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/image/encode.hpp>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mien::image {
namespace {

const cv::Scalar k_green(80, 175, 60);
const cv::Scalar k_amber(0, 160, 245);
const cv::Scalar k_black(0, 0, 0);

struct Spelling {
    utf8proc_int32_t letter;
    std::string_view ascii;
};

/// Letters of names that are no base letter with an accent.
constexpr std::array k_spellings{
    Spelling{0x00C6, "AE"}, Spelling{0x00D0, "D"},  Spelling{0x00D8, "O"},  Spelling{0x00DE, "Th"},
    Spelling{0x00DF, "ss"}, Spelling{0x00E6, "ae"}, Spelling{0x00F0, "d"},  Spelling{0x00F8, "o"},
    Spelling{0x00FE, "th"}, Spelling{0x0110, "D"},  Spelling{0x0111, "d"},  Spelling{0x0131, "i"},
    Spelling{0x0141, "L"},  Spelling{0x0142, "l"},  Spelling{0x0152, "OE"}, Spelling{0x0153, "oe"},
    Spelling{0x02BC, "'"},  Spelling{0x2010, "-"},  Spelling{0x2011, "-"},  Spelling{0x2013, "-"},
    Spelling{0x2014, "-"},  Spelling{0x2018, "'"},  Spelling{0x2019, "'"},
};

bool is_accent(utf8proc_int32_t letter) {
    const auto category = utf8proc_category(letter);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME || category == UTF8PROC_CATEGORY_MC;
}

void append_plain(std::string& plain, utf8proc_int32_t letter) {
    if (letter >= ' ' && letter <= '~') {
        plain += static_cast<char>(letter);
    } else if (const auto* known = std::ranges::find(k_spellings, letter, &Spelling::letter);
               known != k_spellings.end()) {
        plain += known->ascii;
    } else if (!is_accent(letter)) {
        plain += '?';
    }
}

/// What the font can show: ASCII.
std::string to_plain_letters(std::string_view text) {
    std::string plain;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    auto left = static_cast<utf8proc_ssize_t>(text.size());
    while (left > 0) {
        utf8proc_int32_t letter = -1;
        auto length = utf8proc_iterate(bytes, left, &letter);
        if (length <= 0) {  // not UTF-8
            length = 1;
            letter = 0xFFFD;
        }
        bytes += length;
        left -= length;
        // The base letter and its accents; the longest decomposition has 18 parts.
        std::array<utf8proc_int32_t, 32> parts{};
        int boundary = 0;
        const auto count =
            utf8proc_decompose_char(letter, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()),
                                    static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT), &boundary);
        if (count < 0 || count > static_cast<utf8proc_ssize_t>(parts.size())) {
            plain += '?';
            continue;
        }
        std::for_each_n(parts.begin(), count, [&](utf8proc_int32_t part) { append_plain(plain, part); });
    }
    return plain;
}

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
