// SPDX-License-Identifier: MIT
#include <mien/service/pending.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/log.hpp>
#include <mien/eval/cluster.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/faces.hpp>
#include <mien/service/photo_files.hpp>
#include <mien/service/store_choices.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using gallery::Gallery;
using gallery::Record;
using gallery::SkippedPhoto;

constexpr int k_distance_places = 4;
constexpr double k_wait_seconds = 30;  // for somebody else who remembers a photo
/// All records of pending.mien have this label: nobody knows who they are.
constexpr const char* k_label = "?";

UnixTime file_time(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mtim.tv_sec : 0;
}

/// A link is no upload: whoever may write into dataset/ would make us read, and keep, what lies elsewhere.
bool is_upload(const Workspace& workspace, const fs::path& photo) {
    std::error_code problem;
    return fs::is_regular_file(fs::symlink_status(photo, problem)) && lies_in(photo, workspace.inbox());
}

std::vector<fs::path> photos_of_inbox(const Workspace& workspace) {
    auto photos = fs::is_directory(workspace.inbox()) ? photos_in(workspace.inbox()) : std::vector<fs::path>();
    std::erase_if(photos, [&workspace](const fs::path& photo) { return !is_upload(workspace, photo); });
    return photos;
}

bool lies_in_inbox(const Workspace& workspace, std::string_view photo) {
    return is_upload(workspace, workspace.root / photo);
}

/// What one photo adds to pending.mien.
struct Looked {
    std::vector<Record> records;
    std::optional<SkippedPhoto> skipped;
};

Looked to_keep(const PhotoAnswer& answer, const std::string& photo, UnixTime time) {
    Looked looked;
    for (const auto* face : faces_that_wait(answer)) {
        looked.records.push_back({.label = k_label,
                                  .photo = photo,
                                  .photo_hash = answer.hash,
                                  .box = face->box,
                                  .score = face->score,
                                  .quality = face->quality.score,
                                  .origin = Origin::import,
                                  .time = time,
                                  .encoding = face->encoding.values});
    }
    if (looked.records.empty()) {
        const auto outcome =
            answer.verdict == Verdict::no_face ? gallery::Outcome::no_face : gallery::Outcome::unreadable;
        looked.skipped = SkippedPhoto{photo, answer.hash, outcome, answer.reason};
    }
    return looked;
}

/// Opens pending.mien for writing. A damaged one is dropped: it holds nothing that cannot be made again.
std::unique_ptr<gallery::StoreWriter> open_writer(const Workspace& workspace) {
    const auto store = workspace.pending_store();
    const gallery::WriterOptions options{"pending", k_wait_seconds, {}};
    try {
        return std::make_unique<gallery::StoreWriter>(store, options);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::store_corrupt) {
            throw;
        }
        log::warn("{}; the photos are looked at again", error.what());
        const FileLock lock(gallery::StoreFiles(store).lock, options.verb, options.wait_seconds);
        remove_durably(gallery::StoreFiles(store).journal);
        remove_durably(store);
    }
    return std::make_unique<gallery::StoreWriter>(store, options);
}

