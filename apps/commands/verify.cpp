// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>
#include <validators.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/verify.hpp>

#include <array>
#include <cstdio>
#include <memory>

namespace mien::app {
namespace {

std::string numbers(const std::optional<double>& distance, double confidence, double threshold) {
    std::array<char, 96> text{};
    std::snprintf(text.data(), text.size(), "distance %.3f (threshold %.3f)  confidence %.3f",
                  rounded(distance.value_or(0), 3), threshold, confidence);
    return distance ? text.data() : std::string();
}

int exit_status(Verdict verdict) {
    return verdict == Verdict::known        ? k_exit_success
           : verdict == Verdict::unreadable ? k_exit_some_failed
                                            : k_exit_negative;
}

struct VerifyArguments {
    service::VerifyOptions options;
    std::string store;
    std::optional<double> tolerance;
    std::string photo;
};

void print_text(const service::VerifyAnswer& answer, bool claimed) {
    std::string line = printable(answer.photo) + ": ";
    if (!answer.reason.empty()) {
        print_line(line + std::string(to_string(answer.verdict)) + " (" + printable(answer.reason) + ")");
        return;
    }
    if (answer.verdict == Verdict::no_face) {
        print_line(line + "not a face");
        return;
    }
    const bool known = answer.verdict == Verdict::known;
    line += claimed ? (known ? "yes, " : "no, not ") + answer.label : known ? answer.label : std::string("unknown");
    print_line(line + "  " + numbers(answer.distance, answer.confidence, answer.threshold));
}

int verify(const VerifyArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.store = store_of(arguments.store, shared);
    options.pipeline = shared.with_server(options.pipeline);
    options.identify.tolerance = arguments.tolerance;
    if (options.user) {
        options.user = to_label(*options.user);
    }
    const auto answer = service::verify(options, shared.make_finder(), arguments.photo);
    if (shared.json) {
        print_json(service::to_json(answer));
    } else {
        print_text(answer, options.user.has_value());
    }
    return exit_status(answer.verdict);
}

struct CompareArguments {
    service::CompareOptions options;
    std::string a;
    std::string b;
};

int compare(const CompareArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.pipeline = shared.with_server(options.pipeline);
    const auto answer = service::compare(options, shared.make_finder(), arguments.a, arguments.b);
    if (shared.json) {
        print_json(service::to_json(answer));
    } else if (!answer.distance) {
        print_line(std::string(to_string(answer.verdict)) + " (" + printable(answer.reason) + ")");
    } else {
        print_line(std::string(answer.verdict == Verdict::known ? "same" : "different") + "  " +
                   numbers(answer.distance, answer.confidence, answer.threshold));
    }
    return exit_status(answer.verdict);
}

}  // namespace

void add_verify(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<VerifyArguments>();
    auto* verb = app.add_subcommand("verify", "Say who the one face of a photo is, or whether it is a given person");
    verb->add_option("PHOTO", arguments->photo, "A photo with one face")->required();
    verb->add_option("-u,--user", arguments->options.user, "Is it this person? Without: who is it?")->type_name("ID");
    add_store_option(*verb, arguments->store);
    add_pipeline_options(*verb, arguments->options.pipeline);
    verb->add_option("--tolerance", arguments->tolerance,
                     "Largest distance that counts as known; default: the store's threshold")
        ->check(finite_range(0.0, 100.0))
        ->type_name("DISTANCE");
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return verify(*arguments, context.shared); };
    });
}

void add_compare(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<CompareArguments>();
    auto* verb = app.add_subcommand("compare", "Say whether two photos show the same person; needs no store");
    verb->add_option("A", arguments->a, "A photo")->required();
    verb->add_option("B", arguments->b, "Another")->required();
    add_pipeline_options(*verb, arguments->options.pipeline);
    verb->add_option("-e,--encoder", arguments->options.pipeline.encoder,
                     "Encoder: auto (the strongest present), a name of 'mien models', or onnx:FILE")
        ->type_name("NAME")
        ->capture_default_str();
    verb->add_option("--tolerance", arguments->options.tolerance,
                     "Largest distance that counts as the same; default: the model's")
        ->check(finite_range(0.0, 100.0))
        ->type_name("DISTANCE");
    verb->add_flag("--largest", arguments->options.largest, "Of several faces take the largest");
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return compare(*arguments, context.shared); };
    });
}

}  // namespace mien::app
