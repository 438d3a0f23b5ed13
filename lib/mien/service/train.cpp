// SPDX-License-Identifier: MIT
#include <mien/service/train.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/log.hpp>
#include <mien/gallery/archive.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/pipeline/result_log.hpp>
#include <mien/service/store_choices.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <unordered_map>

namespace mien::service {
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

/// Results that need no decoding: those of the store that is there, and those of an interrupted run.
class KnownResults {
public:
    KnownResults(std::shared_ptr<const Gallery> store, const pipeline::ResultLog& log)
        : m_store(std::move(store)), m_log(log) {
        if (!m_store) {
            return;
        }
        for (std::size_t i = 0; i < m_store->size(); ++i) {
            if (m_store->record(i).origin == Origin::train) {
                m_records.emplace(m_store->columns().photo_hashes[i], i);
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
                Verdict::known, {}, {{record.box, record.score, 0, {record.encoding.begin(), record.encoding.end()}}}};
        }
        if (const auto found = m_skipped.find(hash); found != m_skipped.end()) {
            return FinishedPhoto{to_verdict(found->second->outcome), found->second->reason, {}};
        }
        if (const auto* finished = m_log.find(hash)) {
            return *finished;
        }
        return std::nullopt;
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
    const pipeline::ResultLog& m_log;
    std::unordered_map<Sha256, std::size_t, Sha256Hash> m_records;
    std::unordered_map<Sha256, const gallery::SkippedPhoto*, Sha256Hash> m_skipped;
};

/// One photo's way through a worker.
struct Work {
    Sha256 hash;
    UnixTime time{};
    FinishedPhoto result;
    bool reused{};
    bool opened{true};  ///< false: the file could not be read, so nothing is known of its content
};

UnixTime file_time(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mtim.tv_sec : 0;
}

FinishedPhoto to_finished(pipeline::PhotoResult&& result) {
    FinishedPhoto finished{result.verdict, std::move(result.reason), {}};
    for (auto& face : result.faces) {
        finished.faces.push_back({face.box, face.score, face.quality.score, std::move(face.encoding.values)});
    }
    return finished;
}

Work work_on(const LabelledPhoto& photo, pipeline::Worker* worker, const KnownResults& known, pipeline::Faces faces) {
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
    if (auto finished = known.find(work.hash)) {
        work.result = std::move(*finished);
        work.reused = true;
    } else {
        work.result = to_finished(worker->process(bytes, faces));
    }
    return work;
}

/// Gathers results in the order of the paths into what becomes the store.
class Harvest {
public:
    TrainedPhoto take(const LabelledPhoto& photo, const Work& work) {
        ++summary.photos;
        TrainedPhoto trained{photo.name, {}, photo.label, {}};
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
        records.push_back(
            {photo.label, photo.name, work.hash, face.box, face.score, Origin::train, work.time, face.encoding});
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

/// What was added by other verbs stays; train owns only what it learned from the folders.
void keep_other_origins(const Gallery& store, const ModelContract& contract, Harvest& harvest) {
    for (std::size_t i = 0; i < store.size(); ++i) {
        const auto record = store.record(i);
        if (record.origin == Origin::train) {
            continue;
        }
        if (store.contract() != contract) {
            throw Error(ErrorCode::model_mismatch, "the store holds confirmed or enrolled encodings of " +
                                                       store.contract().encoder + "; training with " +
                                                       contract.encoder + " would mix two models");
        }
        harvest.records.push_back({std::string(record.label),
                                   std::string(record.photo),
                                   record.photo_hash,
                                   record.box,
                                   record.score,
                                   record.origin,
                                   record.time,
                                   {record.encoding.begin(), record.encoding.end()}});
    }
}

std::size_t count_removed(const Gallery& store, const Harvest& harvest) {
    std::unordered_map<Sha256, bool, Sha256Hash> present;
    for (const auto& record : harvest.records) {
        present.emplace(record.photo_hash, true);
    }
    std::size_t removed = 0;
    for (const auto& hash : store.columns().photo_hashes) {
        removed += present.contains(hash) ? 0U : 1U;
    }
    return removed;
}

/// Whether the file holds the gallery's bytes already.
bool is_on_disk(const fs::path& file, const Gallery& gallery) {
    const MappedFile mapped(file);
    auto rest = mapped.bytes();
    bool same = true;
    gallery::write_archive(gallery, [&](Bytes piece) {
        same = same && piece.size() <= rest.size() && std::memcmp(piece.data(), rest.data(), piece.size()) == 0;
        rest = same ? rest.subspan(piece.size()) : Bytes{};
    });
    return same && rest.empty();
}

std::shared_ptr<const Gallery> existing_store(const fs::path& file, bool rebuild) {
    if (!fs::exists(file)) {
        return nullptr;
    }
    try {
        return gallery::load_store(file);
    } catch (const Error& error) {
        if (!rebuild) {
            throw;
        }
        log::warn("{}; it is replaced", error.what());
        return nullptr;
    }
}

}  // namespace

TrainSummary train(const TrainOptions& options, const models::Finder& finder, const TrainEvents& events) {
    const auto started = std::chrono::steady_clock::now();
    const auto dataset = options.dataset.empty() ? options.workspace.training() : options.dataset;
    const auto output = options.output.empty() ? options.workspace.store() : options.output;

    const auto photos = labelled_photos(dataset, options.workspace);
    if (photos.empty()) {
        throw Error(ErrorCode::runtime, "there are no photos in " + printable(dataset.native()) +
                                            "; put them in folders named after the people, LABEL/PHOTO.jpg");
    }
    const FileLock lock(gallery::lock_file(output), "train", options.wait_seconds);
    const auto store = existing_store(output, options.rebuild);

    pipeline::Blueprint::set_workers(options.jobs);
    const pipeline::Blueprint blueprint(store ? as_built(*store, options.pipeline, finder) : options.pipeline, finder);
    const auto fingerprint = blueprint.fingerprint(options.faces);

    auto partial = output;
    partial += ".partial";
    if (options.rebuild) {
        fs::remove(partial);
    }
    pipeline::ResultLog log(partial, fingerprint, blueprint.contract()->dim);
    const bool reusable = store && !options.rebuild && store->description().fingerprint == fingerprint;
    const KnownResults known(reusable ? store : nullptr, log);
    if (events.started) {
        events.started(photos.size());
    }

    Harvest harvest;
    const auto make_work = [&]() -> std::function<Work(std::size_t)> {
        // The networks are loaded when the first photo needs them: a run that changes nothing does without.
        return [&, worker = std::shared_ptr<pipeline::Worker>()](std::size_t i) mutable {
            if (photos[i].label.empty()) {
                return Work{};
            }
            if (!worker) {
                worker = blueprint.make_worker();
            }
            return work_on(photos[i], worker.get(), known, options.faces);
        };
    };
    const auto take = [&](std::size_t i, Work&& work) {
        const auto& photo = photos[i];
        if (work.opened && !work.reused && !photo.label.empty()) {
            log.append(work.hash, work.result);
        }
        const auto trained = photo.label.empty() ? harvest.refuse(photo) : harvest.take(photo, work);
        if (events.photo) {
            events.photo(trained);
        }
    };
    const auto taken = pipeline::run_in_order<Work>(photos.size(), options.jobs, make_work, take);
    if (taken < photos.size()) {
        throw Error(ErrorCode::interrupted, "interrupted: " + std::to_string(taken) + " of " +
                                                std::to_string(photos.size()) +
                                                " photos are done and kept; run the same command to go on");
    }

    auto& summary = harvest.summary;
    if (store) {
        keep_other_origins(*store, *blueprint.contract(), harvest);
        summary.removed = count_removed(*store, harvest);
    }
    if (harvest.records.empty()) {
        log.remove();
        throw Error(ErrorCode::runtime, "none of the " + std::to_string(photos.size()) + " photos in " +
                                            printable(dataset.native()) + " gave an encoding; the store is as it was");
    }
    std::stable_sort(harvest.records.begin(), harvest.records.end(),
                     [](const Record& a, const Record& b) { return a.photo < b.photo; });
    const auto gallery = Gallery::build({*blueprint.contract(), to_line(blueprint.settings()), fingerprint},
                                        harvest.records, std::move(harvest.skipped));
    summary.changed = !store || !is_on_disk(output, *gallery);
    if (summary.changed) {
        gallery::save_store(output, *gallery);
    }
    log.remove();

    summary.people = gallery->people();
    summary.records = gallery->size();
    summary.detector = blueprint.detector();
    summary.encoder = blueprint.contract()->encoder;
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
              {"seconds", rounded(summary.seconds, 3)},
              {"detector", summary.detector},
              {"encoder", summary.encoder},
              {"store", summary.store.native()},
              {"changed", summary.changed}}}};
}

}  // namespace mien::service
