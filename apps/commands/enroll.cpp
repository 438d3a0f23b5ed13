// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>
#include <validators.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/enroll.hpp>

#include <array>
#include <cstdio>
#include <memory>

namespace mien::app {
namespace {

struct EnrollArguments {
    service::EnrollOptions options;
    std::string store;
    std::optional<double> tolerance;
    std::string on_limit{"oldest"};
    std::vector<std::string> photos;
};

void print_text(const service::EnrolledPhoto& photo) {
    std::string line = photo.outcome + "\t" + printable(photo.photo);
    if (!photo.reason.empty()) {
        line += "\t" + printable(photo.reason);
    } else if (photo.quality) {
        std::array<char, 32> quality{};
        std::snprintf(quality.data(), quality.size(), "%.2f", *photo.quality);
        line += std::string("\tquality ") + quality.data() + ", " + counted(photo.encodings, "encoding");
    }
    for (const auto& dropped : photo.dropped) {
        line += "; " + printable(dropped) + " made room";
    }
    print_line(line);
}

int enroll(const EnrollArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.workspace = shared.make_workspace();
    options.pipeline = shared.with_server(options.pipeline);
    options.store = arguments.store;
    options.identify.tolerance = arguments.tolerance;
    options.rules.on_limit = service::on_limit_from(arguments.on_limit);
    pipeline::Blueprint::set_workers(1);
    const std::vector<std::filesystem::path> photos(arguments.photos.begin(), arguments.photos.end());
    std::size_t refused = 0;
    bool unreadable = false;
    service::enroll(options, shared.make_finder(), photos, [&](const service::EnrolledPhoto& photo) {
        refused += photo.succeeded() ? 0U : 1U;
        unreadable = unreadable || photo.outcome == "unreadable";
        if (shared.json) {
            print_json(service::to_json(photo));
        } else if (!shared.quiet || !photo.succeeded()) {
            print_text(photo);
        }
    });
    return refused == 0                              ? k_exit_success
           : refused == photos.size() && !unreadable ? k_exit_negative
                                                     : k_exit_some_failed;
}

}  // namespace

void add_enroll(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<EnrollArguments>();
    auto* verb = app.add_subcommand("enroll", "Add good photos of one person, checked for quality and for rivals");
    verb->add_option("PHOTO", arguments->photos, "Photos with one face each")->required();
    verb->add_option("-u,--user", arguments->options.user, "Who it is: an id or a name")->required()->type_name("ID");
    add_store_option(*verb, arguments->store);
    auto& rules = arguments->options.rules;
    verb->add_option("--quality", rules.quality, "Smallest quality that is good enough; 0 takes anything")
        ->check(finite_range(0.0, 1.0))
        ->type_name("0..1")
        ->capture_default_str();
    verb->add_option("--max-per-user", rules.max_per_user, "Enrolled encodings a person may have")
        ->check(CLI::Range(1, 1000))
        ->type_name("N")
        ->capture_default_str();
    verb->add_option("--on-limit", arguments->on_limit,
                     "What goes when there are more: oldest, worst, or reject the new one")
        ->check(CLI::IsMember({"oldest", "worst", "reject"}))
        ->type_name("RULE")
        ->capture_default_str();
    verb->add_flag("--force", rules.force, "Also a face that the store knows as somebody else");
    verb->add_option("--tolerance", arguments->tolerance,
                     "Largest distance at which a face is somebody else's; default: the store's threshold")
        ->check(finite_range(0.0, 100.0))
        ->type_name("DISTANCE");
    add_pipeline_options(*verb, arguments->options.pipeline);
    verb->add_option("-e,--encoder", arguments->options.pipeline.encoder,
                     "Encoder of a store that is made now; a store that is there keeps its own")
        ->type_name("NAME")
        ->capture_default_str();
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return enroll(*arguments, context.shared); };
    });
}

}  // namespace mien::app
