// SPDX-License-Identifier: MIT
#include <mien/service/forget.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/match/distance.hpp>
#include <mien/models/models.hpp>
#include <mien/service/pending.hpp>
#include <mien/service/people.hpp>
#include <mien/service/photo_files.hpp>

#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_set>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using gallery::Gallery;
using gallery::Record;

/// Finds pieces of encodings in files, wherever they begin.
class TraceSearch {
public:
    explicit TraceSearch(const gallery::Erased& erased) {
        for (const auto& record : erased.traces) {
            add(std::as_bytes(std::span(record.encoding)));
        }
        for (const auto& encodings : erased.augmented) {
            add(std::as_bytes(std::span(encodings)));
        }
    }

    /// How many places of the file hold a piece.
    [[nodiscard]] std::size_t count(const fs::path& file) const {
        if (fs::file_size(file) == 0 || m_pieces.empty()) {
            return 0;
        }
        const MappedFile mapped(file);
        const auto bytes = mapped.bytes();
        std::size_t found = 0;
        for (std::size_t at = 0; at + k_piece <= bytes.size(); ++at) {
            Piece piece{};
            std::memcpy(piece.data(), bytes.data() + at, sizeof piece[0]);
            if (m_seen[piece[0] & k_mask]) {
                std::memcpy(piece.data(), bytes.data() + at, k_piece);
                found += m_pieces.contains(piece) ? 1U : 0U;
            }
        }
        return found;
    }

private:
    void add(Bytes encoding) {
        for (std::size_t at = 0; at + k_piece <= encoding.size(); at += k_piece) {
            Piece piece{};
            std::memcpy(piece.data(), encoding.data() + at, k_piece);
            if (piece != Piece{}) {  // zeros are in every file
                m_pieces.insert(piece);
                m_seen[piece[0] & k_mask] = true;
            }
        }
    }

    using Piece = std::array<std::uint64_t, 2>;
    static constexpr std::size_t k_piece = sizeof(Piece);  ///< four numbers: not in a file by chance
    static constexpr std::uint64_t k_mask = 0xfffff;
    struct HashPiece {
        std::size_t operator()(const Piece& piece) const { return piece[0] ^ (piece[1] * 0x9e3779b97f4a7c15ULL); }
    };
    std::unordered_set<Piece, HashPiece> m_pieces;
    std::vector<bool> m_seen = std::vector<bool>(k_mask + 1);
};

/// Somebody who stays and has a record with an encoding that was erased: the same face under two names.
std::optional<std::string> shares_encoding(const Gallery& store, const gallery::Erased& erased) {
    for (std::size_t row = 0; row < store.rows(); ++row) {
        const auto shared = [&](const Record& trace) {
            const auto own = store.encoding(row);
            return std::equal(own.begin(), own.end(), trace.encoding.begin(), trace.encoding.end());
        };
        if (!store.is_vacant(row) && std::any_of(erased.traces.begin(), erased.traces.end(), shared)) {
            return std::string(store.record(row).label);
        }
    }
    return std::nullopt;
}

std::vector<fs::path> all_files(const fs::path& store) {
    std::vector<fs::path> files;
    for (const auto& path : gallery::files_of_store(store)) {
        if (fs::is_directory(path)) {
            for (const auto& entry : fs::recursive_directory_iterator(path)) {
                if (entry.is_regular_file()) {
                    files.push_back(entry.path());
                }
            }
        } else if (fs::is_regular_file(path)) {
            files.push_back(path);
        }
    }
    return files;
}

/// The person's folder or flat photo in a folder of people.
std::vector<fs::path> photos_of(const fs::path& people, const std::string& label) {
    std::vector<fs::path> photos;
    if (!fs::is_directory(people)) {
        return photos;
    }
    for (const auto& entry : fs::directory_iterator(people)) {
        if (entry.is_directory() && !entry.is_symlink() && is_called(entry.path().filename().native(), label)) {
            for (const auto& file : fs::recursive_directory_iterator(entry.path())) {
                if (!file.is_directory()) {
                    photos.push_back(file.path());
                }
            }
        } else if (entry.is_regular_file() && is_called(entry.path().stem().native(), label)) {
            photos.push_back(entry.path());
        }
    }
    return photos;
}

