// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/fit.hpp>

#include <memory>

namespace mien::app {
namespace {

struct FitArguments {
    service::FitOptions options;
    std::string store;
};

int fit(const FitArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.store = store_of(arguments.store, shared);
    const auto summary = service::fit(options);
    if (shared.json) {
        print_json(service::to_json(summary));
    } else if (!shared.quiet) {
        const auto method = summary.method == summary.matcher ? "" : " (answers by " + summary.method + ")";
        print_line(summary.matcher + method + ": " + summary.description);
        print_line(counted(summary.encodings, "encoding") + " of " + counted(summary.people, "person", "people") +
                   " in " + printable(summary.store.native()) + ", " + human_seconds(summary.seconds) +
                   (summary.changed ? "" : "; nothing changed"));
    }
    return k_exit_success;
}

}  // namespace

void add_fit(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<FitArguments>();
    auto* verb = app.add_subcommand("fit", "Learn a matcher from the store's encodings and keep it there");
    verb->add_option("-s,--store", arguments->store, "Store to learn from; default: train.mien in the workspace")
        ->type_name("FILE");
    add_matcher_options(*verb, arguments->options.matcher);
    arguments->options.matcher.threads = default_jobs();
    verb->add_option("-j,--jobs", arguments->options.matcher.threads, "Threads to learn with; default: one a core")
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, verb, &context] {
        note_svm_options(*verb, arguments->options.matcher);
        context.action = [arguments, &context] { return fit(*arguments, context.shared); };
    });
}

}  // namespace mien::app
