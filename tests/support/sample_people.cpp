// SPDX-License-Identifier: MIT
#include "sample_people.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numbers>
#include <stdexcept>
#include <utility>

#include <opencv2/imgproc.hpp>

namespace mien::test {
namespace {

constexpr int k_landmarks = 68;
constexpr int k_super = 2;  // people and scenes are drawn at twice the size, then reduced
constexpr double k_pi = std::numbers::pi;
constexpr std::size_t k_largest_model = 8U << 20;

using Point = cv::Point2d;
using Points = std::vector<Point>;

/// Reads the model's numbers in order and never past the end.
class Reader {
public:
    Reader(const std::vector<unsigned char>& bytes, std::size_t at, std::string path)
        : m_bytes{bytes}, m_at{at}, m_path{std::move(path)} {}

    template <typename T>
    std::vector<T> take(std::size_t count) {
        if (count > (m_bytes.size() - m_at) / sizeof(T)) {
            throw std::runtime_error(m_path + ": the face model is cut short");
        }
        std::vector<T> values(count);
        if (count > 0) {
            std::memcpy(values.data(), m_bytes.data() + m_at, count * sizeof(T));  // the file is little-endian
        }
        m_at += count * sizeof(T);
        return values;
    }

    [[nodiscard]] bool done() const { return m_at == m_bytes.size(); }

private:
    const std::vector<unsigned char>& m_bytes;
    std::size_t m_at;
    std::string m_path;
};

std::uint32_t crc32(const unsigned char* bytes, std::size_t count) {
    std::uint32_t crc = 0xffffffffU;
    for (std::size_t i = 0; i < count; ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0U ? 0xedb88320U : 0U);
        }
    }
    return ~crc;
}

/// The set bits' positions in a packed mask (first bit highest).
std::vector<int> set_bits(const std::vector<std::uint8_t>& packed, int count) {
    std::vector<int> positions;
    for (int i = 0; i < count; ++i) {
        const auto byte = packed[static_cast<std::size_t>(i / 8)];
        if ((byte >> (7 - i % 8) & 1) != 0) {
            positions.push_back(i);
        }
    }
    return positions;
}

int rounded(double value) { return static_cast<int>(std::lround(value)); }

