// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>
#include <validators.hpp>

#include <mien/core/error.hpp>
#include <mien/core/shell.hpp>
#include <mien/core/text.hpp>
#include <mien/service/pending.hpp>

#include <chrono>
#include <cstdio>
#include <memory>

namespace mien::app {
namespace {

namespace fs = std::filesystem;

struct PendingArguments {
    service::PendingOptions options;
    std::string sheet;
    std::optional<double> keep_days;
    Consent consent;
};

std::string percent(double share) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%.0f %%", share * 100);
    return text.data();
}

void print_text(const service::Pending& pending, const SharedOptions& shared) {
    for (const auto& cluster : pending.clusters) {
        std::string head = "cluster " + cluster.id + "  " + counted(cluster.faces.size(), "face");
        if (cluster.suggestion) {
            head += "  " + std::string(cluster.suggestion->known ? "known: " : "perhaps ") + cluster.suggestion->label +
                    ", " + percent(cluster.suggestion->confidence);
        }
        print_line(head);
        for (const auto index : cluster.faces) {
            const auto& face = pending.faces[index];
            print_line("  " + shell_path(face.photo) + " --box " + std::to_string(face.box.left) + "," +
                       std::to_string(face.box.top) + "," + std::to_string(face.box.width) + "," +
                       std::to_string(face.box.height) + "  " + to_iso8601(face.time));
        }
    }
    for (const auto& photo : pending.idle) {
        print_line(photo.outcome + "\t" + printable(photo.photo) + "\t" + printable(photo.reason));
    }
    if (shared.quiet) {
        return;
    }
    print_line(counted(pending.faces.size(), "face waits", "faces wait") + " in " + counted(pending.photos, "photo") +
               ", " + counted(pending.clusters.size(), "cluster"));
    if (!pending.clusters.empty()) {
        std::fprintf(stderr, "to name them: mien confirm, or mien confirm --cluster %s --label NAME\n",
                     pending.clusters.front().id.c_str());
    }
}

void expire(const PendingArguments& arguments, const SharedOptions& shared) {
    const auto workspace = shared.make_workspace();
    const auto time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    const auto old = service::expire(workspace, *arguments.keep_days, time, true);
    if (old.empty()) {
        return;
    }
    const auto question =
        "Remove " + counted(old.size(), "photo") + " from " + printable(workspace.inbox().native()) + " for good?";
    if (!arguments.consent.dry_run && !arguments.consent.yes && !ask(question)) {
        return;
    }
    const auto gone = arguments.consent.dry_run ? old : service::expire(workspace, *arguments.keep_days, time, false);
    for (const auto& photo : gone) {
        if (shared.json) {
            print_json({{"photo", photo}, {"outcome", arguments.consent.dry_run ? "old" : "expired"}});
        } else {
            print_line((arguments.consent.dry_run ? "old\t" : "expired\t") + printable(photo));
        }
    }
}

int pending(const PendingArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.workspace = shared.make_workspace();
    options.pipeline = shared.with_server(options.pipeline);
    if (arguments.keep_days) {
        expire(arguments, shared);
    }
    Progress progress(Progress::Unit::photos, !shared.quiet);
    service::PendingEvents events;
    events.started = [&](std::size_t photos) { progress.start(photos); };
    events.looked = [&](std::size_t done) { progress.show(done); };
    const auto waiting = service::pending(options, shared.make_finder(), events);
    progress.clear();
    if (!arguments.sheet.empty()) {
        const auto pages =
            service::draw_sheets(waiting, options.workspace, options.pipeline.max_pixels, arguments.sheet);
        if (!shared.quiet) {
            for (const auto& page : pages) {
                std::fprintf(stderr, "wrote %s\n", printable(page.native()).c_str());
            }
        }
    }
    if (!shared.json) {
        print_text(waiting, shared);
        return k_exit_success;
    }
    for (const auto& cluster : waiting.clusters) {
        for (const auto face : cluster.faces) {
            print_json(service::to_json(waiting.faces[face], cluster));
        }
    }
    for (const auto& photo : waiting.idle) {
        print_json(service::to_json(photo));
    }
    print_json(service::summary_json(waiting));
    return k_exit_success;
}

}  // namespace

void add_pending(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<PendingArguments>();
    auto* verb = app.add_subcommand("pending", "List the unknown faces that wait for a name, in clusters");
    verb->add_option("--sheet", arguments->sheet, "Draw contact sheets: OUT, OUT-2 and so on")->type_name("OUT");
    verb->add_option("--keep-days", arguments->keep_days,
                     "First remove photos from dataset/ that came earlier, for good")
        ->check(finite_range(0.0, 36500.0))
        ->type_name("DAYS");
    add_consent_options(*verb, arguments->consent);
    add_pipeline_options(*verb, arguments->options.pipeline);
    verb->add_option("--tolerance", arguments->options.identify.tolerance,
                     "Largest distance within a cluster, and of a known face; default: the model's")
        ->check(finite_range(0.0, 100.0))
        ->type_name("DISTANCE");
    add_jobs_option(*verb, arguments->options.jobs);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return pending(*arguments, context.shared); };
    });
}

}  // namespace mien::app
