// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>
#include <validators.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/history.hpp>

#include <memory>

namespace mien::app {
namespace {

struct LogArguments {
    std::string store;
    std::size_t count{20};
    bool all{false};
};

int log(const LogArguments& arguments, const SharedOptions& shared) {
    const auto changes = service::log(store_of(arguments.store, shared), arguments.all ? 0 : arguments.count);
    for (const auto& change : changes) {
        if (shared.json) {
            print_json(service::to_json(change));
        } else {
            print_line(std::to_string(change.number) + "\t" + to_iso8601(change.time) + "\t" + printable(change.user) +
                       "\t" + change.verb + "\t" + printable(change.summary));
        }
    }
    return k_exit_success;
}

}  // namespace

void add_log(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<LogArguments>();
    auto* verb = app.add_subcommand("log", "Say who changed the store, when and how");
    verb->add_option("N", arguments->count, "How many changes, the newest first")
        ->check(whole_number_from(1))
        ->capture_default_str();
    verb->add_flag("--all", arguments->all, "All that the store remembers");
    add_store_option(*verb, arguments->store);
    verb->callback(
        [arguments, &context] { context.action = [arguments, &context] { return log(*arguments, context.shared); }; });
}

}  // namespace mien::app
