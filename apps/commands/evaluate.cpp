// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>
#include <validators.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/format.hpp>
#include <mien/core/text.hpp>
#include <mien/core/user_file.hpp>
#include <mien/service/evaluate.hpp>
#include <mien/service/evaluate_report.hpp>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>

namespace mien::app {
namespace {

namespace fs = std::filesystem;

struct EvaluateArguments {
    service::EvaluateOptions options;
    std::string folder;
    std::string pairs;
    bool no_identification{false};
    std::optional<std::string> compare;
    std::optional<double> tolerance;
    std::string groups;
    std::vector<std::string> assertions;
    std::string report;
    std::string csv;
    std::string plots;
    EncodingArguments encoding;
};

/// "encoder=starter,flip=on": what differs in the second way.
service::EvaluateWay second_way(const std::string& text, service::EvaluateWay way) {
    const auto refuse = [&text](const std::string& why) {
        return Error(ErrorCode::usage,
                     "--compare " + shell_quoted(text) + ": " + why +
                         "; wanted is KEY=VALUE, several between commas: encoder=NAME, method=NAME, landmarks=NAME, "
                         "detect-size=PIXELS, upsample=N, flip=on|off, matcher=NAME, vote=RULE");
    };
    const auto number = [&](std::string_view value, int low, int high) {
        int result{};
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
        if (error != std::errc() || end != value.data() + value.size() || result < low || result > high) {
            throw refuse(shell_quoted(value) + " is no number from " + std::to_string(low) + " to " +
                         std::to_string(high));
        }
        return result;
    };
    std::optional<match::Vote> vote;
    auto& options = way.pipeline;
    std::string_view rest = text;
    if (rest.empty()) {
        throw refuse("it says nothing");
    }
    while (!rest.empty()) {
        const auto part = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(part.size() + 1, rest.size()));
        const auto equals = part.find('=');
        const auto key = part.substr(0, equals);
        const auto value = equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
        if (value.empty()) {
            throw refuse(shell_quoted(part) + " has no value");
        }
        if (key == "encoder") {
            options.encoder = value;
        } else if (key == "method") {
            options.detector = value;
        } else if (key == "landmarks") {
            options.landmarks = value;
        } else if (key == "detect-size") {
            options.detect_size = number(value, 32, 16384);
        } else if (key == "upsample") {
            options.upsample = number(value, 0, 4);
        } else if (key == "flip" && (value == "on" || value == "off")) {
            options.flip = value == "on";
        } else if (key == "matcher" &&
                   std::find(match::k_matchers.begin(), match::k_matchers.end(), value) != match::k_matchers.end()) {
            way.matcher = {std::string(value), way.matcher.vote, way.matcher.svm};
        } else if (key == "vote") {
            try {
                vote = match::parse_vote(value);
            } catch (const Error& error) {
                throw refuse(error.what());
            }
        } else {
            throw refuse(shell_quoted(part) + " is not known");
        }
    }
    // What the first way's matcher was told is not meant for another one.
    if (way.matcher.name != "nearest") {
        way.matcher.vote.reset();
    }
    if (vote) {
        way.matcher.vote = vote;
    }
    return way;
}

std::string interval_text(const eval::Interval& interval) {
    return interval == eval::Interval{} ? std::string() : formatted("  (%.4f to %.4f)", interval.low, interval.high);
}

/// What of a point there were faces to say.
std::string rates_text(const eval::Point& point, std::size_t probes, std::size_t strangers) {
    return (probes > 0 ? formatted("FNIR %.4f", 1 - point.true_rate) : std::string()) +
           (probes > 0 && strangers > 0 ? ", " : "") +
           (strangers > 0 ? formatted("FPIR %.5f", point.false_rate) : std::string());
}

void print_pairs(const service::Evaluated& evaluated) {
    const auto& pairs = *evaluated.pairs_result;
    print_line("pairs           " + with_commas(pairs.pairs) + " in " + counted(pairs.folds.size(), "fold") + ", " +
               with_commas(pairs.not_found) + " with a photo without a face (errors)");
    print_line(formatted("  accuracy      %.4f ± %.4f", pairs.accuracy, pairs.sd) + interval_text(pairs.interval));
    for (const auto& [rate, result] : pairs.tar) {
        print_line(formatted("  TAR at FAR %-7g", rate) +
                   (result.point ? formatted("%.4f", result.point->true_rate) + interval_text(result.interval) +
                                       formatted("  threshold %.4f", result.point->threshold)
                                 : formatted("cannot be said: it takes %.0f pairs of strangers", 1 / rate)));
    }
    if (pairs.eer) {
        print_line(formatted("  EER           %.4f", *pairs.eer) + interval_text(pairs.eer_interval));
    }
    print_line(formatted("  at %.4f     TAR %.4f, FAR %.5f", evaluated.threshold,
                         evaluated.pairs_at_threshold.true_rate, evaluated.pairs_at_threshold.false_rate));
}

void print_identification(const service::Evaluated& evaluated) {
    const auto& found = *evaluated.identification;
    print_line("matcher         " + evaluated.matcher +
               (evaluated.matcher.starts_with(evaluated.method) ? "" : " (answers by " + evaluated.method + ")") +
               (evaluated.description.empty() ? "" : ": " + evaluated.description));
    print_line("closed set      " + (evaluated.no_closed.empty()
                                         ? counted(found.probes, "probe") + ", " +
                                               counted(found.gallery, "person", "people") + " in the gallery"
                                         : "not judged: " + evaluated.no_closed));
    if (found.probes > 0) {
        print_line(formatted("  rank 1        %.4f", found.cmc.front()) + interval_text(found.rank1_interval) +
                   formatted("  rank 5 %.4f, 10 %.4f", found.cmc[4], found.cmc[9]));
    }
    print_line("open set        " + counted(found.open_probes, "probe") + ", " +
               counted(found.open_gallery, "person", "people") + " in the gallery; " +
               counted(found.strangers, "photo") + " of " + counted(found.stranger_people, "stranger"));
    for (const auto& [rate, result] : found.rates) {
        const eval::Interval misses{1 - result.interval.high, 1 - result.interval.low};
        print_line(formatted("  FNIR at FPIR %-6g", rate) +
                   (result.point
                        ? formatted("%.4f", 1 - result.point->true_rate) +
                              (result.interval == eval::Interval{} ? std::string() : interval_text(misses)) +
                              formatted("  threshold %.4f", result.point->threshold)
                        : formatted("cannot be said: it takes %.0f photos of strangers and probes", 1 / rate)));
    }
    if (found.open_gallery > 0 && found.open_probes + found.strangers > 0) {
        print_line(formatted("  at %.4f     ", evaluated.threshold) +
                   rates_text(evaluated.open_at_threshold, found.open_probes, found.strangers));
    }
    if (found.people_not_enrolled + found.probes_not_found + found.strangers_not_found > 0) {
        print_line("  no face       " + counted(found.people_not_enrolled, "person", "people") + " not enrolled, " +
                   counted(found.probes_not_found, "probe") + " (errors), " +
                   counted(found.strangers_not_found, "stranger's photo", "strangers' photos"));
    }
}

void print_groups(const service::Evaluated& evaluated) {
    for (const auto& group : evaluated.groups) {
        std::string line = (group.group.empty() ? std::string("(not listed)") : printable(group.group)) + "  " +
                           counted(group.people, "person", "people");
        if (group.rank1) {
            line += formatted("  rank 1 %.4f", *group.rank1);
        }
        for (const auto& [rate, point] : group.rates) {
            if (group.open_probes + group.strangers > 0) {
                line += formatted("  at FPIR %g: ", rate) + rates_text(point, group.open_probes, group.strangers);
            }
        }
        for (const auto& [rate, point] : group.pair_rates) {
            line += formatted("  at FAR %g: TAR %.4f, FAR %.5f", rate, point.true_rate, point.false_rate);
        }
        print_line("  " + line);
    }
}

void print_way(const service::Evaluated& evaluated) {
    print_line("encoding        " + evaluated.detector + " + " + evaluated.encoder +
               (evaluated.settings.value("flip", false) ? ", mirrored too" : "") + "; " +
               counted(evaluated.photos.size(), "photo") + " of " +
               counted(evaluated.people.size(), "person", "people") + ", " + with_commas(evaluated.no_face) +
               " without a face, " + with_commas(evaluated.unreadable) + " unreadable, " +
               with_commas(evaluated.reused) + " from the cache");
    if (evaluated.pairs_result) {
        print_pairs(evaluated);
    }
    if (evaluated.identification) {
        print_identification(evaluated);
    }
    if (!evaluated.groups.empty()) {
        print_line("groups, at the thresholds of the whole");
        print_groups(evaluated);
    }
}

void print_difference(const service::Evaluation& evaluation) {
    const auto& difference = *evaluation.difference;
    print_line("second minus first, on the same photos");
    if (evaluation.first.pairs_result) {
        print_line(
            formatted("  accuracy      %+.4f: %zu pairs right in the second only, %zu in the first only, "
                      "McNemar p = %.3g",
                      evaluation.second->pairs_result->accuracy - evaluation.first.pairs_result->accuracy,
                      difference.only_second, difference.only_first, difference.p));
    }
    if (difference.rank1) {
        print_line(formatted("  rank 1        %+.4f", *difference.rank1) + interval_text(difference.rank1_interval));
    }
    for (const auto& [rate, value] : difference.fnir) {
        print_line(formatted("  FNIR at FPIR %-6g%+.4f", rate, value.first) + interval_text(value.second));
    }
}

void write_text(const fs::path& file, std::string_view text, unsigned mode) {
    OutputFile out(file, mode);
    out.write(std::as_bytes(std::span(text)));
    out.commit();
}

/// Before the photos are looked at: hours may lie behind it.
void make_plots_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error || ::access(folder.c_str(), W_OK) != 0) {
        throw Error(ErrorCode::runtime, "cannot write plots to " + printable(folder.native()) + ": " +
                                            (error ? error.message() : "it is not yours to write to") +
                                            "; name another folder with --plots");
    }
}

