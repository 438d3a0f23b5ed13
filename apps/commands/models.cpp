// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/log.hpp>
#include <mien/core/text.hpp>
#include <mien/models/fetch.hpp>
#include <mien/models/models.hpp>

#include <memory>
#include <optional>

namespace mien::app {
namespace {

struct ModelsArguments {
    std::string card;
    std::vector<std::string> names;  ///< to fetch
    std::string folder;
    std::string mirror;
};

/// Where a model stands on this machine.
struct State {
    std::string word;  ///< built-in, present, absent, damaged
    std::string place;
};

State state_of(const models::Card& card, const models::Finder& finder, bool check_digest) {
    if (card.file.empty()) {
        return {"built-in", {}};
    }
    const auto file = finder.find(card);
    if (!file) {
        return {"absent", {}};
    }
    if (check_digest) {
        try {
            static_cast<void>(finder.require(card));
        } catch (const Error&) {
            return {"damaged", file->native()};
        }
    }
    return {"present", file->native()};
}

Json to_json(const models::Card& card, const State& state) {
    Json json{{"name", card.name},        {"kind", models::to_string(card.kind)},
              {"state", state.word},      {"file", state.place.empty() ? Json(nullptr) : Json(state.place)},
              {"licence", card.licence},  {"about", card.about},
              {"accuracy", card.accuracy}};
    if (!card.sha256.empty()) {
        json["sha256"] = card.sha256.front();
    }
    if (!card.url.empty()) {
        json["url"] = card.url;
    }
    if (card.kind == models::Kind::encoder) {
        json["dim"] = card.dim;
        json["metric"] = to_string(card.metric);
        json["threshold"] = card.decision.threshold;
    }
    return json;
}

int list(const SharedOptions& shared, bool check_digests) {
    const auto finder = shared.make_finder();
    bool damaged = false;
    for (const auto& card : models::catalogue()) {
        const auto state = state_of(card, finder, check_digests);
        damaged = damaged || state.word == "damaged";
        if (shared.json) {
            print_json(to_json(card, state));
        } else {
            auto line = card.name;
            line.resize(std::max<std::size_t>(line.size() + 1, 16), ' ');
            line += std::string(models::to_string(card.kind));
            line.resize(std::max<std::size_t>(line.size() + 1, 28), ' ');
            line += state.word;
            line.resize(std::max<std::size_t>(line.size() + 1, 38), ' ');
            line += card.licence + (state.place.empty() ? "" : "  " + printable(state.place));
            print_line(line);
        }
    }
    return damaged ? k_exit_negative : k_exit_success;
}

const models::Card& any_card(const std::string& name) {
    for (const auto& card : models::catalogue()) {
        if (card.name == name) {
            return card;
        }
    }
    throw Error(ErrorCode::usage, "there is no model " + printable(name) + "; 'mien models' lists them");
}

int show_card(const std::string& name, const SharedOptions& shared) {
    const auto& card = any_card(name);
    const auto state = state_of(card, shared.make_finder(), true);
    if (shared.json) {
        print_json(to_json(card, state));
        return k_exit_success;
    }
    const auto line = [](const char* what, const std::string& value) {
        if (!value.empty()) {
            print_line(std::string(what) + value);
        }
    };
    line("name       ", card.name);
    line("kind       ", std::string(models::to_string(card.kind)));
    line("state      ", state.word + (state.place.empty() ? "" : ", " + printable(state.place)));
    line("about      ", card.about);
    line("licence    ", card.licence);
    line("accuracy   ", card.accuracy);
    if (card.kind == models::Kind::encoder) {
        line("encoding   ",
             std::to_string(card.dim) + " numbers, " + std::string(to_string(card.metric)) + " distance");
        line("threshold  ",
             Json(card.decision.threshold).dump() + (card.decision.measured ? "" : " (published, not measured here)"));
    }
    line("from       ", card.url);
    line("sha256     ", card.sha256.empty() ? "" : card.sha256.front());
    return k_exit_success;
}

int fetch(const ModelsArguments& arguments, const SharedOptions& shared) {
    const auto finder = shared.make_finder();
    std::vector<const models::Card*> cards;
    for (const auto& name : arguments.names) {
        cards.push_back(&any_card(name));
    }
    for (const auto* card : cards) {
        if (card->file.empty()) {
            log::info("{} is part of the program; there is nothing to fetch", card->name);
            continue;
        }
        models::FetchOptions options;
        options.folder = arguments.folder.empty() ? finder.fetch_folder() : std::filesystem::path(arguments.folder);
        options.mirror = arguments.mirror;
        Progress progress(Progress::Unit::bytes, !shared.quiet);
        bool started = false;
        options.progress = [&](std::uint64_t done, std::uint64_t total) {
            if (!started && total > 0) {
                progress.start(total);
                started = true;
            }
            if (started) {
                progress.show(done);
            }
            return !interrupted();
        };
        log::info("fetching {} ({})", card->name, card->licence);
        const auto file = models::fetch(*card, options);
        progress.clear();
        if (shared.json) {
            print_json(Json{{"name", card->name}, {"file", file.native()}});
        } else {
            print_line(card->name + "  " + printable(file.native()));
        }
    }
    return k_exit_success;
}

}  // namespace

void add_models(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ModelsArguments>();
    auto* verb = app.add_subcommand("models", "List, describe, check and fetch models");
    verb->require_subcommand(0, 1);
    verb->add_option("--card", arguments->card, "Describe one model: data, licence, accuracy, limits")
        ->type_name("NAME");
    verb->callback([arguments, &context] {
        if (!context.action) {
            context.action = [arguments, &context] {
                return arguments->card.empty() ? list(context.shared, false)
                                               : show_card(arguments->card, context.shared);
            };
        }
    });
    verb->add_subcommand("list", "List the models and where they lie")->fallthrough()->callback([&context] {
        context.action = [&context] { return list(context.shared, false); };
    });
    verb->add_subcommand("verify", "List them, with their digests checked; exits with 1 if one is damaged")
        ->fallthrough()
        ->callback([&context] { context.action = [&context] { return list(context.shared, true); }; });
    auto* fetcher = verb->add_subcommand("fetch", "Download models; an interrupted download goes on where it stopped");
    fetcher->fallthrough();
    fetcher->add_option("NAME", arguments->names, "Models to fetch")->required();
    fetcher->add_option("--to", arguments->folder, "Folder to put them in; default: the user's data folder")
        ->type_name("DIR");
    fetcher->add_option("--mirror", arguments->mirror, "Fetch from this address instead, with the same file names")
        ->type_name("URL");
    fetcher->callback([arguments, &context] {
        context.action = [arguments, &context] { return fetch(*arguments, context.shared); };
    });
}

}  // namespace mien::app
