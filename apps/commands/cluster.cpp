// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>
#include <validators.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/cluster.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

namespace mien::app {
namespace {

struct ClusterArguments {
    service::ClusterOptions options;
    std::string folder;
    std::string output;
    std::optional<double> threshold;
    EncodingArguments encoding;
};

void print_text(const service::ClusterResult& result, const SharedOptions& shared) {
    std::size_t alone = 0;
    for (std::size_t group = 0; group < result.groups.size(); ++group) {
        if (result.groups[group].size() == 1) {
            ++alone;
            continue;
        }
        std::string line = "person_" + std::to_string(group + 1);
        for (const auto& face : result.groups[group]) {
            line += "\t" + printable(result.photos[face.photo].native());
        }
        print_line(line);
    }
    if (shared.quiet) {
        return;
    }
    print_line(counted(result.faces, "face") + " in " + counted(result.photos.size(), "photo") + ": " +
               counted(result.groups.size() - alone, "group") + ", " + with_commas(alone) + " alone, " +
               with_commas(result.no_face) + " photos without a face, " + with_commas(result.unreadable) +
               " unreadable");
    if (result.quality) {
        const auto& q = *result.quality;
        std::array<char, 160> text{};
        std::snprintf(text.data(), text.size(),
                      "against the folders: pairs %.4f precision, %.4f recall, F1 %.4f; BCubed %.4f, %.4f, F %.4f",
                      q.pair_precision, q.pair_recall, q.pair_f1, q.bcubed_precision, q.bcubed_recall, q.bcubed_f);
        print_line(text.data());
    }
}

int cluster(const ClusterArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.folder = arguments.folder;
    options.output = arguments.output;
    options.threshold = arguments.threshold;
    options.encode = arguments.encoding.make();
    Progress progress(Progress::Unit::photos, !shared.quiet);
    service::ClusterEvents events;
    events.started = [&](std::size_t photos) { progress.start(photos); };
    events.photo = [&](std::size_t done) { progress.show(done); };
    const auto result = service::cluster(options, shared.make_finder(), events);
    progress.clear();
    if (shared.json) {
        for (std::size_t group = 0; group < result.groups.size(); ++group) {
            print_json(service::group_to_json(result, group));
        }
        print_json(service::to_json(result));
    } else {
        print_text(result, shared);
    }
    return result.unreadable > 0 ? k_exit_some_failed : k_exit_success;
}

}  // namespace

void add_cluster(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ClusterArguments>();
    auto& options = arguments->options;
    auto* verb = app.add_subcommand("cluster", "Group the faces of photos without labels into people");
    verb->add_option("DIR", arguments->folder, "Folder of photos, at any depth")->required();
    verb->add_option("-o,--output", arguments->output, "Make a folder for each group here; it must be new or empty")
        ->type_name("DIR");
    verb->add_flag("--link", options.link, "Link the photos instead of copying them");
    add_pipeline_options(*verb, options.pipeline);
    verb->add_option("-e,--encoder", options.pipeline.encoder,
                     "Encoder: auto (the strongest present), a name of 'mien models', or onnx:FILE")
        ->type_name("NAME")
        ->capture_default_str();
    arguments->encoding.subject = "all";
    arguments->encoding.add(*verb, {"all", "largest", "central"});
    verb->add_option("--threshold", arguments->threshold,
                     "Largest distance between faces that speak for each other; default: the model's")
        ->check(finite_range(0.0, 100.0))
        ->type_name("DISTANCE");
    verb->add_option("--seed", options.seed, "Order in which faces are asked")->type_name("N")->capture_default_str();
    verb->add_flag("--score", options.score, "The folder is LABEL/PHOTO: say how well the groups agree with that");
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return cluster(*arguments, context.shared); };
    });
}

}  // namespace mien::app
