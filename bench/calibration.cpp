// SPDX-License-Identifier: MIT

/// Does a calibration keep its word for people it never saw? For each of many seeded splits, half of a store's people
/// are a gallery that is calibrated; the other half come as strangers, and the share of false alarms must lie in the
/// interval that `mien calibrate` prints. Then the confidences: the other half, as a gallery of their own, are named by
/// the first half's curve, and in ten bins of confidence the share of right answers is compared with the mean
/// confidence. Both halves are samples: the interval of a bin comes from fitting the curve anew to people drawn from
/// those of the first, and drawing what the others would be answered by it.
///
///     mien --workspace W train ../shared/faces/lfw --faces largest -m yunet -e mobilefacenet
///     calibration --store W/train.mien

#include <mien/core/error.hpp>
#include <mien/core/json.hpp>
#include <mien/eval/calibration.hpp>
#include <mien/eval/neighbours.hpp>
#include <mien/eval/random.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/calibrate.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <numeric>

namespace {

using mien::Json;
using mien::eval::Calibration;
using mien::eval::CalibrationProbe;
using mien::gallery::Gallery;

struct Arguments {
    std::string store;
    double fpir{0.01};
    int splits{20};
    int draws{500};
    int jobs{2};
    std::uint64_t seed{1};
};

struct Halves {
    std::shared_ptr<const Gallery> known;
    std::shared_ptr<const Gallery> others;
};

Halves split(const Gallery& gallery, std::uint64_t seed) {
    std::vector<std::uint32_t> people(gallery.people());
    std::iota(people.begin(), people.end(), 0U);
    mien::eval::Random random(seed);
    random.shuffle(people);
    std::vector<bool> first(people.size());
    for (std::size_t i = 0; i < people.size() / 2; ++i) {
        first[people[i]] = true;
    }
    std::vector<mien::gallery::Record> known;
    std::vector<mien::gallery::Record> others;
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        if (!gallery.is_vacant(row)) {
            (first[gallery.persons()[row]] ? known : others).push_back(gallery.record(row).copy());
        }
    }
    return {Gallery::build(gallery.description(), known), Gallery::build(gallery.description(), others)};
}

/// How many photos each person has.
std::vector<double> photos_of(const Gallery& gallery) {
    std::vector<double> photos(gallery.people());
    for (const auto person : gallery.persons()) {
        ++photos[person];
    }
    return photos;
}

/// Share of the others whom the known people's gallery takes for somebody, each with the share of their photos.
double observed_alarms(const Halves& halves, double threshold, int jobs) {
    const auto& asked = *halves.others;
    const auto photos = photos_of(asked);
    double alarms = 0;
    const auto make_work = [&]() -> std::function<bool(std::size_t)> {
        return [&, distances = std::make_shared<std::vector<float>>(halves.known->rows())](std::size_t row) {
            mien::eval::all_distances(*halves.known, asked.encoding(row), *distances);
            const auto nearest =
                mien::eval::nearest_of(*halves.known, *distances, mien::gallery::k_nobody, halves.known->rows());
            return static_cast<double>(nearest.other) <= threshold;
        };
    };
    mien::pipeline::run_in_order<bool>(asked.rows(), jobs, make_work, [&](std::size_t row, bool&& alarm) {
        alarms += alarm ? 1 / photos[asked.persons()[row]] : 0;
    });
    return alarms / static_cast<double>(asked.people());
}

struct Answer {
    std::uint32_t person;
    double distance;
    bool stranger;  ///< asked as one
    double right;
    double weight;
};

/// Every answer about the held-out people, weighted so that the promised share are strangers' and everybody counts the
/// same.
std::vector<Answer> answers_about(const Gallery& others, double strangers, int jobs) {
    const auto probes = mien::service::leave_out_probes(others, jobs);
    const auto photos = photos_of(others);  // who has others has them for each photo
    double known = 0;
    for (const double count : photos) {
        known += count > 1 ? 1 : 0;
    }
    std::vector<Answer> answers;
    for (const auto& probe : probes) {
        const double each = 1 / photos[probe.person];
        answers.push_back({probe.person, static_cast<double>(probe.other), true, 0,
                           strangers * each / static_cast<double>(others.people())});
        if (probe.known != mien::eval::k_never) {
            answers.push_back({probe.person, static_cast<double>(probe.known), false, probe.right ? 1.0 : 0.0,
                               (1 - strangers) * each / known});
        }
    }
    return answers;
}

struct Bin {
    double weight{};
    double right{};
    double confidence{};
    double answers{};
    [[nodiscard]] double mean() const { return confidence / weight; }
    [[nodiscard]] double observed() const { return right / weight; }
};
using Bins = std::array<Bin, 10>;

std::size_t bin_of(double confidence) { return static_cast<std::size_t>(std::clamp(confidence * 10, 0.0, 9.0)); }

Bins bins_of(const std::vector<Answer>& answers, const Calibration& curve) {
    Bins bins;
    for (const auto& answer : answers) {
        const double confidence = curve.confidence(answer.distance);
        auto& bin = bins[bin_of(confidence)];
        bin.weight += answer.weight;
        bin.right += answer.weight * answer.right;
        bin.confidence += answer.weight * confidence;
        ++bin.answers;
    }
    return bins;
}

