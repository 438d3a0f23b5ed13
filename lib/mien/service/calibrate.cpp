// SPDX-License-Identifier: MIT
#include <mien/service/calibrate.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/eval/neighbours.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/store_choices.hpp>
#include <mien/service/workspace.hpp>

#include <ctime>
#include <map>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using eval::CalibrationProbe;

CalibrationProbe to_probe(const eval::Nearest& nearest, std::uint32_t person) {
    return {person, nearest.own, nearest.other, nearest.other_person};
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
                                              const pipeline::Blueprint& blueprint, const CalibrateEvents& events,
                                              CalibrateResult& result) {
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
        eval::all_distances(gallery, encoded[found[i].first].result.faces.front().encoding, distances);
        return to_probe(eval::nearest_of(gallery, distances, gallery::k_nobody, gallery.rows()), found[i].second);
    });
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
        result.before = eval::calibration_of(*gallery);
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
    auto probes = leave_out_probes(*gallery, options.encode.jobs);
    std::size_t people = gallery->people();
    if (const auto decision = decision_of_model(*gallery)) {
        result.model_threshold = decision->threshold;
    }
    if (!options.impostors.empty()) {
        const auto blueprint = blueprint_of_store(*gallery, {}, finder);
        const auto impostors = impostor_probes(options, *gallery, blueprint, events, result);
        for (const auto& probe : impostors) {
            people = std::max<std::size_t>(people, probe.person + 1);
        }
        probes.insert(probes.end(), impostors.begin(), impostors.end());
    }
    auto calibration = eval::calibrate(probes, people, options.request);
    calibration.encoder = gallery->contract().encoder;
    calibration.weights = gallery->contract().weights;
    calibration.fingerprint = gallery->description().fingerprint;
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
