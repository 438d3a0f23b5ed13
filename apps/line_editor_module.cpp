// SPDX-License-Identifier: MIT
// The only code that links libedit. line_editor.cpp loads it.
#include <line_editor.hpp>

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <memory>
#include <string_view>

namespace {

using mien::app::LineEnd;

/// What the callbacks of one line share.
struct Reading {
    const std::string* prompt{};
    const std::vector<std::string>* completions{};
    bool (*stopped)(){};
    bool interrupted{};
};

Reading& reading_of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<Reading*>(data);
}

char* prompt_of(EditLine* editor) { return const_cast<char*>(reading_of(editor).prompt->c_str()); }

/// The next letter of UTF-8. Waits in poll(), so that a signal ends the waiting; libedit's own reading would go on.
int read_letter(EditLine* editor, wchar_t* letter) {
    auto& reading = reading_of(editor);
    std::mbstate_t state{};
    for (;;) {
        constexpr int k_look_again_ms = 200;  // for a signal that came just before poll()
        pollfd input{STDIN_FILENO, POLLIN, 0};
        const int ready = ::poll(&input, 1, k_look_again_ms);
        if (reading.stopped()) {
            reading.interrupted = true;
            return 0;
        }
        if (ready <= 0) {
            continue;
        }
        char byte{};
        const auto got = ::read(STDIN_FILENO, &byte, 1);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (got <= 0) {
            return 0;
        }
        const auto length = std::mbrtowc(letter, &byte, 1, &state);
        if (length == static_cast<std::size_t>(-1)) {  // not UTF-8: drop it
            state = {};
        } else if (length != static_cast<std::size_t>(-2)) {
            return 1;
        }
    }
}

unsigned char interrupt(EditLine* editor, int /*key*/) {
    reading_of(editor).interrupted = true;
    return CC_EOF;
}

/// Completes as far as all candidates agree; lists them where they do not.
unsigned char complete(EditLine* editor, int /*key*/) {
    const auto* line = el_line(editor);
    const std::string begun(line->buffer, line->cursor);
    std::vector<std::string_view> candidates;
    for (const auto& whole : *reading_of(editor).completions) {
        if (whole.starts_with(begun)) {
            candidates.emplace_back(whole);
        }
    }
    if (candidates.empty()) {
        return CC_REFRESH_BEEP;
    }
    auto common = candidates.front();
    for (const auto& candidate : candidates) {
        const auto differs = std::mismatch(common.begin(), common.end(), candidate.begin(), candidate.end()).first;
        common = common.substr(0, static_cast<std::size_t>(differs - common.begin()));
    }
    while (!common.empty() && common.size() > begun.size() && common.size() < candidates.front().size() &&
           (static_cast<unsigned char>(candidates.front()[common.size()]) & 0xC0U) == 0x80U) {
        common.remove_suffix(1);  // not inside a letter
    }
    if (common.size() > begun.size()) {
        el_insertstr(editor, std::string(common.substr(begun.size())).c_str());
        return CC_REFRESH;
    }
    if (candidates.size() == 1) {
        return CC_NORM;
    }
    constexpr std::size_t k_most = 50;
    std::fputc('\n', stderr);
    for (std::size_t i = 0; i < std::min(candidates.size(), k_most); ++i) {
        std::fprintf(stderr, "%s%s", i == 0 ? "" : "  ", std::string(candidates[i]).c_str());
    }
    std::fprintf(stderr, candidates.size() > k_most ? "  …\n" : "\n");
    return CC_REDISPLAY;
}

struct Ends {
    void operator()(EditLine* editor) const { el_end(editor); }
    void operator()(History* history) const { history_end(history); }
};

/// Earlier lines of this run; names of people are written to no file.
History* history() {
    static const std::unique_ptr<History, Ends> lines = [] {
        std::unique_ptr<History, Ends> made(history_init());
        HistEvent event{};
        ::history(made.get(), &event, H_SETSIZE, 200);
        ::history(made.get(), &event, H_SETUNIQUE, 1);
        return made;
    }();
    return lines.get();
}

}  // namespace

extern "C" __attribute__((visibility("default"))) LineEnd mien_read_line(const std::string& prompt,
                                                                         const std::vector<std::string>& completions,
                                                                         bool (*stopped)(), std::string& text) {
    std::setlocale(LC_CTYPE, "C.UTF-8");  // labels are UTF-8, whatever the terminal's language is
    Reading reading{&prompt, &completions, stopped, false};
    const std::unique_ptr<EditLine, Ends> editor(el_init("mien", stdin, stderr, stderr));
    if (!editor) {
        return LineEnd::end;
    }
    auto* el = editor.get();
    el_set(el, EL_CLIENTDATA, &reading);
    el_set(el, EL_PROMPT, prompt_of);
    el_set(el, EL_EDITOR, "emacs");
    el_set(el, EL_SETTY, "-d", "-isig", nullptr);  // Ctrl-C is a key here: a line ends, not the process
    el_set(el, EL_ADDFN, "mien-interrupt", "End the line", interrupt);
    el_set(el, EL_ADDFN, "mien-complete", "Complete a name", complete);
    el_set(el, EL_BIND, "^C", "mien-interrupt", nullptr);
    el_set(el, EL_BIND, "^I", "mien-complete", nullptr);
    el_set(el, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_set(el, EL_GETCFN, read_letter);
    el_set(el, EL_HIST, ::history, history());
    // Before the prompt is shown: libedit itself waits until the first letter is read, and a Ctrl-D typed before that
    // would reach us as a letter of no meaning.
    el_set(el, EL_PREP_TERM, 1);
    int length = 0;
    const char* line = el_gets(el, &length);
    if (reading.interrupted) {
        std::fputc('\n', stderr);
        return LineEnd::interrupted;
    }
    if (line == nullptr || length <= 0) {
        std::fputc('\n', stderr);
        return LineEnd::end;
    }
    text.assign(line, static_cast<std::size_t>(length));
    while (text.ends_with('\n') || text.ends_with('\r')) {
        text.pop_back();
    }
    if (!text.empty()) {
        HistEvent event{};
        ::history(history(), &event, H_ENTER, text.c_str());
    }
    return LineEnd::line;
}
