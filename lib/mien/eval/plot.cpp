// SPDX-License-Identifier: MIT
#include <mien/eval/plot.hpp>

#include <mien/core/format.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace mien::eval {
namespace {

constexpr double k_width = 640;
constexpr double k_height = 420;
constexpr double k_left = 70;
constexpr double k_right = 20;
constexpr double k_top = 40;
constexpr double k_bottom = 55;
// Told apart by people who see colours differently too.
constexpr std::array<const char*, 6> k_colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"};

/// From values to a share of the axis, 0..1.
double place(const Axis& axis, double value) {
    double share = 0;
    if (axis.logarithmic) {
        const double low = std::log10(axis.low);
        share = (std::log10(std::max(value, axis.low)) - low) / (std::log10(axis.high) - low);
    } else {
        share = (value - axis.low) / (axis.high - axis.low);
    }
    return std::clamp(share, 0.0, 1.0);
}

double x_of(const Plot& plot, double value) { return k_left + place(plot.x, value) * (k_width - k_left - k_right); }

double y_of(const Plot& plot, double value) {
    return k_height - k_bottom - place(plot.y, value) * (k_height - k_top - k_bottom);
}

/// Round values along an axis: powers of ten, or about six steps of 1, 2 or 5.
std::vector<double> ticks_of(const Axis& axis) {
    std::vector<double> ticks;
    if (axis.logarithmic) {
        const int first = static_cast<int>(std::ceil(std::log10(axis.low) - 1e-9));
        const int last = static_cast<int>(std::floor(std::log10(axis.high) + 1e-9));
        for (int power = first; power <= last; ++power) {
            ticks.push_back(std::pow(10.0, power));
        }
        return ticks;
    }
    const double rough = (axis.high - axis.low) / 6;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double part = rough / power;
    const double step = power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
    const auto first = static_cast<long>(std::ceil(axis.low / step - 1e-9));
    const auto last = static_cast<long>(std::floor(axis.high / step + 1e-9));
    for (long i = first; i <= last; ++i) {
        ticks.push_back(static_cast<double>(i) * step);
    }
    return ticks;
}

std::string line(double x1, double y1, double x2, double y2, const char* colour) {
    return formatted("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2, colour);
}

std::string text(double x, double y, const char* anchor, const std::string& what, const char* more = "") {
    return formatted("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>", x, y, anchor, more) + escaped(what) +
           "</text>\n";
}

std::string path_of(const Plot& plot, const Series& series) {
    std::string path;
    double last_x = 0;
    double first_x = 0;
    for (const auto& [x, y] : series.points) {
        if (!std::isfinite(x) || !std::isfinite(y)) {
            continue;
        }
        last_x = x_of(plot, x);
        first_x = path.empty() ? last_x : first_x;
        path += formatted(path.empty() ? "M%.1f %.1f" : "L%.1f %.1f", last_x, y_of(plot, y));
    }
    if (series.filled && !path.empty()) {
        const double floor = k_height - k_bottom;
        path += formatted("L%.1f %.1fL%.1f %.1fZ", last_x, floor, first_x, floor);
    }
    return path;
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '&': safe += "&amp;"; break;
            case '<': safe += "&lt;"; break;
            case '>': safe += "&gt;"; break;
            case '"': safe += "&quot;"; break;
            case '\'': safe += "&#39;"; break;
            default: safe += c;
        }
    }
    return safe;
}

std::string to_svg(const Plot& plot) {
    std::string svg = formatted(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
        "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n",
        k_width, k_height, k_width, k_height);
    svg += formatted("<rect width=\"%.0f\" height=\"%.0f\" fill=\"#fff\"/>\n", k_width, k_height);
    svg += text(k_width / 2, 22, "middle", plot.title, " font-size=\"15\"");
    for (const double tick : ticks_of(plot.x)) {
        const double x = x_of(plot, tick);
        svg += line(x, k_top, x, k_height - k_bottom, "#e5e5e5");
        svg += text(x, k_height - k_bottom + 18, "middle", formatted("%g", tick));
    }
    for (const double tick : ticks_of(plot.y)) {
        const double y = y_of(plot, tick);
        svg += line(k_left, y, k_width - k_right, y, "#e5e5e5");
        svg += text(k_left - 8, y + 4, "end", formatted("%g", tick));
    }
    svg += line(k_left, k_height - k_bottom, k_width - k_right, k_height - k_bottom, "#333");
    svg += line(k_left, k_top, k_left, k_height - k_bottom, "#333");
    svg += text((k_left + k_width - k_right) / 2, k_height - 14, "middle", plot.x.label);
    const double middle = (k_top + k_height - k_bottom) / 2;
    svg += text(18, middle, "middle", plot.y.label, formatted(" transform=\"rotate(-90 18 %.1f)\"", middle).c_str());
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
        const auto& series = plot.series[i];
        const char* colour = k_colours[i % k_colours.size()];
        svg += formatted("<path fill=\"%s\" fill-opacity=\"%s\" stroke=\"%s\" stroke-width=\"1.5\" d=\"",
                         series.filled ? colour : "none", series.filled ? "0.35" : "0", colour);
        svg += path_of(plot, series) + "\"/>\n";
        const double y = k_top + 16 + 18 * static_cast<double>(i);
        svg += formatted("<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"4\" fill=\"%s\"/>\n",
                         k_width - k_right - 24, y - 6, colour);
        svg += text(k_width - k_right - 30, y, "end", series.name);
    }
    return svg + "</svg>\n";
}

}  // namespace mien::eval
