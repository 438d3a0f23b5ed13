// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/forget.hpp>

#include <memory>

namespace mien::app {
namespace {

struct ForgetArguments {
    service::ForgetOptions options;
    std::string store;
    Consent consent;
};

std::string describe(const service::Forgotten& forgotten) {
    return counted(forgotten.encodings, "encoding") + ", " + counted(forgotten.photos.size(), "photo") + ", " +
           counted(forgotten.pending, "waiting upload");
}

int forget(const ForgetArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.workspace = shared.make_workspace();
    options.store = arguments.store;
    options.dry_run = arguments.consent.dry_run;
    if (!options.dry_run && !arguments.consent.yes) {
        auto look = options;
        look.dry_run = true;
        const auto found = service::forget(look);
        if (!ask("Erase " + found.label + " for good: " + describe(found) + "?")) {
            return k_exit_negative;
        }
    }
    const auto forgotten = service::forget(options);
    if (shared.json) {
        print_json(service::to_json(forgotten));
        return k_exit_success;
    }
    for (const auto& photo : forgotten.photos) {
        if (options.dry_run || shared.verbose) {
            print_line(printable(photo));
        }
    }
    if (options.dry_run) {
        print_line("would erase " + forgotten.label + ": " + describe(forgotten));
    } else if (!shared.quiet) {
        print_line("erased " + forgotten.label + ": " + describe(forgotten) + ", " +
                   counted(forgotten.changes, "change") + " of the history; no trace in " +
                   counted(forgotten.files.size(), "file"));
    }
    return k_exit_success;
}

}  // namespace

void add_forget(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ForgetArguments>();
    auto* verb = app.add_subcommand("forget", "Erase a person for good, history and photos included");
    verb->add_option("LABEL", arguments->options.label, "Who")->required();
    verb->add_flag("--keep-photos", arguments->options.keep_photos,
                   "Leave dataset_training and dataset_reserve alone; the next training learns the person again");
    add_consent_options(*verb, arguments->consent);
    add_store_option(*verb, arguments->store);
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return forget(*arguments, context.shared); };
    });
}

}  // namespace mien::app
