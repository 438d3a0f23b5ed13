// SPDX-License-Identifier: MIT
#include <review.hpp>

#include <line_editor.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/text.hpp>
#include <mien/service/pending.hpp>
#include <mien/service/photo_files.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <set>
#include <vector>

namespace mien::app {
namespace {

using service::Decision;

constexpr const char* k_help =
    "  NAME   it is NAME (Tab completes)      !NAME  the same, although it looks like somebody else\n"
    "  y      yes, it is who is suggested     d      no, it is not who is suggested; ask again\n"
    "  n      this is not a face              o      one by one, they are not all the same person\n"
    "  Enter  skip (s too)                    u      undo the last decision\n"
    "  q      quit                            =NAME  a name of one letter\n";

bool shows_pictures() {
    const auto colours = environment("COLORTERM").value_or("");
    return (colours == "truecolor" || colours == "24bit") && environment("TERM").value_or("dumb") != "dumb";
}

int terminal_width() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// Two pixels a letter: the upper half in the letter's colour, the lower in the background's.
void draw(const std::vector<service::Thumbnail>& pictures) {
    int height = 0;
    for (const auto& picture : pictures) {
        height = std::max(height, picture.height);
    }
    const auto colour = [](const service::Thumbnail& picture, int x, int y) {
        const auto at = static_cast<std::size_t>(3 * (y * picture.width + x));
        return std::to_string(picture.rgb[at]) + ";" + std::to_string(picture.rgb[at + 1]) + ";" +
               std::to_string(picture.rgb[at + 2]) + "m";
    };
    std::string text;
    for (int y = 0; y < height; y += 2) {
        for (const auto& picture : pictures) {
            for (int x = 0; x < picture.width; ++x) {
                if (y >= picture.height) {
                    text += ' ';
                    continue;
                }
                text += "\x1b[38;2;" + colour(picture, x, y);
                if (y + 1 < picture.height) {
                    text += "\x1b[48;2;" + colour(picture, x, y + 1);
                }
                text += "\u2580\x1b[0m";
            }
            text += "  ";
        }
        text += '\n';
    }
    std::fputs(text.c_str(), stderr);
}

std::string describe(const service::Suggestion& suggestion) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), " (%.0f %%, distance %.3f)", suggestion.confidence * 100,
                  rounded(suggestion.distance, 3));
    return suggestion.label + text.data();
}

/// What the person at the terminal said.
struct Answer {
    enum class Kind { name, accept, deny, not_a_face, skip, one_by_one, undo, quit, help };
    Kind kind{};
    std::string label;
    bool force{false};
};

Answer understand(const std::string& line) {
    const auto first = line.find_first_not_of(" \t");
    if (first == std::string::npos) {
        return {Answer::Kind::skip, {}, false};
    }
    const auto text = line.substr(first, line.find_last_not_of(" \t") - first + 1);
    if (text.size() == 1) {
        switch (text.front()) {
            case 'y': return {Answer::Kind::accept, {}, false};
            case 'd': return {Answer::Kind::deny, {}, false};
            case 'n': return {Answer::Kind::not_a_face, {}, false};
            case 's': return {Answer::Kind::skip, {}, false};
            case 'o': return {Answer::Kind::one_by_one, {}, false};
            case 'u': return {Answer::Kind::undo, {}, false};
            case 'q': return {Answer::Kind::quit, {}, false};
            // One letter is too easily typed by mistake to become a person.
            default: return {Answer::Kind::help, {}, false};
        }
    }
    const bool marked = text.front() == '=' || text.front() == '!';
    return {Answer::Kind::name, marked ? text.substr(1) : text, text.front() == '!'};
}

class Review {
public:
    Review(service::Confirmer& confirmer, const service::ConfirmOptions& options, const models::Finder& finder,
           const SharedOptions& shared, bool pictures)
        : m_confirmer(confirmer),
          m_options(options),
          m_finder(finder),
          m_shared(shared),
          m_pictures(pictures && shows_pictures()) {}

