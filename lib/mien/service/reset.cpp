// SPDX-License-Identifier: MIT
#include <mien/service/reset.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/file_store.hpp>

#include <sys/stat.h>

#include <chrono>
#include <unordered_set>
#include <utility>
#include <vector>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using gallery::MoveFile;

std::size_t count_photos(const fs::path& folder) { return fs::is_directory(folder) ? photos_in(folder).size() : 0; }

/// Folders are switched by renaming them, which neither follows links nor crosses file systems.
void require_plain(const fs::path& folder, const fs::path& root) {
    struct stat status {};
    struct stat house {};
    if (::lstat(folder.c_str(), &status) != 0) {
        return;  // it is made
    }
    const bool plain = S_ISDIR(status.st_mode) && ::stat(root.c_str(), &house) == 0 && status.st_dev == house.st_dev;
    if (!plain) {
        throw Error(ErrorCode::usage, printable(folder.native()) +
                                          " is a link or lies on another file system; reset "
                                          "replaces whole folders, so it must be a plain "
                                          "folder of the workspace");
    }
}

void copy_file_durably(const fs::path& from, const fs::path& to) {
    {
        AppendFile copy(to);
        copy.append(read_file(from, k_largest_photo_file));
        fs::permissions(to, fs::status(from).permissions());
        fs::last_write_time(to, fs::last_write_time(from));  // a record's time is its photo's
        copy.sync();
    }
}

/// All files but hidden ones; of links what they lead to.
void copy_folder(const fs::path& from, const fs::path& to) {
    make_folder_durably(to);
    for (const auto& entry : fs::directory_iterator(from)) {
        throw_if_interrupted();
        const auto name = entry.path().filename();
        if (name.native().starts_with('.')) {
            continue;
        }
        if (entry.is_directory() && !entry.is_symlink()) {
            copy_folder(entry.path(), to / name);
        } else if (entry.is_regular_file()) {
            copy_file_durably(entry.path(), to / name);
        }
    }
    sync_folder(to);
}

/// What training may reuse: the encodings of the photos that come back.
void seed(const gallery::Gallery& store, const fs::path& reserve, const fs::path& file) {
    std::unordered_set<Sha256, Sha256Hash> hashes;
    for (const auto& photo : photos_in(reserve)) {
        hashes.insert(sha256(read_file(photo, k_largest_photo_file)));
    }
    std::vector<gallery::Record> records;
    for (std::size_t row = 0; row < store.rows(); ++row) {
        if (!store.is_vacant(row) && store.origin(row) == Origin::train && hashes.contains(store.photo_hash(row))) {
            records.push_back(store.record(row).copy());
        }
    }
    gallery::save_store(file, *gallery::Gallery::build(store.description(), records));
}

/// A folder for what is being built; gone again if that comes to nothing, with those above it that are empty then.
class Site {
public:
    explicit Site(fs::path folder) : m_folder(std::move(folder)) {
        fs::remove_all(m_folder);  // of an attempt that died
        make_folder_durably(m_folder);
    }
    ~Site() {
        if (!m_folder.empty()) {
            clear();
        }
    }
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;
    [[nodiscard]] const fs::path& folder() const { return m_folder; }
    /// From now on it belongs to the store's change, whatever happens here.
    fs::path hand_over() { return std::exchange(m_folder, {}); }

private:
    void clear() const noexcept {
        std::error_code ignored;
        fs::remove_all(m_folder, ignored);
        const auto area = m_folder.parent_path();
        if (fs::remove(area, ignored)) {
            fs::remove(area.parent_path(), ignored);
        }
    }
    fs::path m_folder;
};

}  // namespace

ResetSummary reset(const ResetOptions& options, const models::Finder& finder, const TrainEvents& events) {
    const auto started = std::chrono::steady_clock::now();
    const auto& workspace = options.workspace;
    ResetSummary summary;
    summary.reserve = count_photos(workspace.reserve());
    if (summary.reserve == 0) {
        throw ReserveEmpty("there are no photos in " + printable(workspace.reserve().native()) +
                           " to start again from; put them in folders named after the people");
    }
    require_plain(workspace.training(), workspace.root);
    require_plain(workspace.inbox(), workspace.root);
    summary.uploads = count_photos(workspace.inbox());
    summary.training = count_photos(workspace.training());

    const auto count_store = [&summary](const gallery::Gallery& store) {
        summary.people_before = store.people();
        summary.records_before = store.size();
    };
    if (options.dry_run) {
        if (fs::exists(workspace.store())) {
            count_store(*gallery::load_store(workspace.store()));
        }
        return summary;
    }

    TrainOptions training;
    training.workspace = workspace;
    training.dataset = workspace.reserve();
    training.pipeline = options.pipeline;
    training.faces = options.faces;
    training.jobs = options.jobs;
    if (options.ahead) {
        training.ahead = encode_ahead(training, finder);
    }
    gallery::StoreWriter writer(workspace.store(), {"reset", options.wait_seconds, options.user});
    const auto store = writer.gallery();
    if (store) {
        count_store(*store);
    }
    const auto area =
        gallery::StoreFiles(workspace.store()).kept / (std::to_string(writer.last_change() + 1) + ".reset");
    Site site(area / "new");
    const Workspace built{site.folder()};
    copy_folder(workspace.reserve(), built.training());
    make_folder_durably(built.inbox());
    if (store) {
        seed(*store, workspace.reserve(), built.store());
    }
    training.workspace = built;
    training.dataset.clear();
    summary.failed = train(training, finder, events).failed;
    const auto gallery = gallery::load_store(built.store());
    summary.people = gallery->people();
    summary.records = gallery->size();

    // Everything new is complete and durable. The store's change brings the folders with it: if we die now, the next
    // writer of the store finishes the moves.
    std::vector<gallery::Operation> moves;
    const auto old = area / "old";
    const auto swap = [&](const fs::path& present, const fs::path& next) {
        if (fs::exists(present)) {
            moves.emplace_back(MoveFile{workspace.name_of(present), workspace.name_of(old / present.filename())});
        }
        moves.emplace_back(MoveFile{workspace.name_of(next), workspace.name_of(present)});
    };
    swap(workspace.training(), built.training());
    swap(workspace.inbox(), built.inbox());
    const auto leftovers = site.hand_over();
    writer.replace(*gallery,
                   "back to the reserve: " + std::to_string(summary.records) + " encodings of " +
                       std::to_string(summary.people) + " people",
                   std::move(moves));
    std::error_code ignored;
    fs::remove_all(leftovers, ignored);
    summary.change = writer.last_change();
    summary.kept_in = workspace.name_of(old);
    summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return summary;
}

Json to_json(const ResetSummary& summary) {
    Json json{{"uploads", summary.uploads},
              {"training", summary.training},
              {"reserve", summary.reserve},
              {"before", {{"people", summary.people_before}, {"encodings", summary.records_before}}}};
    if (summary.change != 0) {
        json["people"] = summary.people;
        json["encodings"] = summary.records;
        json["failed"] = summary.failed;
        json["kept_in"] = summary.kept_in;
        json["change"] = summary.change;
        json["seconds"] = rounded(summary.seconds, 3);
    }
    return {{"summary", json}};
}

}  // namespace mien::service