int evaluate(const EvaluateArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.folder = arguments.folder;
    options.pairs = arguments.pairs;
    options.identification = !arguments.no_identification;
    options.tolerance = arguments.tolerance;
    options.groups = arguments.groups;
    options.encode = arguments.encoding.make();
    if (arguments.compare) {
        options.compare = second_way(*arguments.compare, options.way);
    }
    if (!arguments.plots.empty()) {
        make_plots_folder(arguments.plots);
    }
    for (const auto& text : arguments.assertions) {
        options.assertions.push_back(eval::parse_assertion(text));
    }
    Progress progress(Progress::Unit::photos, !shared.quiet);
    service::EvaluateEvents events;
    events.started = [&](std::size_t photos) { progress.start(photos); };
    events.photo = [&](std::size_t done) { progress.show(done); };
    const auto evaluation = service::evaluate(options, shared.make_finder(), events);
    progress.clear();
    if (!arguments.csv.empty()) {
        write_text(arguments.csv, service::to_csv(evaluation.first), 0644);
    }
    if (!arguments.plots.empty()) {
        for (const auto& [name, svg] : service::plots_of(evaluation)) {
            write_text(fs::path(arguments.plots) / name, svg, 0644);
        }
    }
    if (!arguments.report.empty()) {
        write_text(arguments.report, service::report_of(evaluation), 0600);
    }
    if (shared.json) {
        print_json(service::to_json(evaluation));
    } else {
        print_way(evaluation.first);
        if (evaluation.second) {
            print_way(*evaluation.second);
            print_difference(evaluation);
        }
    }
    bool refuted = false;
    for (const auto& result : evaluation.assertions) {
        refuted = refuted || !result.holds;
        if (!shared.json) {
            print_line((result.holds ? "holds           " : "does not hold   ") + result.assertion.text +
                       (result.value ? formatted("  (%.4f)", *result.value) : "  (the data are too few to say)"));
        }
    }
    return refuted ? k_exit_negative : evaluation.first.unreadable > 0 ? k_exit_some_failed : k_exit_success;
}

}  // namespace

