// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>
#include <validators.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/change_log.hpp>
#include <mien/service/history.hpp>

#include <memory>

namespace mien::app {

void print_went_back(const service::WentBack& went_back, bool dry_run, const SharedOptions& shared) {
    if (shared.json) {
        print_json(service::to_json(went_back));
        return;
    }
    if (shared.quiet) {
        return;
    }
    const auto tell = [](const char* what, const service::ToldChange& change, const char* why) {
        print_line(std::string(what) + "\t" + std::to_string(change.number) + "\t" + to_iso8601(change.time) + "\t" +
                   printable(change.user) + "\t" + change.verb + "\t" + printable(change.summary) + why);
    };
    for (const auto& change : went_back.undone) {
        tell(dry_run ? "would undo" : "undone", change, "");
    }
    for (const auto& change : went_back.kept) {
        tell("kept", change,
             change.summary == gallery::k_erasure ? " (an erasure; cannot be undone)" : " (nothing of it is left)");
    }
    print_line(counted(went_back.encodings, "encoding") + " of " + counted(went_back.people, "person", "people") +
               (dry_run ? "; nothing was changed"
                        : "; this is change " + std::to_string(went_back.change) + ", 'mien undo' takes it back"));
}

namespace {

struct UndoArguments {
    service::HistoryOptions options;
    std::string store;
    std::uint64_t count{1};
};

int undo(const UndoArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.store = store_of(arguments.store, shared);
    print_went_back(service::undo(options, arguments.count), options.dry_run, shared);
    return k_exit_success;
}

}  // namespace

void add_undo(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<UndoArguments>();
    auto* verb = app.add_subcommand("undo", "Take the last changes of the store back");
    verb->add_option("N", arguments->count, "How many")->check(whole_number_from(1))->capture_default_str();
    verb->add_flag("--dry-run", arguments->options.dry_run, "Say what would be undone, and do nothing");
    add_store_option(*verb, arguments->store);
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback(
        [arguments, &context] { context.action = [arguments, &context] { return undo(*arguments, context.shared); }; });
}

}  // namespace mien::app
