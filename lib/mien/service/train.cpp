// SPDX-License-Identifier: MIT
#include <mien/service/train.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/log.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/match/svm.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/pipeline/result_log.hpp>
#include <mien/service/augment.hpp>
#include <mien/service/fit.hpp>
#include <mien/service/import.hpp>
#include <mien/service/store_choices.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace mien::service {

class AheadResults {
public:
    std::string fingerprint;
    std::unordered_map<Sha256, pipeline::FinishedPhoto, Sha256Hash> photos;
};

namespace {

namespace fs = std::filesystem;
using gallery::Gallery;
using gallery::Outcome;
using gallery::Record;
using pipeline::FinishedPhoto;

/// A photo file with the person that its place says.
struct LabelledPhoto {
    fs::path path;
    std::string name;   ///< as the store names it
    std::string label;  ///< empty: no label, see problem
    std::string problem;
};

std::vector<LabelledPhoto> labelled_photos(const fs::path& dataset, const Workspace& workspace) {
    std::vector<LabelledPhoto> photos;
    for (auto& path : photos_in(dataset)) {
        const auto inside = path.lexically_relative(dataset);
        const bool flat = std::distance(inside.begin(), inside.end()) == 1;
        LabelledPhoto photo{path, workspace.name_of(path), {}, {}};
        try {
            photo.label = to_label(flat ? inside.stem().native() : inside.begin()->native());
        } catch (const Error& error) {
            photo.problem = error.what();
        }
        photos.push_back(std::move(photo));
    }
    return photos;
}

/// Results that need no decoding: those of the store that is there, those of an interrupted run, and those that this
/// run made ahead. All may be null.
class KnownResults {
public:
    KnownResults(std::shared_ptr<const Gallery> store, const pipeline::ResultLog* log, const AheadResults* ahead)
        : m_store(std::move(store)), m_log(log), m_ahead(ahead) {
        if (!m_store) {
            return;
        }
        for (std::size_t row = 0; row < m_store->rows(); ++row) {
            if (!m_store->is_vacant(row)) {
                m_records.emplace(m_store->photo_hash(row), row);
            }
        }
        for (const auto& photo : m_store->skipped()) {
            m_skipped.emplace(photo.photo_hash, &photo);
        }
    }

    [[nodiscard]] std::optional<FinishedPhoto> find(const Sha256& hash) const {
        if (const auto found = m_records.find(hash); found != m_records.end()) {
            const auto record = m_store->record(found->second);
            return FinishedPhoto{
                Verdict::known,
                {},
                {{record.box, record.score, record.quality, {record.encoding.begin(), record.encoding.end()}}}};
        }
        if (const auto found = m_skipped.find(hash); found != m_skipped.end()) {
            return FinishedPhoto{to_verdict(found->second->outcome), found->second->reason, {}};
        }
        if (const auto* finished = m_log != nullptr ? m_log->find(hash) : nullptr) {
            return *finished;
        }
        return std::nullopt;
    }

    [[nodiscard]] const FinishedPhoto* find_ahead(const Sha256& hash) const {
        if (m_ahead == nullptr) {
            return nullptr;
        }
        const auto found = m_ahead->photos.find(hash);
        return found == m_ahead->photos.end() ? nullptr : &found->second;
    }

private:
    static Verdict to_verdict(Outcome outcome) {
        switch (outcome) {
            case Outcome::no_face: return Verdict::no_face;
            case Outcome::several_faces: return Verdict::several_faces;
            case Outcome::unreadable: return Verdict::unreadable;
        }
        return Verdict::unreadable;
    }

    std::shared_ptr<const Gallery> m_store;
    const pipeline::ResultLog* m_log;
    const AheadResults* m_ahead;
    std::unordered_map<Sha256, std::size_t, Sha256Hash> m_records;
    std::unordered_map<Sha256, const gallery::SkippedPhoto*, Sha256Hash> m_skipped;
};

/// Photos whose faces other verbs named: what they said stands, also of photos that show several people.
class NamedElsewhere {
public:
    explicit NamedElsewhere(const Gallery* store) {
        for (std::size_t row = 0; store != nullptr && row < store->rows(); ++row) {
            if (!store->is_vacant(row) && store->origin(row) != Origin::train) {
                const auto record = store->record(row);
                m_labels[record.photo_hash].emplace_back(record.label);
                if (goes_by_name(record)) {
                    m_by_name[std::string(record.photo)].emplace_back(record.label);
                }
            }
        }
    }

