// SPDX-License-Identifier: MIT
#include <mien/service/calibrate.hpp>

#include <mien/core/error.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/log.hpp>
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
#include <unordered_set>
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

/// one: gets room for the distances to all rows
template <class Answer>
void ask(const gallery::Gallery& gallery, std::size_t count, int jobs,
         const std::function<Answer(std::size_t, std::span<float>)>& one,
         const std::function<void(std::size_t, Answer&&)>& take) {
    const auto make_work = [&]() -> std::function<Answer(std::size_t)> {
        return [&, distances = std::make_shared<std::vector<float>>(gallery.rows())](std::size_t i) {
            return one(i, *distances);
        };
    };
    if (pipeline::run_in_order<Answer>(count, jobs, make_work, take) < count) {
        throw Error(ErrorCode::interrupted, "interrupted; the store is as it was");
    }
}

std::vector<CalibrationProbe> ask(const gallery::Gallery& gallery, std::size_t count, int jobs,
                                  const std::function<CalibrationProbe(std::size_t, std::span<float>)>& one) {
    std::vector<CalibrationProbe> probes;
    ask<CalibrationProbe>(gallery, count, jobs, one,
                          [&](std::size_t, CalibrationProbe&& probe) { probes.push_back(probe); });
    return probes;
}

/// The impostors' faces; their people are numbered behind the gallery's.
std::vector<Stranger> impostors_of(const CalibrateOptions& options, const gallery::Gallery& gallery,
                                   const pipeline::Blueprint& blueprint, const CalibrateEvents& events,
                                   CalibrateResult& result) {
    const auto paths = photos_in(options.impostors);
    if (paths.empty()) {
        throw Error(ErrorCode::runtime, "there are no photos in " + printable(options.impostors.native()) +
                                            "; put them in folders named after the people, LABEL/PHOTO.jpg");
    }
    if (events.started) {
        events.started(paths.size());
    }
    auto encoded = encode_photos(paths, blueprint, options.encode, [&](std::size_t done) {
        if (events.photo) {
            events.photo(done);
        }
    });
    std::map<std::string, std::uint32_t> numbers;
    std::unordered_set<Sha256, Sha256Hash> contents;
    std::size_t flats = 0;
    std::vector<Stranger> strangers;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        const auto inside = paths[i].lexically_relative(options.impostors);
        const bool flat = std::distance(inside.begin(), inside.end()) == 1;
        const auto label = to_label(flat ? inside.stem().native() : inside.begin()->native());
        if (gallery.find_person(label)) {
            throw Error(ErrorCode::usage,
                        shell_quoted(label) + " is in " + printable(options.impostors.native()) +
                            " and in the store; impostors must be people whom the store does not know");
        }
        // The same photo under many names is not many strangers.
        if (encoded[i].hash != Sha256{} && !contents.insert(encoded[i].hash).second) {
            ++result.impostor_copies;
            continue;
        }
        flats += flat ? 1U : 0U;
        if (encoded[i].result.faces.empty()) {
            ++result.impostors_without_face;
            continue;
        }
        const auto number = numbers.try_emplace(label, static_cast<std::uint32_t>(numbers.size())).first->second;
        strangers.push_back({static_cast<std::uint32_t>(gallery.people()) + number,
                             std::move(encoded[i].result.faces.front().encoding)});
    }
    result.impostor_photos = strangers.size();
    result.impostor_people = numbers.size();
    if (flats > 1) {
        log::warn(
            "{} photos lie in {} itself, and each counts as a person of its own; put photos of one person into "
            "a folder of their own, LABEL/PHOTO.jpg",
            flats, printable(options.impostors.native()));
    }
    return strangers;
}