double smooth_step(double low, double high, double x) {
    const double t = std::clamp((x - low) / (high - low), 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

cv::Vec3d mix(const cv::Vec3d& a, const cv::Vec3d& b, double part) { return a * (1 - part) + b * part; }

cv::Scalar scalar(const cv::Vec3d& colour, double gain = 1.0) {
    return {std::clamp(colour[0] * gain, 0.0, 255.0), std::clamp(colour[1] * gain, 0.0, 255.0),
            std::clamp(colour[2] * gain, 0.0, 255.0)};
}

constexpr int k_fraction_bits = 4;

std::vector<cv::Point> fixed_point(const Points& points) {
    std::vector<cv::Point> fixed;
    fixed.reserve(points.size());
    for (const Point& p : points) {
        fixed.emplace_back(rounded(p.x * (1 << k_fraction_bits)), rounded(p.y * (1 << k_fraction_bits)));
    }
    return fixed;
}

std::vector<cv::Point> whole_pixels(const Points& points) {
    std::vector<cv::Point> whole;
    for (const Point& p : points) {
        whole.emplace_back(rounded(p.x), rounded(p.y));
    }
    return whole;
}

/// A closed curve through the points (Catmull-Rom).
Points smooth_outline(const Points& corners) {
    Points curve;
    const std::size_t n = corners.size();
    for (std::size_t i = 0; i < n; ++i) {
        const Point p0 = corners[(i + n - 1) % n];
        const Point p1 = corners[i];
        const Point p2 = corners[(i + 1) % n];
        const Point p3 = corners[(i + 2) % n];
        for (int step = 0; step < 8; ++step) {
            const double t = step / 8.0;
            curve.push_back(0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * (t * t) +
                                   (3 * p1 - p0 - 3 * p2 + p3) * (t * t * t)));
        }
    }
    return curve;
}

/// How opaque something is, 0..255, over a part of a canvas.
struct Mask {
    cv::Rect at;
    cv::Mat opacity;
};

/// A filled outline with a soft edge (a Gaussian's deviation in pixels).
Mask mask_of(const cv::Size& size, const Points& outline, double softness, double strength = 1) {
    Point low = outline.front();
    Point high = outline.front();
    for (const Point& p : outline) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
    const int margin = rounded(3 * softness) + 2;
    Mask mask;
    mask.at = cv::Rect{cv::Point{rounded(low.x) - margin, rounded(low.y) - margin},
                       cv::Point{rounded(high.x) + margin, rounded(high.y) + margin}} &
              cv::Rect{{0, 0}, size};
    if (mask.at.empty()) {
        return mask;
    }
    Points moved;
    for (const Point& p : outline) {
        moved.push_back(p - Point{static_cast<double>(mask.at.x), static_cast<double>(mask.at.y)});
    }
    mask.opacity = cv::Mat(mask.at.size(), CV_8U, cv::Scalar(0));
    cv::fillPoly(mask.opacity, std::vector<std::vector<cv::Point>>{fixed_point(moved)}, cv::Scalar(255 * strength),
                 cv::LINE_AA, k_fraction_bits);
    if (softness > 0.3) {
        cv::GaussianBlur(mask.opacity, mask.opacity, {}, softness);
    }
    return mask;
}

Points ellipse_of(const Point& centre, double radius_x, double radius_y, double degrees = 0) {
    Points outline;
    const double turn = degrees * k_pi / 180;
    for (int i = 0; i < 48; ++i) {
        const double a = 2 * k_pi * i / 48;
        const Point p{radius_x * std::cos(a), radius_y * std::sin(a)};
        outline.push_back(
            centre + Point{p.x * std::cos(turn) - p.y * std::sin(turn), p.x * std::sin(turn) + p.y * std::cos(turn)});
    }
    return outline;
}

/// Paints colour(x, y) wherever the mask is set.
template <typename Colour>
void paint(cv::Mat& canvas, const Mask& mask, const Colour& colour) {
    for (int y = 0; y < mask.at.height; ++y) {
        auto* row = canvas.ptr<cv::Vec3b>(mask.at.y + y) + mask.at.x;
        const auto* opaque = mask.opacity.ptr<unsigned char>(y);
        for (int x = 0; x < mask.at.width; ++x) {
            if (opaque[x] == 0) {
                continue;
            }
            const double a = opaque[x] / 255.0;
            const cv::Vec3d c = colour(mask.at.x + x, mask.at.y + y);
            for (int k = 0; k < 3; ++k) {
                row[x][k] = cv::saturate_cast<unsigned char>(row[x][k] * (1 - a) + c[k] * a);
            }
        }
    }
}

/// Soft noise of a few octaves around 0, deviation about 1. cell: pixels of the coarsest grain.
cv::Mat clouds(Random& random, const cv::Size& size, double cell, int octaves) {
    cv::Mat sum(size, CV_32F, cv::Scalar(0));
    double weight = 1;
    for (int octave = 0; octave < octaves; ++octave) {
        const cv::Size grid{std::max(2, rounded(size.width / cell) + 2), std::max(2, rounded(size.height / cell) + 2)};
        cv::Mat coarse(grid, CV_32F);
        for (int y = 0; y < grid.height; ++y) {
            for (int x = 0; x < grid.width; ++x) {
                coarse.at<float>(y, x) = static_cast<float>(random.normal() * weight);
            }
        }
        cv::Mat fine;
        cv::resize(coarse, fine, size, 0, 0, cv::INTER_CUBIC);
        sum += fine;
        weight *= 0.55;
        cell /= 2;
    }
    return sum;
}

cv::Vec3d hsv(double hue, double saturation, double value) {
    const auto channel = [&](double shift) {
        const double k = std::fmod(shift + hue / 60.0, 6.0);
        return 255 * (value - value * saturation * std::max(0.0, std::min({k, 4 - k, 1.0})));
    };
    return {channel(1), channel(3), channel(5)};
}

// ---------------------------------------------------------------------------------------------- scenes

void fill_gradient(cv::Mat& canvas, const cv::Vec3d& top, const cv::Vec3d& bottom, double slant) {
    for (int y = 0; y < canvas.rows; ++y) {
        for (int x = 0; x < canvas.cols; ++x) {
            const double t = std::clamp(
                static_cast<double>(y) / canvas.rows + slant * (static_cast<double>(x) / canvas.cols - 0.5), 0.0, 1.0);
            const cv::Vec3d c = mix(top, bottom, t);
            for (int k = 0; k < 3; ++k) {
                canvas.at<cv::Vec3b>(y, x)[k] = cv::saturate_cast<unsigned char>(c[k]);
            }
        }
    }
}

void add_clouds(cv::Mat& canvas, const cv::Mat& noise, double strength) {
    for (int y = 0; y < canvas.rows; ++y) {
        for (int x = 0; x < canvas.cols; ++x) {
            const double gain = 1 + strength * static_cast<double>(noise.at<float>(y, x));
            for (int k = 0; k < 3; ++k) {
                auto& value = canvas.at<cv::Vec3b>(y, x)[k];
                value = cv::saturate_cast<unsigned char>(value * gain);
            }
        }
    }
}

void box(cv::Mat& canvas, double x, double y, double w, double h, const cv::Vec3d& colour, double gain = 1) {
    cv::rectangle(canvas, cv::Rect{rounded(x), rounded(y), std::max(1, rounded(w)), std::max(1, rounded(h))},
                  scalar(colour, gain), cv::FILLED);
}

void lights(cv::Mat& canvas, Random& random, double unit, int count) {
    for (int i = 0; i < count; ++i) {
        const double radius = unit * random.uniform(0.02, 0.09);
        const Point at{random.uniform(0, canvas.cols), random.uniform(0, canvas.rows)};
        const cv::Vec3d colour = hsv(random.uniform() < 0.6 ? random.uniform(38, 60) : random.uniform(170, 320),
                                     random.uniform(0.15, 0.6), random.uniform(0.6, 1.0));
        const Mask mask = mask_of(canvas.size(), ellipse_of(at, radius, radius), std::max(0.5, unit * 0.006),
                                  random.uniform(0.2, 0.6));
        paint(canvas, mask, [&](int, int) { return colour; });
    }
}

void shelves(cv::Mat& canvas, Random& random, double unit) {
    const cv::Vec3d wood = hsv(random.uniform(15, 35), random.uniform(0.25, 0.6), random.uniform(0.25, 0.6));
    canvas.setTo(scalar(wood, 0.55));
    const double rows = random.uniform(0.28, 0.4) * unit;
    for (double y = -random.uniform(0, rows); y < canvas.rows; y += rows) {
        double x = -random.uniform(0, 0.1) * unit;
        while (x < canvas.cols) {
            const double w = unit * random.uniform(0.02, 0.075);
            const double h = rows * random.uniform(0.62, 0.9);
            if (random.uniform() < 0.88) {
                const cv::Vec3d cover =
                    hsv(random.uniform(0, 360), random.uniform(0.1, 0.65), random.uniform(0.2, 0.8));
                box(canvas, x, y + rows * 0.93 - h, w, h, cover);
                box(canvas, x, y + rows * 0.93 - h, w * 0.2, h, cover, 0.7);
                box(canvas, x + w * 0.3, y + rows * 0.93 - h * 0.8, w * 0.45, h * 0.08, cover, 1.5);
            }
            x += w + unit * random.uniform(0, 0.01);
        }
        box(canvas, 0, y + rows * 0.93, canvas.cols, rows * 0.07, wood, 1.2);
    }
}

void outdoors(cv::Mat& canvas, Random& random, double unit) {
    const double horizon = random.uniform(0.35, 0.7) * canvas.rows;
    fill_gradient(canvas, hsv(random.uniform(200, 220), random.uniform(0.2, 0.55), random.uniform(0.75, 0.95)),
                  hsv(random.uniform(190, 220), random.uniform(0.05, 0.2), random.uniform(0.85, 1.0)), 0.1);
    add_clouds(canvas, clouds(random, canvas.size(), unit * 0.3, 4), 0.05);
    const cv::Vec3d leaf = hsv(random.uniform(70, 125), random.uniform(0.3, 0.65), random.uniform(0.25, 0.55));
    const cv::Mat edge = clouds(random, {canvas.cols, 8}, unit * 0.2, 4);
    const cv::Mat foliage = clouds(random, canvas.size(), unit * 0.08, 4);
    cv::Mat mask(canvas.size(), CV_8U, cv::Scalar(0));
    for (int x = 0; x < canvas.cols; ++x) {
        const double top = horizon + static_cast<double>(edge.at<float>(4, x)) * unit * 0.07;
        for (int y = std::max(0, rounded(top)); y < canvas.rows; ++y) {
            mask.at<unsigned char>(y, x) = 255;
        }
    }
    cv::GaussianBlur(mask, mask, {}, unit * 0.006);
    paint(canvas, Mask{{{0, 0}, canvas.size()}, mask}, [&](int x, int y) {
        const double lightness = 1 + 0.28 * static_cast<double>(foliage.at<float>(y, x));
        const double down = 1 - 0.35 * (y - horizon) / std::max(1.0, canvas.rows - horizon);
        return cv::Vec3d(leaf * std::max(0.2, lightness * down));
    });
}

void street(cv::Mat& canvas, Random& random, double unit) {
    fill_gradient(canvas, hsv(210, 0.15, random.uniform(0.6, 0.95)), hsv(30, 0.06, random.uniform(0.55, 0.9)), 0);
    double x = -random.uniform(0, 0.2) * unit;
    while (x < canvas.cols) {
        const double w = unit * random.uniform(0.18, 0.45);
        const double top = canvas.rows * random.uniform(-0.1, 0.35);
        const cv::Vec3d wall = hsv(random.uniform(10, 45), random.uniform(0.08, 0.45), random.uniform(0.35, 0.8));
        box(canvas, x, top, w, canvas.rows - top, wall);
        // Ribbons of glass: single windows in rows look like eyes to a detector.
        const double step_y = unit * random.uniform(0.07, 0.12);
        const cv::Vec3d glass = random.uniform() < 0.3 ? hsv(42, 0.3, 0.85)
                                                       : hsv(212, random.uniform(0.1, 0.35), random.uniform(0.25, 0.6));
        for (double wy = top + step_y * 0.4; wy < canvas.rows; wy += step_y) {
            box(canvas, x + w * 0.04, wy, w * 0.92, step_y * 0.45, glass, random.uniform(0.9, 1.1));
        }
        for (double wx = x + w * 0.2; wx < x + w * 0.9; wx += w * 0.2) {
            box(canvas, wx, top, w * 0.02, canvas.rows - top, wall, 0.85);
        }
        x += w + unit * random.uniform(0, 0.03);
    }
    add_clouds(canvas, clouds(random, canvas.size(), unit * 0.4, 3), 0.06);
}

void room(cv::Mat& canvas, Random& random, double unit) {
    const cv::Vec3d wall = hsv(random.uniform(0, 360), random.uniform(0.04, 0.3), random.uniform(0.55, 0.9));
    fill_gradient(canvas, wall, wall * random.uniform(0.6, 0.9), random.uniform(-0.6, 0.6));
    add_clouds(canvas, clouds(random, canvas.size(), unit * 0.5, 5), 0.025);
    const double left = random.uniform(-0.1, 0.75) * canvas.cols;
    const double w = unit * random.uniform(0.25, 0.45);
    const double h = unit * random.uniform(0.3, 0.55);
    const double top = canvas.rows * random.uniform(-0.05, 0.2);
    const cv::Vec3d frame = hsv(random.uniform(15, 40), random.uniform(0.05, 0.6), random.uniform(0.3, 0.95));
    box(canvas, left, top, w, h, frame);
    const bool window = random.uniform() < 0.5;
    const double rim = unit * 0.025;
    if (window) {
        box(canvas, left + rim, top + rim, w / 2 - rim * 1.5, h - 2 * rim, hsv(200, 0.12, 0.97));
        box(canvas, left + w / 2 + rim / 2, top + rim, w / 2 - rim * 1.5, h - 2 * rim, hsv(200, 0.12, 0.97));
    } else {
        box(canvas, left + rim, top + rim, w - 2 * rim, h - 2 * rim,
            hsv(random.uniform(0, 360), random.uniform(0.1, 0.5), random.uniform(0.3, 0.8)));
        for (int i = 0; i < 5; ++i) {
            cv::ellipse(canvas,
                        cv::Point{rounded(left + w * random.uniform(0.25, 0.75)),
                                  rounded(top + h * random.uniform(0.25, 0.75))},
                        cv::Size{rounded(w * random.uniform(0.05, 0.2)), rounded(h * random.uniform(0.05, 0.2))},
                        random.uniform(0, 180), 0, 360,
                        scalar(hsv(random.uniform(0, 360), random.uniform(0.2, 0.6), random.uniform(0.3, 0.9))),
                        cv::FILLED, cv::LINE_AA);
        }
    }
    if (random.uniform() < 0.5) {  // a lamp's glow
        const Point at{random.uniform(0, canvas.cols), random.uniform(0, 0.5 * canvas.rows)};
        const Mask mask = mask_of(canvas.size(), ellipse_of(at, unit * 0.12, unit * 0.12), unit * 0.06, 0.6);
        paint(canvas, mask, [&](int, int) { return cv::Vec3d{190, 235, 255}; });
    }
}

void studio(cv::Mat& canvas, Random& random, double unit) {
    const cv::Vec3d colour = hsv(random.uniform(0, 360), random.uniform(0.03, 0.4), random.uniform(0.35, 0.8));
    fill_gradient(canvas, colour, colour * random.uniform(0.5, 0.9), random.uniform(-0.4, 0.4));
    add_clouds(canvas, clouds(random, canvas.size(), unit * 0.45, 5), random.uniform(0.03, 0.09));
}

void tiles(cv::Mat& canvas, Random& random, double unit) {
    const bool brick = random.uniform() < 0.6;
    const cv::Vec3d colour = brick ? hsv(random.uniform(8, 25), random.uniform(0.3, 0.6), random.uniform(0.4, 0.65))
                                   : hsv(random.uniform(20, 220), random.uniform(0.05, 0.3), random.uniform(0.6, 0.9));
    canvas.setTo(scalar(mix(colour, {190, 195, 200}, 0.6)));
    const double h = unit * (brick ? 0.045 : 0.12);
    const double w = h * (brick ? 2.4 : 1.0);
    int line = 0;
    for (double y = -h * random.uniform(); y < canvas.rows; y += h, ++line) {
        for (double x = -w * (brick && line % 2 == 1 ? 0.5 : 0.0); x < canvas.cols; x += w) {
            box(canvas, x, y, w - unit * 0.008, h - unit * 0.008, colour, random.uniform(0.8, 1.15));
        }
    }
    add_clouds(canvas, clouds(random, canvas.size(), unit * 0.3, 5), 0.05);
}

/// A scene at the canvas's size; unit: the length that things are measured by (a portrait's side).
cv::Mat draw_scene(Random& random, const cv::Size& size, double unit) {
    cv::Mat canvas(size, CV_8UC3);
    double blur = random.uniform(0.004, 0.012);
    switch (random.below(7)) {
        case 0: studio(canvas, random, unit); break;
        case 1:
            fill_gradient(canvas, hsv(random.uniform(0, 360), 0.3, random.uniform(0.1, 0.3)),
                          hsv(random.uniform(0, 360), 0.35, random.uniform(0.15, 0.35)), random.uniform(-0.5, 0.5));
            lights(canvas, random, unit, 14 + random.below(16));
            break;
        case 2: shelves(canvas, random, unit); break;
        case 3: outdoors(canvas, random, unit); break;
        case 4:
            street(canvas, random, unit);
            blur += 0.004;
            break;
        case 5: room(canvas, random, unit); break;
        default: tiles(canvas, random, unit); break;
    }
    cv::GaussianBlur(canvas, canvas, {}, unit * blur);
    return canvas;
}

// ---------------------------------------------------------------------------------------------- the head

/// Places around the head, measured by the face itself: 0° is its left ear in the photo's right, 90° the crown.
struct Head {
    Point middle;
    Point across;
    Point up;
    double unit;  // between the eyes

    explicit Head(const Points& face)
        : middle{0.25 * face[0] + 0.25 * face[16] + 0.5 * face[27]},
          across{0.5 * (face[16] - face[0])},
          up{face[27] - face[8]},
          unit{0} {
        const Point left = (face[36] + face[39]) * 0.5;
        const Point right = (face[42] + face[45]) * 0.5;
        unit = std::hypot(right.x - left.x, right.y - left.y);
    }

    [[nodiscard]] Point at(double degrees, double reach, double height) const {
        const double a = degrees * k_pi / 180;
        const auto squarer = [](double x) { return std::copysign(std::pow(std::abs(x), 0.80), x); };
        return middle + across * (reach * squarer(std::cos(a))) + up * (height * squarer(std::sin(a)));
    }
};

/// A hair-do's cap: depth 0 is the hairline, 1 the outline of the hair.
struct Cap {
    const Head& head;
    double line_reach;
    double line_height;
    double out_reach;
    double out_height;
    double parting;  // degrees
    double dip;      // how far the hairline comes down beside the parting
    double locks;    // how uneven the outline is
    double phase;

    /// Slow waves over the head, −1..1: locks of hair.
    [[nodiscard]] double lock(double degrees) const {
        return 0.45 * std::sin(degrees * 0.11 + phase) + 0.33 * std::sin(degrees * 0.23 + 2.1 * phase) +
               0.22 * std::sin(degrees * 0.52 + 3.7 * phase);
    }

    [[nodiscard]] Point at(double degrees, double depth) const {
        const double corner = std::exp(-std::pow((degrees - parting) / 38.0, 2.0));
        const double line = line_height + 0.35 * locks * lock(3 * degrees) -
                            dip * (1 - corner) * std::sin(std::clamp(degrees, 0.0, 180.0) * k_pi / 180);
        const Point inner = head.at(degrees, line_reach, line);
        const double full = 1 + locks * lock(degrees) * std::sin(std::clamp(degrees, 0.0, 180.0) * k_pi / 180);
        const double taper =
            0.05 * (1 - smooth_step(5, 40, std::min(degrees, 180 - degrees))) * (out_reach < 1.15 ? 1 : 0);
        const Point outer = head.at(degrees, out_reach - taper, out_height * full);
        return inner + (outer - inner) * depth;
    }

    [[nodiscard]] Points ring(double inner, double outer, double from, double to) const {
        Points outline;
        for (double a = from; a <= to + 0.01; a += 6) {
            outline.push_back(at(a, outer));
        }
        for (double a = to; a >= from - 0.01; a -= 6) {
            outline.push_back(at(a, inner));
        }
        return outline;
    }
};

void strand(cv::Mat& canvas, const Points& line, const cv::Vec3d& colour, double gain, int thickness) {
    cv::polylines(canvas, std::vector<std::vector<cv::Point>>{fixed_point(line)}, false, scalar(colour, gain),
                  thickness, cv::LINE_AA, k_fraction_bits);
}

/// How light a strand is where it lies.
double shine(double degrees, double depth, double light_x) {
    const double spot = 90 - 35 * std::clamp(light_x, -1.5, 1.5);
    return 0.72 +
           0.42 * std::exp(-std::pow((degrees - spot) / 34.0, 2.0)) * std::exp(-std::pow((depth - 0.55) / 0.4, 2.0)) +
           0.12 * depth;
}

void short_hair(cv::Mat& canvas, const Cap& cap, const Person& person, const PhotoOptions& options, Random& random) {
    const cv::Vec3d colour = person.hair_colour;
    const bool cropped = person.hair == HairStyle::Cropped;
    const bool back = person.hair == HairStyle::TiedBack;
    const double low = person.hair == HairStyle::Receding ? 4 : 9;
    const Mask base = mask_of(canvas.size(), smooth_outline(cap.ring(0.25, 0.95, low + 6, 174 - low)),
                              cap.head.unit * (cropped ? 0.10 : 0.06));
    paint(canvas, base, [&](int, int) { return colour * 0.66; });
    const int count = cropped ? 5200 : 3600;
    for (int i = 0; i < count; ++i) {
        const double least = low + 9 * random.uniform();
        const double a0 = random.uniform(least, 180 - least);
        double depth = random.uniform();
        if (depth < 0.25 && random.uniform() < 0.45) {
            depth += 0.3;  // thinner at the hairline
        }
        const double away = a0 < cap.parting ? -1 : 1;
        const double sweep =
            cropped ? random.uniform(-3, 3)
                    : away * (back ? 4 : 20) * random.uniform(0.5, 1.2) + person.curl * random.uniform(-12, 12);
        const double rise = (cropped ? 0.10 : back ? 0.5 : 0.22) * random.uniform(0.6, 1.3);
        Points line;
        for (int step = 0; step <= 4; ++step) {
            const double t = step / 4.0;
            const double wave = person.curl * 2.5 * std::sin(t * 9 + i);
            line.push_back(cap.at(std::clamp(a0 + sweep * t + wave, low - 6.0, 186.0 - low),
                                  std::min(depth + rise * t * (1 - 0.3 * t), 0.97 + 0.10 * random.uniform())));
        }
        const double gain = shine(a0, depth, options.light_x) * (1 + 0.16 * cap.lock(a0 * 2.3 + depth * 40)) *
                            random.uniform(0.68, 1.25);
        strand(canvas, line, colour, gain, 1);
    }
}

void long_hair(cv::Mat& canvas, const Cap& cap, const Person& person, const PhotoOptions& options, Random& random) {
    const cv::Vec3d colour = person.hair_colour;
    const double unit = cap.head.unit;
    const double length = unit * (person.hair == HairStyle::Bob ? 1.45 : 2.9);
    const double inner = 0.10;
    const Mask base = mask_of(canvas.size(), smooth_outline(cap.ring(inner + 0.12, 0.96, 0, 180)), unit * 0.05);
    paint(canvas, base, [&](int, int) { return colour * 0.62; });
    for (const double side : {0.0, 180.0}) {
        const Point in = cap.at(side, 0.25);
        const Point out = cap.at(side, 0.92);
        const Point drop{0, length};
        const Point spread = (out - in) * 0.35;
        const Mask fall = mask_of(
            canvas.size(),
            {in, out, out + drop * 0.5 + spread, out + drop * 0.93 + spread * 0.4, in + drop * 0.93, in + drop * 0.5},
            unit * 0.06);
        paint(canvas, fall, [&](int, int) { return colour * 0.55; });
    }
    for (int i = 0; i < 5200; ++i) {
        const double depth = std::pow(random.uniform(), 0.85);
        const bool right = random.uniform(0, 180) < cap.parting;  // towards 0°, the photo's right
        const double from = cap.parting + (right ? -1 : 1) * random.uniform(-2, 9);
        const double to = right ? random.uniform(-3, 4) : 180 - random.uniform(-3, 4);
        const double fall = length * random.uniform(0.82, 1.06);
        const double phase = random.uniform(0, 2 * k_pi) * 0.25 + depth * 5;
        const double wander = random.uniform(-0.06, 0.06) * unit;
        const double begin = random.uniform(0, 0.5) * random.uniform();
        const double gain = random.uniform(0.60, 1.28) * (1 + 0.18 * cap.lock(depth * 170 + (right ? 0 : 90)));
        Points line;
        double last = from;
        for (int step = 0; step <= 9; ++step) {
            const double t = begin + (1 - begin) * step / 9.0;
            last = from + (to - from) * t;
            const double lifted = inner * (1 - t) + depth * (1 - inner * (1 - t));
            line.push_back(cap.at(last, lifted));
            if (step > 0 && step % 3 == 0) {
                const Points piece(line.end() - 4, line.end());
                strand(canvas, piece, colour, gain * shine(last, lifted, options.light_x), 1);
            }
        }
        const Point end = line.back();
        const double outward = (right ? 1 : -1) * unit;
        Points down;
        for (int step = 0; step <= 8; ++step) {
            const double t = step / 8.0;
            const double wave = person.curl * 0.10 * unit * std::sin(phase + t * 11);
            const double shape = outward * (0.16 * std::sin(t * k_pi * 0.8) - 0.10 * t * t) * (0.4 + depth);
            down.push_back(end + Point{shape + wave + wander * t, fall * t});
        }
        const double edge = 0.62 + 0.3 * depth;
        strand(canvas, down, colour, gain * edge * (1 + 0.1 * (right ? 1 : -1) * options.light_x), 1);
    }
}

// ---------------------------------------------------------------------------------------------- body

void clothes(cv::Mat& canvas, const Head& head, const Points& face, const Person& person, const cv::Vec3d& skin,
             const PhotoOptions& options, Random& random) {
    const double unit = head.unit;
    const double broad = person.femininity > 0.6 ? 0.88 : 1.06;
    const Point chin = face[8];
    const Point base{head.middle.x + (chin.x - head.middle.x) * 0.45, chin.y - unit * 0.18};
    const double neck = unit * 0.74 * broad;
    const auto place = [&](double x, double y) { return base + Point{x * unit, y * unit}; };
    const double side_light = options.light_x * 0.10;
    const auto lit = [&](int x) { return 1 + side_light * std::clamp((x - base.x) / (unit * 2), -1.0, 1.0); };

    // Neck: darker under the chin.
    const double n = neck / unit;
    const Mask neck_mask =
        mask_of(canvas.size(),
                {place(-n, -1.2), place(n, -1.2), place(n * 1.02, 0.35), place(n * 1.5, 0.78), place(n * 1.2, 1.9),
                 place(-n * 1.2, 1.9), place(-n * 1.5, 0.78), place(-n * 1.02, 0.35)},
                unit * 0.05);
    const cv::Mat blotches = clouds(random, canvas.size(), unit * 0.7, 3);
    paint(canvas, neck_mask, [&](int x, int y) {
        const double below = (y - base.y) / unit - 0.12;
        const double shadow = 0.68 + 0.27 * smooth_step(0.02, 0.50, below);
        const double edge =
            1 - 0.22 * std::pow(std::abs((x - base.x) / (neck * 1.05)), 3.0) * (below < 0.6 ? 1.0 : 0.2);
        return cv::Vec3d(skin * (shadow * std::max(edge, 0.4) * lit(x) *
                                 (1 + 0.015 * static_cast<double>(blotches.at<float>(y, x)))));
    });
    // Two faint lines of the neck's muscles.
    for (const double s : {-1.0, 1.0}) {
        const Mask line = mask_of(canvas.size(),
                                  {place(s * n * 0.75, 0.15), place(s * n * 0.67, 0.15), place(s * n * 0.18, 0.95),
                                   place(s * n * 0.28, 0.98)},
                                  unit * 0.06, 0.3);
        paint(canvas, line, [&](int, int) { return skin * 0.62; });
    }

    const cv::Vec3d cloth = hsv(random.uniform(0, 360), random.uniform(0.05, 0.6), random.uniform(0.15, 0.85));
    const int kind = random.below(person.femininity > 0.6 ? 3 : 4);
    const cv::Mat folds = clouds(random, canvas.size(), unit * 0.5, 5);
    const double bottom = (canvas.rows - base.y) / unit + 0.6;
    const double wide = 2.35 * broad;
    const double drop = kind == 0 ? 0.80 : kind == 1 ? random.uniform(1.1, 1.5) : 0.72;  // where the neckline is lowest
    Points outline{place(-n * 1.28, 0.50),
                   place(-1.55 * broad, 0.88),
                   place(-wide, 1.35),
                   place(-wide - 0.25, 2.2),
                   place(-wide - 0.3, bottom + 1),
                   place(wide + 0.3, bottom + 1),
                   place(wide + 0.25, 2.2),
                   place(wide, 1.35),
                   place(1.55 * broad, 0.88),
                   place(n * 1.28, 0.50)};
    const double high = kind == 1 ? 0.60 : drop * 0.80;  // and where it leaves the neck
    const double half = kind == 1 ? high + (drop - high) * 0.52 : drop * 0.98;
    Points neckline{place(n * 1.04, high), place(n * 0.52, half), place(0, drop * 1.04), place(-n * 0.52, half),
                    place(-n * 1.04, high)};
    Points garment = outline;
    garment.insert(garment.end(), neckline.begin(), neckline.end());
    const Mask garment_mask = mask_of(canvas.size(), smooth_outline(garment), unit * 0.015);
    const bool stripes = kind != 3 && random.uniform() < 0.25;
    const double stripe = unit * random.uniform(0.12, 0.3);
    const cv::Vec3d second = mix(cloth, {235, 235, 235}, 0.65);
    paint(canvas, garment_mask, [&](int x, int y) {
        const double across = (x - base.x) / (unit * wide);
        const double shade =
            (1.02 - 0.32 * across * across) * lit(x) * (1 + 0.055 * static_cast<double>(folds.at<float>(y, x)));
        const bool second_colour = stripes && std::fmod(y + 0.04 * std::abs(x - base.x) + 1000, stripe) < stripe * 0.4;
        return cv::Vec3d((second_colour ? second : cloth) * shade);
    });
    if (kind <= 1) {  // the hem of the neckline
        Points hem = smooth_outline(neckline);
        hem.resize(hem.size() * 4 / 5);
        strand(canvas, hem, cloth, 0.70, std::max(1, rounded(unit * 0.05)));
    } else {  // a collar, and for kind 3 a jacket over it
        const cv::Vec3d shirt = kind == 3
                                    ? hsv(random.uniform(190, 230), random.uniform(0.0, 0.2), random.uniform(0.8, 0.97))
                                    : cloth * 1.1;
        if (kind == 3) {
            paint(canvas,
                  mask_of(canvas.size(),
                          {place(-n * 1.0, 0.62), place(n * 1.0, 0.62), place(0.12, 2.6), place(-0.12, 2.6)}, 1.0),
                  [&](int x, int y) {
                      return cv::Vec3d(shirt * (lit(x) * (1 + 0.02 * static_cast<double>(folds.at<float>(y, x)))));
                  });
            if (random.uniform() < 0.7) {
                const cv::Vec3d tie = hsv(random.uniform(0, 360), random.uniform(0.4, 0.8), random.uniform(0.2, 0.6));
                paint(canvas,
                      mask_of(canvas.size(),
                              {place(-0.15, 0.80), place(0.15, 0.80), place(0.11, 1.06), place(0.22, 2.6),
                               place(-0.22, 2.6), place(-0.11, 1.06)},
                              1.0),
                      [&](int x, int y) {
                          return cv::Vec3d(tie * (lit(x) * (1 + 0.06 * static_cast<double>(folds.at<float>(y, x)))));
                      });
            }
        }
        for (const double s : {-1.0, 1.0}) {
            paint(canvas,
                  mask_of(canvas.size(),
                          {place(s * n * 1.06, 0.38), place(s * n * 1.18, 0.62), place(s * 0.62, 1.18),
                           place(s * 0.05, 0.84), place(s * n * 0.80, 0.62)},
                          1.0),
                  [&](int x, int) { return cv::Vec3d(shirt * (lit(x) * (s > 0 ? 0.96 : 1.0))); });
            strand(canvas, {place(s * n * 1.18, 0.60), place(s * 0.62, 1.18), place(s * 0.05, 0.84)}, shirt, 0.62,
                   std::max(1, rounded(unit * 0.02)));
            if (kind == 3) {
                strand(canvas, {place(s * n * 1.0, 0.72), place(s * 0.75, 1.5), place(s * 0.12, 2.6)}, cloth, 0.72,
                       std::max(1, rounded(unit * 0.025)));
            }
        }
    }
}

void ears(cv::Mat& canvas, const Points& face, const Head& head, const cv::Vec3d& skin) {
    for (const int side : {0, 16}) {
        const double outward = side == 0 ? -1 : 1;
        const Point at = face[static_cast<std::size_t>(side)] + head.across * (outward * 0.045) + head.up * -0.05;
        const double tilt = std::atan2(head.across.y, head.across.x) * 180 / k_pi + outward * 9;
        const double wide = head.unit * 0.15;
        const double tall = head.unit * 0.38;
        paint(canvas, mask_of(canvas.size(), ellipse_of(at, wide, tall, tilt), head.unit * 0.02),
              [&](int, int) { return skin * 0.82; });
        paint(canvas, mask_of(canvas.size(), ellipse_of(at, wide * 0.55, tall * 0.6, tilt), head.unit * 0.03, 0.6),
              [&](int, int) { return skin * 0.62; });
    }
}

double grain(Random& random) {  // near enough normal, from one draw
    const std::uint64_t bits = random.next();
    const double sum = static_cast<double>(bits & 0xffffU) + static_cast<double>(bits >> 16U & 0xffffU) +
                       static_cast<double>(bits >> 32U & 0xffffU) + static_cast<double>(bits >> 48U);
    return (sum / 65536.0 - 2) * std::numbers::sqrt3;
}

/// The camera: reduces the canvas, then light, lens and sensor.
cv::Mat expose(const cv::Mat& canvas, const PhotoOptions& o, Random& random) {
    cv::Mat image;
    cv::resize(canvas, image, {o.width, o.height}, 0, 0, cv::INTER_AREA);
    if (o.blur > 0) {
        cv::GaussianBlur(image, image, {}, o.blur);
    }
    const double vignette = random.uniform(0.0, 0.22);
    const std::array<double, 3> tint{1 - 0.06 * o.warmth, 1.0, 1 + 0.05 * o.warmth};
    for (int y = 0; y < image.rows; ++y) {
        for (int x = 0; x < image.cols; ++x) {
            const double u = 2.0 * x / image.cols - 1;
            const double v = 2.0 * y / image.rows - 1;
            const double gain = o.brightness * (1 - vignette * 0.5 * (u * u + v * v)) * (1 + 0.05 * o.light_x * u);
            const double dirt = grain(random) * o.noise;
            auto& pixel = image.at<cv::Vec3b>(y, x);
            for (int k = 0; k < 3; ++k) {
                const double value =
                    (pixel[k] * gain * tint[static_cast<std::size_t>(k)] - 120) * o.contrast + 120 + dirt;
                pixel[k] = cv::saturate_cast<unsigned char>(value);
            }
        }
    }
    return image;
}

}  // namespace