    /// The people of a photo, null where no other verb has named any.
    [[nodiscard]] const std::vector<std::string>* find(const Sha256& hash, const std::string& photo) const {
        if (const auto found = m_labels.find(hash); found != m_labels.end()) {
            return &found->second;
        }
        const auto found = m_by_name.find(photo);
        return found == m_by_name.end() ? nullptr : &found->second;
    }

private:
    std::unordered_map<Sha256, std::vector<std::string>, Sha256Hash> m_labels;
    std::unordered_map<std::string, std::vector<std::string>> m_by_name;
};

/// One photo's way through a worker.
struct Work {
    Sha256 hash;
    UnixTime time{};
    FinishedPhoto result;
    bool reused{};
    const std::vector<std::string>* named{};  ///< by another verb; then there is no result
    bool opened{true};                        ///< false: the file could not be read, so nothing is known of its content
};

UnixTime file_time(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mtim.tv_sec : 0;
}

/// worker: asked for where a photo has to be looked at
Work work_on(const LabelledPhoto& photo, const std::function<pipeline::Worker&()>& worker, const KnownResults& known,
             const NamedElsewhere& named, pipeline::Faces faces) {
    Work work;
    work.time = file_time(photo.path);
    std::vector<std::byte> bytes;
    try {
        bytes = read_file(photo.path, k_largest_photo_file);
    } catch (const Error& error) {
        work.opened = false;
        work.result = {Verdict::unreadable, error.what(), {}};
        return work;
    }
    work.hash = sha256(bytes);
    if ((work.named = named.find(work.hash, photo.name)) != nullptr) {
        work.reused = true;
    } else if (auto finished = known.find(work.hash)) {
        work.result = std::move(*finished);
        work.reused = true;
    } else if (const auto* made = known.find_ahead(work.hash)) {
        work.result = *made;
    } else {
        work.result = pipeline::to_finished(worker().process(bytes, faces));
    }
    return work;
}

/// Gathers results in the order of the paths into what becomes the store.
class Harvest {
public:
    TrainedPhoto take(const LabelledPhoto& photo, const Work& work) {
        ++summary.photos;
        TrainedPhoto trained{photo.name, {}, photo.label, {}};
        if (work.named != nullptr) {
            const bool agrees = std::find(work.named->begin(), work.named->end(), photo.label) != work.named->end();
            trained.outcome = agrees ? "reused" : "duplicate";
            if (!agrees) {
                trained.reason =
                    "confirmed, enrolled or imported as " + work.named->front() + "; 'mien move' changes that";
            }
            ++(agrees ? summary.reused : summary.duplicates);
            return trained;
        }
        const auto first = work.opened ? m_seen.try_emplace(work.hash, &photo).first->second : &photo;
        if (first != &photo) {
            trained.outcome = "duplicate";
            trained.reason = "the same photo as " + printable(first->name);
            if (first->label != photo.label) {
                trained.reason += ", which is labelled " + first->label + "; remove the wrong one";
            }
            ++summary.duplicates;
            return trained;
        }
        if (work.result.verdict != Verdict::known) {
            trained.outcome = to_string(work.result.verdict);
            trained.reason = work.result.reason;
            ++summary.failed;
            if (work.opened) {
                skipped.push_back({photo.name, work.hash, to_outcome(work.result.verdict), work.result.reason});
            }
            return trained;
        }
        trained.outcome = work.reused ? "reused" : "encoded";
        ++(work.reused ? summary.reused : summary.encoded);
        const auto& face = work.result.faces.front();
        records.push_back({photo.label, photo.name, work.hash, face.box, face.score, face.quality, Origin::train,
                           work.time, face.encoding});
        return trained;
    }

    TrainedPhoto refuse(const LabelledPhoto& photo) {
        ++summary.photos;
        ++summary.failed;
        return {photo.name, "bad_label", {}, photo.problem};
    }

    TrainSummary summary;
    std::vector<Record> records;
    std::vector<gallery::SkippedPhoto> skipped;

private:
    static Outcome to_outcome(Verdict verdict) {
        return verdict == Verdict::no_face         ? Outcome::no_face
               : verdict == Verdict::several_faces ? Outcome::several_faces
                                                   : Outcome::unreadable;
    }