/// Which photos show the person.
class Photos {
public:
    Photos(const Workspace& workspace, const std::string& label) : m_workspace(workspace), m_label(label) {}

    /// What lies under their name. folder: dataset_training, dataset_reserve, or what a reset kept of them
    void by_name(const fs::path& folder) {
        for (const auto& photo : photos_of(folder, m_label)) {
            m_files.insert(photo);
        }
    }

    /// Copies under other names.
    void by_content(const fs::path& folder, const std::set<Sha256>& hashes) {
        if (!fs::is_directory(folder) || hashes.empty()) {
            return;
        }
        // All files, hidden ones and those without a photo's extension too.
        constexpr auto k_what_may_be_seen = fs::directory_options::skip_permission_denied;
        for (const auto& entry : fs::recursive_directory_iterator(folder, k_what_may_be_seen)) {
            try {
                if (entry.is_regular_file() && hashes.contains(sha256(read_file(entry.path(), k_largest_photo_file)))) {
                    m_files.insert(entry.path());
                }
            } catch (const std::exception&) {
                continue;  // what cannot be read cannot be known either
            }
        }
    }

    void add(const fs::path& file) { m_files.insert(file); }

    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& file : m_files) {
            names.push_back(m_workspace.name_of(file));
        }
        return names;
    }

    void remove() const {
        for (const auto& file : m_files) {
            if (fs::exists(fs::symlink_status(file))) {
                remove_durably(file);
            }
            // Their folders too, as far as nothing else lies there.
            std::error_code ignored;
            for (auto folder = file.parent_path(); !is_root(folder) && fs::is_empty(folder, ignored);
                 folder = folder.parent_path()) {
                fs::remove(folder, ignored);
            }
        }
    }

private:
    /// The folders that a workspace has even when nobody is in them, and whatever holds them.
    [[nodiscard]] bool is_root(const fs::path& folder) const {
        const auto inside = folder.lexically_normal().lexically_relative(m_workspace.root.lexically_normal());
        return inside.empty() || std::distance(inside.begin(), inside.end()) < 2 || *inside.begin() == "..";
    }

    const Workspace& m_workspace;
    std::string m_label;
    std::set<fs::path> m_files;
};

/// Nothing for encoders that are not in the catalogue.
std::optional<double> threshold_of(const ModelContract& contract) {
    try {
        return models::card(models::Kind::encoder, contract.encoder).decision.threshold;
    } catch (const Error&) {
        return std::nullopt;
    }
}

/// Uploads with a waiting face that looks like the person.
std::vector<fs::path> waiting_photos(const Workspace& workspace, const Gallery& store,
                                     const std::vector<Record>& traces) {
    std::vector<fs::path> photos;
    const auto threshold = threshold_of(store.contract());
    const auto waiting = remembered_faces(workspace, store.contract());
    if (!threshold || !waiting) {
        return photos;
    }
    for (std::size_t row = 0; row < waiting->rows(); ++row) {
        const bool alike =
            !waiting->is_vacant(row) && std::any_of(traces.begin(), traces.end(), [&](const Record& mine) {
                return mine.encoding.size() == store.contract().dim &&
                       static_cast<double>(match::distance(store.contract().metric, mine.encoding,
                                                           waiting->encoding(row))) <= *threshold;
            });
        if (alike) {
            photos.push_back(workspace.root / waiting->photo(row));
        }
    }
    return photos;
}

/// The faces that the present store has of somebody.
std::vector<Record> records_of(const Gallery& store, const std::string& label) {
    std::vector<Record> records;
    if (const auto person = store.find_person(label)) {
        for (const auto row : store.rows_of_person(*person)) {
            records.push_back(store.record(row).copy());
        }
    }
    return records;
}

