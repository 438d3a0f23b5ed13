// SPDX-License-Identifier: MIT
#include <ask.hpp>

#include <line_editor.hpp>

#include <mien/core/error.hpp>

#include <unistd.h>

namespace mien::app {

bool may_go_on(const std::string& question, bool yes) {
    if (yes) {
        return true;
    }
    if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1) {
        throw Error(ErrorCode::usage,
                    question + " There is no terminal to ask on: add --yes, or look first with --dry-run");
    }
    const auto line = read_line(question + " [y/N] ", {});
    if (line.ended == LineEnd::interrupted) {
        throw Error(ErrorCode::interrupted, "interrupted; nothing was changed");
    }
    return line.ended == LineEnd::line && (line.text == "y" || line.text == "Y" || line.text == "yes");
}

}  // namespace mien::app