    std::unordered_map<Sha256, const LabelledPhoto*, Sha256Hash> m_seen;
};

/// What was added by other verbs stays; train owns only what it learned from the folders. A face that another verb
/// added from the same photo stays as that verb says.
void keep_other_origins(const Gallery& store, const ModelContract& contract, Harvest& harvest) {
    std::unordered_set<std::uint64_t> kept;
    std::vector<Record> others;
    for (std::size_t row = 0; row < store.rows(); ++row) {
        if (store.is_vacant(row) || store.origin(row) == Origin::train) {
            continue;
        }
        if (store.contract() != contract) {
            throw Error(ErrorCode::model_mismatch, "the store holds confirmed or enrolled encodings of " +
                                                       store.contract().encoder + "; training with " +
                                                       contract.encoder + " would mix two models");
        }
        others.push_back(store.record(row).copy());
        kept.insert(gallery::record_id(others.back().photo_hash, others.back().box));
    }
    std::erase_if(harvest.records, [&kept](const Record& record) {
        return kept.contains(gallery::record_id(record.photo_hash, record.box));
    });
    std::move(others.begin(), others.end(), std::back_inserter(harvest.records));
}

std::size_t count_removed(const Gallery& store, const Harvest& harvest) {
    std::unordered_set<Sha256, Sha256Hash> present;
    for (const auto& record : harvest.records) {
        present.insert(record.photo_hash);
    }
    std::size_t removed = 0;
    for (std::size_t row = 0; row < store.rows(); ++row) {
        removed += store.is_vacant(row) || present.contains(store.photo_hash(row)) ? 0U : 1U;
    }
    return removed;
}

/// Photos whose record goes although they are there: they give none with the settings of this run.
std::size_t count_lost(const Gallery& store, const Harvest& harvest) {
    std::unordered_set<Sha256, Sha256Hash> lost;
    for (const auto& photo : harvest.skipped) {
        if (!store.rows_of_photo(photo.photo_hash).empty()) {
            lost.insert(photo.photo_hash);
        }
    }
    return lost.size();
}

/// Opens the store for writing; with rebuild, a damaged one is set aside.
std::unique_ptr<gallery::StoreWriter> open_store(const fs::path& file, const TrainOptions& options) {
    const gallery::WriterOptions writer{"train", options.wait_seconds, options.user};
    try {
        return std::make_unique<gallery::StoreWriter>(file, writer);
    } catch (const Error& error) {
        if (!options.rebuild || error.code() != ErrorCode::store_corrupt) {
            throw;
        }
        log::warn("{}; it is replaced", error.what());
    }
    gallery::set_aside(file, writer);
    return std::make_unique<gallery::StoreWriter>(file, writer);
}

/// Counts the operations for people: "12 added, 1 removed".
std::string summarise(const std::vector<gallery::Operation>& operations) {
    std::size_t added = 0;
    std::size_t removed = 0;
    std::size_t moved = 0;
    for (const auto& operation : operations) {
        added += std::holds_alternative<gallery::Add>(operation) ? 1U : 0U;
        removed += std::holds_alternative<gallery::Remove>(operation) ? 1U : 0U;
        moved += std::holds_alternative<gallery::Relabel>(operation) ? 1U : 0U;
    }
    return std::to_string(added) + " added, " + std::to_string(removed) + " removed, " + std::to_string(moved) +
           " moved";
}

/// Takes the writer from what it holds to the gallery: as a change where it is small, else as a new archive.
/// returns: whether there was a difference
bool keep(gallery::StoreWriter& writer, const Gallery& gallery) {
    const auto before = writer.gallery();
    const auto all = std::to_string(gallery.size()) + " encodings of " + std::to_string(gallery.people()) + " people";
    if (!before || before->contract() != gallery.contract()) {
        writer.replace(gallery, all);
        return true;
    }
    auto operations = difference(*before, gallery);
    if (operations.empty()) {
        return false;
    }
    constexpr std::size_t k_few = 1000;
    constexpr std::size_t k_share = 4;
    auto summary = summarise(operations);
    if (operations.size() > std::max(k_few, before->size() / k_share)) {
        writer.replace(gallery, std::move(summary));
    } else {
        writer.commit(std::move(summary), std::move(operations));
        writer.compact_if_it_pays();
    }
    return true;
}

/// Whether what is fitted learns from altered copies. gallery: what the matcher is kept in, or null
/// throws: Error{usage} where it does not, and copies are asked for
bool learns_copies(const TrainOptions& options, const Gallery* gallery) {
    const auto name = gallery != nullptr ? match::decided(options.matcher, *gallery).name : options.matcher.name;
    if (name != "svm" && options.augment.value_or(0) > 0) {
        throw Error(ErrorCode::usage,
                    "only the matcher svm learns from altered copies (--augment); add '--matcher svm'");
    }
    return name == "svm";
}

/// The gallery with the altered copies of its faces that its svm wants. store: the one before, where it is of the same
/// model, else null
std::shared_ptr<const Gallery> with_copies(const std::shared_ptr<const Gallery>& gallery, const Gallery* store,
                                           const pipeline::Options& pipeline, const TrainOptions& options,
                                           const models::Finder& finder, TrainSummary& summary) {
    const auto copies = options.augment.value_or(store != nullptr ? gallery::augmented_copies(*store) : 0);
    const bool learns = copies > 0 && learns_copies(options, gallery.get());
    if (learns && gallery->size() * (copies + 1) > match::k_most_svm_encodings) {
        throw Error(ErrorCode::usage,
                    "an svm learns from at most " + std::to_string(match::k_most_svm_encodings) + " encodings; " +
                        std::to_string(gallery->size()) + " faces with " + std::to_string(copies) +
                        " altered copies each are more; the most is --augment " +
                        std::to_string(std::max(match::k_most_svm_encodings / gallery->size(), std::size_t{1}) - 1));
    }
    const bool makes = learns || options.augment;
    auto augmented = augment(
        gallery, {options.workspace, pipeline, makes ? std::optional(copies) : std::nullopt, options.jobs}, finder);
    summary.augmented = augmented.made;
    if (augmented.lost > 0) {
        log::warn("{} faces have no altered copies: their photos are gone, or show no face in its place",
                  augmented.lost);
    }
    return augmented.gallery;
}

/// What the store keeps for other verbs, as far as it means the same for the records to come.
gallery::Extras extras_of(const Gallery& store, bool copies_too) {
    auto extras = store.extras();
    std::erase_if(extras, [copies_too](const auto& extra) {
        return !copies_too && extra.first.starts_with(gallery::k_augmented_prefix);
    });
    return extras;
}

/// How photos become encodings, and what of the store that is there stays true. store: or null
struct Method {
    Method(const TrainOptions& options, std::shared_ptr<const Gallery> store, const models::Finder& finder)
        : pipeline(store ? as_built(*store, options.pipeline, finder) : options.pipeline),
          blueprint(pipeline, finder),
          faces(options.faces.value_or(store ? trained_faces(*store) : pipeline::Faces::one)),
          description(description_of(blueprint, faces)),
          same_model(store && store->contract() == *blueprint.contract()),
          reusable(store && !options.rebuild && store->description().fingerprint == description.fingerprint),
          named(same_model ? store.get() : nullptr),
          jobs(options.jobs) {}

