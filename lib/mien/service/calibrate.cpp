// SPDX-License-Identifier: MIT
#include <mien/service/calibrate.hpp>

#include <mien/core/error.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/text.hpp>
#include <mien/eval/neighbours.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/gallery/draft.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/match/svm.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/store_choices.hpp>
#include <mien/service/workspace.hpp>

#include <algorithm>
#include <ctime>
#include <map>
#include <memory>
#include <utility>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using eval::CalibrationProbe;

CalibrationProbe to_probe(const eval::Nearest& nearest, std::uint32_t person) {
    CalibrationProbe probe{person, eval::k_never, nearest.own < nearest.other, nearest.other, nearest.other_person};
    if (nearest.own != eval::Nearest::k_none) {
        probe.known = std::min(nearest.own, nearest.other);
    }
    return probe;
}

Encoding encoding_of(const gallery::Gallery& gallery, const ContractPtr& contract, std::size_t row) {
    const auto values = gallery.encoding(row);
    return {contract, {values.begin(), values.end()}};
}

/// The first candidate who is not the person, as a stranger of the probe's look would get them.
void answer_stranger(const gallery::Gallery& gallery, const std::vector<match::Candidate>& candidates,
                     CalibrationProbe& probe) {
    for (const auto& candidate : candidates) {
        const auto person = gallery.find_person(candidate.label);
        if (person && *person != probe.person) {
            probe.other = candidate.distance;
            probe.other_person = *person;
            return;
        }
    }
}

/// The gallery without the rows that a fold holds out.
std::shared_ptr<const gallery::Gallery> without_fold(const std::shared_ptr<const gallery::Gallery>& gallery,
                                                     const std::vector<std::size_t>& folds, std::size_t fold) {
    std::vector<gallery::Operation> operations;
    for (std::size_t row = 0; row < folds.size(); ++row) {
        if (folds[row] == fold) {
            operations.emplace_back(gallery::Remove{gallery->record(row).copy()});
        }
    }
    const auto copies = gallery::without_augmented(*gallery, operations);
    gallery::Draft draft(gallery);
    for (const auto* list : {&std::as_const(operations), &copies}) {
        for (const auto& operation : *list) {
            draft.apply(operation);
        }
    }
    return draft.finish();
}

std::vector<CalibrationProbe> ask(const gallery::Gallery& gallery, std::size_t count, int jobs,
                                  const std::function<CalibrationProbe(std::size_t, std::span<float>)>& one) {
    std::vector<CalibrationProbe> probes;
    const auto make_work = [&]() -> std::function<CalibrationProbe(std::size_t)> {
        return [&, distances = std::make_shared<std::vector<float>>(gallery.rows())](std::size_t i) {
            return one(i, *distances);
        };
    };
    const auto taken = pipeline::run_in_order<CalibrationProbe>(
        count, jobs, make_work, [&](std::size_t, CalibrationProbe&& probe) { probes.push_back(probe); });
    if (taken < count) {
        throw Error(ErrorCode::interrupted, "interrupted; the store is as it was");
    }
    return probes;
}

/// The impostors' probes; their people are numbered behind the gallery's.
std::vector<CalibrationProbe> impostor_probes(const CalibrateOptions& options, const gallery::Gallery& gallery,
                                              const match::Matcher* matcher, const pipeline::Blueprint& blueprint,
                                              const CalibrateEvents& events, CalibrateResult& result) {
    const auto paths = photos_in(options.impostors);
    if (events.started) {
        events.started(paths.size());
    }
    const auto encoded = encode_photos(paths, blueprint, options.encode, [&](std::size_t done) {
        if (events.photo) {
            events.photo(done);
        }
    });
    std::map<std::string, std::uint32_t> numbers;
    std::vector<std::pair<std::size_t, std::uint32_t>> found;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        const auto inside = paths[i].lexically_relative(options.impostors);
        const bool flat = std::distance(inside.begin(), inside.end()) == 1;
        const auto label = to_label(flat ? inside.stem().native() : inside.begin()->native());
        if (gallery.find_person(label)) {
            throw Error(ErrorCode::usage,
                        shell_quoted(label) + " is in " + printable(options.impostors.native()) +
                            " and in the store; impostors must be people whom the store does not know");
        }
        if (encoded[i].result.faces.empty()) {
            ++result.impostors_without_face;
            continue;
        }
        const auto number = numbers.try_emplace(label, static_cast<std::uint32_t>(numbers.size())).first->second;
        found.emplace_back(i, static_cast<std::uint32_t>(gallery.people()) + number);
    }
    result.impostor_photos = found.size();
    return ask(gallery, found.size(), options.encode.jobs, [&](std::size_t i, std::span<float> distances) {
        const auto& encoding = encoded[found[i].first].result.faces.front().encoding;
        if (matcher != nullptr) {
            CalibrationProbe probe{found[i].second};
            answer_stranger(gallery, matcher->rank(std::vector{Encoding{blueprint.contract(), encoding}}, 1).front(),
                            probe);
            return probe;
        }
        eval::all_distances(gallery, encoding, distances);
        return to_probe(eval::nearest_of(gallery, distances, gallery::k_nobody, gallery.rows()), found[i].second);
    });
}

