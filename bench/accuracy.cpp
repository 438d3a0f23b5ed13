// SPDX-License-Identifier: MIT

/// Accuracy end to end, from photo files: LFW's ten-fold protocol over pairs (a face that is not found is an error),
/// rank-1 naming with one photo a person as the gallery, and the logistic map from distance to probability that model
/// cards carry.
///
///     accuracy --photos ../shared/faces/lfw --pairs ../shared/faces/lfw_pairs.txt --method yunet --encoder
///     mobilefacenet

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/match/distance.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/workspace.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <numeric>
#include <sstream>

namespace {

namespace fs = std::filesystem;
using mien::Json;

struct Arguments {
    std::string photos;
    std::string pairs;
    std::string subject{"central"};
    mien::pipeline::Options pipeline;
    std::vector<std::string> models;
    bool trust{false};
    bool flip{false};
    int jobs{2};
};

struct Pair {
    std::string a;
    std::string b;
    bool same{};
    int fold{};
};

/// "Name  1  2" or "Name  1  Other  3", folds of n same and n different pairs.
std::vector<Pair> read_pairs(const std::string& file) {
    std::ifstream in(file);
    int folds = 0;
    int each = 0;
    if (!(in >> folds >> each)) {
        throw mien::Error(mien::ErrorCode::runtime, "cannot read pairs from " + file);
    }
    in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    const auto photo = [](const std::string& name, int number) {
        std::array<char, 16> tail{};
        std::snprintf(tail.data(), tail.size(), "_%04d.jpg", number);
        return name + "/" + name + tail.data();
    };
    std::vector<Pair> pairs;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::vector<std::string> w{std::istream_iterator<std::string>(words), {}};
        const int fold = static_cast<int>(pairs.size()) / (2 * each);
        if (w.size() == 3) {
            pairs.push_back({photo(w[0], std::stoi(w[1])), photo(w[0], std::stoi(w[2])), true, fold});
        } else if (w.size() == 4) {
            pairs.push_back({photo(w[0], std::stoi(w[1])), photo(w[2], std::stoi(w[3])), false, fold});
        }
    }
    return pairs;
}

/// The face that is meant: the largest, or the one nearest to the photo's centre.
const mien::pipeline::Face* subject_of(const mien::pipeline::PhotoResult& result, bool central) {
    const mien::pipeline::Face* best = nullptr;
    double best_cost = std::numeric_limits<double>::infinity();
    for (const auto& face : result.faces) {
        const double x = face.box.left + face.box.width / 2.0 - result.width / 2.0;
        const double y = face.box.top + face.box.height / 2.0 - result.height / 2.0;
        const double cost = central ? std::hypot(x, y) : -static_cast<double>(face.box.width) * face.box.height;
        if (cost < best_cost) {
            best_cost = cost;
            best = &face;
        }
    }
    return best;
}

using Encodings = std::map<std::string, std::vector<float>>;  ///< by photo; empty: no face found

Encodings encode(const fs::path& folder, const std::vector<std::string>& names, const Arguments& arguments,
                 const mien::pipeline::Blueprint& blueprint) {
    Encodings encodings;
    const auto make_work = [&]() -> std::function<std::vector<float>(std::size_t)> {
        return [&, worker = std::shared_ptr<mien::pipeline::Worker>(blueprint.make_worker())](std::size_t i) {
            const auto bytes = mien::read_file(folder / names[i], 1ULL << 28U);
            const auto result = worker->process(bytes, mien::pipeline::Faces::all);
            const auto* face = subject_of(result, arguments.subject == "central");
            return face == nullptr ? std::vector<float>() : face->encoding.values;
        };
    };
    mien::pipeline::run_in_order<std::vector<float>>(
        names.size(), arguments.jobs, make_work,
        [&](std::size_t i, std::vector<float>&& encoding) { encodings.emplace(names[i], std::move(encoding)); });
    return encodings;
}

double accuracy_at(const std::vector<Pair>& pairs, const std::vector<double>& distances, double threshold,
                   const std::function<bool(int)>& in_fold) {
    std::size_t right = 0;
    std::size_t all = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        if (in_fold(pairs[i].fold)) {
            ++all;
            // a pair with a face that was not found has no distance: always wrong
            right += !std::isnan(distances[i]) && (distances[i] <= threshold) == pairs[i].same ? 1U : 0U;
        }
    }
    return static_cast<double>(right) / static_cast<double>(all);
}