    /// Looks at all photos, and hands out what it sees in their order.
    /// throws: Error{interrupted} that says how many are `kept`
    void look(const std::vector<LabelledPhoto>& photos, const KnownResults& known, const std::string& kept,
              const std::function<void(std::size_t, Work&&)>& take) const {
        pipeline::Blueprint::set_workers(jobs);
        const auto make_work = [&]() -> std::function<Work(std::size_t)> {
            // The networks are loaded when the first photo needs them: a run that changes nothing does without.
            return [&, worker = std::shared_ptr<pipeline::Worker>()](std::size_t i) mutable {
                if (photos[i].label.empty()) {
                    return Work{};
                }
                const auto tools = [&]() -> pipeline::Worker& {
                    if (!worker) {
                        worker = blueprint.make_worker();
                    }
                    return *worker;
                };
                return work_on(photos[i], tools, known, named, faces);
            };
        };
        const auto taken = pipeline::run_in_order<Work>(photos.size(), jobs, make_work, take);
        if (taken < photos.size()) {
            throw Error(ErrorCode::interrupted, "interrupted: " + std::to_string(taken) + " of " +
                                                    std::to_string(photos.size()) + " photos are done" + kept);
        }
    }

    pipeline::Options pipeline;
    pipeline::Blueprint blueprint;
    pipeline::Faces faces;
    gallery::Description description;
    bool same_model;
    bool reusable;
    NamedElsewhere named;
    int jobs;
};

/// Whether the result is worth keeping for a run that would otherwise look again.
bool is_new(const LabelledPhoto& photo, const Work& work) {
    return work.opened && !work.reused && !photo.label.empty();
}

}  // namespace

std::shared_ptr<const AheadResults> encode_ahead(const TrainOptions& options, const models::Finder& finder) {
    const auto dataset = options.dataset.empty() ? options.workspace.training() : options.dataset;
    const auto output = options.workspace.store(options.output);
    const auto store = fs::exists(output) ? gallery::load_store(output) : nullptr;
    const Method method(options, store, finder);
    const KnownResults known(method.reusable ? store : nullptr, nullptr, nullptr);
    const auto photos = labelled_photos(dataset, options.workspace);
    auto ahead = std::make_shared<AheadResults>();
    ahead->fingerprint = method.description.fingerprint;
    method.look(photos, known, "", [&](std::size_t i, Work&& work) {
        if (is_new(photos[i], work)) {
            ahead->photos.emplace(work.hash, std::move(work.result));
        }
    });
    return ahead;
}

