// SPDX-License-Identifier: MIT
#include <mien/service/reencode.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/faces.hpp>
#include <mien/service/photo_finder.hpp>

#include <chrono>
#include <map>
#include <unordered_map>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using gallery::Gallery;
using gallery::Record;

/// What the store wants of one photo.
struct Task {
    std::string photo;
    Sha256 hash;
    std::vector<std::size_t> rows;
    std::vector<std::size_t> denials;
};

std::vector<Task> tasks_of(const Gallery& store) {
    std::vector<Task> tasks;
    std::unordered_map<Sha256, std::size_t, Sha256Hash> numbers;
    const auto task = [&](std::string_view photo, const Sha256& hash) -> Task& {
        const auto [place, is_new] = numbers.try_emplace(hash, tasks.size());
        if (is_new) {
            tasks.push_back({std::string(photo), hash, {}, {}});
        }
        return tasks[place->second];
    };
    for (std::size_t row = 0; row < store.rows(); ++row) {
        if (!store.is_vacant(row)) {
            task(store.photo(row), store.photo_hash(row)).rows.push_back(row);
        }
    }
    for (std::size_t i = 0; i < store.denials().size(); ++i) {
        task(store.denials()[i].photo, store.denials()[i].photo_hash).denials.push_back(i);
    }
    return tasks;
}

struct Work {
    bool found{};
    pipeline::PhotoResult result;
};

class Rebuilding {
public:
    explicit Rebuilding(const Gallery& store) : m_store(store) {}

    void take(const Task& task, const Work& work) {
        for (const auto row : task.rows) {
            auto record = m_store.record(row).copy();
            const auto* face = work.found ? face_at(work.result, record.box) : nullptr;
            if (face == nullptr) {
                lost.push_back({record.label, record.photo, reason(work)});
                continue;
            }
            record.box = face->box;
            record.score = face->score;
            record.quality = face->quality.score;
            record.encoding = face->encoding.values;
            records.push_back(std::move(record));
        }
        for (const auto i : task.denials) {
            auto denial = m_store.denials()[i];
            if (const auto* face = work.found ? face_at(work.result, denial.box) : nullptr) {
                denial.box = face->box;
                denial.encoding = face->encoding.values;
                denials.push_back(std::move(denial));
            } else {
                lost.push_back(
                    {"", denial.photo,
                     (denial.label.empty() ? std::string("not a face") : "not " + denial.label) + ": " + reason(work)});
            }
        }
    }

    std::vector<Record> records;
    std::vector<gallery::Denial> denials;
    std::vector<LostRecord> lost;

private:
    static std::string reason(const Work& work) {
        if (!work.found) {
            return "the photo is gone or has changed";
        }
        return work.result.faces.empty() ? "no face was found: " + work.result.reason
                                         : "the face was not found again in its place";
    }

    const Gallery& m_store;
};

}  // namespace

Reencoded reencode(const ReencodeOptions& options, const models::Finder& finder, const ReencodeEvents& events) {
    const auto started = std::chrono::steady_clock::now();
    const auto file = options.workspace.store(options.store);
    gallery::StoreWriter writer(file, {.verb = "reencode", .wait_seconds = options.wait_seconds});
    const auto store = writer.gallery() ? writer.gallery() : gallery::load_store(file);
    pipeline::Blueprint::set_workers(options.jobs);
    const pipeline::Blueprint blueprint(options.pipeline, finder);

    Reencoded answer;
    answer.from = store->contract().encoder;
    answer.to = blueprint.contract()->encoder;
    if (store->contract() == *blueprint.contract()) {
        throw Error(ErrorCode::usage, "the store is of " + answer.to +
                                          " already; 'mien train --rebuild' encodes the training photos anew");
    }
    const auto tasks = tasks_of(*store);
    if (events.started) {
        events.started(tasks.size());
    }
    PhotoFinder photos(options.workspace);
    Rebuilding rebuilding(*store);
    const auto make_work = [&]() -> std::function<Work(std::size_t)> {
        return [&, worker = std::shared_ptr<pipeline::Worker>(blueprint.make_worker())](std::size_t i) {
            const auto bytes = photos.read(tasks[i].photo, tasks[i].hash);
            return bytes ? Work{true, worker->process(*bytes, pipeline::Faces::all)} : Work{};
        };
    };
    const auto taken =
        pipeline::run_in_order<Work>(tasks.size(), options.jobs, make_work, [&](std::size_t i, Work&& work) {
            rebuilding.take(tasks[i], work);
            if (events.progress) {
                events.progress(i + 1);
            }
        });
    if (taken < tasks.size()) {
        throw Error(ErrorCode::interrupted, "interrupted; the store is as it was");
    }
    answer.records = rebuilding.records.size();
    answer.lost = std::move(rebuilding.lost);
    answer.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (options.dry_run) {
        return answer;
    }
    if (!answer.lost.empty() && !options.drop_missing) {
        const auto& first = answer.lost.front();
        throw Error(ErrorCode::usage,
                    std::to_string(answer.lost.size()) + " of " + std::to_string(answer.lost.size() + answer.records) +
                        " encodings cannot be made anew (" + printable(first.photo) + ": " + first.reason +
                        "); --dry-run lists them, --drop-missing goes on without them. The store is as it was");
    }
    if (rebuilding.records.empty()) {
        throw Error(ErrorCode::runtime, "no encoding can be made anew; the store is as it was");
    }
    // What was fitted to the old encodings, the calibration and the matcher, means nothing to the new ones.
    const auto gallery = Gallery::build(
        {*blueprint.contract(), to_line(blueprint.settings()), blueprint.fingerprint(pipeline::Faces::one)},
        rebuilding.records, {}, std::move(rebuilding.denials));
    writer.replace(*gallery, answer.from + " to " + answer.to);
    answer.change = writer.last_change();
    return answer;
}

Json to_json(const Reencoded& reencoded) {
    Json json{{"from", reencoded.from}, {"to", reencoded.to}, {"encodings", reencoded.records}};
    json["lost"] = Json::array();
    for (const auto& record : reencoded.lost) {
        json["lost"].push_back({{"label", record.label}, {"photo", record.photo}, {"reason", record.reason}});
    }
    json["change"] = reencoded.change;
    json["seconds"] = rounded(reencoded.seconds, 3);
    return json;
}

}  // namespace mien::service
