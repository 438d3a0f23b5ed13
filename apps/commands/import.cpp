// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/service/import.hpp>

#include <algorithm>
#include <memory>

namespace mien::app {
namespace {

struct ImportArguments {
    service::ImportOptions options;
    std::string file;
    std::string store;
    std::string format;
};

std::string describe(const service::ImportSummary& s, bool dry_run) {
    const std::string done = dry_run ? " would be added" : " added";
    std::string text = counted(s.added, "encoding") + done + ", " + with_commas(s.present) + " already there";
    if (s.denials > 0) {
        text += ", " + counted(s.denials, "denial") + done;
    }
    if (!s.bad.empty()) {
        text += ", " + counted(s.bad.size(), "bad record") + " left out";
    }
    const auto store = printable(s.store.native());
    if (dry_run) {
        return text + (s.created ? "; " + store + " would be new" : "") + " (" + s.encoder + ")";
    }
    return text + "; " + store + (s.created ? " is new: " : " has ") + counted(s.encodings, "encoding") + " of " +
           counted(s.people, "person", "people") + " (" + s.encoder + ")";
}

int import(ImportArguments& arguments, const SharedOptions& shared) {
    auto& options = arguments.options;
    options.workspace = shared.make_workspace();
    options.file = arguments.file;
    options.store = arguments.store;
    if (!arguments.format.empty()) {
        options.format = exchange::format_from(arguments.format);
    }
    const auto summary = service::import_records(options, shared.make_finder());
    constexpr std::size_t k_shown = 20;
    for (std::size_t i = 0; i < std::min(summary.bad.size(), k_shown); ++i) {
        log::warn("{}: {}: {}; left out", printable(options.file.native()), summary.bad[i].place,
                  summary.bad[i].reason);
    }
    if (summary.bad.size() > k_shown) {
        log::warn("{} more bad records; --json lists all", summary.bad.size() - k_shown);
    }
    if (summary.differing > 0) {
        log::warn("{} in the store under another label, which stays; 'mien move' changes it",
                  counted(summary.differing, "face is", "faces are"));
    }
    if (summary.without_photo > 0) {
        log::info("of {} the photo is not in the workspace: the same face from 'mien train' will count as another",
                  counted(summary.without_photo, "encoding"));
    }
    if (shared.json) {
        print_json(service::to_json(summary));
    } else {
        print_line(describe(summary, options.dry_run));
    }
    return summary.bad.empty() ? k_exit_success : k_exit_some_failed;
}

}  // namespace

void add_import(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ImportArguments>();
    auto* verb = app.add_subcommand("import", "Take over encodings: an old train.pickle, JSON lines, CSV, .npz");
    verb->add_option("FILE", arguments->file, "File to read; -: standard input")->required();
    verb->add_option("--format", arguments->format, "jsonl, csv, npz or pickle; default: by the file's first bytes")
        ->check(CLI::IsMember({"jsonl", "csv", "npz", "pickle"}))
        ->type_name("NAME");
    verb->add_option("-e,--encoder", arguments->options.encoder,
                     "Which encoder made the encodings, where the file does not say (old services: dlib)")
        ->type_name("NAME");
    verb->add_option("--store", arguments->store, "Store to add to; default: train.mien in the workspace")
        ->type_name("FILE");
    verb->add_flag("--skip-bad", arguments->options.skip_bad, "Leave bad records out, instead of taking nothing over");
    verb->add_flag("--dry-run", arguments->options.dry_run, "Say what would be added; change nothing");
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return import(*arguments, context.shared); };
    });
}

}  // namespace mien::app
