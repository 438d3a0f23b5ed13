// SPDX-License-Identifier: MIT
#include <commands.hpp>

#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/log.hpp>

#include <array>
#include <cstdio>
#include <new>

namespace mien::app {
namespace {

// clang-format off
constexpr std::array k_verbs{
    add_train,
    add_fit,
    add_predict,
    add_enroll,
    add_verify,
    add_compare,
    add_list,
    add_show,
    add_rename,
    add_move,
    add_forget,
    add_reencode,
    add_pending,
    add_confirm,
    add_reset,
    add_serve,
    add_stats,
    add_log,
    add_undo,
    add_restore,
    add_compact,
    add_fsck,
    add_import,
    add_export,
    add_merge,
    add_evaluate,
    add_calibrate,
    add_cluster,
    add_models,
    add_doctor,
    add_completion,
};
// clang-format on

constexpr const char* k_shared_help =
    "For every verb: --workspace DIR, --models DIR, --trust-models, --json, -q, -v (see 'mien --help').\n"
    "Exit status: 0 yes, 1 a negative answer, 2 usage, 3 failure, 4 some photos failed, 10 no store, 11 locked,\n"
    "12 store damaged or of another model, 13 model missing, 14 no answer from MIEN_SERVER, 130 interrupted.";

void add_verbs(CLI::App& app, Context& context) {
    app.require_subcommand(1);
    app.set_version_flag("--version", "mien " MIEN_VERSION);
    add_shared_options(app, context.shared);
    for (const auto add : k_verbs) {
        add(app, context);
    }
    for (auto* verb : app.get_subcommands([](CLI::App*) { return true; })) {
        verb->fallthrough();
        if (verb->get_footer().empty()) {
            verb->footer(k_shared_help);
        }
    }
}

int report(const Context& context, ErrorCode code, const std::string& message) {
    const auto& row = error_row(code);
    std::fprintf(stderr, "mien: %s\n", printable(message).c_str());
    if (context.shared.json) {
        std::puts(to_line({{"error", {{"code", row.name}, {"message", message}}}}).c_str());
    }
    return row.exit_status;
}

log::Level level_of(const SharedOptions& options) {
    return options.quiet ? log::Level::error : options.verbose ? log::Level::debug : log::Level::info;
}

}  // namespace

int run(int argc, char** argv) {
    CLI::App app{"Learns people from labelled photos and names faces in new ones.", "mien"};
    Context context;
    add_verbs(app, context);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& answer) {
        return app.exit(answer);  // --help, --version
    } catch (const CLI::ParseError& error) {
        const auto verbs = app.get_subcommands();
        if (verbs.empty() && argc > 1 && argv[argc - 1][0] != '-' && error.get_name() == "RequiredError") {
            return report(context, ErrorCode::usage,
                          "there is no verb " + shell_quoted(argv[argc - 1]) + " (see 'mien --help')");
        }
        // Name the verb's help where one was given.
        const std::string help = verbs.empty() ? "mien --help" : "mien " + verbs.front()->get_name() + " --help";
        return report(context, ErrorCode::usage, std::string(error.what()) + " (see '" + help + "')");
    }
    log::start(level_of(context.shared));
    catch_interrupts();
    try {
        return context.action();
    } catch (const Error& error) {
        return report(context, error.code(), error.what());
    } catch (const std::bad_alloc&) {
        return report(context, ErrorCode::runtime, "out of memory; try fewer --jobs or a smaller --max-pixels");
    } catch (const std::exception& error) {
        return report(context, ErrorCode::runtime, error.what());
    }
}

}  // namespace mien::app
