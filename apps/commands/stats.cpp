// SPDX-License-Identifier: MIT
#include <commands.hpp>
#include <output.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/service/stats.hpp>

#include <algorithm>
#include <cmath>
#include <memory>

namespace mien::app {
namespace {

struct StatsArguments {
    std::string store;
    bool verify{false};
    bool people{false};
    bool duplicates{false};
};

void print_text(const service::StoreStats& s, const StatsArguments& arguments) {
    print_line("store       " + printable(s.store.native()) + ", " + human_bytes(s.bytes) + ", changed " +
               to_iso8601(s.changed));
    print_line("integrity   " +
               std::string(s.bad_encodings == 0 ? "ok" : with_commas(s.bad_encodings) + " bad encodings") +
               (s.verified ? " (every number looked at)" : " (checksums agree)"));
    print_line("people      " + with_commas(s.people.size()));
    print_line("encodings   " + with_commas(s.encodings));
    print_line("skipped     " + with_commas(s.skipped) + " photos gave no encoding");
    print_line("denials     " + with_commas(s.denials));
    print_line("duplicates  " + with_commas(s.duplicates.size()));
    print_line("encoder     " + s.contract.encoder + ", " + std::to_string(s.contract.dim) + " numbers, " +
               std::string(to_string(s.contract.metric)) + ", weights " + s.contract.weights.substr(0, 12));
    print_line("detector    " + s.detector);
    print_line("threshold   " + (std::isnan(s.threshold)
                                     ? std::string("not known here: the encoder's card is absent")
                                     : Json(s.threshold).dump() + " (from the " + s.threshold_from + ")"));
    if (s.calibration) {
        print_line("calibrated  for " + Json(rounded(100 * s.calibration->fpir, 4)).dump() + " % false alarms among " +
                   counted(s.calibration->gallery_people, "person", "people") +
                   (eval::has_outgrown(*s.calibration, s.people.size())
                        ? "; the store has grown since, run 'mien calibrate' again"
                        : ""));
    }
    if (s.pair_calibration) {
        print_line("1:1         " + Json(rounded(s.pair_calibration->threshold, 4)).dump() + ", calibrated for " +
                   Json(rounded(100 * s.pair_calibration->far, 6)).dump() + " % false accepts (verify --user)");
    }
    constexpr std::size_t k_shown = 20;
    const std::size_t shown = arguments.people ? s.people.size() : std::min(k_shown, s.people.size());
    for (std::size_t i = 0; i < shown; ++i) {
        print_line("  " + s.people[i].label + "  " + with_commas(s.people[i].encodings));
    }
    if (shown < s.people.size()) {
        print_line("  and " + with_commas(s.people.size() - shown) + " more (--people shows all)");
    }
    for (const auto& group : s.duplicates) {
        if (arguments.duplicates) {
            std::string line = "duplicate";
            for (const auto& photo : group) {
                line += "\t" + printable(photo);
            }
            print_line(line);
        }
    }
}

int stats(const StatsArguments& arguments, const SharedOptions& shared) {
    const auto store = store_of(arguments.store, shared);
    const auto result = service::stats(store, arguments.verify);
    if (shared.json) {
        print_json(service::to_json(result));
    } else {
        print_text(result, arguments);
    }
    if (result.bad_encodings > 0) {
        throw Error(ErrorCode::store_corrupt,
                    with_commas(result.bad_encodings) +
                        " encodings are no vectors of this model; build them anew with 'mien train --rebuild'");
    }
    return k_exit_success;
}

}  // namespace

void add_stats(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<StatsArguments>();
    auto* verb = app.add_subcommand("stats", "Say what a store holds and whether it is whole");
    verb->add_option("STORE", arguments->store, "Store to look at; default: train.mien in the workspace");
    verb->add_flag("--people", arguments->people, "Show every person, not only the first twenty");
    verb->add_flag("--duplicates", arguments->duplicates, "Show which photos are in the store twice");
    verb->add_flag("--verify", arguments->verify, "Look at every number of every encoding too");
    verb->callback([arguments, &context] {
        context.action = [arguments, &context] { return stats(*arguments, context.shared); };
    });
}

}  // namespace mien::app
