// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>
#include <review.hpp>
#include <validators.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/text.hpp>
#include <mien/core/user_file.hpp>
#include <mien/service/confirm.hpp>

#include <unistd.h>

#include <cstdio>
#include <memory>

namespace mien::app {
namespace {

using service::Confirmed;
using service::Decision;

struct ConfirmArguments {
    service::ConfirmOptions options;
    std::string photo;
    std::string label;
    std::string not_label;
    bool not_a_face{false};
    std::optional<std::size_t> face;
    std::string box;
    std::string cluster;
    std::string batch;
    bool force{false};
    bool no_pictures{false};
};

/// What is said about the face, of which exactly one must be given.
struct Said {
    Decision decision{};
    std::string label;
};

Said said(const ConfirmArguments& arguments) {
    const int given =
        (arguments.label.empty() ? 0 : 1) + (arguments.not_label.empty() ? 0 : 1) + (arguments.not_a_face ? 1 : 0);
    if (given != 1) {
        throw Error(ErrorCode::usage, "say who it is: one of --label NAME, --not NAME and --not-a-face");
    }
    return !arguments.label.empty()       ? Said{Decision::is, arguments.label}
           : !arguments.not_label.empty() ? Said{Decision::is_not, arguments.not_label}
                                          : Said{Decision::not_a_face, {}};
}

int exit_status(const Confirmed& answer) {
    return answer.outcome == to_string(Verdict::unreadable) ? k_exit_some_failed
           : answer.outcome == to_string(Verdict::no_face)  ? k_exit_negative
                                                            : k_exit_success;
}

void print(const Confirmed& answer, const SharedOptions& shared) {
    if (shared.json) {
        print_json(service::to_json(answer));
    } else if (!shared.quiet || exit_status(answer) != k_exit_success) {
        print_line(describe(answer));
    }
}

int confirm_cluster(const ConfirmArguments& arguments, service::Confirmer& confirmer, const SharedOptions& shared) {
    const auto what = said(arguments);
    const service::PendingOptions options{arguments.options.workspace, arguments.options.pipeline,
                                          arguments.options.identify, 1};
    const auto pending = service::pending(options, shared.make_finder());
    for (const auto& cluster : pending.clusters) {
        if (cluster.id != arguments.cluster) {
            continue;
        }
        std::vector<service::WaitingFace> faces;
        for (const auto face : cluster.faces) {
            faces.push_back(pending.faces[face]);
        }
        for (const auto& answer : confirmer.decide(faces, what.decision, what.label, arguments.force)) {
            print(answer, shared);
        }
        return k_exit_success;
    }
    throw Error(ErrorCode::usage,
                "there is no cluster " + printable(arguments.cluster) +
                    "; a cluster has another name as soon as a face comes or goes: see 'mien pending'");
}

int confirm_batch(const ConfirmArguments& arguments, service::Confirmer& confirmer, const SharedOptions& shared) {
    constexpr std::uint64_t k_largest_batch = 1ULL << 28U;
    const auto bytes = read_input(arguments.batch, k_largest_batch);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::size_t done = 0;
    std::size_t failed = 0;
    const auto fail = [&](std::size_t line, const std::string& photo, const std::string& reason) {
        ++failed;
        if (shared.json) {
            print_json({{"line", line}, {"photo", photo}, {"outcome", "failed"}, {"reason", reason}});
        } else {
            print_line("failed\tline " + std::to_string(line) + "\t" + printable(reason));
        }
    };
    for (const auto& line : service::read_batch(text, {})) {
        throw_if_interrupted();
        if (!line.problem.empty()) {
            fail(line.line, {}, line.problem);
            continue;
        }
        auto request = line.request;
        request.force = arguments.force;
        try {
            const auto answer = confirmer.decide(request);
            if (exit_status(answer) != k_exit_success) {
                fail(line.line, answer.photo, answer.outcome + ": " + answer.reason);
                continue;
            }
            ++done;
            if (shared.json) {
                auto json = service::to_json(answer);
                json["line"] = line.line;
                print_json(json);
            } else if (!shared.quiet) {
                print_line(describe(answer));
            }
        } catch (const Error& error) {
            // What concerns this line only; a locked or damaged store concerns all.
            if (error.code() != ErrorCode::usage && error.code() != ErrorCode::unreadable) {
                throw;
            }
            fail(line.line, request.photo.native(), error.what());
        }
    }
    if (shared.json) {
        print_json({{"summary", {{"done", done}, {"failed", failed}}}});
    } else if (!shared.quiet) {
        print_line(counted(done, "line") + " done, " + with_commas(failed) + " failed");
    }
    return failed > 0 ? k_exit_some_failed : k_exit_success;
}

int confirm(const ConfirmArguments& arguments_given, const SharedOptions& shared) {
    auto arguments = arguments_given;
    arguments.options.workspace = shared.make_workspace();
    arguments.options.pipeline = shared.with_server(arguments.options.pipeline);
    const auto finder = shared.make_finder();
    service::Confirmer confirmer(arguments.options, finder);
    if (!arguments.batch.empty()) {
        return confirm_batch(arguments, confirmer, shared);
    }
    if (!arguments.cluster.empty()) {
        return confirm_cluster(arguments, confirmer, shared);
    }
    if (!arguments.photo.empty()) {
        const auto what = said(arguments);
        service::FaceChoice face;
        face.number = arguments.face;
        if (!arguments.box.empty()) {
            face.box = service::parse_box(arguments.box);
        }
        const auto answer = confirmer.decide(
            service::ConfirmRequest{arguments.photo, face, what.decision, what.label, arguments.force});
        print(answer, shared);
        return exit_status(answer);
    }
    if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1) {
        throw Error(ErrorCode::usage, "the review needs a terminal; in scripts name a PHOTO, --batch or --cluster");
    }
    return review(confirmer, arguments.options, finder, shared, !arguments.no_pictures);
}

}  // namespace