    int run() {
        look();
        for (;;) {
            const auto group = next();
            if (group.empty()) {
                say(m_pending.faces.empty() ? "nothing waits for a name" : "everything else was skipped");
                return finish(k_exit_success);
            }
            show(group);
            const auto line = read_line(prompt(group), m_completions);
            if (line.ended == LineEnd::interrupted) {
                return finish(error_row(ErrorCode::interrupted).exit_status);
            }
            const auto answer = understand(line.text);
            if (line.ended == LineEnd::end || answer.kind == Answer::Kind::quit) {
                return finish(k_exit_success);
            }
            try {
                heed(answer, group);
            } catch (const service::NeedsForce& error) {
                say(std::string(error.what()) + "; here: !NAME insists");
            } catch (const Error& error) {
                if (error.code() != ErrorCode::usage) {
                    throw;
                }
                say(error.what());
            }
        }
    }

private:
    /// Indices into m_pending.faces that are asked about together.
    using Group = std::vector<std::size_t>;

    static void say(const std::string& text) { std::fprintf(stderr, "%s\n", printable(text).c_str()); }

    void look() {
        service::PendingOptions options;
        options.workspace = m_options.workspace;
        options.pipeline = m_options.pipeline;
        options.identify = m_options.identify;
        options.jobs = default_jobs();
        Progress progress(Progress::Unit::photos, !m_shared.quiet);
        service::PendingEvents events;
        events.started = [&](std::size_t photos) { progress.start(photos); };
        events.looked = [&](std::size_t done) { progress.show(done); };
        m_pending = service::pending(options, m_finder, events);
        m_labels = m_confirmer.labels();
        m_completions = m_labels;
        for (const auto& label : m_labels) {
            m_completions.push_back("!" + label);
        }
    }

    [[nodiscard]] Group next() const {
        for (const auto& cluster : m_pending.clusters) {
            Group open;
            for (const auto face : cluster.faces) {
                const auto id = m_pending.faces[face].id;
                if (m_skipped.contains(id)) {
                    continue;
                }
                if (m_single.contains(id)) {
                    return {face};
                }
                open.push_back(face);
            }
            if (!open.empty()) {
                return open;
            }
        }
        return {};
    }

    [[nodiscard]] std::optional<service::Suggestion> suggestion(const Group& group) const {
        std::optional<service::Suggestion> best;
        for (const auto face : group) {
            const auto& one = m_pending.faces[face].suggestion;
            if (one && (!best || one->confidence > best->confidence)) {
                best = one;
            }
        }
        return best;
    }

    void show(const Group& group) const {
        constexpr std::size_t k_shown = 6;
        say("");
        if (m_pictures) {
            constexpr int k_side = 26;
            const auto fit = static_cast<std::size_t>(std::max(1, terminal_width() / (k_side + 2)));
            std::vector<service::Thumbnail> pictures;
            for (std::size_t i = 0; i < std::min({group.size(), fit, k_shown}); ++i) {
                pictures.push_back(service::thumbnail(m_pending.faces[group[i]], m_options.workspace,
                                                      m_options.pipeline.max_pixels, k_side));
            }
            draw(pictures);
        }
        for (std::size_t i = 0; i < std::min(group.size(), k_shown); ++i) {
            const auto& face = m_pending.faces[group[i]];
            say("  " + face.photo + " at " + std::to_string(face.box.left) + "," + std::to_string(face.box.top) + " " +
                std::to_string(face.box.width) + "x" + std::to_string(face.box.height) + ", came " +
                to_iso8601(face.time));
        }
        if (group.size() > k_shown) {
            say("  and " + counted(group.size() - k_shown, "more", "more"));
        }
        if (const auto who = suggestion(group)) {
            say(std::string(who->known ? "  known: " : "  perhaps ") + describe(*who));
        }
    }

    [[nodiscard]] std::string prompt(const Group& group) const {
        const auto who = suggestion(group);
        std::string text = group.size() == 1 ? "who is it" : "who are these " + std::to_string(group.size());
        text += who ? " (y: " + who->label + ", ?: help)? " : " (?: help)? ";
        return text;
    }