void add_evaluate(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<EvaluateArguments>();
    auto& options = arguments->options;
    auto* verb = app.add_subcommand("evaluate", "Measure how good the answers are on labelled photos");
    verb->add_option("DIR", arguments->folder, "Folder with LABEL/PHOTO or LABEL.jpg")->required();
    verb->add_option("--pairs", arguments->pairs, "Judge the pairs of this file too, in LFW's format")
        ->type_name("FILE");
    verb->add_flag("--no-identification", arguments->no_identification, "Judge the pairs only");
    add_pipeline_options(*verb, options.way.pipeline);
    verb->add_option("-e,--encoder", options.way.pipeline.encoder,
                     "Encoder: auto (the strongest present), a name of 'mien models', or onnx:FILE")
        ->type_name("NAME")
        ->capture_default_str();
    arguments->encoding.add(*verb);
    options.way.matcher.name = "nearest";
    add_matcher_options(*verb, options.way.matcher);
    verb->add_option("--enrol", options.protocol.enrol, "Photos of each person in the gallery")
        ->check(CLI::Range(1, 1'000'000))
        ->type_name("N")
        ->capture_default_str();
    verb->add_option("--held-out", options.protocol.held_out,
                     "Share of the people with more photos who are strangers in the open set")
        ->check(finite_range(0.0, 1.0))
        ->type_name("SHARE")
        ->capture_default_str();
    verb->add_option("--seed", options.protocol.seed, "Draws photos, strangers and intervals")
        ->type_name("N")
        ->capture_default_str();
    verb->add_option("--draws", options.draws, "Draws of people for the intervals; 0: no intervals")
        ->check(CLI::Range(0, 1'000'000))
        ->type_name("N")
        ->capture_default_str();
    verb->add_option("--tolerance", arguments->tolerance, "Judge this threshold too; default: the model's")
        ->check(finite_range(0.0, 100.0))
        ->type_name("DISTANCE");
    verb->add_option("--groups", arguments->groups, "CSV with a header; a person's label in the first column")
        ->type_name("FILE");
    verb->add_option("--by", options.by, "Break the figures down by this column of --groups")->type_name("COLUMN");
    verb->add_option("--compare", arguments->compare,
                     "Answer in a second way too and test the difference: encoder=NAME, flip=on, matcher=NAME, …")
        ->type_name("KEY=VALUE,…");
    verb->add_option("--assert", arguments->assertions,
                     "Exit with 1 where this does not hold, as 'fnir@fpir=0.01<=0.05'; repeatable")
        ->type_name("TEXT")
        ->allow_extra_args(false);
    verb->add_option("--report", arguments->report, "Write a page with figures, curves and the worst errors")
        ->type_name("OUT.html");
    verb->add_option("--csv", arguments->csv, "Write every comparison")->type_name("OUT.csv");
    verb->add_option("--plots", arguments->plots, "Write the curves as SVG files")->type_name("DIR");
    verb->callback([arguments, verb, &context] {
        note_svm_options(*verb, arguments->options.way.matcher);
        context.action = [arguments, &context] { return evaluate(*arguments, context.shared); };
    });
}

}  // namespace mien::app
