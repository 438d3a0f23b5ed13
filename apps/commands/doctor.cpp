// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/doctor.hpp>

namespace mien::app {
namespace {

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
    auto* verb = app.add_subcommand("doctor", "Look for what is wrong on this machine, and say what mends it");
    verb->callback([&context] { context.action = [&context] { return doctor(context.shared); }; });
}

}  // namespace mien::app
