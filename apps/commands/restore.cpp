// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/service/history.hpp>

#include <memory>

namespace mien::app {
namespace {

struct RestoreArguments {
    service::HistoryOptions options;
    std::string store;
    std::string at;
};

int restore(const RestoreArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.store = store_of(arguments.store, shared);
    print_went_back(service::restore(options, arguments.at), options.dry_run, shared);
    return k_exit_success;
}

}  // namespace

void add_restore(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<RestoreArguments>();
    auto* verb = app.add_subcommand("restore", "Make the store what it was");
    verb->add_option("--at", arguments->at,
                     "When: 2026-01-31T09:00:00Z, local time without the Z, or a change's number")
        ->type_name("TIME")
        ->required();
    verb->add_flag("--dry-run", arguments->options.dry_run, "Say what would be undone, and do nothing");
    add_store_option(*verb, arguments->store);
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return restore(*arguments, context.shared); };
    });
}

}  // namespace mien::app
