// SPDX-License-Identifier: MIT
#pragma once

/// A line from a person at a terminal: editing, history, completion.

#include <string>
#include <vector>

namespace mien::app {

enum class LineEnd {
    line,
    end,          ///< Ctrl-D on an empty line, or the terminal is gone
    interrupted,  ///< Ctrl-C, or a signal that catch_interrupts() took
};

struct Line {
    LineEnd ended{LineEnd::end};
    std::string text;  ///< UTF-8, without the line's end
};

/// Asks on stderr, reads from stdin. libedit does the work and is loaded when the first line is wanted; where it is
/// not installed, lines are read without editing.
/// completions: whole lines that Tab may complete to
Line read_line(const std::string& prompt, const std::vector<std::string>& completions);

// What the module exports.
using ReadLine = LineEnd (*)(const std::string& prompt, const std::vector<std::string>& completions, bool (*stopped)(),
                             std::string& text);
inline constexpr const char* k_read_line = "mien_read_line";

}  // namespace mien::app
