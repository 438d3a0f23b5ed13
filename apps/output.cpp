// SPDX-License-Identifier: MIT
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/format.hpp>
#include <mien/core/interrupt.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace mien::app {
namespace {

int terminal_width() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

void print_line(std::string_view text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                         std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
    if (!written) {
        throw_errno("cannot write the answer to standard output");
    }
}

void print_json(const Json& json) { print_line(to_line(json)); }

bool ask(const std::string& question) {
    if (::isatty(STDIN_FILENO) == 0) {
        throw Error(ErrorCode::usage,
                    question + " Nobody is there to answer: use --yes, or --dry-run to see what would be done");
    }
    std::fprintf(stderr, "%s [y/N] ", question.c_str());
    std::array<char, 64> answer{};
    const bool answered = std::fgets(answer.data(), static_cast<int>(answer.size()), stdin) != nullptr;
    throw_if_interrupted();
    return answered && (answer[0] == 'y' || answer[0] == 'Y');
}

std::string with_commas(std::uint64_t number) {
    const auto digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) {
            text += ',';
        }
        text += digits[i];
    }
    return text;
}

std::string counted(std::uint64_t number, const std::string& singular, const std::string& plural) {
    return with_commas(number) + " " + (number == 1 ? singular : plural.empty() ? singular + "s" : plural);
}

std::string human_bytes(std::uint64_t bytes) {
    constexpr std::array k_units{"B", "kB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < k_units.size()) {
        value /= 1000;
        ++unit;
    }
    return formatted(unit == 0 ? "%.0f %s" : "%.1f %s", value, k_units[unit]);
}

std::string human_seconds(double seconds) {
    const auto whole = static_cast<long>(std::max(0.0, seconds) + 0.5);
    return whole >= 3600 ? formatted("%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60)
                         : formatted("%ld:%02ld", whole / 60, whole % 60);
}

Progress::Progress(Unit unit, bool wanted)
    : m_unit(unit), m_active(wanted && isatty(STDERR_FILENO) == 1 && environment("TERM").value_or("dumb") != "dumb") {}

void Progress::start(std::size_t total) {
    m_total = total;
    m_started = Clock::now();
}

void Progress::show(std::size_t done) {
    const auto now = Clock::now();
    if (!m_active || (done < m_total && now - m_shown < std::chrono::milliseconds(100))) {
        return;
    }
    m_shown = now;
    const double seconds = std::chrono::duration<double>(now - m_started).count();
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    const double left = rate > 0 ? static_cast<double>(m_total - std::min(done, m_total)) / rate : 0;
    const std::string counts =
        m_unit == Unit::photos ? with_commas(done) + "/" + with_commas(m_total) + formatted("  %.1f photos/s  ", rate)
                               : human_bytes(done) + "/" + human_bytes(m_total) + "  " +
                                     human_bytes(static_cast<std::uint64_t>(rate)) + "/s  ";
    const std::string text = counts + human_seconds(left) + " left";
    const int room = std::clamp(terminal_width() - static_cast<int>(text.size()) - 4, 0, 40);
    const double share = m_total > 0 ? static_cast<double>(std::min(done, m_total)) / static_cast<double>(m_total) : 0;
    std::string bar;
    for (int i = 0; i < room; ++i) {
        bar += i < share * room ? '=' : ' ';
    }
    std::fprintf(stderr, "\r\x1b[K[%s] %s", bar.c_str(), text.c_str());
    m_visible = true;
}

void Progress::clear() {
    if (m_visible) {
        std::fputs("\r\x1b[K", stderr);
        m_visible = false;
    }
}

}  // namespace mien::app
