// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>
#include <validators.hpp>

#include <mien/core/error.hpp>
#include <mien/core/format.hpp>
#include <mien/core/text.hpp>
#include <mien/service/calibrate.hpp>

#include <memory>

namespace mien::app {
namespace {

struct CalibrateArguments {
    service::CalibrateOptions options;
    std::string store;
    std::string impostors;
    EncodingArguments encoding;
};

double percent(double share) { return 100 * share; }

void print_threshold(double now, std::optional<double> before, std::optional<double> model) {
    print_line(formatted("threshold    %.4f", now) + (before  ? formatted(", was %.4f", *before)
                                                      : model ? formatted("; the model's is %.4f", *model)
                                                              : std::string()));
}

void print_text(const service::CalibrateResult& result, const eval::Calibration& c) {
    print_threshold(c.threshold, result.before ? std::optional(result.before->threshold) : std::nullopt,
                    result.model_threshold);
    print_line(formatted("false alarms %.3g %% wanted; with as many other strangers, %.2f to %.2f %% (99 of 100 times)",
                         percent(c.fpir), percent(c.interval.low), percent(c.interval.high)));
    print_line(formatted("missed       %.2f %% of known people's photos (%.2f to %.2f %%)", percent(c.fnir),
                         percent(c.fnir_interval.low), percent(c.fnir_interval.high)));
    print_line("learned from " + counted(c.stranger_photos, "photo") + " of " +
               counted(c.stranger_people, "person", "people") + " as strangers, " + counted(c.known_photos, "photo") +
               " of people with others, against " + counted(c.gallery_people, "person", "people"));
}

void print_text(const service::CalibrateResult& result, const eval::PairCalibration& c) {
    print_threshold(c.threshold, result.pairs_before ? std::optional(result.pairs_before->threshold) : std::nullopt,
                    result.model_threshold);
    print_line(formatted("false accepts %.3g %% wanted; with as many other people, %.2g to %.2g %% (99 of 100 times)",
                         percent(c.far), percent(c.interval.low), percent(c.interval.high)));
    print_line(c.fnmr ? formatted("missed       %.2f %% of people's own photos (%.2f to %.2f %%)", percent(*c.fnmr),
                                  percent(c.fnmr_interval.low), percent(c.fnmr_interval.high))
                      : std::string("missed       not known: nobody in the store has a second photo"));
    print_line("learned from " + counted(c.photos, "photo") + " of " + counted(c.people, "person", "people") + ", " +
               counted(c.pairs, "pair") + " of people; holds for 'mien verify --user'");
}

int calibrate(const CalibrateArguments& arguments, const SharedOptions& shared) {
    auto options = arguments.options;
    options.store = store_of(arguments.store, shared);
    options.impostors = arguments.impostors;
    options.encode = arguments.encoding.make();
    Progress progress(Progress::Unit::photos, !shared.quiet);
    service::CalibrateEvents events;
    events.started = [&](std::size_t photos) { progress.start(photos); };
    events.photo = [&](std::size_t done) { progress.show(done); };
    const auto result = service::calibrate(options, shared.make_finder(), events);
    progress.clear();
    if (shared.json) {
        print_json(service::to_json(result));
    } else if (!result.removed) {
        result.after ? print_text(result, *result.after) : print_text(result, *result.pairs_after);
        if (result.impostor_photos + result.impostors_without_face > 0) {
            print_line("impostors    " + counted(result.impostor_photos, "photo") + " of " +
                       counted(result.impostor_people, "person", "people") + "; " +
                       with_commas(result.impostor_copies) + " copies and " +
                       with_commas(result.impostors_without_face) + " without a face left out");
        }
        if (options.dry_run) {
            print_line("nothing was changed (--dry-run)");
        }
    } else if (!shared.quiet) {
        print_line(result.before || result.pairs_before ? "the calibration is gone; the model's threshold holds again"
                                                        : "there was no calibration");
    }
    return k_exit_success;
}

}  // namespace

void add_calibrate(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<CalibrateArguments>();
    auto& options = arguments->options;
    auto* verb =
        app.add_subcommand("calibrate", "Choose the threshold for a rate of false alarms, from the store's people");
    verb->add_option("-s,--store", arguments->store, "Store to calibrate; default: train.mien in the workspace")
        ->type_name("FILE");
    auto* fpir =
        verb->add_option("--fpir", options.request.fpir, "Wanted share of strangers who are taken for somebody (1:N)")
            ->check(finite_range(1e-6, 0.5))
            ->type_name("SHARE")
            ->capture_default_str();
    auto* far =
        verb->add_option("--far", options.far,
                         "Instead, for 'verify --user': wanted share of others' photos that pass for one person's")
            ->check(finite_range(1e-8, 0.5))
            ->type_name("SHARE")
            ->excludes(fpir);
    verb->add_option("--impostors", arguments->impostors,
                     "Folder LABEL/PHOTO of people whom the store does not know, as more strangers")
        ->type_name("DIR");
    verb->add_option("--strangers", options.request.strangers,
                     "Share of the faces to come that are strangers'; probabilities depend on it")
        ->excludes(far)
        ->check(finite_range(0.01, 0.99))
        ->type_name("SHARE")
        ->capture_default_str();
    verb->add_option("--draws", options.request.draws, "Draws of people for the intervals")
        ->check(CLI::Range(100, 1'000'000))
        ->type_name("N")
        ->capture_default_str();
    verb->add_option("--seed", options.request.seed, "Draws the intervals")->type_name("N")->capture_default_str();
    arguments->encoding.add(*verb);
    verb->add_flag("--dry-run", options.dry_run, "Say it, and change nothing");
    verb->add_flag("--remove", options.remove, "Take the store's calibrations away: the model's threshold holds again");
    add_wait_option(*verb, options.wait_seconds);
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return calibrate(*arguments, context.shared); };
    });
}

}  // namespace mien::app