/// Each fold judged at the threshold that is best on the nine others.
std::vector<double> fold_accuracies(const std::vector<Pair>& pairs, const std::vector<double>& distances) {
    std::vector<double> thresholds;
    for (const double d : distances) {
        if (!std::isnan(d)) {
            thresholds.push_back(d);
        }
    }
    std::sort(thresholds.begin(), thresholds.end());
    const int folds =
        1 + std::max_element(pairs.begin(), pairs.end(), [](auto& a, auto& b) { return a.fold < b.fold; })->fold;
    std::vector<double> accuracies;
    for (int fold = 0; fold < folds; ++fold) {
        double best = -1;
        double best_threshold = 0;
        for (std::size_t i = 0; i < thresholds.size(); i += 8) {
            const double a = accuracy_at(pairs, distances, thresholds[i], [fold](int f) { return f != fold; });
            if (a > best) {
                best = a;
                best_threshold = thresholds[i];
            }
        }
        accuracies.push_back(accuracy_at(pairs, distances, best_threshold, [fold](int f) { return f == fold; }));
    }
    return accuracies;
}

struct Logistic {
    double middle{};
    double slope{};
};

/// Maximum likelihood by Newton's method, both classes weighted alike.
Logistic fit_logistic(const std::vector<double>& same, const std::vector<double>& different) {
    double a = 0;  // P = 1 / (1 + exp(a + b d))
    double b = 0;
    for (int round = 0; round < 50; ++round) {
        double ga = 0, gb = 0, haa = 1e-9, hab = 0, hbb = 1e-9;
        const auto add = [&](const std::vector<double>& distances, double target) {
            const double weight = 1.0 / static_cast<double>(distances.size());
            for (const double d : distances) {
                const double p = 1 / (1 + std::exp(a + b * d));
                const double w = weight * p * (1 - p);
                ga += weight * (target - p);
                gb += weight * (target - p) * d;
                haa += w;
                hab += w * d;
                hbb += w * d * d;
            }
        };
        add(same, 1);
        add(different, 0);
        const double determinant = haa * hbb - hab * hab;
        const double step = std::min(1.0, 0.2 + 0.05 * round);
        a -= step * (hbb * ga - hab * gb) / determinant;
        b -= step * (haa * gb - hab * ga) / determinant;
    }
    return {-a / b, b};
}

Json judge_pairs(const std::vector<Pair>& pairs, const Encodings& encodings, mien::Metric metric) {
    std::vector<double> distances;
    std::vector<double> same;
    std::vector<double> different;
    std::size_t not_found = 0;
    std::size_t genuine = 0;
    for (const auto& pair : pairs) {
        const auto& a = encodings.at(pair.a);
        const auto& b = encodings.at(pair.b);
        genuine += pair.same ? 1U : 0U;
        if (a.empty() || b.empty()) {
            ++not_found;
            distances.push_back(std::nan(""));
            continue;
        }
        distances.push_back(static_cast<double>(mien::match::distance(metric, a, b)));
        (pair.same ? same : different).push_back(distances.back());
    }
    const auto folds = fold_accuracies(pairs, distances);
    const double mean = std::accumulate(folds.begin(), folds.end(), 0.0) / static_cast<double>(folds.size());
    double variance = 0;
    for (const double f : folds) {
        variance += (f - mean) * (f - mean) / static_cast<double>(folds.size());
    }
    std::sort(same.begin(), same.end());
    std::sort(different.begin(), different.end());
    Json tar = Json::object();
    Json thresholds = Json::object();
    for (const auto& [name, far] : {std::pair{"0.01", 0.01}, std::pair{"0.001", 0.001}}) {
        // the largest distance that accepts no more than this share of the pairs of strangers
        const auto allowed = static_cast<std::size_t>(far * static_cast<double>(different.size()));
        const double threshold = std::nextafter(different.at(allowed), 0.0);
        const auto accepted = std::upper_bound(same.begin(), same.end(), threshold) - same.begin();
        tar[name] = mien::rounded(static_cast<double>(accepted) / static_cast<double>(genuine), 4);
        thresholds[name] = mien::rounded(threshold, 4);
    }
    const auto logistic = fit_logistic(same, different);
    return {{"accuracy", mien::rounded(mean, 4)},
            {"sd", mien::rounded(std::sqrt(variance), 4)},
            {"pairs", pairs.size()},
            {"not_found", not_found},
            {"tar", tar},
            {"threshold_at_far", thresholds},
            {"logistic", {{"middle", mien::rounded(logistic.middle, 4)}, {"slope", mien::rounded(logistic.slope, 2)}}}};
}

/// The first photo of each person is the gallery, every other photo of people who have several is a probe.
Json judge_naming(const std::vector<std::string>& names, const Encodings& encodings, mien::Metric metric) {
    std::vector<float> rows;
    std::vector<std::string> people;
    std::vector<std::pair<std::string, const std::vector<float>*>> probes;
    std::string last;
    for (const auto& name : names) {
        const auto person = name.substr(0, name.find('/'));
        const auto& encoding = encodings.at(name);
        if (person == last) {
            probes.emplace_back(person, &encoding);
            continue;
        }
        last = person;
        if (!encoding.empty()) {
            people.push_back(person);
            rows.insert(rows.end(), encoding.begin(), encoding.end());
        }
    }
    std::size_t right = 0;
    std::vector<float> distances(people.size());
    for (const auto& [person, encoding] : probes) {
        if (!encoding->empty()) {
            mien::match::distances(metric, *encoding, rows, distances);
            const auto nearest = std::min_element(distances.begin(), distances.end()) - distances.begin();
            right += people[static_cast<std::size_t>(nearest)] == person ? 1U : 0U;
        }
    }
    return {{"rank1", mien::rounded(static_cast<double>(right) / static_cast<double>(probes.size()), 4)},
            {"gallery", people.size()},
            {"probes", probes.size()}};
}