    void heed(const Answer& answer, const Group& group) {
        switch (answer.kind) {
            case Answer::Kind::name:
                if (is_meant(answer.label)) {
                    decide(group, Decision::is, answer.label, answer.force);
                }
                break;
            case Answer::Kind::accept:
            case Answer::Kind::deny: {
                const auto who = suggestion(group);
                if (!who) {
                    say("nobody is suggested; type a name");
                } else if (answer.kind == Answer::Kind::accept) {
                    decide(group, Decision::is, who->label, false);
                } else {
                    decide(group, Decision::is_not, who->label, false);
                }
                break;
            }
            case Answer::Kind::not_a_face: decide(group, Decision::not_a_face, {}, false); break;
            case Answer::Kind::skip:
                for (const auto face : group) {
                    m_skipped.insert(m_pending.faces[face].id);
                }
                break;
            case Answer::Kind::one_by_one:
                for (const auto face : group) {
                    m_single.insert(m_pending.faces[face].id);
                }
                break;
            case Answer::Kind::undo: undo(); break;
            case Answer::Kind::quit:
            case Answer::Kind::help: std::fputs(k_help, stderr); break;
        }
    }

    /// A new name may be a slip of the finger.
    bool is_meant(const std::string& typed) {
        const auto label = service::to_folder_label(typed);
        if (std::binary_search(m_labels.begin(), m_labels.end(), label)) {
            return true;
        }
        const auto line = read_line("nobody is called " + printable(label) + " yet; somebody new [y/N]? ", {});
        return line.ended == LineEnd::line && (line.text == "y" || line.text == "Y" || line.text == "yes");
    }

    void decide(const Group& group, Decision decision, const std::string& label, bool force) {
        std::vector<service::WaitingFace> faces;
        for (const auto face : group) {
            faces.push_back(m_pending.faces[face]);
        }
        const auto answers = m_confirmer.decide(faces, decision, label, force);
        std::uint64_t change = 0;
        for (const auto& answer : answers) {
            change = std::max(change, answer.change);
            if (m_shared.json) {
                print_json(service::to_json(answer));
            } else {
                print_line(app::describe(answer));
            }
        }
        if (change != 0) {
            m_changes.push_back(change);
        }
        look();
    }

    void undo() {
        if (m_changes.empty()) {
            say("there is nothing to undo in this review; 'mien undo' goes further back");
            return;
        }
        m_confirmer.undo(m_changes.back());
        m_changes.pop_back();
        if (m_shared.json) {
            print_json({{"outcome", "undone"}});
        } else {
            print_line("undone");
        }
        m_skipped.clear();
        look();
    }

    [[nodiscard]] int finish(int status) const {
        if (!m_shared.quiet) {
            say(counted(m_changes.size(), "decision") + " kept, " + counted(m_pending.faces.size(), "face") + " left");
        }
        return status;
    }

    service::Confirmer& m_confirmer;
    const service::ConfirmOptions& m_options;
    const models::Finder& m_finder;
    const SharedOptions& m_shared;
    bool m_pictures;
    service::Pending m_pending;
    std::vector<std::string> m_labels;  ///< sorted
    std::vector<std::string> m_completions;
    std::set<std::uint64_t> m_skipped;  ///< faces
    std::set<std::uint64_t> m_single;   ///< faces that are asked about one by one
    std::vector<std::uint64_t> m_changes;
};

}  // namespace

int review(service::Confirmer& confirmer, const service::ConfirmOptions& options, const models::Finder& finder,
           const SharedOptions& shared, bool pictures) {
    return Review(confirmer, options, finder, shared, pictures).run();
}

std::string describe(const service::Confirmed& answer) {
    auto text = answer.outcome + "\t" + printable(answer.photo);
    if (!answer.reason.empty()) {
        return text + "\t" + printable(answer.reason);
    }
    if (!answer.label.empty()) {
        text += "\t" + std::string(answer.decision == Decision::is_not ? "not " : "") + answer.label;
    }
    if (!answer.before.empty()) {
        text += " (was " + answer.before + ")";
    }
    if (!answer.kept_as.empty()) {
        text += "\t" + printable(answer.kept_as);
    }
    return text;
}

}  // namespace mien::app