// ---------------------------------------------------------------------------------------------- numbers

std::uint64_t Random::next() {
    m_state += 0x9e3779b97f4a7c15U;
    std::uint64_t z = m_state;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

double Random::uniform() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

double Random::normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) {
        sum += uniform();
    }
    return sum;
}

int Random::below(int count) { return static_cast<int>(uniform() * count); }

// ---------------------------------------------------------------------------------------------- the model

SamplePeople SamplePeople::load(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) {
        throw std::runtime_error(path + ": cannot open the face model");
    }
    const auto size = static_cast<std::size_t>(std::max<std::streamoff>(file.tellg(), 0));
    if (size < 20 || size > k_largest_model) {
        throw std::runtime_error(path + ": not a face model");
    }
    std::vector<unsigned char> bytes(size);
    file.seekg(0);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (!file || std::memcmp(bytes.data(), "MIENFACE", 8) != 0) {
        throw std::runtime_error(path + ": not a face model");
    }
    Reader reader(bytes, 8, path);
    const auto head = reader.take<std::uint32_t>(3);
    if (head[0] != 1 || head[1] != size - 20 || head[2] != crc32(bytes.data() + 20, size - 20)) {
        throw std::runtime_error(path + ": the face model is of another version, cut short or altered");
    }
    const auto sizes = reader.take<std::uint32_t>(11);
    if (std::any_of(sizes.begin(), sizes.end(), [](std::uint32_t n) { return n == 0 || n > 200'000; }) ||
        sizes[0] > 1024 || sizes[1] > 1024 || sizes[2] > 16 || sizes[3] > 1024 || sizes[4] > 4096) {
        throw std::runtime_error(path + ": the face model's sizes make no sense");
    }
    SamplePeople model;
    model.m_width = static_cast<int>(sizes[0]);
    model.m_height = static_cast<int>(sizes[1]);
    model.m_chroma = static_cast<int>(sizes[2]);
    const std::size_t outer = sizes[3];
    const std::size_t triangles = sizes[4];
    model.m_attributes = sizes[5];
    model.m_components = sizes[6];
    model.m_identity_size = sizes[7];
    model.m_variation_size = sizes[8];
    const std::size_t luma = sizes[9];
    const std::size_t chroma = sizes[10];
    const std::size_t values = luma + 2 * chroma;
    const std::size_t rows = model.m_attributes + model.m_components;

    const auto points = [&] {
        const auto flat = reader.take<float>(2 * k_landmarks);
        Points out;
        for (std::size_t i = 0; i < flat.size(); i += 2) {
            out.emplace_back(flat[i], flat[i + 1]);
        }
        return out;
    };
    model.m_mean_shape = points();
    model.m_frame_shape = points();
    model.m_outer = reader.take<float>(outer * k_landmarks);
    model.m_triangles = reader.take<std::uint16_t>(3 * triangles);
    const int pixels = model.m_width * model.m_height;
    model.m_luma_at = set_bits(reader.take<std::uint8_t>(static_cast<std::size_t>(pixels + 7) / 8), pixels);
    const int coarse_width = model.m_width / model.m_chroma;
    const int coarse = coarse_width * (model.m_height / model.m_chroma);
    model.m_chroma_at = set_bits(reader.take<std::uint8_t>(static_cast<std::size_t>(coarse + 7) / 8), coarse);
    for (const std::uint16_t value : reader.take<std::uint16_t>(values)) {
        model.m_texture_mean.push_back(static_cast<float>(value) / 256.0F);
    }
    model.m_shape_rows = reader.take<float>(rows * 2 * k_landmarks);
    model.m_identity = reader.take<float>(model.m_components * model.m_identity_size);
    model.m_variation = reader.take<float>(model.m_components * model.m_variation_size);
    model.m_sex_axis = reader.take<float>(model.m_identity_size);
    model.m_skin_axis = reader.take<float>(model.m_identity_size);
    const auto sexes = reader.take<float>(2);
    model.m_women = sexes[0];
    model.m_men = sexes[1];
    model.m_scales = reader.take<float>(rows);
    model.m_texture_rows = reader.take<std::int8_t>(rows * values);
    if (!reader.done() || model.m_attributes < 7 || model.m_luma_at.size() != luma ||
        model.m_chroma_at.size() != chroma ||
        std::any_of(model.m_triangles.begin(), model.m_triangles.end(),
                    [&](std::uint16_t i) { return i >= k_landmarks + outer; })) {
        throw std::runtime_error(path + ": the face model's parts do not fit together");
    }

    // Where the skin is, and how the face's outline softens into hair and neck.
    const Points& frame = model.m_frame_shape;
    Points skin(frame.begin() + 2, frame.begin() + 15);
    skin.insert(skin.end(), frame.rbegin() + (k_landmarks - 27), frame.rbegin() + (k_landmarks - 17));
    cv::Mat skin_mask(model.m_height, model.m_width, CV_8U, cv::Scalar(0));
    cv::fillPoly(skin_mask, std::vector<std::vector<cv::Point>>{fixed_point(skin)}, cv::Scalar(255), cv::LINE_8,
                 k_fraction_bits);
    for (std::size_t i = 0; i < luma; ++i) {
        const int at = model.m_luma_at[i];
        if (skin_mask.at<unsigned char>(at / model.m_width, at % model.m_width) > 127) {
            model.m_skin_luma.push_back(i);
        }
    }
    for (std::size_t i = 0; i < chroma; ++i) {
        const int at = model.m_chroma_at[i];
        if (skin_mask.at<unsigned char>(at / coarse_width * model.m_chroma + 1,
                                        at % coarse_width * model.m_chroma + 1) > 127) {
            model.m_skin_chroma.push_back(i);
        }
    }
    if (model.m_skin_luma.empty() || model.m_skin_chroma.empty()) {
        throw std::runtime_error(path + ": the face model has no face");
    }
    const Head on_frame(frame);
    Points edge;
    for (std::size_t i = 0; i <= 16; ++i) {
        edge.push_back(on_frame.middle + (frame[i] - on_frame.middle) * 1.015);
    }
    for (double a = 8; a <= 172; a += 12) {
        edge.push_back(on_frame.at(a, 0.99, 0.72));
    }
    cv::Mat alpha(model.m_height, model.m_width, CV_8U, cv::Scalar(0));
    cv::fillPoly(alpha, std::vector<std::vector<cv::Point>>{fixed_point(edge)}, cv::Scalar(255), cv::LINE_AA,
                 k_fraction_bits);
    alpha.convertTo(model.m_alpha, CV_32F, 1 / 255.0);
    cv::GaussianBlur(model.m_alpha, model.m_alpha, {}, 2.6);
    return model;
}

double SamplePeople::distance(const Person& a, const Person& b) {
    double sum = 0;
    for (std::size_t i = 0; i < std::min(a.identity.size(), b.identity.size()); ++i) {
        const double d = static_cast<double>(a.identity[i]) - static_cast<double>(b.identity[i]);
        sum += d * d;
    }
    return std::sqrt(sum);
}

Person SamplePeople::person(std::uint64_t seed) const {
    Random random(seed * 0x2545f4914f6cdd1dU + 17);
    Person person;
    person.seed = seed;
    std::vector<double> z(m_identity_size);
    for (double& value : z) {
        value = random.normal();
    }
    const auto set_along = [&](const std::vector<float>& axis, double target) {
        double now = 0;
        for (std::size_t i = 0; i < z.size(); ++i) {
            now += z[i] * static_cast<double>(axis[i]);
        }
        for (std::size_t i = 0; i < z.size(); ++i) {
            z[i] += (target - now) * static_cast<double>(axis[i]);
        }
    };
    const bool woman = random.uniform() < 0.5;
    person.femininity = woman ? m_women + 0.35 * random.normal() : m_men - 0.2 + 0.35 * random.normal();
    set_along(m_skin_axis, random.uniform(-2.0, 1.6));
    set_along(m_sex_axis, person.femininity);
    person.identity.assign(z.begin(), z.end());
    person.scores.resize(m_components);
    for (std::size_t k = 0; k < m_components; ++k) {
        double sum = 0;
        for (std::size_t i = 0; i < z.size(); ++i) {
            sum += static_cast<double>(m_identity[k * m_identity_size + i]) * z[i];
        }
        person.scores[k] = static_cast<float>(sum);
    }

    // Hair follows what the model shows above the forehead, made plainer.
    const std::size_t values = m_texture_mean.size();
    std::vector<double> luma(m_luma_at.size());
    for (std::size_t i = 0; i < luma.size(); ++i) {
        luma[i] = static_cast<double>(m_texture_mean[i]);
    }
    for (std::size_t k = 0; k < m_components; ++k) {
        const double c = static_cast<double>(person.scores[k] * m_scales[m_attributes + k]);
        const std::int8_t* row = m_texture_rows.data() + (m_attributes + k) * values;
        for (std::size_t i = 0; i < luma.size(); ++i) {
            luma[i] += c * row[i];
        }
    }
    double skin = 0;
    for (const std::size_t i : m_skin_luma) {
        skin += luma[i];
    }
    skin /= static_cast<double>(m_skin_luma.size());
    double crown = 0;
    int crown_pixels = 0;
    for (std::size_t i = 0; i < luma.size(); ++i) {
        const int x = m_luma_at[i] % m_width;
        const int y = m_luma_at[i] / m_width;
        if (y > m_height * 0.04 && y < m_height * 0.15 && std::abs(x - m_width / 2) < m_width / 5) {
            crown += luma[i];
            ++crown_pixels;
        }
    }
    // Going up the forehead: where it stops being as light as it was above the brows.
    const Head on_frame(m_frame_shape);
    std::array<double, 14> bands{};
    std::array<int, 14> counted{};
    for (std::size_t i = 0; i < luma.size(); ++i) {
        const double x = (m_luma_at[i] % m_width - on_frame.middle.x) / on_frame.across.x;
        const double y = (m_luma_at[i] / m_width - on_frame.middle.y) / on_frame.up.y;
        const double band = (y - 0.32) / 0.03;
        if (std::abs(x) < 0.35 && band >= 0 && band < static_cast<double>(bands.size())) {
            bands[static_cast<std::size_t>(band)] += luma[i];
            ++counted[static_cast<std::size_t>(band)];
        }
    }
    person.hairline = 0.70;
    for (std::size_t i = 3; i < bands.size(); ++i) {
        const double forehead = bands[1] / std::max(1, counted[1]);
        const double here = bands[i] / std::max(1, counted[i]);
        if (std::abs(here / std::max(forehead, 1.0) - 1) > 0.15) {
            person.hairline = 0.32 + 0.03 * static_cast<double>(i);
            break;
        }
    }
    const double ratio = crown / std::max(1, crown_pixels) / std::max(skin, 40.0);
    const double light = smooth_step(0.45, 1.05, ratio) + 0.15 * random.normal();
    if (skin < 112 || light < 0.35) {
        person.hair_colour = mix({26, 26, 30}, {34, 46, 66}, random.uniform() * (skin < 90 ? 0.4 : 1.0));
    } else if (light < 0.70 || (skin < 135 && !woman)) {
        person.hair_colour = mix({36, 54, 82}, {58, 92, 132}, random.uniform());
    } else if (woman || random.uniform() < 0.4) {
        person.hair_colour = mix({78, 128, 172}, {112, 170, 208}, random.uniform());
    } else {
        person.hair_colour = mix({112, 118, 122}, {186, 190, 192}, random.uniform());
    }
    const double kind = random.uniform();
    if (woman) {
        person.hair = kind < 0.45   ? HairStyle::Long
                      : kind < 0.72 ? HairStyle::Bob
                      : kind < 0.9  ? HairStyle::TiedBack
                                    : HairStyle::Short;
    } else {
        person.hair = kind < 0.56   ? HairStyle::Short
                      : kind < 0.80 ? HairStyle::Cropped
                      : kind < 0.94 ? HairStyle::Receding
                                    : HairStyle::TiedBack;
    }
    person.parting = random.uniform(-1, 1);
    person.fringe = random.uniform();
    person.hair_volume = random.uniform();
    person.curl = random.uniform() < 0.5 ? random.uniform(0, 0.25) : random.uniform(0.3, 1);
    return person;
}

struct SamplePeople::Face {
    cv::Mat texture;  // 8-bit BGR in the frame
    cv::Vec3d skin;   // the lower face's colour, BGR
    Points shape;     // 68, in the frame's pixels, between the eyes at 0,0
};

SamplePeople::Face SamplePeople::face(const Person& person, const PhotoOptions& options) const {
    Random random(options.seed * 0x9e3779b97f4a7c15U + person.seed);
    std::vector<double> c(m_attributes + m_components);
    const std::array<double, 7> controls{options.yaw,  options.pitch,   options.smile,  options.open,
                                         options.lids, options.light_x, options.light_y};
    std::copy(controls.begin(), controls.end(), c.begin());
    std::vector<double> chance(m_variation_size);
    for (double& value : chance) {
        value = random.normal() * options.variation;
    }
    for (std::size_t k = 0; k < m_components; ++k) {
        double sum = static_cast<double>(person.scores[k]);
        for (std::size_t i = 0; i < chance.size(); ++i) {
            sum += static_cast<double>(m_variation[k * m_variation_size + i]) * chance[i];
        }
        c[m_attributes + k] = sum;
    }
    return face_of(c);
}

SamplePeople::Face SamplePeople::face_of(std::span<const double> coefficients) const {
    const std::size_t values = m_texture_mean.size();
    const std::size_t luma = m_luma_at.size();
    const std::size_t chroma = m_chroma_at.size();
    std::vector<float> texture = m_texture_mean;
    Face face;
    face.shape = m_mean_shape;
    for (std::size_t k = 0; k < coefficients.size(); ++k) {
        const auto c = static_cast<float>(coefficients[k]) * m_scales[k];
        const std::int8_t* row = m_texture_rows.data() + k * values;
        for (std::size_t i = 0; i < values; ++i) {
            texture[i] += c * static_cast<float>(row[i]);
        }
        for (std::size_t i = 0; i < k_landmarks; ++i) {
            face.shape[i].x += coefficients[k] * static_cast<double>(m_shape_rows[k * 2 * k_landmarks + 2 * i]);
            face.shape[i].y += coefficients[k] * static_cast<double>(m_shape_rows[k * 2 * k_landmarks + 2 * i + 1]);
        }
    }

    // Photos of the world are tinted by their light; bring the skin most of the way to where skin lies.
    double y_mean = 0;
    for (const std::size_t i : m_skin_luma) {
        y_mean += static_cast<double>(texture[i]);
    }
    y_mean /= static_cast<double>(m_skin_luma.size());
    std::array<double, 2> mean{0, 0};
    for (const std::size_t i : m_skin_chroma) {
        mean[0] += static_cast<double>(texture[luma + i]);
        mean[1] += static_cast<double>(texture[luma + chroma + i]);
    }
    const double wanted_y = std::clamp(y_mean, 78.0, 182.0);
    const double medium = std::exp(-std::pow((wanted_y - 128) / 48, 2.0));
    const std::array<double, 2> wanted{145.5 + 6.0 * medium, 115.0 - 5.5 * medium};
    for (std::size_t k = 0; k < 2; ++k) {
        const double move = 0.72 * (wanted[k] - mean[k] / static_cast<double>(m_skin_chroma.size()));
        for (std::size_t i = 0; i < chroma; ++i) {
            texture[luma + k * chroma + i] += static_cast<float>(move);
        }
    }
    cv::Mat plane_y(m_height, m_width, CV_32F, cv::Scalar(y_mean));
    const auto gain = static_cast<float>(wanted_y / std::max(y_mean, 1.0));
    for (std::size_t i = 0; i < luma; ++i) {
        plane_y.at<float>(m_luma_at[i] / m_width, m_luma_at[i] % m_width) = texture[i] * gain;
    }
    cv::Mat smooth;
    cv::GaussianBlur(plane_y, smooth, {}, 1.4);
    plane_y += 0.9 * (plane_y - smooth);
    std::array<cv::Mat, 3> planes;
    plane_y.convertTo(planes[0], CV_8U);
    const int coarse_width = m_width / m_chroma;
    for (std::size_t k = 0; k < 2; ++k) {
        cv::Mat coarse(m_height / m_chroma, coarse_width, CV_32F, cv::Scalar(wanted[k]));
        for (std::size_t i = 0; i < chroma; ++i) {
            coarse.at<float>(m_chroma_at[i] / coarse_width, m_chroma_at[i] % coarse_width) =
                texture[luma + k * chroma + i];
        }
        cv::Mat fine;
        cv::resize(coarse, fine, {m_width, m_height}, 0, 0, cv::INTER_CUBIC);
        fine.convertTo(planes[k + 1], CV_8U);
    }
    cv::Mat ycc;
    cv::merge(planes.data(), planes.size(), ycc);
    cv::cvtColor(ycc, face.texture, cv::COLOR_YCrCb2BGR);

    cv::Vec3d sum{0, 0, 0};
    int count = 0;
    for (const std::size_t i : m_skin_luma) {
        const int x = m_luma_at[i] % m_width;
        const int y = m_luma_at[i] / m_width;
        if (y > m_frame_shape[29].y) {  // the lower face: what the neck continues
            sum += face.texture.at<cv::Vec3b>(y, x);
            ++count;
        }
    }
    face.skin = sum / std::max(count, 1);

    const Point eyes = (face.shape[36] + face.shape[39] + face.shape[42] + face.shape[45]) * 0.25;
    for (Point& p : face.shape) {
        p -= eyes;
    }
    return face;
}

// ---------------------------------------------------------------------------------------------- drawing

void SamplePeople::add_person(cv::Mat& canvas, const Person& person, const PhotoOptions& options,
                              DrawnFace& drawn) const {
    const Face face = this->face(person, options);
    Random random(options.seed * 0xd1342543de82ef95U + person.seed + 3);

    // Into the photo: a little perspective, roll, size, place.
    const double ears_apart = std::hypot(face.shape[16].x - face.shape[0].x, face.shape[16].y - face.shape[0].y);
    const double scale = options.face_width * k_super / ears_apart;
    const double angle = options.roll * k_pi / 180;
    const Point centre{options.centre_x * canvas.cols, options.centre_y * canvas.rows};
    const auto placed = [&](Point p) {
        const double depth = 1 + (0.018 * options.yaw * p.x - 0.018 * options.pitch * p.y) / ears_apart;
        p *= scale / depth;
        return centre +
               Point{p.x * std::cos(angle) - p.y * std::sin(angle), p.x * std::sin(angle) + p.y * std::cos(angle)};
    };
    Points shape;
    for (const Point& p : face.shape) {
        shape.push_back(placed(p));
    }
    const Head head(shape);
    const bool falls = person.hair == HairStyle::Long || person.hair == HairStyle::Bob;

    // How the hair sits.
    double hairline = 0.60 - 0.10 * person.fringe;
    double volume = 0.02 + 0.11 * person.hair_volume;
    if (person.hair == HairStyle::Receding) {
        hairline = 0.66;
        volume = -0.01;
    }
    if (person.hair == HairStyle::Cropped) {
        hairline = 0.62;
        volume = -0.01;
    }
    if (person.hair == HairStyle::TiedBack) {
        hairline = 0.60;
        volume = 0.0;
    }
    if (falls) {
        volume += 0.05;
    }
    hairline = std::min(hairline, person.hairline + (person.hair == HairStyle::Receding ? 0.08 : 0.0));
    const double line_reach = falls ? 0.96 : person.hair == HairStyle::Receding ? 1.0 : 1.01;
    const Cap cap{head,
                  line_reach,
                  hairline,
                  (falls ? 1.16 : 1.05) + volume,
                  0.90 + volume,
                  90 - 32 * person.parting,
                  falls                             ? 0.05 + 0.10 * person.fringe
                  : person.hair == HairStyle::Short ? 0.10 * person.fringe
                                                    : 0.0,
                  person.hair == HairStyle::Short ? 0.03 + 0.04 * person.curl
                  : falls                         ? 0.02
                                                  : 0.012,
                  static_cast<double>(person.seed % 97)};

    if (falls) {  // behind the neck
        const double length = head.unit * (person.hair == HairStyle::Bob ? 1.35 : 2.5);
        const Point drop{0, length};
        const Mask behind =
            mask_of(canvas.size(),
                    smooth_outline({cap.at(0, 0.9), cap.at(45, 0.95), cap.at(90, 0.95), cap.at(135, 0.95),
                                    cap.at(180, 0.9), cap.at(180, 0.9) + drop, cap.at(0, 0.9) + drop}),
                    head.unit * 0.06);
        paint(canvas, behind, [&](int, int) { return person.hair_colour * 0.42; });
    }
    clothes(canvas, head, shape, person, face.skin, options, random);
    if (!falls) {
        ears(canvas, shape, head, face.skin);
    }
    {  // the skull under the hair
        Points skull;
        for (double a = -10; a <= 190; a += 10) {
            skull.push_back(head.at(a, 1.01, 0.88));
        }
        const cv::Vec3d colour = person.hair == HairStyle::Receding ? mix(face.skin, person.hair_colour, 0.15)
                                                                    : mix(person.hair_colour * 0.7, face.skin, 0.1);
        paint(canvas, mask_of(canvas.size(), smooth_outline(skull), head.unit * 0.05),
              [&](int, int) { return colour; });
    }

    {  // skin under the face's soft edge
        Points jaw;
        for (std::size_t i = 0; i <= 16; ++i) {
            jaw.push_back(head.middle + (shape[i] - head.middle) * 0.995);
        }
        for (double a = 12; a <= 168; a += 12) {
            jaw.push_back(head.at(a, 0.98, 0.60));
        }
        paint(canvas, mask_of(canvas.size(), jaw, head.unit * 0.018), [&](int, int) { return face.skin * 0.84; });
    }

    // The face: each triangle of the mesh, from the frame into the photo.
    Points from = m_frame_shape;
    Points to = shape;
    for (std::size_t i = 0; i < m_outer.size() / k_landmarks; ++i) {
        Point in_frame{0, 0};
        Point in_photo{0, 0};
        for (std::size_t k = 0; k < k_landmarks; ++k) {
            const auto weight = static_cast<double>(m_outer[i * k_landmarks + k]);
            in_frame += m_frame_shape[k] * weight;
            in_photo += shape[k] * weight;
        }
        from.push_back(in_frame);
        to.push_back(in_photo);
    }
    cv::Mat map(canvas.size(), CV_32FC2, cv::Scalar(-9, -9));
    for (std::size_t t = 0; t + 2 < m_triangles.size(); t += 3) {
        const Point a = to[m_triangles[t]];
        const Point b = to[m_triangles[t + 1]];
        const Point c = to[m_triangles[t + 2]];
        const double area = (b.y - c.y) * (a.x - c.x) + (c.x - b.x) * (a.y - c.y);
        if (std::abs(area) < 1e-6) {
            continue;
        }
        const int x0 = std::max(0, static_cast<int>(std::floor(std::min({a.x, b.x, c.x}))));
        const int x1 = std::min(canvas.cols - 1, static_cast<int>(std::ceil(std::max({a.x, b.x, c.x}))));
        const int y0 = std::max(0, static_cast<int>(std::floor(std::min({a.y, b.y, c.y}))));
        const int y1 = std::min(canvas.rows - 1, static_cast<int>(std::ceil(std::max({a.y, b.y, c.y}))));
        for (int y = y0; y <= y1; ++y) {
            for (int x = x0; x <= x1; ++x) {
                const double wa = ((b.y - c.y) * (x - c.x) + (c.x - b.x) * (y - c.y)) / area;
                const double wb = ((c.y - a.y) * (x - c.x) + (a.x - c.x) * (y - c.y)) / area;
                const double wc = 1 - wa - wb;
                if (wa < -1e-9 || wb < -1e-9 || wc < -1e-9) {
                    continue;
                }
                const Point p =
                    from[m_triangles[t]] * wa + from[m_triangles[t + 1]] * wb + from[m_triangles[t + 2]] * wc;
                map.at<cv::Vec2f>(y, x) = {static_cast<float>(p.x), static_cast<float>(p.y)};
            }
        }
    }
    cv::Mat warped;
    cv::Mat alpha;
    cv::remap(face.texture, warped, map, cv::Mat(), cv::INTER_CUBIC, cv::BORDER_REPLICATE);
    cv::remap(m_alpha, alpha, map, cv::Mat(), cv::INTER_LINEAR, cv::BORDER_CONSTANT, cv::Scalar(0));
    Random pores(person.seed + 99);
    const cv::Rect around = cv::boundingRect(whole_pixels(to)) & cv::Rect{{0, 0}, canvas.size()};
    const cv::Mat skin_noise =
        clouds(pores, cv::Size{rounded(head.unit * 4.5), rounded(head.unit * 5.5)}, head.unit * 0.05, 2);
    for (int y = around.y; y < around.y + around.height; ++y) {
        for (int x = around.x; x < around.x + around.width; ++x) {
            const auto a = static_cast<double>(alpha.at<float>(y, x));
            if (a <= 0) {
                continue;
            }
            const auto& colour = warped.at<cv::Vec3b>(y, x);
            auto& pixel = canvas.at<cv::Vec3b>(y, x);
            const double rough = 1 + 0.012 * static_cast<double>(skin_noise.at<float>(
                                                 (y - around.y) % skin_noise.rows, (x - around.x) % skin_noise.cols));
            for (int k = 0; k < 3; ++k) {
                pixel[k] = cv::saturate_cast<unsigned char>(pixel[k] * (1 - a) + colour[k] * rough * a);
            }
        }
    }
    if (options.lids > -0.9) {  // the light in the eyes
        for (const std::size_t eye : {36U, 42U}) {
            const Point at = (shape[eye + 1] + shape[eye + 2] + shape[eye + 4] + shape[eye + 5]) * 0.25 +
                             Point{0.035 * options.light_x, -0.035} * head.unit;
            const Mask mask = mask_of(canvas.size(), ellipse_of(at, head.unit * 0.016, head.unit * 0.016),
                                      std::max(0.5, head.unit * 0.008), 0.55);
            paint(canvas, mask, [](int, int) { return cv::Vec3d{235, 240, 240}; });
        }
    }

    Random strands(person.seed * 31 + 7);
    if (falls) {
        long_hair(canvas, cap, person, options, strands);
    } else {
        short_hair(canvas, cap, person, options, strands);
    }

    // What was drawn, in the photo's pixels.
    drawn.person_seed = person.seed;
    Point low = shape[0];
    Point high = shape[0];
    for (const Point& p : shape) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
    drawn.box = cv::Rect{cv::Point{rounded(low.x / k_super), rounded(low.y / k_super)},
                         cv::Point{rounded(high.x / k_super), rounded(high.y / k_super)}};
    const std::array<Point, 5> five{(shape[36] + shape[39]) * 0.5, (shape[42] + shape[45]) * 0.5, shape[30], shape[48],
                                    shape[54]};
    for (std::size_t i = 0; i < five.size(); ++i) {
        drawn.landmarks[i] =
            cv::Point2f{static_cast<float>(five[i].x / k_super), static_cast<float>(five[i].y / k_super)};
    }
}

PhotoOptions SamplePeople::everyday(std::uint64_t seed, int size) {
    Random random(seed + 0x5151U);
    PhotoOptions o;
    const auto around = [&](double mean, double spread, double limit) {
        return mean + std::clamp(spread * random.normal(), -limit, limit);
    };
    o.seed = seed;
    o.width = size;
    o.height = size;
    o.face_width = size * random.uniform(0.37, 0.46);
    o.centre_x = around(0.5, 0.04, 0.08);
    o.centre_y = random.uniform(0.40, 0.46);
    o.yaw = around(0, 0.55, 1.1);
    o.pitch = around(0, 0.45, 0.9);
    o.roll = around(0, 4, 9);
    o.smile = around(0.2, 0.8, 1.3);
    o.open = around(-0.3, 0.6, 0.9);
    o.lids = around(0.3, 0.5, 0.8);
    o.light_x = around(0, 0.7, 1.2);
    o.light_y = around(-0.2, 0.6, 1.0);
    o.brightness = random.uniform(0.9, 1.12);
    o.contrast = random.uniform(0.95, 1.12);
    o.warmth = around(0, 0.5, 1);
    o.blur = std::max(0.0, random.uniform(-0.4, 0.55));
    o.noise = random.uniform(0.8, 2.4);
    return o;
}

Photo SamplePeople::draw(const Person& person, const PhotoOptions& options) const {
    Random random(options.seed * 7919 + 5);
    cv::Mat canvas;
    cv::resize(draw_scene(random, {options.width, options.height}, std::min(options.width, options.height)), canvas, {},
               k_super, k_super, cv::INTER_LINEAR);
    Photo photo;
    photo.faces.resize(1);
    add_person(canvas, person, options, photo.faces[0]);
    photo.image = expose(canvas, options, random);
    return photo;
}

Photo SamplePeople::group(std::span<const Person> people, std::uint64_t seed, int width, int height) const {
    Random random(seed * 7919 + 11);
    cv::Mat canvas;
    cv::resize(draw_scene(random, {width, height}, height), canvas, {}, k_super, k_super, cv::INTER_LINEAR);
    Photo photo;
    photo.faces.resize(people.size());
    PhotoOptions camera = everyday(seed);
    const double share = 1.0 / static_cast<double>(std::max<std::size_t>(people.size(), 1));
    for (std::size_t turn = 0; turn < people.size(); ++turn) {
        const std::size_t i =
            turn * 2 < people.size() ? turn * 2 : (turn * 2 - people.size()) | 1U;  // the back row first
        PhotoOptions o = everyday(seed * 101 + i);
        o.width = width;
        o.height = height;
        o.face_width = std::min(width * share * 0.60, height * 0.36) * random.uniform(0.95, 1.05);
        o.centre_x = (static_cast<double>(i) + 0.5) * share + random.uniform(-0.08, 0.08) * share;
        o.centre_y = (i % 2 == 0 ? 0.36 : 0.45) + random.uniform(-0.02, 0.02);
        o.light_x = camera.light_x + 0.1 * random.normal();
        o.light_y = camera.light_y;
        add_person(canvas, people[i], o, photo.faces[i]);
    }
    camera.width = width;
    camera.height = height;
    photo.image = expose(canvas, camera, random);
    return photo;
}

cv::Mat SamplePeople::scene(std::uint64_t seed, int width, int height) {
    Random random(seed * 7919 + 5);
    cv::Mat canvas;
    cv::resize(draw_scene(random, {width, height}, std::min(width, height)), canvas, {}, k_super, k_super,
               cv::INTER_LINEAR);
    PhotoOptions camera = everyday(seed);
    camera.width = width;
    camera.height = height;
    return expose(canvas, camera, random);
}

}  // namespace mien::test