/// Adds what was seen, and drops what is of no use any more: the faces of photos that have left dataset/.
/// for_good: leave no trace of them
void keep(const Workspace& workspace, const gallery::Description& description, const std::vector<Looked>& looked,
          bool for_good = false) {
    const auto writer = open_writer(workspace);
    const auto there = writer->gallery();
    std::vector<gallery::Operation> operations;
    std::vector<Record> records;
    std::vector<SkippedPhoto> skipped;
    const bool fits = there && there->contract() == description.contract;
    std::set<std::uint64_t> added;  // or there, and of use
    for (std::size_t row = 0; fits && row < there->rows(); ++row) {
        if (there->is_vacant(row)) {
            continue;
        }
        const auto record = there->record(row);
        if (lies_in_inbox(workspace, record.photo)) {
            added.insert(record.id);
        } else {
            operations.emplace_back(gallery::Remove{record.copy()});
        }
    }
    for (const auto& photo : looked) {
        for (const auto& record : photo.records) {
            if (added.insert(gallery::record_id(record.photo_hash, record.box)).second) {
                records.push_back(record);
            }
        }
        if (photo.skipped) {
            skipped.push_back(*photo.skipped);
        }
    }
    if (!fits) {
        writer->replace(*Gallery::build(description, records, skipped), "photos looked at");
        writer->forget_history();
        return;
    }
    for (const auto& photo : there->skipped()) {
        if (!lies_in_inbox(workspace, photo.photo)) {
            operations.emplace_back(gallery::Unskip{photo});
        }
    }
    for (auto& record : records) {
        operations.emplace_back(gallery::Add{std::move(record)});
    }
    for (auto& photo : skipped) {
        if (std::find(there->skipped().begin(), there->skipped().end(), photo) == there->skipped().end()) {
            operations.emplace_back(gallery::Skip{std::move(photo)});
        }
    }
    if (!operations.empty()) {
        writer->commit("photos looked at", std::move(operations));
    }
    // Nobody undoes anything here, and faces that are gone shall not stay in a journal.
    if (for_good || writer->compact_if_it_pays()) {
        writer->forget_history();
    }
}

/// The photos of dataset/ as pending.mien knows them, by name.
struct Remembered {
    std::shared_ptr<const Gallery> gallery;  ///< null: nothing of use
    std::map<std::string, Sha256, std::less<>> photos;
    std::set<Sha256> hashes;

    Remembered(std::shared_ptr<const Gallery> from, const Workspace& workspace) : gallery(std::move(from)) {
        if (!gallery) {
            return;
        }
        for (std::size_t row = 0; row < gallery->rows(); ++row) {
            if (!gallery->is_vacant(row)) {
                add(gallery->photo(row), gallery->photo_hash(row), workspace);
            }
        }
        for (const auto& photo : gallery->skipped()) {
            add(photo.photo, photo.photo_hash, workspace);
        }
    }

private:
    void add(std::string_view photo, const Sha256& hash, const Workspace& workspace) {
        if (lies_in_inbox(workspace, photo)) {
            photos.emplace(photo, hash);
            hashes.insert(hash);
        }
    }
};

/// A photo of dataset/ on its way through a worker.
struct Seen {
    PhotoAnswer answer;
    UnixTime time{};
    bool known{};  ///< the same content is known under another name
};

Seen look_at(const fs::path& photo, const Remembered& remembered, pipeline::Worker* worker,
             const Identifier& identifier) {
    Seen seen;
    seen.time = file_time(photo);
    std::vector<std::byte> bytes;
    try {
        bytes = read_file(photo, k_largest_photo_file);
    } catch (const Error& error) {
        seen.answer.reason = error.what();
        return seen;
    }
    const auto hash = sha256(bytes);
    seen.known = remembered.hashes.contains(hash);
    if (!seen.known) {
        seen.answer = identifier.answer(worker->process(bytes, pipeline::Faces::all));
    }
    seen.answer.hash = hash;
    return seen;
}

std::optional<Suggestion> suggestion_of(const FaceAnswer& face) {
    if (face.candidates.empty() || !face.distance) {
        return std::nullopt;
    }
    return Suggestion{face.candidates.front().label, *face.distance, face.confidence, face.verdict == Verdict::known};
}

/// Names waiting faces, photo by photo.
void suggest(std::vector<WaitingFace>& faces, const Identifier& identifier, const ContractPtr& contract) {
    for (std::size_t begin = 0, end = 0; begin < faces.size(); begin = end) {
        while (end < faces.size() && faces[end].photo_hash == faces[begin].photo_hash) {
            ++end;
        }
        pipeline::PhotoResult photo;
        for (auto i = begin; i < end; ++i) {
            pipeline::Face face;
            face.box = faces[i].box;
            face.score = faces[i].score;
            face.encoding = {contract, faces[i].encoding};
            photo.faces.push_back(std::move(face));
        }
        const auto answer = identifier.answer(std::move(photo));
        for (auto i = begin; i < end; ++i) {
            faces[i].suggestion = suggestion_of(answer.faces[i - begin]);
        }
    }
}

