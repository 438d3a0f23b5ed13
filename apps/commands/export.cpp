// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/service/export.hpp>

#include <unistd.h>

#include <cstdio>
#include <memory>

namespace mien::app {
namespace {

struct ExportArguments {
    std::string format;
    std::string output;
    std::string store;
};

/// As the option says; else as the file's name does; else JSON lines.
exchange::Format format_of(const ExportArguments& arguments) {
    if (!arguments.format.empty()) {
        return exchange::format_from(arguments.format);
    }
    const auto extension = std::filesystem::path(arguments.output).extension();
    return extension == ".csv"                             ? exchange::Format::csv
           : extension == ".npz"                           ? exchange::Format::npz
           : extension == ".pickle" || extension == ".pkl" ? exchange::Format::pickle
                                                           : exchange::Format::jsonl;
}

void write_out(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size() || std::fflush(stdout) != 0) {
        throw_errno("cannot write to standard output");
    }
}

int export_store(const ExportArguments& arguments, const SharedOptions& shared) {
    const bool piped = arguments.output.empty() || arguments.output == "-";
    const auto format = format_of(arguments);
    const bool binary = format == exchange::Format::npz || format == exchange::Format::pickle;
    if (piped && binary && isatty(STDOUT_FILENO) == 1) {
        throw Error(ErrorCode::usage, "this format is not for terminals; name a file with -o FILE");
    }
    const auto store = store_of(arguments.store, shared);
    const auto summary = service::export_records(
        {store, format, piped ? std::filesystem::path() : std::filesystem::path(arguments.output), write_out});
    const auto text = counted(summary.encodings, "encoding") + " of " + counted(summary.people, "person", "people") +
                      " exported as " + std::string(to_string(summary.format));
    if (piped) {
        log::info("{}", text);
    } else if (shared.json) {
        print_json(service::to_json(summary));
    } else {
        print_line(text + " to " + printable(summary.output.native()));
    }
    return k_exit_success;
}

}  // namespace

void add_export(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ExportArguments>();
    auto* verb = app.add_subcommand("export", "Write the store for other programs: JSON lines, CSV, .npz, pickle");
    verb->add_option("--format", arguments->format,
                     "jsonl, csv, npz or pickle; default: as the file's name says, else jsonl")
        ->check(CLI::IsMember({"jsonl", "csv", "npz", "pickle"}))
        ->type_name("NAME");
    verb->add_option("-o,--output", arguments->output, "File to write, mode 0600; default: standard output")
        ->type_name("FILE");
    verb->add_option("--store", arguments->store, "Store to read; default: train.mien in the workspace")
        ->type_name("FILE");
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return export_store(*arguments, context.shared); };
    });
}

}  // namespace mien::app