/// The same of a matcher that learns, or that takes several photos of a person together. A stranger's part is asked of
/// the whole gallery's matcher: without the person it would rank the others as it does. The known people's part is
/// cross-validated: each photo is asked of a matcher that has not seen it.
std::vector<CalibrationProbe> cross_validated_probes(const std::shared_ptr<const gallery::Gallery>& gallery,
                                                     const match::MatcherOptions& options, const match::Matcher& whole,
                                                     std::uint64_t seed) {
    const auto contract = std::make_shared<const ModelContract>(gallery->contract());
    const auto folds = match::svm_folds(*gallery, seed);
    std::vector<CalibrationProbe> probes(gallery->rows());
    for (std::size_t fold = 0; fold < match::k_svm_folds; ++fold) {
        throw_if_interrupted();
        const auto rest = without_fold(gallery, folds, fold);
        const auto matcher = match::fit_matcher(options, rest);
        for (std::size_t row = 0; row < folds.size(); ++row) {
            if (folds[row] != fold) {
                continue;
            }
            const auto rank = matcher->rank(std::vector{encoding_of(*gallery, contract, row)}, 1).front();
            if (!rank.empty()) {
                probes[row].known = rank.front().distance;
                probes[row].right = rank.front().label == gallery->record(row).label;
            }
        }
    }
    std::vector<CalibrationProbe> of_records;
    for (std::size_t row = 0; row < probes.size(); ++row) {
        if (gallery->is_vacant(row)) {
            continue;
        }
        throw_if_interrupted();
        probes[row].person = gallery->persons()[row];
        answer_stranger(*gallery, whole.rank(std::vector{encoding_of(*gallery, contract, row)}, 2).front(),
                        probes[row]);
        of_records.push_back(probes[row]);
    }
    return of_records;
}

}  // namespace

std::vector<CalibrationProbe> leave_out_probes(const gallery::Gallery& gallery, int jobs) {
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        if (!gallery.is_vacant(row)) {
            rows.push_back(row);
        }
    }
    return ask(gallery, rows.size(), jobs, [&](std::size_t i, std::span<float> distances) {
        const auto row = rows[i];
        eval::all_distances(gallery, gallery.encoding(row), distances);
        const auto person = gallery.persons()[row];
        return to_probe(eval::nearest_of(gallery, distances, person, row), person);
    });
}

CalibrateResult calibrate(const CalibrateOptions& options, const models::Finder& finder,
                          const CalibrateEvents& events) {
    gallery::StoreWriter writer(options.store, {"calibrate", options.wait_seconds, {}});
    const auto gallery = writer.gallery();
    if (!gallery) {
        throw Error(ErrorCode::store_missing, "there is no store at " + printable(options.store.native()) +
                                                  "; make one with 'mien train', or name another with --store");
    }
    const std::string before(gallery->extra(eval::k_calibration_name));
    CalibrateResult result;
    try {
        result.before = eval::kept_calibration(*gallery);
    } catch (const Error&) {
        // a damaged one is what this verb is asked to replace
    }
    if (options.remove) {
        if (!options.dry_run && !before.empty()) {
            writer.commit("the calibration is gone",
                          {gallery::SetExtra{std::string(eval::k_calibration_name), before, {}}});
        }
        return result;
    }
    pipeline::Blueprint::set_workers(options.encode.jobs);
    auto wanted = match::decided({}, *gallery);
    wanted.threads = options.encode.jobs;
    const auto kind = match::kind_of(wanted);
    std::unique_ptr<const match::Matcher> matcher;  // null: the nearest, whose distances are looked at one by one
    if (kind != match::k_default_kind) {
        matcher = match::make_matcher(wanted, gallery);
    }
    auto probes = matcher ? cross_validated_probes(gallery, wanted, *matcher, options.request.seed)
                          : leave_out_probes(*gallery, options.encode.jobs);
    std::size_t people = gallery->people();
    if (const auto decision = decision_of_model(*gallery)) {
        result.model_threshold = decision->threshold;
    }
    if (!options.impostors.empty()) {
        const auto blueprint = blueprint_of_store(*gallery, {}, finder);
        const auto impostors = impostor_probes(options, *gallery, matcher.get(), blueprint, events, result);
        for (const auto& probe : impostors) {
            people = std::max<std::size_t>(people, probe.person + 1);
        }
        probes.insert(probes.end(), impostors.begin(), impostors.end());
    }
    auto calibration = eval::calibrate(probes, people, options.request);
    calibration.encoder = gallery->contract().encoder;
    calibration.weights = gallery->contract().weights;
    calibration.fingerprint = gallery->description().fingerprint;
    calibration.matcher = kind;
    calibration.gallery_people = gallery->people();
    calibration.gallery_records = gallery->size();
    calibration.time = std::time(nullptr);
    if (!options.dry_run) {
        writer.commit(
            "threshold " + Json(rounded(calibration.threshold, 4)).dump(),
            {gallery::SetExtra{std::string(eval::k_calibration_name), before, to_line(eval::to_json(calibration))}});
    }
    result.after = std::move(calibration);
    return result;
}

Json to_json(const CalibrateResult& result) {
    Json json{{"calibration", result.after ? eval::to_json(*result.after) : Json(nullptr)},
              {"before", result.before ? Json({{"threshold", rounded(result.before->threshold, 6)},
                                               {"fpir", result.before->fpir}})
                                       : Json(nullptr)}};
    if (result.after) {
        json["model_threshold"] = result.model_threshold ? Json(*result.model_threshold) : Json(nullptr);
        json["impostor_photos"] = result.impostor_photos;
        json["impostors_without_face"] = result.impostors_without_face;
    }
    return json;
}

}  // namespace mien::service
