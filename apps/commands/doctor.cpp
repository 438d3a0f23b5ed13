// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/doctor.hpp>
#include <mien/service/gallery_review.hpp>

#include <algorithm>
#include <memory>

namespace mien::app {
namespace {

struct DoctorArguments {
    bool gallery{false};
    std::string store;
    bool weak{false};
    int jobs{1};
};

int doctor_gallery(const DoctorArguments& arguments, const SharedOptions& shared) {
    const service::GalleryReviewOptions options{
        shared.make_workspace(), shared.workspace == "." ? "" : shared.workspace, arguments.store, arguments.jobs};
    Progress progress(Progress::Unit::photos, !shared.quiet);
    bool started = false;
    const auto findings = service::review_gallery(options, [&](std::size_t done, std::size_t all) {
        if (!started) {
            progress.start(all);
            started = true;
        }
        progress.show(done);
    });
    progress.clear();
    std::size_t weak = 0;
    for (const auto& finding : findings) {
        if (shared.json) {
            print_json(service::to_json(finding));
            continue;
        }
        if (finding.kind == "weak" && !arguments.weak) {
            ++weak;
            continue;
        }
        print_line(finding.kind + "\t" + printable(finding.detail));
        print_line("\t  " + printable(finding.remedy));
    }
    if (!shared.json && !shared.quiet) {
        print_line(findings.empty() ? "nothing looks wrong"
                   : weak > 0       ? "and " + counted(weak, "person", "people") +
                                    " with one photo only, or poor ones (--weak shows them)"
                              : counted(findings.size(), "finding"));
    }
    const bool wrong = std::any_of(findings.begin(), findings.end(), [](const service::GalleryFinding& finding) {
        return finding.kind != "weak" && finding.kind != "near_identical";
    });
    return wrong ? k_exit_negative : k_exit_success;
}

int doctor(const SharedOptions& shared) {
    bool bad = false;
    for (const auto& finding : service::examine(shared.make_workspace(), shared.make_finder())) {
        bad = bad || finding.health == service::Health::bad;
        if (shared.json) {
            print_json(service::to_json(finding));
            continue;
        }
        print_line(std::string(to_string(finding.health)) + "\t" + finding.subject + ": " + printable(finding.detail));
        if (!finding.remedy.empty()) {
            print_line("\t  " + printable(finding.remedy));
        }
    }
    return bad ? k_exit_negative : k_exit_success;
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<DoctorArguments>();
    auto* verb =
        app.add_subcommand("doctor", "Look for what is wrong on this machine or in a store, and say what mends it");
    verb->add_flag("--gallery", arguments->gallery, "Look for wrong labels in the store instead");
    verb->add_option("-s,--store", arguments->store, "Store to look at; default: train.mien in the workspace")
        ->type_name("FILE");
    verb->add_flag("--weak", arguments->weak, "With --gallery: show people with one photo only, or poor ones, too");
    add_jobs_option(*verb, arguments->jobs);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] {
            return arguments->gallery ? doctor_gallery(*arguments, context.shared) : doctor(context.shared);
        };
    });
}

}  // namespace mien::app