std::string id_of(const std::vector<WaitingFace>& faces, const std::vector<std::size_t>& members) {
    std::vector<std::uint64_t> ids;
    for (const auto member : members) {
        ids.push_back(faces[member].id);
    }
    std::sort(ids.begin(), ids.end());
    constexpr std::string_view k_digits = "0123456789abcdef";
    const auto hash = xxh3(std::as_bytes(std::span(ids)));
    std::string id;
    for (unsigned shift = 0; shift < 32; shift += 4) {
        id += k_digits[hash >> shift & 15U];
    }
    return id;
}

/// Puts the faces into clusters, and both into the order in which people want to see them.
void cluster(Pending& pending, Metric metric) {
    auto& faces = pending.faces;
    if (faces.empty()) {
        return;
    }
    std::vector<float> rows;
    std::vector<eval::Apart> apart;  // faces of one photo; they lie side by side
    for (std::uint32_t i = 0; i < faces.size(); ++i) {
        rows.insert(rows.end(), faces[i].encoding.begin(), faces[i].encoding.end());
        for (auto j = i; j-- > 0 && faces[j].photo_hash == faces[i].photo_hash;) {
            apart.emplace_back(j, i);
        }
    }
    const auto dim = static_cast<std::uint32_t>(faces.front().encoding.size());
    constexpr std::uint64_t k_seed = 1;  // the same faces make the same clusters
    const auto graph = eval::neighbours(metric, dim, rows, pending.threshold);
    const auto group_of = eval::chinese_whispers(graph, apart, k_seed);
    std::vector<std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < faces.size(); ++i) {
        groups.resize(std::max<std::size_t>(groups.size(), group_of[i] + 1));
        groups[group_of[i]].push_back(i);
    }
    const auto oldest = [&faces](const std::vector<std::size_t>& members) {
        return faces[*std::min_element(
                         members.begin(), members.end(),
                         [&faces](std::size_t a, std::size_t b) { return faces[a].time < faces[b].time; })]
            .time;
    };
    std::stable_sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) {
        return a.size() != b.size() ? a.size() > b.size() : oldest(a) < oldest(b);
    });
    std::vector<WaitingFace> sorted;
    for (const auto& group : groups) {
        WaitingCluster made{id_of(faces, group), {}, {}};
        for (const auto member : group) {
            made.faces.push_back(sorted.size());
            sorted.push_back(std::move(faces[member]));
            const auto& suggestion = sorted.back().suggestion;
            if (suggestion && (!made.suggestion || suggestion->confidence > made.suggestion->confidence)) {
                made.suggestion = suggestion;
            }
        }
        pending.clusters.push_back(std::move(made));
    }
    faces = std::move(sorted);
}

}  // namespace

std::vector<const FaceAnswer*> faces_that_wait(const PhotoAnswer& answer) {
    std::vector<const FaceAnswer*> waiting;
    for (const auto& face : answer.faces) {
        if (face.verdict == Verdict::unknown) {
            waiting.push_back(&face);
        }
    }
    if (waiting.empty()) {
        for (const auto& face : answer.faces) {
            if (face.verdict == Verdict::known) {
                waiting.push_back(&face);
            }
        }
    }
    return waiting;
}

std::shared_ptr<const Gallery> remembered_faces(const Workspace& workspace, const ModelContract& contract) {
    if (!fs::exists(workspace.pending_store())) {
        return nullptr;
    }
    try {
        auto gallery = gallery::load_store(workspace.pending_store());
        return gallery->contract() == contract ? gallery : nullptr;
    } catch (const Error& error) {
        log::warn("{}; the photos are looked at again", error.what());
        return nullptr;
    }
}

std::string remember(const Workspace& workspace, const gallery::Description& store, std::string_view name, Bytes bytes,
                     const PhotoAnswer& answer) {
    const auto hash = sha256(bytes);
    if (const auto there = remembered_faces(workspace, store.contract)) {
        for (const auto row : there->rows_of_photo(hash)) {
            if (lies_in_inbox(workspace, there->photo(row))) {
                return std::string(there->photo(row));
            }
        }
    }
    const auto path = add_photo(workspace.inbox(), safe_photo_name(name, bytes), bytes);
    auto photo = workspace.name_of(path);
    auto named = answer;
    named.hash = hash;
    keep(workspace, store, {to_keep(named, photo, file_time(path))});
    return photo;
}

