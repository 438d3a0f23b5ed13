// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/service/train.hpp>

#include <cstdio>
#include <map>
#include <memory>

namespace mien::app {
namespace {

struct TrainArguments {
    service::TrainOptions options;
    std::string folder;
    std::string dataset;
    std::string output;
    std::string faces;
};

std::string describe(const service::TrainSummary& s) {
    std::string text = counted(s.records, "encoding") + " of " + counted(s.people, "person", "people") + " in " +
                       printable(s.store.native()) + " (" + s.detector + ", " + s.encoder + ")";
    text += "\n" + counted(s.photos, "photo") + ": " + with_commas(s.encoded) + " encoded, " + with_commas(s.reused) +
            " reused, " + with_commas(s.duplicates) + " duplicates, " + with_commas(s.failed) + " without an encoding";
    if (s.removed > 0) {
        text += "; " + with_commas(s.removed) + " removed";
    }
    if (s.augmented > 0) {
        text += "; " + counted(s.augmented, "altered copy", "altered copies") + " encoded";
    }
    text += ", " + human_seconds(s.seconds);
    if (!s.changed) {
        text += "; nothing changed";
    }
    return text;
}

int train(const TrainArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.workspace = shared.make_workspace();
    options.dataset = arguments.dataset.empty() ? arguments.folder : arguments.dataset;
    options.output = arguments.output;
    options.matcher.threads = options.jobs;
    if (!arguments.faces.empty()) {
        options.faces = arguments.faces == "one" ? pipeline::Faces::one : pipeline::Faces::largest;
    }

    Progress progress(Progress::Unit::photos, !shared.quiet);
    std::size_t done = 0;
    service::TrainEvents events;
    events.started = [&](std::size_t photos) { progress.start(photos); };
    events.photo = [&](const service::TrainedPhoto& photo) {
        const bool has_record = photo.outcome == "encoded" || photo.outcome == "reused";
        if (shared.json) {
            progress.clear();
            print_json(service::to_json(photo));
        } else if (shared.verbose || (!has_record && !shared.quiet)) {
            progress.clear();
            print_line(photo.outcome + "\t" + printable(photo.photo) +
                       (photo.reason.empty() ? "" : "\t" + photo.reason));
        }
        progress.show(++done);
    };
    const auto summary = service::train(options, shared.make_finder(), events);
    progress.clear();
    if (shared.json) {
        print_json(service::to_json(summary));
    } else if (!shared.quiet) {
        print_line(describe(summary));
    }
    return summary.failed > 0 ? k_exit_some_failed : k_exit_success;
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<TrainArguments>();
    auto* verb = app.add_subcommand("train", "Learn people from a folder of labelled photos");
    auto* folder =
        verb->add_option("DIR", arguments->folder, "Folder with LABEL/PHOTO or LABEL.jpg; default: dataset_training");
    verb->add_option("-d,--dataset", arguments->dataset, "The same, as an option")->type_name("DIR")->excludes(folder);
    verb->add_option("-o,--output", arguments->output, "Store to write; default: train.mien in the workspace")
        ->type_name("FILE");
    add_pipeline_options(*verb, arguments->options.pipeline);
    verb->add_option("-e,--encoder", arguments->options.pipeline.encoder,
                     "Encoder: auto (the store's, else the strongest present), a name of 'mien models', or onnx:FILE")
        ->type_name("NAME")
        ->capture_default_str();
    verb->add_option(
            "--faces", arguments->faces,
            "one: photos with several faces are skipped; largest: take the largest; default: as the store, else "
            "one")
        ->check(CLI::IsMember({"one", "largest"}))
        ->type_name("RULE");
    add_matcher_options(*verb, arguments->options.matcher);
    verb->add_option("--augment", arguments->options.augment,
                     "Altered copies of each face that the svm learns from, too; default: as many as the store has")
        ->check(CLI::Range(std::size_t{0}, gallery::k_most_augmented))
        ->type_name("N");
    add_jobs_option(*verb, arguments->options.jobs);
    verb->add_flag("--rebuild", arguments->options.rebuild, "Reuse nothing, and replace a damaged store");
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, verb, &context] {
        note_svm_options(*verb, arguments->options.matcher);
        context.action = [arguments, &context] { return train(*arguments, context.shared); };
    });
}

}  // namespace mien::app
