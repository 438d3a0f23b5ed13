// SPDX-License-Identifier: MIT
#pragma once

/// The command line. Parse first, open later: a verb's action runs only after everything was understood.

#include <shared_options.hpp>

#include <mien/service/history.hpp>

#include <CLI/CLI.hpp>

#include <functional>

namespace mien::app {

struct Context {
    SharedOptions shared;
    std::function<int()> action;  ///< set by the verb that was given; returns the exit status
};

// The verbs, in the order of the help text.
void add_train(CLI::App& app, Context& context);
void add_fit(CLI::App& app, Context& context);
void add_predict(CLI::App& app, Context& context);
void add_enroll(CLI::App& app, Context& context);
void add_verify(CLI::App& app, Context& context);
void add_compare(CLI::App& app, Context& context);
void add_list(CLI::App& app, Context& context);
void add_show(CLI::App& app, Context& context);
void add_rename(CLI::App& app, Context& context);
void add_move(CLI::App& app, Context& context);
void add_forget(CLI::App& app, Context& context);
void add_reencode(CLI::App& app, Context& context);
void add_pending(CLI::App& app, Context& context);
void add_confirm(CLI::App& app, Context& context);
void add_reset(CLI::App& app, Context& context);
void add_serve(CLI::App& app, Context& context);
void add_stats(CLI::App& app, Context& context);
void add_log(CLI::App& app, Context& context);
void add_undo(CLI::App& app, Context& context);
void add_restore(CLI::App& app, Context& context);
void add_compact(CLI::App& app, Context& context);
void add_fsck(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);
void add_merge(CLI::App& app, Context& context);
void add_evaluate(CLI::App& app, Context& context);
void add_cluster(CLI::App& app, Context& context);
void add_calibrate(CLI::App& app, Context& context);
void add_models(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);

/// What undo and restore say.
void print_went_back(const service::WentBack& went_back, bool dry_run, const SharedOptions& shared);

/// The whole program; returns the exit status.
int run(int argc, char** argv);

}  // namespace mien::app
