// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/history.hpp>

#include <memory>

namespace mien::app {
namespace {

struct CompactArguments {
    service::HistoryOptions options;
    Consent consent;
    std::string store;
    bool forget_history{false};
};

int compact(const CompactArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.store = store_of(arguments.store, shared);
    if (arguments.forget_history && (arguments.consent.dry_run || !arguments.consent.yes)) {
        const auto changes = counted(service::log(options.store, 0).size(), "change");
        if (arguments.consent.dry_run) {
            print_line("would forget " + changes);
            return k_exit_success;
        }
        if (!ask("Forget " + changes + " of " + printable(options.store.native()) + "? They can't be undone then.")) {
            return k_exit_negative;
        }
    } else if (arguments.consent.dry_run) {
        print_line("would write " + printable(options.store.native()) + " anew");
        return k_exit_success;
    }
    const auto result = service::compact(options, arguments.forget_history);
    if (shared.json) {
        print_json(service::to_json(result));
    } else if (!shared.quiet) {
        print_line(counted(result.encodings, "encoding") + ", " + human_bytes(result.bytes_before) + " before, " +
                   human_bytes(result.bytes_after) + " now" + (result.forgot ? "; the history is gone" : ""));
    }
    return k_exit_success;
}

}  // namespace

void add_compact(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<CompactArguments>();
    auto* verb = app.add_subcommand("compact", "Fold the journal into the store's archive");
    verb->add_flag("--forget-history", arguments->forget_history, "Also drop what undo, log and restore go back to");
    add_consent_options(*verb, arguments->consent);
    add_store_option(*verb, arguments->store);
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return compact(*arguments, context.shared); };
    });
}

}  // namespace mien::app
