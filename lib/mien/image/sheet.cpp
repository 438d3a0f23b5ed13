// SPDX-License-Identifier: MIT
#include <mien/image/sheet.hpp>

#include <mien/image/letters.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace mien::image {
namespace {

constexpr int k_cell = 112;
constexpr int k_gap = 12;
constexpr int k_caption = 22;
constexpr int k_heading = 34;
constexpr int k_across = 8;
constexpr int k_lines = 12;
constexpr int k_width = k_across * (k_cell + k_gap) + k_gap;
constexpr int k_row = k_cell + k_caption + k_gap;
constexpr int k_font = cv::FONT_HERSHEY_SIMPLEX;

const cv::Scalar k_paper(250, 250, 250);
const cv::Scalar k_ink(40, 40, 40);
const cv::Scalar k_rule(200, 200, 200);

/// One line of text, made smaller and then cut until it fits.
void write_line(cv::Mat& page, const std::string& text, const cv::Point& baseline, int room, double scale) {
    auto shown = to_plain_letters(text);
    int below = 0;
    const auto width = [&] { return cv::getTextSize(shown, k_font, scale, 1, &below).width; };
    if (width() > room) {
        scale = std::max(0.32, scale * room / width());
    }
    while (!shown.empty() && width() > room) {
        shown.pop_back();
    }
    cv::putText(page, shown, baseline, k_font, scale, k_ink, 1, cv::LINE_AA);
}

void place(cv::Mat& page, const cv::Mat& picture, const cv::Point& corner) {
    if (picture.empty()) {
        cv::rectangle(page, cv::Rect(corner.x, corner.y, k_cell, k_cell), k_rule, 1);
        return;
    }
    const double scale = static_cast<double>(k_cell) / std::max(picture.cols, picture.rows);
    const cv::Size size(std::clamp(static_cast<int>(std::lround(picture.cols * scale)), 1, k_cell),
                        std::clamp(static_cast<int>(std::lround(picture.rows * scale)), 1, k_cell));
    const cv::Rect target({corner.x + (k_cell - size.width) / 2, corner.y + (k_cell - size.height) / 2}, size);
    auto part = page(target);
    cv::resize(picture, part, size, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
}

/// The page that is being filled.
class Page {
public:
    explicit Page(const std::function<void(const cv::Mat&)>& take) : m_take(take) {}

    [[nodiscard]] bool fits_line() const { return m_lines < k_lines; }
    void heading(const std::string& text) {
        start();
        write_line(m_bgr, text, {k_gap, m_bottom + k_heading - 12}, k_width - 2 * k_gap, 0.6);
        m_bottom += k_heading;
    }
    /// returns: the top of a fresh line of pictures
    int line() {
        const int top = m_bottom;
        m_bottom += k_row;
        ++m_lines;
        return top;
    }
    cv::Mat& bgr() { return m_bgr; }
    void finish() {
        if (m_lines > 0) {
            m_take(m_bgr.rowRange(0, m_bottom));
        }
        m_bgr.release();
        m_lines = 0;
    }

private:
    void start() {
        if (m_bgr.empty()) {
            m_bottom = k_gap;
            // Each line may have a heading of its own.
            m_bgr = cv::Mat(k_gap + k_lines * (k_row + k_heading), k_width, CV_8UC3, k_paper);
        }
    }
    const std::function<void(const cv::Mat&)>& m_take;
    cv::Mat m_bgr;
    int m_bottom{};
    int m_lines{};
};

}  // namespace

void draw_sheets(std::span<const SheetGroup> groups, const std::function<cv::Mat(std::size_t, std::size_t)>& picture,
                 const std::function<void(const cv::Mat&)>& take) {
    Page page(take);
    for (std::size_t g = 0; g < groups.size(); ++g) {
        const auto& group = groups[g];
        int top = 0;
        for (std::size_t i = 0; i < group.captions.size(); ++i) {
            const int column = static_cast<int>(i % k_across);
            if (column == 0) {
                const bool overleaf = !page.fits_line();
                if (overleaf) {
                    page.finish();
                }
                if (i == 0 || overleaf) {
                    page.heading(i == 0 ? group.heading : group.heading + " (continued)");
                }
                top = page.line();
            }
            const int left = k_gap + column * (k_cell + k_gap);
            place(page.bgr(), picture(g, i), {left, top});
            write_line(page.bgr(), group.captions[i], {left, top + k_cell + 15}, k_cell, 0.4);
        }
    }
    page.finish();
}

cv::Mat crop_around(const cv::Mat& bgr, const cv::Rect& box, double scale, int side) {
    const double margin = std::max(box.width, box.height) / 3.0;
    const auto at = [scale](double value, int end) {
        return static_cast<int>(std::clamp(std::lround(value * scale), 0L, static_cast<long>(end)));
    };
    const cv::Point corner(at(box.x - margin, bgr.cols), at(box.y - margin, bgr.rows));
    const cv::Point opposite(at(static_cast<double>(box.x) + box.width + margin, bgr.cols),
                             at(static_cast<double>(box.y) + box.height + margin, bgr.rows));
    const cv::Rect area(corner, opposite);
    if (area.empty()) {
        return {};
    }
    const double shrink = static_cast<double>(side) / std::max(area.width, area.height);
    cv::Mat crop;
    if (shrink < 1) {
        const cv::Size size(std::max(1, static_cast<int>(std::lround(area.width * shrink))),
                            std::max(1, static_cast<int>(std::lround(area.height * shrink))));
        cv::resize(bgr(area), crop, size, 0, 0, cv::INTER_AREA);
    } else {
        crop = bgr(area).clone();
    }
    return crop;
}

}  // namespace mien::image
