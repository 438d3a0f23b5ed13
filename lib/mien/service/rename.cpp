// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/service/people.hpp>
#include <mien/service/photo_files.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using gallery::Gallery;
using gallery::Operation;

/// Collects where photos go, so that records and files change together.
class Moves {
public:
    explicit Moves(const Workspace& workspace) : m_workspace(workspace) {}

    /// The photo's place in dataset_training/label/ under a name that nobody has.
    void to_label(const fs::path& photo, const std::string& label) {
        const auto folder = m_workspace.training() / to_folder_label(label);
        auto target = folder / photo.filename();
        for (int i = 1; fs::exists(target) || m_taken.contains(target); ++i) {
            target = folder / photo.stem();
            target += '_' + std::to_string(i);
            target += photo.extension();
        }
        m_taken.insert(target);
        add(photo, target);
        m_folders.insert(folder);
    }

    void add(const fs::path& from, const fs::path& to) {
        const auto old_name = m_workspace.name_of(from);
        const auto new_name = m_workspace.name_of(to);
        m_names[old_name] = new_name;
        m_operations.emplace_back(gallery::MoveFile{old_name, new_name});
    }

    /// A whole folder at once.
    void add_folder(const fs::path& from, const fs::path& to) {
        m_operations.emplace_back(gallery::MoveFile{m_workspace.name_of(from), m_workspace.name_of(to)});
        for (const auto& entry : fs::recursive_directory_iterator(from)) {
            if (!entry.is_directory()) {
                m_names[m_workspace.name_of(entry.path())] =
                    m_workspace.name_of(to / entry.path().lexically_relative(from));
            }
        }
    }

    [[nodiscard]] std::string new_name(std::string_view photo) const {
        const auto found = m_names.find(photo);
        return found == m_names.end() ? std::string(photo) : found->second;
    }

    /// The folders must be there before the change, which only renames.
    void make_target_folders() const {
        for (const auto& folder : m_folders) {
            make_folder_durably(folder);
        }
    }

    void append_to(std::vector<Operation>& operations) const {
        operations.insert(operations.end(), m_operations.begin(), m_operations.end());
    }

    [[nodiscard]] std::vector<std::pair<std::string, std::string>> names() const {
        return {m_names.begin(), m_names.end()};
    }

private:
    const Workspace& m_workspace;
    std::map<std::string, std::string, std::less<>> m_names;
    std::vector<Operation> m_operations;
    std::set<fs::path> m_taken;
    std::set<fs::path> m_folders;
};

/// All of a person's photos, whether the store has a record of them or not.
void move_photos(const Workspace& workspace, const std::string& from, const std::string& to, Moves& moves) {
    const auto root = workspace.training();
    if (!fs::is_directory(root)) {
        return;
    }
    for (const auto& entry : fs::directory_iterator(root)) {
        const auto& path = entry.path();
        if (entry.is_symlink()) {
            continue;
        }
        if (entry.is_directory() && is_called(path.filename().native(), from)) {
            const auto target = root / to_folder_label(to);
            if (!fs::exists(target)) {
                moves.add_folder(path, target);
                continue;
            }
            for (const auto& photo : photos_in(path)) {
                moves.to_label(photo, to);
            }
        } else if (entry.is_regular_file() && is_called(path.stem().native(), from)) {
            moves.to_label(path, to);
        }
    }
}

/// Two faces of one photo are two people.
void refuse_twice_in_a_photo(const Gallery& store, const Sha256& hash, std::string_view photo, std::uint32_t to) {
    for (const auto row : store.rows_of_photo(hash)) {
        if (store.persons()[row] == to) {
            throw Error(ErrorCode::usage, printable(photo) + " shows " + std::string(store.label(to)) +
                                              " beside the face that would become " + std::string(store.label(to)) +
                                              " too: two faces of one photo are two people");
        }
    }
}

std::shared_ptr<const Gallery> require_store(const gallery::StoreWriter& writer, const fs::path& store) {
    return writer.gallery() ? writer.gallery() : gallery::load_store(store);  // says how to make one
}

/// What operators said a person is not goes with the name.
void rename_denials(const Gallery& store, const std::string& from, const std::string& to,
                    std::vector<Operation>& operations) {
    for (const auto& denial : store.denials()) {
        if (denial.label == from) {
            auto renamed = denial;
            renamed.label = to;
            operations.emplace_back(gallery::Allow{denial});
            operations.emplace_back(gallery::Deny{std::move(renamed)});
        }
    }
}

using RowsByPhoto = std::unordered_multimap<std::string_view, std::size_t>;

RowsByPhoto rows_by_photo(const Gallery& store) {
    RowsByPhoto rows;
    for (std::size_t row = 0; row < store.rows(); ++row) {
        if (!store.is_vacant(row)) {
            rows.emplace(store.photo(row), row);
        }
    }
    return rows;
}