/// The shares that would be observed in the bins of `sorted` where `truth` were the probabilities. What one person's
/// photos are answered is one draw for those asked as a known person, and one for those asked as a stranger.
std::array<double, 10> shares_if(const std::vector<Answer>& answers, std::size_t people, const Calibration& sorted,
                                 const Calibration& truth, mien::eval::Random& random) {
    std::vector<double> fates(2 * people);
    std::generate(fates.begin(), fates.end(), [&] { return static_cast<double>(random.next() >> 11) * 0x1p-53; });
    std::array<double, 10> right{};
    std::array<double, 10> weight{};
    for (const auto& answer : answers) {
        const auto bin = bin_of(sorted.confidence(answer.distance));
        const double fate = fates[2 * answer.person + (answer.stranger ? 1 : 0)];
        weight[bin] += answer.weight;
        right[bin] += fate < truth.confidence(answer.distance) ? answer.weight : 0;
    }
    for (std::size_t b = 0; b < right.size(); ++b) {
        right[b] /= weight[b];  // no number where the bin is empty
    }
    return right;
}

/// As calibrated on people drawn with replacement; somebody drawn twice is two people.
Calibration redrawn(const std::vector<CalibrationProbe>& probes, std::size_t people, double fpir,
                    mien::eval::Random& random) {
    const auto times = mien::eval::draw_people(people, random);
    std::vector<std::uint32_t> first(people + 1);
    std::partial_sum(times.begin(), times.end(), first.begin() + 1);
    std::vector<CalibrationProbe> drawn;
    for (const auto& probe : probes) {
        for (std::uint32_t copy = 0; copy < times[probe.person]; ++copy) {
            drawn.push_back(probe);
            drawn.back().person = first[probe.person] + copy;
            drawn.back().other_person = mien::gallery::k_nobody;  // no interval is asked for
        }
    }
    return mien::eval::calibrate(drawn, people, {fpir, 0.5, 0, 1});
}

/// Ten lines: mean confidence, observed share, and the 95 % interval in which it lies where the confidences are
/// probabilities (consistency resampling: https://doi.org/10.1175/WAF993.1, with the curve drawn as well).
Json reliability(const std::vector<Answer>& answers, std::size_t people, const Calibration& calibration,
                 const std::vector<Calibration>& others, std::uint64_t seed, int& inside, int& judged) {
    const auto bins = bins_of(answers, calibration);
    std::array<std::vector<double>, 10> shares;
    mien::eval::Random random(seed);
    for (const auto& curve : others) {
        const auto drawn = shares_if(answers, people, calibration, curve, random);
        for (std::size_t b = 0; b < bins.size(); ++b) {
            shares[b].push_back(drawn[b]);
        }
    }
    Json lines = Json::array();
    for (std::size_t b = 0; b < bins.size(); ++b) {
        if (!(bins[b].weight > 0)) {
            continue;
        }
        const auto interval = mien::eval::middle_of(shares[b], 0.95);
        const bool holds = interval.contains(bins[b].observed());
        ++judged;
        inside += holds ? 1 : 0;
        lines.push_back({{"answers", bins[b].answers},
                         {"confidence", mien::rounded(bins[b].mean(), 4)},
                         {"observed", mien::rounded(bins[b].observed(), 4)},
                         {"interval", mien::eval::to_json(interval)},
                         {"inside", holds}});
    }
    return lines;
}

int run(const Arguments& arguments) {
    const auto gallery = mien::gallery::load_store(arguments.store);
    int kept = 0;
    int inside = 0;
    int judged = 0;
    for (int s = 0; s < arguments.splits; ++s) {
        const auto seed = arguments.seed + static_cast<std::uint64_t>(s);
        const auto halves = split(*gallery, seed);
        const auto probes = mien::service::leave_out_probes(*halves.known, arguments.jobs);
        const auto calibration =
            mien::eval::calibrate(probes, halves.known->people(), {arguments.fpir, 0.5, 2000, seed});
        const double observed = observed_alarms(halves, calibration.threshold, arguments.jobs);
        const bool keeps = calibration.interval.contains(observed);
        kept += keeps ? 1 : 0;
        const auto answers = answers_about(*halves.others, calibration.strangers, arguments.jobs);
        std::vector<Calibration> curves;
        mien::eval::Random random(seed);
        for (int draw = 0; draw < arguments.draws; ++draw) {
            curves.push_back(redrawn(probes, halves.known->people(), arguments.fpir, random));
        }
        const Json json{
            {"seed", seed},
            {"threshold", mien::rounded(calibration.threshold, 4)},
            {"interval", mien::eval::to_json(calibration.interval)},
            {"observed", mien::rounded(observed, 5)},
            {"inside", keeps},
            {"bins", reliability(answers, halves.others->people(), calibration, curves, seed, inside, judged)}};
        std::puts(mien::to_line(json).c_str());
        std::fflush(stdout);
    }
    const Json summary{{"splits", arguments.splits}, {"inside", kept}, {"bins", judged}, {"bins_inside", inside}};
    std::puts(mien::to_line({{"summary", summary}}).c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Whether calibrations keep their word"};
    Arguments arguments;
    app.add_option("--store", arguments.store, "A store of many people")->required();
    app.add_option("--fpir", arguments.fpir, "False alarms that are asked for");
    app.add_option("--splits", arguments.splits, "Halvings of the people");
    app.add_option("--draws", arguments.draws, "Of the people of both halves, for the intervals of the bins");
    app.add_option("--seed", arguments.seed, "Of the first one");
    app.add_option("-j,--jobs", arguments.jobs, "Threads");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "calibration: %s\n", error.what());
        return 1;
    }
}
