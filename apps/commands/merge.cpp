// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/service/merge.hpp>

#include <algorithm>
#include <memory>

namespace mien::app {
namespace {

struct MergeArguments {
    service::MergeOptions options;
    std::vector<std::string> stores;
    std::string output;
    std::string on_conflict{"refuse"};
};

std::string describe(const service::MergeConflict& c) {
    return "conflict    " + printable(c.photo) + ": " + printable(c.first) + " in " +
           printable(c.first_store.native()) + ", " + printable(c.last) + " in " + printable(c.last_store.native());
}

int merge(MergeArguments& arguments, const SharedOptions& shared) {
    auto& options = arguments.options;
    options.stores.assign(arguments.stores.begin(), arguments.stores.end());
    options.output = arguments.output;
    options.on_conflict = arguments.on_conflict == "first"  ? service::OnConflict::first
                          : arguments.on_conflict == "last" ? service::OnConflict::last
                                                            : service::OnConflict::refuse;
    const auto summary = service::merge_stores(options);
    for (const auto& conflict : summary.conflicts) {
        shared.json ? print_json(service::to_json(conflict)) : print_line(describe(conflict));
    }
    for (const auto& name : summary.dropped) {
        log::warn("the stores differ in their {}: the merged one has none; make it anew", name);
    }
    const bool refused = options.on_conflict == service::OnConflict::refuse && !summary.conflicts.empty();
    if (shared.json) {
        print_json(service::to_json(summary));
    } else if (refused) {
        print_line(counted(summary.conflicts.size(), "conflict") +
                   ", nothing written; --on-conflict first or last decides, or correct one of the stores");
    } else {
        print_line(counted(summary.encodings, "encoding") + " of " + counted(summary.people, "person", "people") +
                   (options.dry_run ? " would be in " : " in ") + printable(summary.output.native()) + ", " +
                   counted(summary.duplicates, "duplicate") + ", " + counted(summary.conflicts.size(), "conflict"));
    }
    return refused ? k_exit_negative : k_exit_success;
}

}  // namespace

void add_merge(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<MergeArguments>();
    auto* verb = app.add_subcommand("merge", "Put stores that were built on several machines together");
    verb->add_option("STORE", arguments->stores, "Stores to read, all of one model")->required();
    verb->add_option("-o,--output", arguments->output, "Store to write")->required()->type_name("FILE");
    verb->add_option("--on-conflict", arguments->on_conflict,
                     "Where one face has two labels: refuse, or take the first or the last store's")
        ->check(CLI::IsMember({"refuse", "first", "last"}))
        ->type_name("RULE")
        ->capture_default_str();
    verb->add_flag("--force", arguments->options.force, "Replace a store that is there; 'mien undo' brings it back");
    verb->add_flag("--dry-run", arguments->options.dry_run, "Say what would be written; change nothing");
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return merge(*arguments, context.shared); };
    });
}

}  // namespace mien::app