/// Thresholds for rare false matches need more strangers than the pairs have: every two people's first photos, and as
/// genuine pairs the first two photos of everybody who has two.
Json judge_strangers(const std::vector<std::string>& names, const Encodings& encodings, mien::Metric metric) {
    constexpr std::size_t k_people = 3000;
    std::vector<const std::vector<float>*> first;
    std::vector<double> same;
    std::string last;
    std::string person_of_first;
    int photos_of_last = 0;
    for (const auto& name : names) {
        const auto person = name.substr(0, name.find('/'));
        const auto& encoding = encodings.at(name);
        photos_of_last = person == last ? photos_of_last + 1 : 1;
        last = person;
        if (photos_of_last == 1 && !encoding.empty() && first.size() < k_people) {
            first.push_back(&encoding);
            person_of_first = person;
        } else if (photos_of_last == 2 && !encoding.empty() && person == person_of_first) {
            same.push_back(static_cast<double>(mien::match::distance(metric, *first.back(), encoding)));
        }
    }
    std::vector<float> distances;
    for (std::size_t i = 0; i < first.size(); ++i) {
        for (std::size_t j = i + 1; j < first.size(); ++j) {
            distances.push_back(mien::match::distance(metric, *first[i], *first[j]));
        }
    }
    std::sort(distances.begin(), distances.end());
    std::sort(same.begin(), same.end());
    Json json{{"pairs_of_strangers", distances.size()}, {"genuine_pairs", same.size()}, {"at_far", Json::object()}};
    for (const auto& [name, far] :
         {std::pair{"0.01", 1e-2}, std::pair{"0.001", 1e-3}, std::pair{"0.0001", 1e-4}, std::pair{"0.00001", 1e-5}}) {
        const double threshold =
            static_cast<double>(distances.at(static_cast<std::size_t>(far * static_cast<double>(distances.size()))));
        const auto accepted = std::lower_bound(same.begin(), same.end(), threshold) - same.begin();
        json["at_far"][name] = {
            {"threshold", mien::rounded(threshold, 4)},
            {"tar", mien::rounded(static_cast<double>(accepted) / static_cast<double>(same.size()), 4)}};
    }
    return json;
}

int run(const Arguments& arguments) {
    const mien::models::Finder finder({{arguments.models.begin(), arguments.models.end()}, arguments.trust});
    mien::pipeline::Blueprint::set_workers(arguments.jobs);
    auto po = arguments.pipeline; if (arguments.flip) { po.flip = true; }
    const mien::pipeline::Blueprint blueprint(po, finder);
    std::vector<std::string> names;
    for (const auto& photo : mien::service::photos_in(arguments.photos)) {
        names.push_back(photo.lexically_relative(arguments.photos).native());
    }
    const auto encodings = encode(arguments.photos, names, arguments, blueprint);
    const auto metric = blueprint.contract()->metric;
    Json json{{"settings", blueprint.settings()}, {"subject", arguments.subject}};
    if (!arguments.pairs.empty()) {
        json["pairs"] = judge_pairs(read_pairs(arguments.pairs), encodings, metric);
    }
    json["strangers"] = judge_strangers(names, encodings, metric);
    json["identification"] = judge_naming(names, encodings, metric);
    std::puts(mien::to_line(json).c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Accuracy end to end"};
    Arguments arguments;
    app.add_option("--photos", arguments.photos, "Folder with a folder of photos for each person")->required();
    app.add_option("--pairs", arguments.pairs, "Pairs in LFW's format");
    app.add_option("--subject", arguments.subject, "Which face is meant: central or largest")
        ->check(CLI::IsMember({"central", "largest"}));
    app.add_option("-m,--method", arguments.pipeline.detector, "Detector");
    app.add_option("-e,--encoder", arguments.pipeline.encoder, "Encoder");
    app.add_option("--landmarks", arguments.pipeline.landmarks, "Landmarks");
    app.add_option("--detect-size", arguments.pipeline.detect_size, "Long side to search at");
    app.add_option("--upsample", arguments.pipeline.upsample, "Doublings before the search");
    app.add_flag("--flip", arguments.flip, "x");
    app.add_option("--models", arguments.models, "Model folders");
    app.add_flag("--trust-models", arguments.trust, "Take weights with other digests");
    app.add_option("-j,--jobs", arguments.jobs, "Workers");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "accuracy: %s\n", error.what());
        return 1;
    }
}