void add_confirm(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ConfirmArguments>();
    auto* verb = app.add_subcommand("confirm", "Say who a face is; alone: review the unknown faces one by one");
    auto* photo = verb->add_option("PHOTO", arguments->photo, "The photo");
    auto* label = verb->add_option("-l,--label", arguments->label, "It is NAME")->type_name("NAME");
    auto* not_label =
        verb->add_option("--not", arguments->not_label, "It is not NAME, whoever it is")->type_name("NAME");
    auto* no_face = verb->add_flag("--not-a-face", arguments->not_a_face, "It is no face at all");
    auto* face = verb->add_option("--face", arguments->face, "Which face, counted from the left")
                     ->check(whole_number_from(1))
                     ->type_name("N")
                     ->needs(photo);
    verb->add_option("--box", arguments->box, "Which face, by its place")
        ->type_name("LEFT,TOP,WIDTH,HEIGHT")
        ->excludes(face)
        ->needs(photo);
    auto* cluster = verb->add_option("--cluster", arguments->cluster, "All faces of this cluster of 'mien pending'")
                        ->type_name("ID")
                        ->excludes(photo);
    verb->add_option("--batch", arguments->batch, "Lines of PHOTO,FACE,LABEL; - for standard input")
        ->type_name("FILE.csv")
        ->excludes(photo)
        ->excludes(cluster)
        ->excludes(label)
        ->excludes(not_label)
        ->excludes(no_face);
    for (auto* option : {label, not_label, no_face}) {
        for (auto* other : {label, not_label, no_face}) {
            if (option != other) {
                option->excludes(other);
            }
        }
    }
    verb->add_flag("--force", arguments->force, "Although the store knows the face as somebody else");
    verb->add_flag("--no-pictures", arguments->no_pictures, "Show no pictures in the review");
    add_pipeline_options(*verb, arguments->options.pipeline);
    verb->add_option("--tolerance", arguments->options.identify.tolerance,
                     "Largest distance that counts as known; default: the model's")
        ->check(finite_range(0.0, 100.0))
        ->type_name("DISTANCE");
    add_wait_option(*verb, arguments->options.wait_seconds);
    verb->callback([arguments, &context] {
        if (!arguments->photo.empty() || !arguments->cluster.empty()) {
            // Parse first, open later.
            try {
                said(*arguments);
            } catch (const Error& error) {
                throw CLI::ValidationError(error.what());
            }
        }
        context.action = [arguments, &context] { return confirm(*arguments, context.shared); };
    });
}

}  // namespace mien::app