TrainSummary train(const TrainOptions& options, const models::Finder& finder, const TrainEvents& events) {
    const auto started = std::chrono::steady_clock::now();
    const auto dataset = options.dataset.empty() ? options.workspace.training() : options.dataset;
    const auto output = options.workspace.store(options.output);

    const auto photos = labelled_photos(dataset, options.workspace);
    if (photos.empty()) {
        throw Error(ErrorCode::runtime, "there are no photos in " + printable(dataset.native()) +
                                            "; put them in folders named after the people, LABEL/PHOTO.jpg");
    }
    const auto writer = open_store(output, options);
    const auto store = writer->gallery();
    if (options.matcher.vote || options.matcher.only_svm) {
        // refuses what is of another matcher
        static_cast<void>(store ? match::decided(options.matcher, *store) : match::decided(options.matcher));
    }
    if (options.augment) {
        learns_copies(options, store.get());  // before anything is encoded
    }

    const Method method(options, store, finder);
    const auto& fingerprint = method.description.fingerprint;
    auto partial = output;
    partial += ".partial";
    if (options.rebuild) {
        fs::remove(partial);
    }
    pipeline::ResultLog log(partial, fingerprint, method.blueprint.contract()->dim);
    const bool had_ahead = options.ahead && options.ahead->fingerprint == fingerprint;
    const KnownResults known(method.reusable ? store : nullptr, &log, had_ahead ? options.ahead.get() : nullptr);
    if (events.started) {
        events.started(photos.size());
    }

    Harvest harvest;
    const auto take = [&](std::size_t i, Work&& work) {
        const auto& photo = photos[i];
        if (is_new(photo, work)) {
            log.append(work.hash, work.result);
        }
        const auto trained = photo.label.empty() ? harvest.refuse(photo) : harvest.take(photo, work);
        if (events.photo) {
            events.photo(trained);
        }
    };
    method.look(photos, known, " and kept; run the same command to go on", take);

    auto& summary = harvest.summary;
    if (store) {
        keep_other_origins(*store, *method.blueprint.contract(), harvest);
        summary.removed = count_removed(*store, harvest);
        if (const auto lost = count_lost(*store, harvest); lost > 0) {
            log::warn(
                "encodings gone although their photos are still there: {}; look at what is said of these photos; "
                "'mien undo' brings the encodings back",
                lost);
        }
    }
    if (harvest.records.empty()) {
        log.remove();
        throw Error(ErrorCode::runtime, "none of the " + std::to_string(photos.size()) + " photos in " +
                                            printable(dataset.native()) + " gave an encoding; the store is as it was");
    }
    std::stable_sort(harvest.records.begin(), harvest.records.end(),
                     [](const Record& a, const Record& b) { return a.photo < b.photo; });
    const auto built = Gallery::build(method.description, harvest.records, std::move(harvest.skipped),
                                      method.same_model ? store->denials() : std::vector<gallery::Denial>(),
                                      method.same_model ? extras_of(*store, method.reusable) : gallery::Extras());
    const auto gallery =
        with_copies(built, method.same_model ? store.get() : nullptr, method.pipeline, options, finder, summary);
    summary.changed = keep(*writer, *with_fitted_matcher(gallery, options.matcher));
    log.remove();

    summary.people = gallery->people();
    summary.records = gallery->size();
    summary.detector = method.blueprint.detector();
    summary.encoder = method.blueprint.contract()->encoder;
    summary.store = output;
    summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return summary;
}

Json to_json(const TrainedPhoto& photo) {
    Json json{{"photo", photo.photo}, {"outcome", photo.outcome}};
    if (!photo.label.empty()) {
        json["label"] = photo.label;
    }
    if (!photo.reason.empty()) {
        json["reason"] = photo.reason;
    }
    return json;
}

Json to_json(const TrainSummary& summary) {
    return {{"summary",
             {{"photos", summary.photos},
              {"encoded", summary.encoded},
              {"reused", summary.reused},
              {"duplicates", summary.duplicates},
              {"failed", summary.failed},
              {"removed", summary.removed},
              {"people", summary.people},
              {"encodings", summary.records},
              {"augmented", summary.augmented},
              {"seconds", rounded(summary.seconds, 3)},
              {"detector", summary.detector},
              {"encoder", summary.encoder},
              {"store", summary.store.native()},
              {"changed", summary.changed}}}};
}

}  // namespace mien::service