Pending pending(const PendingOptions& options, const models::Finder& finder, const PendingEvents& events) {
    const auto& workspace = options.workspace;
    if (photos_of_inbox(workspace).empty()) {
        return {};
    }
    auto store = fs::exists(workspace.store()) ? gallery::load_store(workspace.store()) : nullptr;
    pipeline::Blueprint::set_workers(options.jobs);
    const auto blueprint =
        store ? blueprint_of_store(*store, options.pipeline, finder) : pipeline::Blueprint(options.pipeline, finder);
    if (!store) {
        store = Gallery::build(description_of(blueprint), {});
    }
    const Identifier identifier(store, blueprint.encoder(), options.identify);
    return pending(workspace, blueprint, identifier, options.jobs, std::numeric_limits<std::size_t>::max(), events);
}

Pending pending(const Workspace& workspace, const pipeline::Blueprint& tools, const Identifier& identifier, int jobs,
                std::size_t at_most, const PendingEvents& events) {
    const auto& store = identifier.gallery();
    const auto contract = tools.contract();
    Pending pending;
    pending.encoder = contract->encoder;
    pending.threshold = identifier.threshold();
    const auto photos = photos_of_inbox(workspace);

    // Look at what is new.
    Remembered remembered(remembered_faces(workspace, *contract), workspace);
    std::vector<fs::path> fresh;
    for (const auto& photo : photos) {
        if (!remembered.photos.contains(workspace.name_of(photo))) {
            fresh.push_back(photo);
        }
    }
    if (fresh.size() > at_most) {
        pending.unseen = fresh.size() - at_most;
        fresh.resize(at_most);
    }
    if (!fresh.empty()) {
        if (events.started) {
            events.started(fresh.size());
        }
        std::vector<Looked> looked;
        std::set<Sha256> seen_now;
        const auto make_work = [&]() -> std::function<Seen(std::size_t)> {
            return [&, worker = std::shared_ptr<pipeline::Worker>(tools.make_worker())](std::size_t i) {
                return look_at(fresh[i], remembered, worker.get(), identifier);
            };
        };
        const auto take = [&](std::size_t i, Seen&& seen) {
            auto photo = workspace.name_of(fresh[i]);
            if (seen.answer.hash == Sha256{}) {  // could not even be read; perhaps the next time
                pending.idle.push_back({photo, "unreadable", seen.answer.reason, seen.time});
            } else if (seen.known || !seen_now.insert(seen.answer.hash).second) {
                pending.idle.push_back({photo, "duplicate", "the same photo lies there under another name", seen.time});
            } else {
                looked.push_back(to_keep(seen.answer, photo, seen.time));
            }
            if (events.looked) {
                events.looked(i + 1);
            }
        };
        const auto taken = pipeline::run_in_order<Seen>(fresh.size(), jobs, make_work, take);
        if (!looked.empty()) {
            keep(workspace, store.description(), looked);
            remembered = Remembered(remembered_faces(workspace, *contract), workspace);
        }
        if (taken < fresh.size()) {
            throw Error(ErrorCode::interrupted,
                        "interrupted: " + std::to_string(taken) + " of " + std::to_string(fresh.size()) +
                            " new photos are looked at and kept; run the same command to go on");
        }
    }

    // What of it waits.
    std::set<std::string, std::less<>> busy;
    if (remembered.gallery) {
        std::set<std::string, std::less<>> present;
        for (const auto& photo : photos) {
            present.insert(workspace.name_of(photo));
        }
        const auto& faces = *remembered.gallery;
        std::map<std::string, UnixTime, std::less<>> times;
        for (std::size_t row = 0; row < faces.rows(); ++row) {
            if (faces.is_vacant(row) || !present.contains(faces.photo(row))) {
                continue;
            }
            times.emplace(faces.photo(row), faces.time(row));
            if (settled(store, faces.photo_hash(row), faces.box(row))) {
                continue;
            }
            const auto face = faces.record(row);
            busy.emplace(face.photo);
            pending.faces.push_back({face.id,
                                     std::string(face.photo),
                                     face.photo_hash,
                                     face.box,
                                     face.score,
                                     face.quality,
                                     face.time,
                                     {face.encoding.begin(), face.encoding.end()},
                                     {}});
        }
        for (const auto& [photo, time] : times) {
            if (!busy.contains(photo)) {
                pending.idle.push_back({photo, "settled", "the store has all its faces", time});
            }
        }
        for (const auto& photo : faces.skipped()) {
            if (present.contains(photo.photo)) {
                pending.idle.push_back({photo.photo, std::string(to_string(photo.outcome)), photo.reason,
                                        file_time(workspace.root / photo.photo)});
            }
        }
    }
    pending.photos = busy.size();
    std::sort(pending.idle.begin(), pending.idle.end(),
              [](const IdlePhoto& a, const IdlePhoto& b) { return a.photo < b.photo; });
    std::stable_sort(pending.faces.begin(), pending.faces.end(), [](const WaitingFace& a, const WaitingFace& b) {
        return std::tie(a.photo, a.box.left, a.box.top) < std::tie(b.photo, b.box.left, b.box.top);
    });
    suggest(pending.faces, identifier, contract);
    cluster(pending, contract->metric);
    return pending;
}

