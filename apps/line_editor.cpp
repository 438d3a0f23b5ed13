// SPDX-License-Identifier: MIT
#include <line_editor.hpp>

#include <mien/core/interrupt.hpp>
#include <mien/core/log.hpp>

#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#ifndef MIEN_MODULE_FOLDER
#define MIEN_MODULE_FOLDER ""  // the program's RUNPATH says where modules lie
#endif

namespace mien::app {
namespace {

ReadLine load_editor() {
    void* module = dlopen(MIEN_MODULE_FOLDER "mien_line_editor.so", RTLD_NOW | RTLD_LOCAL);
    auto* read = module != nullptr ? reinterpret_cast<ReadLine>(dlsym(module, k_read_line)) : nullptr;
    if (read == nullptr) {
        log::debug("lines are read without editing; install libedit2 for more");
    }
    return read;
}

/// The terminal's own line discipline: whole lines, Backspace.
LineEnd read_plainly(const std::string& prompt, std::string& text) {
    std::fputs(prompt.c_str(), stderr);
    std::fflush(stderr);
    for (char c{};;) {
        const auto got = ::read(STDIN_FILENO, &c, 1);
        if (interrupted()) {
            return LineEnd::interrupted;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return text.empty() ? LineEnd::end : LineEnd::line;
        }
        if (c == '\n') {
            return LineEnd::line;
        }
        text += c;
    }
}

}  // namespace

Line read_line(const std::string& prompt, const std::vector<std::string>& completions) {
    static const ReadLine editor = load_editor();
    Line line;
    line.ended = editor != nullptr ? editor(
                                         prompt, completions, [] { return interrupted(); }, line.text)
                                   : read_plainly(prompt, line.text);
    return line;
}

}  // namespace mien::app