/// Copies that only the records lead to; they go while the records are there.
Photos photos_by_records(const ForgetOptions& options, const fs::path& store, const Gallery& gallery,
                         const std::vector<Record>& records) {
    std::set<Sha256> hashes;
    for (const auto& record : records) {
        hashes.insert(record.photo_hash);
    }
    Photos photos(options.workspace, options.label);
    if (!options.keep_photos) {
        photos.by_content(options.workspace.training(), hashes);
        photos.by_content(options.workspace.reserve(), hashes);
    }
    photos.by_content(options.workspace.inbox(), hashes);
    photos.by_content(gallery::StoreFiles(store).kept, hashes);
    for (const auto& photo : waiting_photos(options.workspace, gallery, records)) {
        photos.add(photo);
    }
    return photos;
}

/// What lies under the person's name, and what undo would bring back.
Photos photos_by_name(const ForgetOptions& options, const fs::path& store) {
    Photos photos(options.workspace, options.label);
    if (!options.keep_photos) {
        photos.by_name(options.workspace.training());
        photos.by_name(options.workspace.reserve());
    }
    const auto kept = gallery::StoreFiles(store).kept;
    if (fs::is_directory(kept)) {
        for (const auto& entry : fs::directory_iterator(kept)) {
            if (entry.is_directory()) {
                photos.by_name(entry.path());
            }
        }
    }
    return photos;
}

/// Whether an erasure of this person was cut off.
bool is_being_erased(const fs::path& store, const std::string& label) {
    const auto intent = gallery::StoreFiles(store).erasing;
    if (!fs::is_regular_file(intent)) {
        return false;
    }
    const auto bytes = read_file(intent, 4096);
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == label;
}

void append(std::vector<std::string>& all, const std::vector<std::string>& more) {
    all.insert(all.end(), more.begin(), more.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
}

}  // namespace

Forgotten forget(const ForgetOptions& wanted) {
    auto options = wanted;
    options.label = to_label(wanted.label);
    const auto file = options.workspace.store(options.store);
    const bool resumed = is_being_erased(file, options.label);  // the writer finishes it
    gallery::StoreWriter writer(file, {"forget", options.wait_seconds, options.user});
    const auto store = writer.gallery() ? writer.gallery() : gallery::load_store(file);  // says how to make one
    const bool remembered = writer.remembers(options.label);
    if (!resumed && !remembered && photos_of(options.workspace.training(), options.label).empty() &&
        photos_of(options.workspace.reserve(), options.label).empty()) {
        require_person(*store, options.label);
    }
    Forgotten answer;
    answer.label = options.label;
    const auto records = records_of(*store, options.label);
    const auto copies = photos_by_records(options, file, *store, records);
    answer.encodings = records.size();
    answer.pending = waiting_photos(options.workspace, *store, records).size();
    answer.photos = copies.names();
    append(answer.photos, photos_by_name(options, file).names());
    if (options.dry_run) {
        return answer;
    }
    copies.remove();
    const auto erased = remembered ? writer.erase(options.label) : gallery::Erased{};
    answer.changes = erased.changes;
    photos_by_name(options, file).remove();
    // It only saves looking at the uploads again, and may hold anybody's encodings.
    for (const auto& cache : gallery::files_of_store(options.workspace.pending_store())) {
        if (fs::is_directory(cache)) {
            remove_folder_durably(cache);
        } else {
            remove_durably(cache);
        }
    }
    const TraceSearch search(erased);
    for (const auto& searched : all_files(file)) {
        answer.files.push_back(options.workspace.name_of(searched));
        answer.traces += search.count(searched);
    }
    if (answer.traces > 0) {
        if (const auto other = shares_encoding(*writer.gallery(), erased)) {
            throw Error(ErrorCode::runtime, options.label + " is erased, but " + *other +
                                                " has the very same encoding in the store, which stays theirs; is it "
                                                "one person, then forget " +
                                                *other + " too");
        }
        throw Error(ErrorCode::runtime, std::to_string(answer.traces) + " traces of the encodings are left in " +
                                            printable(file.native()) + "; 'mien compact --forget-history' rewrites it");
    }
    return answer;
}

Json to_json(const Forgotten& forgotten) {
    return {{"label", forgotten.label},     {"encodings", forgotten.encodings}, {"changes", forgotten.changes},
            {"pending", forgotten.pending}, {"photos", forgotten.photos},       {"searched", forgotten.files},
            {"traces", forgotten.traces}};
}

}  // namespace mien::service
