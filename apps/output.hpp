// SPDX-License-Identifier: MIT
#pragma once

/// Terminal rules: stdout is the answer, stderr the conversation; colour and progress only where a person looks.

#include <mien/core/json.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace mien::app {

void print_line(std::string_view text);
void print_json(const Json& json);

/// Asks a question on the terminal.
/// throws: Error{usage} naming --yes where nobody can answer, Error{interrupted}; returns: whether it was a yes
bool ask(const std::string& question);

/// "1,234,567"
std::string with_commas(std::uint64_t number);

/// "1 photo", "2,000 photos"; plural: where it is not singular + "s"
std::string counted(std::uint64_t number, const std::string& singular, const std::string& plural = {});

/// "1.5 MB"
std::string human_bytes(std::uint64_t bytes);

/// "0:07", "1:02:03"
std::string human_seconds(double seconds);

/// A bar with rate and remaining time on stderr where that is a terminal, at most ten times a second; else nothing.
class Progress {
public:
    enum class Unit { photos, bytes };
    Progress(Unit unit, bool wanted);
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    void start(std::size_t total);
    void show(std::size_t done);
    /// Takes the bar away, so that a line can be written in its place.
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    Unit m_unit;
    bool m_active;
    bool m_visible{false};
    std::size_t m_total{};
    Clock::time_point m_started{Clock::now()};
    Clock::time_point m_shown{};
};

}  // namespace mien::app