/// The record of a photo that a user named.
std::size_t row_named(const Gallery& store, const RowsByPhoto& by_photo, const std::string& photo,
                      const MoveOptions& options) {
    std::vector<std::size_t> rows;
    const auto named = by_photo.equal_range(photo);
    for (auto found = named.first; found != named.second; ++found) {
        rows.push_back(found->second);
    }
    std::sort(rows.begin(), rows.end());
    if (rows.empty() && fs::is_regular_file(photo)) {
        rows = store.rows_of_photo(sha256(read_file(photo, k_largest_photo_file)));
    }
    const auto from = options.from.empty() ? std::string() : to_label(options.from);
    std::erase_if(rows, [&](std::size_t row) {
        return (options.box && store.box(row) != *options.box) || (!from.empty() && store.record(row).label != from);
    });
    if (rows.empty()) {
        throw Error(ErrorCode::usage, "the store has no face of " + (from.empty() ? "" : from + " in ") +
                                          printable(photo) + "; 'mien show LABEL' lists the photos of a person");
    }
    if (rows.size() > 1) {
        std::string faces;
        for (const auto row : rows) {
            const auto& box = store.box(row);
            faces += "\n  --box " + std::to_string(box.left) + "," + std::to_string(box.top) + "," +
                     std::to_string(box.width) + "," + std::to_string(box.height) + "  " +
                     std::string(store.record(row).label);
        }
        throw Error(ErrorCode::usage,
                    "the store has several faces of " + printable(photo) + "; say which, or whose (--from):" + faces);
    }
    return rows.front();
}

}  // namespace

PeopleChange rename(const RenameOptions& options) {
    const auto from = to_label(options.from);
    const auto to = to_label(options.to);
    if (from == to) {
        throw Error(ErrorCode::usage, shell_quoted(from) + " is called that already");
    }
    const auto file = options.workspace.store(options.store);
    gallery::StoreWriter writer(file, {"rename", options.wait_seconds});
    const auto store = require_store(writer, file);
    const auto person = require_person(*store, from);
    const auto other = store->find_person(to);
    if (other && !options.merge) {
        throw Error(ErrorCode::usage,
                    "somebody is called " + shell_quoted(to) + " already; --merge says that they are the same person");
    }
    Moves moves(options.workspace);
    move_photos(options.workspace, from, to, moves);

    PeopleChange change;
    std::vector<Operation> operations;
    for (const auto row : store->rows_of_person(person)) {
        const auto record = store->record(row);
        if (other) {
            refuse_twice_in_a_photo(*store, record.photo_hash, record.photo, *other);
        }
        operations.emplace_back(
            gallery::Relabel{record.key(), from, to, std::string(record.photo), moves.new_name(record.photo)});
        ++change.encodings;
    }
    rename_denials(*store, from, to, operations);
    moves.make_target_folders();
    moves.append_to(operations);
    writer.commit(from + " is " + to + (other ? ", merged" : ""), std::move(operations));
    change.change = writer.last_change();
    change.moved = moves.names();
    return change;
}

PeopleChange move(const MoveOptions& options) {
    if (options.box && options.photos.size() != 1) {
        throw Error(ErrorCode::usage, "--box says which face of one photo; for several photos give --from LABEL");
    }
    const auto to = to_label(options.to);
    const auto file = options.workspace.store(options.store);
    gallery::StoreWriter writer(file, {"move", options.wait_seconds});
    const auto store = require_store(writer, file);
    const auto by_photo = rows_by_photo(*store);
    const auto person = store->find_person(to);
    std::set<std::size_t> rows;
    std::set<Sha256> contents;
    for (const auto& photo : options.photos) {
        const auto row = row_named(*store, by_photo, photo, options);
        if (store->record(row).label == to || !rows.insert(row).second) {
            continue;
        }
        if (person) {
            refuse_twice_in_a_photo(*store, store->photo_hash(row), photo, *person);
        }
        if (!contents.insert(store->photo_hash(row)).second) {
            throw Error(ErrorCode::usage, printable(photo) + " is named twice, with two faces: they are two people");
        }
    }
    PeopleChange change;
    if (rows.empty()) {
        return change;
    }
    Moves moves(options.workspace);
    std::vector<Operation> operations;
    for (const auto row : rows) {
        const auto record = store->record(row);
        const auto place = options.workspace.root / fs::path(record.photo);
        // A group photo stays where it is while other people of it need it.
        if (store->rows_of_photo(record.photo_hash).size() == 1 && lies_in(place, options.workspace.training())) {
            moves.to_label(place, to);
        }
        operations.emplace_back(gallery::Relabel{record.key(), std::string(record.label), to, std::string(record.photo),
                                                 moves.new_name(record.photo)});
    }
    const auto first = store->record(*rows.begin());
    const auto what = rows.size() == 1 ? printable(first.photo) + " is " + to + ", not " + std::string(first.label)
                                       : std::to_string(rows.size()) + " photos are " + to;
    moves.make_target_folders();
    moves.append_to(operations);
    writer.commit(what, std::move(operations));
    change.encodings = rows.size();
    change.change = writer.last_change();
    change.moved = moves.names();
    return change;
}

Json to_json(const PeopleChange& change) {
    Json json{{"change", change.change}, {"encodings", change.encodings}, {"moved", Json::array()}};
    for (const auto& [from, to] : change.moved) {
        json["moved"].push_back({{"from", from}, {"to", to}});
    }
    return json;
}

}  // namespace mien::service
