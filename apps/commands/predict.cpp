// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>
#include <validators.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/core/shell.hpp>
#include <mien/core/text.hpp>
#include <mien/service/predict.hpp>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

namespace mien::app {
namespace {

namespace fs = std::filesystem;

struct PredictArguments {
    service::PredictOptions options;
    std::string store;
    std::string draw;
    std::optional<double> tolerance;
    bool remember{false};
    std::vector<std::string> photos;
};

/// Files as they are, folders opened, "-" read from standard input.
std::vector<fs::path> expand(const std::vector<std::string>& arguments) {
    std::vector<fs::path> photos;
    const auto add = [&photos](const std::string& name) {
        if (fs::is_directory(name)) {
            for (auto& photo : service::photos_in(name)) {
                photos.push_back(std::move(photo));
            }
        } else {
            photos.emplace_back(name);
        }
    };
    for (const auto& argument : arguments) {
        if (argument != "-") {
            add(argument);
            continue;
        }
        for (std::string line; std::getline(std::cin, line);) {
            if (!line.empty()) {
                add(line);
            }
        }
    }
    return photos;
}

std::string number(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f", rounded(value, 3));
    return text.data();
}

std::string describe(const service::FaceAnswer& face, std::size_t top) {
    std::string text = face.verdict == Verdict::known     ? face.label
                       : face.verdict == Verdict::no_face ? "not a face"
                                                          : "unknown";
    if (face.distance) {
        text += "  distance " + number(*face.distance);
        text += face.verdict == Verdict::known ? "  confidence " + number(face.confidence)
                                               : " to " + face.candidates.front().label;
        if (const auto& probability = face.candidates.front().probability) {
            text += "  probability " + number(*probability);
        }
    }
    text += "  at " + std::to_string(face.box.left) + "," + std::to_string(face.box.top) + " " +
            std::to_string(face.box.width) + "x" + std::to_string(face.box.height);
    for (std::size_t i = 1; i < std::min(face.candidates.size(), top); ++i) {
        text += (i == 1 ? "  then " : ", ") + face.candidates[i].label + " " +
                number(static_cast<double>(face.candidates[i].distance));
    }
    return text;
}

std::string because(const quality::Quality& quality) {
    std::string text;
    for (const auto& reason : quality::reasons(quality)) {
        text += (text.empty() ? ": " : "; ") + reason;
    }
    return text;
}

void print_text(const service::PhotoAnswer& answer, std::size_t top, const SharedOptions& shared) {
    const auto photo = printable(answer.photo);
    if (answer.faces.empty()) {
        print_line(photo + ": " + std::string(to_string(answer.verdict)) + " (" + printable(answer.reason) + ")");
        return;
    }
    for (std::size_t i = 0; i < answer.faces.size(); ++i) {
        const auto& face = answer.faces[i];
        print_line(photo + ": " + describe(face, top));
        if (shared.verbose) {
            std::fprintf(stderr, "  quality %s%s\n", number(static_cast<double>(face.quality.score)).c_str(),
                         because(face.quality).c_str());
        }
        if (face.verdict == Verdict::unknown && !shared.quiet) {
            const auto which = answer.faces.size() > 1 ? " --face " + std::to_string(i + 1) : std::string();
            std::fprintf(stderr, "  to name it: mien confirm %s%s --label NAME\n", shell_path(answer.photo).c_str(),
                         which.c_str());
        }
    }
}

int predict(const PredictArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.store = store_of(arguments.store, shared);
    options.pipeline = shared.with_server(options.pipeline);
    options.draw = arguments.draw;
    if (arguments.remember) {
        options.remember = shared.make_workspace();
    }
    options.identify.tolerance = arguments.tolerance;
    const auto photos = expand(arguments.photos);
    if (photos.empty()) {
        log::warn("there are no photos to look at");
        return k_exit_success;
    }
    // A lone photo gets all cores for its networks.
    options.jobs = std::min(options.jobs, static_cast<int>(std::min<std::size_t>(photos.size(), 1024)));
    options.identify.matcher.threads = options.jobs > 1 ? 1 : default_jobs();
    const service::Predictor predictor(options, shared.make_finder());
    bool failed = false;
    bool negative = false;
    predictor.predict(photos, [&](const service::PhotoAnswer& answer) {
        failed = failed || answer.verdict == Verdict::unreadable;
        negative = negative || answer.verdict != Verdict::known;
        if (shared.json) {
            print_json(predictor.to_json(answer));
        } else {
            print_text(answer, options.identify.top, shared);
        }
    });
    return failed ? k_exit_some_failed : negative ? k_exit_negative : k_exit_success;
}

}  // namespace

void add_predict(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<PredictArguments>();
    auto* verb = app.add_subcommand("predict", "Name the faces in photos");
    verb->add_option("PHOTO", arguments->photos, "Photos, folders, or - for a list of them on standard input")
        ->required();
    verb->add_option("-s,--store", arguments->store, "Store to ask; default: train.mien in the workspace")
        ->type_name("FILE");
    add_pipeline_options(*verb, arguments->options.pipeline);
    verb->add_option("--tolerance", arguments->tolerance, "Largest distance that counts as known; default: the model's")
        ->check(finite_range(0.0, 100.0))
        ->type_name("DISTANCE");
    verb->add_option("--top", arguments->options.identify.top, "Candidates a face")
        ->check(CLI::Range(0, 1000))
        ->type_name("K")
        ->capture_default_str();
    add_matcher_options(*verb, arguments->options.identify.matcher);
    verb->add_option("--draw", arguments->draw, "Write the photo with boxes and names: a file, or a folder for several")
        ->type_name("OUT");
    verb->add_flag("--remember", arguments->remember,
                   "Put photos with an unknown face into the inbox, for 'mien confirm'");
    add_jobs_option(*verb, arguments->options.jobs);
    verb->callback([arguments, verb, &context] {
        note_svm_options(*verb, arguments->options.identify.matcher);
        context.action = [arguments, &context] { return predict(*arguments, context.shared); };
    });
}

}  // namespace mien::app
