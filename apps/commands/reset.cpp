// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/reset.hpp>

#include <cstdio>
#include <memory>

namespace mien::app {
namespace {

struct ResetArguments {
    service::ResetOptions options;
    Consent consent;
};

std::string describe(const service::ResetSummary& s, bool dry_run) {
    auto text = counted(s.uploads, "upload") + " and " + counted(s.training, "training photo") +
                (dry_run ? " would go, " : " went, ") + counted(s.reserve, "reserve photo") +
                (dry_run ? " would be learned" : " came: ");
    if (!dry_run) {
        text += counted(s.records, "encoding") + " of " + counted(s.people, "person", "people");
        if (s.failed > 0) {
            text += ", " + with_commas(s.failed) + " failed";
        }
    }
    return text + " (before: " + with_commas(s.records_before) + " of " + with_commas(s.people_before) + ")";
}

int reset(const ResetArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.workspace = shared.make_workspace();
    options.dry_run = arguments.consent.dry_run;
    const auto finder = shared.make_finder();
    if (!options.dry_run && !arguments.consent.yes) {
        auto look = options;
        look.dry_run = true;
        const auto plan = service::reset(look, finder, {});
        const auto question = "Replace " + counted(plan.training, "training photo") + " by the " +
                              with_commas(plan.reserve) + " of " + printable(options.workspace.reserve().native()) +
                              ", and clear " + counted(plan.uploads, "upload") + "?";
        if (!ask(question)) {
            return k_exit_negative;
        }
    }
    Progress progress(Progress::Unit::photos, !shared.quiet);
    std::size_t done = 0;
    service::TrainEvents events;
    events.started = [&](std::size_t photos) { progress.start(photos); };
    events.photo = [&](const service::TrainedPhoto& photo) {
        if (photo.outcome != "encoded" && photo.outcome != "reused" && !shared.quiet) {
            progress.clear();
            std::fprintf(stderr, "%s\t%s\t%s\n", photo.outcome.c_str(), printable(photo.photo).c_str(),
                         printable(photo.reason).c_str());
        }
        progress.show(++done);
    };
    const auto summary = service::reset(options, finder, events);
    progress.clear();
    if (shared.json) {
        print_json(service::to_json(summary));
    } else if (!shared.quiet) {
        print_line(describe(summary, options.dry_run));
        if (!options.dry_run) {
            std::fprintf(stderr, "the old photos are in %s; 'mien undo' brings everything back\n",
                         printable(summary.kept_in).c_str());
        }
    }
    return summary.failed > 0 ? k_exit_some_failed : k_exit_success;
}

}  // namespace

void add_reset(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ResetArguments>();
    auto* verb = app.add_subcommand("reset", "Go back to the people in dataset_reserve");
    add_consent_options(*verb, arguments->consent);
    add_pipeline_options(*verb, arguments->options.pipeline);
    verb->add_option("-e,--encoder", arguments->options.pipeline.encoder,
                     "Encoder: auto (the store's, else the strongest present), a name of 'mien models', or onnx:FILE")
        ->type_name("NAME")
        ->capture_default_str();
    add_jobs_option(*verb, arguments->options.jobs);
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return reset(*arguments, context.shared); };
    });
}

}  // namespace mien::app
