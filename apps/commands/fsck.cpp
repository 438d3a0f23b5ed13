// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/fsck.hpp>

#include <cstdio>
#include <memory>

namespace mien::app {
namespace {

struct FsckArguments {
    service::FsckOptions options;
    std::string store;
};

void print_text(const gallery::FsckReport& report, bool quiet) {
    for (const auto& finding : report.findings) {
        if (!quiet || finding.kind == gallery::FsckKind::damage) {
            print_line(std::string(finding.kind == gallery::FsckKind::good   ? "ok"
                                   : finding.kind == gallery::FsckKind::note ? "note"
                                                                             : "damaged") +
                       "\t" + printable(finding.file.native()) + "\t" + printable(finding.what));
        }
    }
    for (const auto& file : report.kept) {
        print_line("kept\t" + printable(file.native()) + "\tthe damaged file, as it was");
    }
    if (report.repaired) {
        print_line("repaired: " + counted(report.records, "encoding") + " up to change " +
                   std::to_string(report.last_change) + "; dropped " + counted(report.dropped_records, "encoding") +
                   " and " + counted(report.dropped_changes, "change"));
        if (!quiet && (report.dropped_records > 0 || report.dropped_changes > 0 || report.rest_lost)) {
            std::fputs("'mien train' learns again what was dropped and has its photo in dataset_training\n", stderr);
        }
    }
}

int fsck(const FsckArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.store = store_of(arguments.store, shared);
    const auto report = service::fsck(options);
    if (shared.json) {
        print_json(service::to_json(report));
    } else {
        print_text(report, shared.quiet);
    }
    if (!report.is_whole() && !report.repaired) {
        throw Error(ErrorCode::store_corrupt, printable(options.store.native()) +
                                                  ": the store is damaged; 'mien fsck --repair' keeps what is good");
    }
    return k_exit_success;
}

}  // namespace

void add_fsck(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<FsckArguments>();
    auto* verb = app.add_subcommand("fsck", "Read every byte of a store and say whether it is whole");
    verb->add_flag("--repair", arguments->options.repair,
                   "Keep what is provably good, say what is dropped, keep the damaged files beside");
    add_store_option(*verb, arguments->store);
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback(
        [arguments, &context] { context.action = [arguments, &context] { return fsck(*arguments, context.shared); }; });
}

}  // namespace mien::app
