// SPDX-License-Identifier: MIT
#include <commands.hpp>

#include <output.hpp>

#include <mien/client/server.hpp>
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/log.hpp>
#include <mien/http/config.hpp>
#include <mien/http/serve.hpp>
#include <mien/models/variable.hpp>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mien::app {
namespace {

struct ServeArguments {
    /// By name; the verb's options write here.
    std::map<std::string, std::vector<std::string>> options;
    std::string file;
    bool print_config{};
    std::vector<std::string> variables;  ///< that are no settings, but read elsewhere
};

std::vector<std::string> names_of_environment() {
    std::vector<std::string> names;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        names.emplace_back(text.substr(0, text.find('=')));
    }
    return names;
}

/// That options of the command line are read from.
void add_variables(const CLI::App& app, std::vector<std::string>& variables) {
    for (const auto* option : app.get_options()) {
        if (!option->get_envname().empty()) {
            variables.push_back(option->get_envname());
        }
    }
}

/// -q and -v are stronger than the configured level.
void set_log_level(const http::Config& config, const SharedOptions& shared) {
    if (!shared.quiet && !shared.verbose) {
        log::set_level(config.log_level == "debug"     ? log::Level::debug
                       : config.log_level == "warning" ? log::Level::warning
                       : config.log_level == "error"   ? log::Level::error
                                                       : log::Level::info);
    }
}

/// What it says of itself is said at the level that it asks for.
http::LoadedConfig load(const ServeArguments& arguments, const SharedOptions& shared) {
    http::Sources sources;
    for (const auto& [name, values] : arguments.options) {
        if (!values.empty()) {
            sources.options[name] = values;
        }
    }
    sources.environment = [](const char* name) { return environment(name); };
    sources.names = names_of_environment();
    sources.names_of_others = arguments.variables;
    sources.workspace = shared.workspace;
    sources.file = arguments.file;
    auto loaded = http::load_config(sources);
    set_log_level(loaded.config, shared);
    for (const auto& [source, why] : loaded.unheeded) {
        log::warn("{} is not used; {}", source, why);
    }
    return loaded;
}

int serve(const ServeArguments& arguments, const SharedOptions& shared) {
    const auto loaded = load(arguments, shared);
    if (arguments.print_config) {
        if (shared.json) {
            print_json(http::to_json(loaded));
        } else {
            std::fputs(http::to_toml(loaded).c_str(), stdout);
        }
        return k_exit_success;
    }
    http::serve(loaded.config, shared.make_finder(), [&arguments, &shared] { return load(arguments, shared).config; });
    return k_exit_success;
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ServeArguments>();
    auto* verb = app.add_subcommand("serve", "Answer over HTTP, as the five older services did");
    verb->add_option("--config", arguments->file, "Settings; default: mien.toml in the workspace")
        ->envname("MIEN_CONFIG")
        ->type_name("FILE");
    verb->add_flag("--print-config", arguments->print_config, "Print every setting and where it comes from, and end");
    for (const auto& setting : http::settings()) {
        if (setting.secret) {
            continue;  // others can see a process's options
        }
        const std::string name(setting.name);
        auto& values = arguments->options[name];
        const std::string letter = name == "port" ? "-p," : name == "store" ? "-s," : name == "method" ? "-m," : "";
        const std::string about(setting.about);
        CLI::Option* option = nullptr;
        if (setting.type.empty()) {
            option = verb->add_flag_callback(
                "--" + name, [&values] { values = {"true"}; }, about);
        } else {
            option = verb->add_option(letter + "--" + name, values, about);
            option->type_name(std::string(setting.type))->allow_extra_args(false);
        }
        option->group(std::string(setting.group));
    }
    arguments->variables = {client::k_server_variable, client::k_token_variable, models::k_folders_variable};
    add_variables(app, arguments->variables);
    add_variables(*verb, arguments->variables);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return serve(*arguments, context.shared); };
    });
}

}  // namespace mien::app