std::vector<CalibrationProbe> stranger_probes(const std::vector<Stranger>& strangers, const gallery::Gallery& gallery,
                                              const match::Matcher* matcher, int jobs) {
    const auto contract = std::make_shared<const ModelContract>(gallery.contract());
    return ask(gallery, strangers.size(), jobs, [&](std::size_t i, std::span<float> distances) {
        const auto& [person, encoding] = strangers[i];
        if (matcher != nullptr) {
            CalibrationProbe probe{person};
            answer_stranger(gallery, matcher->rank(std::vector{Encoding{contract, encoding}}, 1).front(), probe);
            return probe;
        }
        eval::all_distances(gallery, encoding, distances);
        return to_probe(eval::nearest_of(gallery, distances, gallery::k_nobody, gallery.rows()), person);
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

struct PairPhoto {
    std::uint32_t person{};
    std::size_t row{};  ///< of the gallery, or behind it
    std::span<const float> encoding;
};

struct PhotoPairs {
    float own{eval::k_never};
    std::vector<eval::PairComparison> others;
};

/// By person, at most k_pair_photos of each, spread over those that there are.
std::vector<PairPhoto> some_of_each(std::vector<PairPhoto> photos) {
    std::stable_sort(photos.begin(), photos.end(),
                     [](const PairPhoto& a, const PairPhoto& b) { return a.person < b.person; });
    std::vector<PairPhoto> some;
    for (std::size_t first = 0, last = 0; first < photos.size(); first = last) {
        while (last < photos.size() && photos[last].person == photos[first].person) {
            ++last;
        }
        const auto count = std::min(last - first, k_pair_photos);
        for (std::size_t i = 0; i < count; ++i) {
            some.push_back(photos[first + i * (last - first) / count]);
        }
    }
    return some;
}

bool is_drawn(eval::Random& random, double share) {
    constexpr double k_all = 18446744073709551616.0;  // 2^64
    return static_cast<double>(random.next()) < share * k_all;
}

/// One of the store's extras, replaced or, with an empty text, taken away.
gallery::SetExtra set_extra(const gallery::Gallery& gallery, std::string_view name, std::string text) {
    return {std::string(name), std::string(gallery.extra(name)), std::move(text)};
}

/// The rate is asked for once and promised as an interval: so wide a one promises nothing.
void warn_of_width(const eval::Interval& interval, double rate) {
    constexpr double k_wide = 5;  // times the rate
    if (interval.high > std::min(0.5, k_wide * rate)) {
        log::warn(
            "so few people leave open whether the rate is {:.1f} % or {:.1f} %, where {:g} % are wanted; more "
            "people as strangers (--impostors DIR) narrow that",
            100 * interval.low, 100 * interval.high, 100 * rate);
    }
}

/// What a store keeps; nothing where it is damaged, as it is about to be replaced.
template <class Kept>
Kept as_far_as_it_reads(const std::function<Kept()>& read) {
    try {
        return read();
    } catch (const Error&) {
        return {};
    }
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

eval::PairProbes pair_probes(const gallery::Gallery& gallery, const std::vector<Stranger>& strangers,
                             const eval::PairRequest& request, int jobs) {
    std::vector<PairPhoto> all;
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        if (!gallery.is_vacant(row)) {
            all.push_back({gallery.persons()[row], row, gallery.encoding(row)});
        }
    }
    for (const auto& stranger : strangers) {
        all.push_back({stranger.person, gallery.rows(), stranger.encoding});
    }
    const auto photos = some_of_each(std::move(all));
    eval::PairProbes probes;
    probes.gallery_people = gallery.people();
    probes.photos.resize(photos.empty() ? 0 : photos.back().person + 1);
    for (const auto& photo : photos) {
        ++probes.photos[photo.person];
    }
    // As no photo weighs less than 1 / k_pair_photos of another, so many times the wanted rate reach it by weight, too.
    constexpr std::size_t k_kept = 1'000'000;
    const double wanted = static_cast<double>(k_pair_photos) * request.far * static_cast<double>(photos.size()) *
                          static_cast<double>(gallery.people());
    probes.share = std::min(1.0, static_cast<double>(k_kept) / wanted);
    eval::NearestPairs nearest(k_kept);
    ask<PhotoPairs>(
        gallery, photos.size(), jobs,
        [&](std::size_t i, std::span<float> distances) {
            const auto& photo = photos[i];
            eval::all_distances(gallery, photo.encoding, distances);
            std::vector<float> to_person(gallery.people(), eval::k_never);
            for (std::size_t row = 0; row < distances.size(); ++row) {
                if (row != photo.row && !gallery.is_vacant(row)) {
                    auto& distance = to_person[gallery.persons()[row]];
                    distance = std::min(distance, distances[row]);
                }
            }
            PhotoPairs pairs;
            eval::Random random(request.seed + i);
            const float cap = nearest.cap();
            for (std::uint32_t person = 0; person < to_person.size(); ++person) {
                if (person == photo.person) {
                    pairs.own = to_person[person];
                } else if ((probes.share >= 1 || is_drawn(random, probes.share)) && to_person[person] <= cap &&
                           to_person[person] != eval::k_never) {
                    pairs.others.push_back({to_person[person], photo.person, person});
                }
            }
            return pairs;
        },
        [&](std::size_t i, PhotoPairs&& pairs) {
            nearest.add(pairs.others);
            if (pairs.own != eval::k_never) {
                probes.own.push_back({pairs.own, true, photos[i].person, photos[i].person});
            }
        });
    probes.nearest = nearest.take();
    return probes;
}

CalibrateResult calibrate(const CalibrateOptions& options, const models::Finder& finder,
                          const CalibrateEvents& events) {
    gallery::StoreWriter writer(options.store, {"calibrate", options.wait_seconds, {}});
    const auto gallery = writer.gallery();
    if (!gallery) {
        throw Error(ErrorCode::store_missing, "there is no store at " + printable(options.store.native()) +
                                                  "; make one with 'mien train', or name another with --store");
    }
    using eval::k_calibration_name;
    using eval::k_pair_calibration_name;
    CalibrateResult result;
    result.removed = options.remove;
    result.before = as_far_as_it_reads<decltype(result.before)>([&] { return eval::kept_calibration(*gallery); });
    result.pairs_before =
        as_far_as_it_reads<decltype(result.pairs_before)>([&] { return eval::kept_pair_calibration(*gallery); });
    if (options.remove) {
        std::vector<gallery::Operation> operations;
        for (const auto name : {k_calibration_name, k_pair_calibration_name}) {
            if (!gallery->extra(name).empty()) {
                operations.emplace_back(set_extra(*gallery, name, {}));
            }
        }
        if (!options.dry_run && !operations.empty()) {
            writer.commit("the calibration is gone", std::move(operations));
        }
        return result;
    }
    pipeline::Blueprint::set_workers(options.encode.jobs);
    if (const auto decision = decision_of_model(*gallery)) {
        result.model_threshold = decision->threshold;
    }
    std::vector<Stranger> strangers;
    if (!options.impostors.empty()) {
        strangers = impostors_of(options, *gallery, blueprint_of_store(*gallery, {}, finder), events, result);
    }
    const auto keep = [&](auto& calibration, std::string_view name, const std::string& what) {
        calibration.encoder = gallery->contract().encoder;
        calibration.weights = gallery->contract().weights;
        calibration.fingerprint = gallery->description().fingerprint;
        calibration.gallery_people = gallery->people();
        calibration.time = std::time(nullptr);
        if (!options.dry_run) {
            writer.commit(what + " " + Json(rounded(calibration.threshold, 4)).dump(),
                          {set_extra(*gallery, name, to_line(eval::to_json(calibration)))});
        }
    };
    if (options.far) {
        const eval::PairRequest request{*options.far, options.request.draws, options.request.seed};
        result.pairs_after =
            eval::calibrate_pairs(pair_probes(*gallery, strangers, request, options.encode.jobs), request);
        warn_of_width(result.pairs_after->interval, *options.far);
        keep(*result.pairs_after, k_pair_calibration_name, "1:1 threshold");
        return result;
    }
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
    for (const auto& probe : stranger_probes(strangers, *gallery, matcher.get(), options.encode.jobs)) {
        people = std::max<std::size_t>(people, probe.person + 1);
        probes.push_back(probe);
    }
    result.after = eval::calibrate(probes, people, options.request);
    result.after->matcher = kind;
    result.after->gallery_records = gallery->size();
    warn_of_width(result.after->interval, options.request.fpir);
    keep(*result.after, k_calibration_name, "threshold");
    return result;
}

Json to_json(const CalibrateResult& result) {
    Json json = Json::object();
    if (result.removed || result.after) {
        json["calibration"] = result.after ? eval::to_json(*result.after) : Json(nullptr);
        json["before"] =
            result.before ? Json({{"threshold", rounded(result.before->threshold, 6)}, {"fpir", result.before->fpir}})
                          : Json(nullptr);
    }
    if (result.removed || result.pairs_after) {
        json["pair_calibration"] = result.pairs_after ? eval::to_json(*result.pairs_after) : Json(nullptr);
        json["pairs_before"] =
            result.pairs_before
                ? Json({{"threshold", rounded(result.pairs_before->threshold, 6)}, {"far", result.pairs_before->far}})
                : Json(nullptr);
    }
    if (!result.removed) {
        json["model_threshold"] = result.model_threshold ? Json(*result.model_threshold) : Json(nullptr);
        json["impostor_photos"] = result.impostor_photos;
        json["impostor_people"] = result.impostor_people;
        json["impostor_copies"] = result.impostor_copies;
        json["impostors_without_face"] = result.impostors_without_face;
    }
    return json;
}

}  // namespace mien::service
