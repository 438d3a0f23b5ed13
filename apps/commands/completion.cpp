// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>

#include <algorithm>
#include <memory>
#include <sstream>

namespace mien::app {
namespace {

/// A verb with all its words: "" is the program itself, "models fetch" a verb below a verb.
struct Verb {
    std::string path;
    std::string about;
    std::vector<std::string> words;                            ///< options and verbs below
    std::vector<std::pair<std::string, std::string>> options;  ///< name, description
};

std::vector<CLI::App*> below(CLI::App& app) {
    return app.get_subcommands([](CLI::App*) { return true; });
}

void collect(CLI::App& app, const std::string& path, std::vector<Verb>& verbs) {
    Verb verb{path, app.get_description(), {}, {}};
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) {
            verb.words.push_back("--" + name);
            verb.options.emplace_back(name, option->get_description());
        }
        for (const auto& name : option->get_snames()) {
            verb.words.push_back("-" + name);
        }
    }
    const auto children = below(app);
    for (auto* child : children) {
        verb.words.push_back(child->get_name());
    }
    verbs.push_back(std::move(verb));
    for (auto* child : children) {
        collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), verbs);
    }
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

/// Within single quotes of any of the three shells.
std::string quoted(std::string text) {
    for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4) {
        text.replace(at, 1, "'\\''");
    }
    return "'" + text + "'";
}

/// The lines of a shell's `case` that follow the words of the command line from verb to verb.
std::string steps(const std::vector<Verb>& verbs) {
    std::string lines;
    for (const auto& verb : verbs) {
        if (!verb.path.empty()) {
            const auto split = verb.path.rfind(' ');
            const auto parent = split == std::string::npos ? std::string() : verb.path.substr(0, split);
            const auto name = split == std::string::npos ? verb.path : verb.path.substr(split + 1);
            lines += "            " + quoted(parent + " " + name) + ") path=" + quoted(verb.path) + " ;;\n";
        }
    }
    return lines;
}

std::string bash(const std::vector<Verb>& verbs) {
    std::ostringstream out;
    out << "# bash completion for mien, written by 'mien completion bash'\n"
           "_mien() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} path='' word words=''\n"
           "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "        case \"$path $word\" in\n";
    out << steps(verbs);
    out << "        esac\n"
           "    done\n"
           "    case \"$path\" in\n";
    for (const auto& verb : verbs) {
        out << "        " << quoted(verb.path) << ") words=" << quoted(joined(verb.words)) << " ;;\n";
    }
    out << "    esac\n"
           // Verbs and options where one can stand, else file names.
           "    if [[ $current == -* || -z $path || $path == models || $path == completion ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "    else\n"
           "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
           "    fi\n"
           "}\n"
           "complete -o filenames -F _mien mien\n";
    return out.str();
}

std::string zsh(const std::vector<Verb>& verbs) {
    std::ostringstream out;
    out << "#compdef mien\n"
           "# zsh completion for mien, written by 'mien completion zsh'\n"
           "_mien() {\n"
           "    local path='' word\n"
           "    for word in ${words[2,CURRENT-1]}; do\n"
           "        case \"$path $word\" in\n";
    out << steps(verbs);
    out << "        esac\n"
           "    done\n"
           "    case \"$path\" in\n";
    for (const auto& verb : verbs) {
        out << "        " << quoted(verb.path) << ") compadd -- " << joined(verb.words) << " ;;\n";
    }
    out << "    esac\n"
           "    [[ -n $path ]] && _files\n"
           "}\n"
           "_mien \"$@\"\n";
    return out.str();
}

std::string fish(const std::vector<Verb>& verbs) {
    std::ostringstream out;
    out << "# fish completion for mien, written by 'mien completion fish'\n";
    for (const auto& verb : verbs) {
        const auto split = verb.path.rfind(' ');
        const auto parent = split == std::string::npos ? std::string() : verb.path.substr(0, split);
        const auto name = split == std::string::npos ? verb.path : verb.path.substr(split + 1);
        if (!verb.path.empty()) {
            const auto condition =
                parent.empty() ? std::string("__fish_use_subcommand") : "__fish_seen_subcommand_from " + parent;
            out << "complete -c mien -n " << quoted(condition) << " -a " << name << " -d " << quoted(verb.about)
                << "\n";
        }
        for (const auto& [option, about] : verb.options) {
            out << "complete -c mien";
            if (!verb.path.empty()) {
                out << " -n " << quoted("__fish_seen_subcommand_from " + name);
            }
            out << " -l " << option << " -d " << quoted(about) << "\n";
        }
    }
    return out.str();
}

}  // namespace

void add_completion(CLI::App& app, Context& context) {
    auto shell = std::make_shared<std::string>();
    auto* verb = app.add_subcommand("completion", "Write the completions of a shell");
    verb->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
    verb->callback([shell, &app, &context] {
        context.action = [shell, &app] {
            std::vector<Verb> verbs;
            collect(app, {}, verbs);
            auto text = *shell == "bash" ? bash(verbs) : *shell == "zsh" ? zsh(verbs) : fish(verbs);
            text.pop_back();
            print_line(text);
            return k_exit_success;
        };
    });
}

}  // namespace mien::app