std::vector<std::string> expire(const Workspace& workspace, double keep_days, UnixTime time, bool dry_run) {
    constexpr double k_day = 24 * 60 * 60;
    const auto limit = static_cast<double>(time) - keep_days * k_day;
    std::map<std::string, UnixTime, std::less<>> came;
    std::shared_ptr<const Gallery> remembered;
    if (fs::exists(workspace.pending_store())) {
        remembered = gallery::load_store(workspace.pending_store());
        for (std::size_t row = 0; row < remembered->rows(); ++row) {
            if (!remembered->is_vacant(row)) {
                came.emplace(remembered->photo(row), remembered->time(row));
            }
        }
    }
    std::vector<std::string> expired;
    for (const auto& photo : photos_of_inbox(workspace)) {
        auto name = workspace.name_of(photo);
        const auto known = came.find(name);
        const auto since = known != came.end() ? known->second : file_time(photo);
        if (static_cast<double>(since) >= limit) {
            continue;
        }
        if (!dry_run) {
            remove_durably(photo);
        }
        expired.push_back(std::move(name));
    }
    if (!dry_run && !expired.empty() && remembered) {
        keep(workspace, remembered->description(), {}, true);
    }
    return expired;
}

namespace {

Json to_json(const std::optional<Suggestion>& suggestion) {
    if (!suggestion) {
        return nullptr;
    }
    return {{"label", suggestion->label},
            {"distance", rounded(suggestion->distance, k_distance_places)},
            {"confidence", rounded(suggestion->confidence, k_distance_places)},
            {"verdict", to_string(suggestion->known ? Verdict::known : Verdict::unknown)}};
}

}  // namespace

Json to_json(const WaitingFace& face, const WaitingCluster& cluster) {
    Json json{{"cluster", cluster.id},
              {"photo", face.photo},
              {"sha256", to_hex(face.photo_hash)},
              {"box", mien::to_json(face.box)},
              {"score", rounded(static_cast<double>(face.score), k_distance_places)}};
    if (!std::isnan(face.quality)) {
        json["quality"] = rounded(static_cast<double>(face.quality), k_distance_places);
    }
    json["suggestion"] = to_json(face.suggestion);
    json["time"] = to_iso8601(face.time);
    return json;
}

Json to_json(const IdlePhoto& photo) {
    return {
        {"photo", photo.photo}, {"outcome", photo.outcome}, {"reason", photo.reason}, {"time", to_iso8601(photo.time)}};
}

Json summary_json(const Pending& pending) {
    return {{"summary",
             {{"faces", pending.faces.size()},
              {"clusters", pending.clusters.size()},
              {"photos", pending.photos},
              {"idle", pending.idle.size()}}}};
}

}  // namespace mien::service
