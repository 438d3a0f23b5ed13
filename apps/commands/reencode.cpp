// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/reencode.hpp>

#include <memory>

namespace mien::app {
namespace {

struct ReencodeArguments {
    service::ReencodeOptions options;
    std::string store;
};

int reencode(const ReencodeArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.workspace = shared.make_workspace();
    options.store = arguments.store;
    Progress progress(Progress::Unit::photos, !shared.quiet);
    service::ReencodeEvents events;
    events.started = [&](std::size_t photos) { progress.start(photos); };
    events.progress = [&](std::size_t done) { progress.show(done); };
    const auto answer = service::reencode(options, shared.make_finder(), events);
    progress.clear();
    if (shared.json) {
        print_json(service::to_json(answer));
    } else {
        for (const auto& record : answer.lost) {
            print_line("lost\t" + record.label + "\t" + printable(record.photo) + "\t" + printable(record.reason));
        }
        if (!shared.quiet) {
            print_line(
                answer.from + " to " + answer.to + ": " + counted(answer.records, "encoding") + ", " +
                std::to_string(answer.lost.size()) + " lost" +
                (options.dry_run ? "; nothing was changed (--dry-run)" : "; 'mien undo' brings the old store back"));
        }
    }
    return answer.lost.empty() ? k_exit_success : k_exit_some_failed;
}

}  // namespace

void add_reencode(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ReencodeArguments>();
    auto* verb = app.add_subcommand("reencode", "Make all encodings anew with another encoder, from the photos");
    verb->add_option("-e,--encoder", arguments->options.pipeline.encoder, "The new encoder, or onnx:FILE")
        ->required()
        ->type_name("NAME");
    add_pipeline_options(*verb, arguments->options.pipeline);
    add_store_option(*verb, arguments->store);
    verb->add_flag("--drop-missing", arguments->options.drop_missing,
                   "Go on without the encodings whose photo or face is not found again");
    verb->add_flag("--dry-run", arguments->options.dry_run, "Only say what would be lost");
    add_jobs_option(*verb, arguments->options.jobs);
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return reencode(*arguments, context.shared); };
    });
}

}  // namespace mien::app
