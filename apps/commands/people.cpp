// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/service/confirm.hpp>
#include <mien/service/people.hpp>

#include <array>
#include <cstdio>
#include <memory>

namespace mien::app {
namespace {

struct StoreArguments {
    std::string store;
    std::string label;
};

std::shared_ptr<const gallery::Gallery> open(const StoreArguments& arguments, const SharedOptions& shared) {
    return gallery::load_store(store_of(arguments.store, shared));
}

int list(const StoreArguments& arguments, const SharedOptions& shared) {
    for (const auto& person : service::list_people(*open(arguments, shared))) {
        if (shared.json) {
            print_json(service::to_json(person));
        } else {
            print_line(person.label + "\t" + std::to_string(person.encodings) + "\t" + to_iso8601(person.updated));
        }
    }
    return k_exit_success;
}

std::string describe(const service::PersonRecord& record) {
    std::array<char, 32> quality{};
    if (record.quality) {
        std::snprintf(quality.data(), quality.size(), "%.2f", *record.quality);
    }
    return printable(record.photo) + "\t" + std::to_string(record.box.left) + "," + std::to_string(record.box.top) +
           " " + std::to_string(record.box.width) + "x" + std::to_string(record.box.height) + "\t" +
           (record.quality ? quality.data() : "-") + "\t" + std::string(to_string(record.origin)) + "\t" +
           to_iso8601(record.time);
}

int show(const StoreArguments& arguments, const SharedOptions& shared) {
    const auto person = service::show_person(*open(arguments, shared), to_label(arguments.label));
    if (shared.json) {
        print_json(service::to_json(person));
        return k_exit_success;
    }
    print_line(person.summary.label + ": " + counted(person.summary.encodings, "encoding") + ", the last of " +
               to_iso8601(person.summary.updated));
    for (const auto& record : person.records) {
        print_line(describe(record));
    }
    return k_exit_success;
}

int report(const service::PeopleChange& change, const SharedOptions& shared) {
    if (shared.json) {
        print_json(service::to_json(change));
        return k_exit_success;
    }
    for (const auto& [from, to] : change.moved) {
        print_line(printable(from) + " -> " + printable(to));
    }
    if (!shared.quiet) {
        print_line(change.change == 0 ? "nothing to do"
                                      : counted(change.encodings, "encoding") + ", change " +
                                            std::to_string(change.change) + " ('mien undo' takes it back)");
    }
    return k_exit_success;
}

}  // namespace

void add_list(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<StoreArguments>();
    auto* verb = app.add_subcommand("list", "List the people of a store");
    add_store_option(*verb, arguments->store);
    verb->callback(
        [arguments, &context] { context.action = [arguments, &context] { return list(*arguments, context.shared); }; });
}

void add_show(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<StoreArguments>();
    auto* verb = app.add_subcommand("show", "Show what a store has of one person");
    verb->add_option("LABEL", arguments->label, "Who")->required();
    add_store_option(*verb, arguments->store);
    verb->callback(
        [arguments, &context] { context.action = [arguments, &context] { return show(*arguments, context.shared); }; });
}

void add_rename(CLI::App& app, Context& context) {
    struct Arguments {
        service::RenameOptions options;
        std::string store;
    };
    auto arguments = std::make_shared<Arguments>();
    auto* verb = app.add_subcommand("rename", "Give a person another name, photos included");
    verb->add_option("OLD", arguments->options.from, "The name in the store")->required();
    verb->add_option("NEW", arguments->options.to, "The new one")->required();
    verb->add_flag("--merge", arguments->options.merge, "NEW is there already and is the same person");
    add_store_option(*verb, arguments->store);
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] {
            arguments->options.workspace = context.shared.make_workspace();
            arguments->options.store = arguments->store;
            return report(service::rename(arguments->options), context.shared);
        };
    });
}

void add_move(CLI::App& app, Context& context) {
    struct Arguments {
        service::MoveOptions options;
        std::string store;
        std::string box;
    };
    auto arguments = std::make_shared<Arguments>();
    auto* verb = app.add_subcommand("move", "Give photos to the right person");
    verb->add_option("PHOTO", arguments->options.photos, "As 'mien show' names them, or paths; several are one change")
        ->required();
    verb->add_option("--to", arguments->options.to, "Whose it is")->required()->type_name("LABEL");
    verb->add_option("--from", arguments->options.from, "Only faces of this person, where photos show several")
        ->type_name("LABEL");
    verb->add_option("--box", arguments->box, "Which face, where the store has several of the photo")
        ->type_name("L,T,W,H");
    add_store_option(*verb, arguments->store);
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] {
            arguments->options.workspace = context.shared.make_workspace();
            arguments->options.store = arguments->store;
            if (!arguments->box.empty()) {
                arguments->options.box = service::parse_box(arguments->box);
            }
            return report(service::move(arguments->options), context.shared);
        };
    });
}

}  // namespace mien::app
