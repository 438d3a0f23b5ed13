// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/gallery/change_log.hpp>
#include <mien/gallery/draft.hpp>
#include <mien/gallery/file_store.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace mien::gallery {
namespace {

namespace fs = std::filesystem;

struct KeyHash {
    std::size_t operator()(const RecordKey& key) const { return record_id(key.photo_hash, key.box); }
};

/// "matcher": what is fitted to the encodings, and may hold them.
constexpr std::string_view k_fitted = "matcher";

std::vector<fs::path> kept_archives(const StoreFiles& files) {
    std::vector<fs::path> found;
    if (fs::is_directory(files.kept)) {
        for (const auto& entry : fs::directory_iterator(files.kept)) {
            if (entry.is_regular_file() && entry.path().extension() == ".mien") {
                found.push_back(entry.path());
            }
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

Archive open_archive(const fs::path& file) {
    try {
        const auto mapped = std::make_shared<const MappedFile>(file);
        return read_archive(mapped->bytes(), mapped);
    } catch (const Error& error) {
        throw Error(error.code(), printable(file.native()) + ": " + error.what());
    }
}

/// Whether a part of the path is the label: the person's folder.
bool names(std::string_view path, const std::string& label) {
    const auto parts = fs::path(path);
    return std::any_of(parts.begin(), parts.end(), [&label](const fs::path& part) {
        return part.native() == label || part.stem().native() == label;
    });
}

/// Which records are the person's, through all that is remembered.
///
/// A record that was the person's once and is somebody else's now was named wrong; it stays, and the past is told as if
/// it had always been named right.
class Subject {
public:
    Subject(std::string label, std::shared_ptr<const Gallery> present)
        : m_label(std::move(label)), m_present(std::move(present)) {}

    void look_at(const Gallery& gallery) {
        if (const auto person = gallery.find_person(m_label)) {
            for (const auto row : gallery.rows_of_person(*person)) {
                note(gallery.record(row).copy());
            }
        }
        m_named = m_named || std::any_of(gallery.denials().begin(), gallery.denials().end(),
                                         [this](const Denial& denial) { return denial.label == m_label; });
    }

    void look_at(const Change& change) {
        for (const auto& operation : change.operations) {
            if (const auto* add = std::get_if<Add>(&operation)) {
                look_at(add->record);
            } else if (const auto* remove = std::get_if<Remove>(&operation)) {
                look_at(remove->record);
            } else if (const auto* relabel = std::get_if<Relabel>(&operation)) {
                if (relabel->from == m_label || relabel->to == m_label) {
                    know(relabel->key);
                }
            } else if (const auto* deny = std::get_if<Deny>(&operation)) {
                m_named = m_named || deny->denial.label == m_label;
            }
        }
    }

    [[nodiscard]] bool found() const { return m_named || !m_keys.empty(); }

    /// Whether a record has to go.
    [[nodiscard]] bool is(const RecordKey& key) const { return m_keys.contains(key) && !now(key); }

    /// Who a record that was the person's once is now.
    [[nodiscard]] std::optional<std::string> now(const RecordKey& key) const {
        const auto row = m_keys.contains(key) ? m_present->find(key) : std::nullopt;
        const auto label = row ? m_present->record(*row).label : std::string_view(m_label);
        return label == m_label ? std::nullopt : std::optional(std::string(label));
    }

    [[nodiscard]] bool is(const Denial& denial) const {
        return denial.label == m_label || is(RecordKey{denial.photo_hash, denial.box});
    }

    [[nodiscard]] const std::string& label() const { return m_label; }

    /// Whether an extra holds encodings of altered copies of a face that has to go.
    [[nodiscard]] bool is_augmented(const std::string& extra) const {
        const auto found = m_augmented.find(extra);
        return found != m_augmented.end() && is(found->second);
    }

    /// Each record that has to go, once.
    [[nodiscard]] std::vector<Record> traces() const {
        std::vector<Record> traces;
        for (const auto& [key, record] : m_traces) {
            if (is(key)) {
                traces.push_back(record);
            }
        }
        return traces;
    }

private:
    void look_at(const Record& record) {
        if (record.label == m_label) {
            note(record);
        }
    }

    void know(const RecordKey& key) {
        m_keys.insert(key);
        m_augmented.emplace(augmented_name(key), key);
    }

    void note(const Record& record) {
        know(record.key());
        m_traces.try_emplace(record.key(), record);
    }

    struct KeySet {
        std::unordered_map<RecordKey, bool, KeyHash> keys;
        void insert(const RecordKey& key) { keys.emplace(key, true); }
        [[nodiscard]] bool contains(const RecordKey& key) const { return keys.contains(key); }
        [[nodiscard]] bool empty() const { return keys.empty(); }
    };

    std::string m_label;
    std::shared_ptr<const Gallery> m_present;
    KeySet m_keys;
    std::unordered_map<std::string, RecordKey> m_augmented;  ///< of m_keys, by the names of their extras
    std::unordered_map<RecordKey, Record, KeyHash> m_traces;
    bool m_named{};
};

/// The gallery without the person; null where it has nothing of them.
std::shared_ptr<const Gallery> without(const std::shared_ptr<const Gallery>& gallery, const Subject& subject,
                                       Erased& erased) {
    std::vector<Operation> operations;
    for (std::size_t row = 0; row < gallery->rows(); ++row) {
        if (gallery->is_vacant(row)) {
            continue;
        }
        const auto record = gallery->record(row);
        const auto now = subject.now(record.key());
        if (subject.is(record.key())) {
            operations.emplace_back(Remove{record.copy()});
        } else if (now && *now != record.label) {
            const std::string photo(record.photo);
            operations.emplace_back(Relabel{record.key(), std::string(record.label), *now, photo, photo});
        }
    }
    for (const auto& denial : gallery->denials()) {
        if (subject.is(denial)) {
            operations.emplace_back(Allow{denial});
        }
    }
    for (const auto& photo : gallery->skipped()) {
        if (names(photo.photo, subject.label())) {
            operations.emplace_back(Unskip{photo});
        }
    }
    for (const auto& [name, blob] : gallery->extras()) {
        if (subject.is_augmented(name)) {
            erased.augmented.push_back(blob);
            operations.emplace_back(SetExtra{name, blob, {}});
        }
    }
    if (operations.empty()) {
        return nullptr;
    }
    if (const auto fitted = gallery->extra(k_fitted); !fitted.empty()) {
        operations.emplace_back(SetExtra{std::string(k_fitted), std::string(fitted), {}});
    }
    Draft draft(gallery);
    for (const auto& operation : operations) {
        draft.apply(operation);
    }
    return draft.finish();
}

/// Takes the person out of one operation. returns: whether nothing is left of it
bool scrub(Operation& operation, const Subject& subject, bool& touched, Erased& erased) {
    const auto goes = [&subject, &touched](Record& record) {
        const auto now = subject.now(record.key());
        touched = touched || subject.is(record.key()) || (now && record.label != *now);
        record.label = now.value_or(record.label);
        return subject.is(record.key());
    };
    if (auto* add = std::get_if<Add>(&operation)) {
        return goes(add->record);
    }
    if (auto* remove = std::get_if<Remove>(&operation)) {
        return goes(remove->record);
    }
    if (auto* relabel = std::get_if<Relabel>(&operation)) {
        const auto now = subject.now(relabel->key);
        if (now) {
            touched = true;
            relabel->from = *now;
            relabel->to = *now;
        }
        return subject.is(relabel->key);
    }
    if (const auto* deny = std::get_if<Deny>(&operation)) {
        return subject.is(deny->denial);
    }
    if (const auto* allow = std::get_if<Allow>(&operation)) {
        return subject.is(allow->denial);
    }
    if (const auto* skip = std::get_if<Skip>(&operation)) {
        return names(skip->photo.photo, subject.label());
    }
    if (const auto* unskip = std::get_if<Unskip>(&operation)) {
        return names(unskip->photo.photo, subject.label());
    }
    if (const auto* extra = std::get_if<SetExtra>(&operation)) {
        if (subject.is_augmented(extra->name)) {
            erased.augmented.push_back(extra->before);
            erased.augmented.push_back(extra->after);
            return true;
        }
        return extra->name == k_fitted;
    }
    if (const auto* move = std::get_if<MoveFile>(&operation)) {
        return names(move->from, subject.label()) || names(move->to, subject.label());
    }
    if (const auto* added = std::get_if<AddFile>(&operation)) {
        return names(added->path, subject.label());
    }
    return false;
}

/// returns: whether the change lost something
bool scrub(Change& change, const Subject& subject, Erased& erased) {
    bool touched = false;
    const auto before = change.operations.size();
    std::erase_if(change.operations, [&](Operation& operation) { return scrub(operation, subject, touched, erased); });
    touched = touched || change.operations.size() != before;
    if (touched || change.summary.find(subject.label()) != std::string::npos) {
        change.summary = "(somebody was erased since)";
    }
    return touched;
}

void remove_if_there(const fs::path& file) {
    if (fs::exists(fs::symlink_status(file))) {
        remove_durably(file);
    }
}

}  // namespace

bool StoreWriter::remembers(const std::string& label) const {
    if (!gallery()) {
        return false;
    }
    Subject subject(label, gallery());
    subject.look_at(*gallery());
    const ChangeLog log(m_reader);
    for (auto number = log.first(); !subject.found() && number <= log.last(); ++number) {
        subject.look_at(log.read(number));
    }
    for (const auto& file : kept_archives(m_reader.files())) {
        if (!subject.found()) {
            subject.look_at(*open_archive(file).gallery);
        }
    }
    return subject.found();
}

Erased StoreWriter::erase(const std::string& label) {
    if (!gallery()) {
        throw Error(ErrorCode::store_missing, "there is no store at " + printable(m_reader.files().archive.native()));
    }
    {
        AtomicFile intent(m_reader.files().erasing, 0600);
        intent.write(std::as_bytes(std::span(label)));
        intent.commit();
    }
    Erased erased;
    finish_erasure(label, erased);
    return erased;
}

void StoreWriter::finish_erasure(const std::string& label, Erased& erased) {
    const auto& files = m_reader.files();
    Subject subject(label, gallery());
    subject.look_at(*gallery());
    if (const auto person = gallery()->find_person(label)) {
        erased.records = gallery()->rows_of_person(*person).size();
    }
    const auto kept = kept_archives(files);
    for (const auto& file : kept) {
        subject.look_at(*open_archive(file).gallery);
    }
    std::string frames;
    std::uint64_t first = 0;
    {
        const ChangeLog log(m_reader);
        first = log.first();
        for (auto number = first; number <= log.last(); ++number) {
            subject.look_at(log.read(number));
        }
        for (auto number = first; number <= log.last(); ++number) {
            auto change = log.read(number);
            erased.changes += scrub(change, subject, erased) ? 1U : 0U;
            frames += frame(EntryKind::change, number, to_bytes(change));
        }
    }
    erased.traces = subject.traces();

    // The history first: it may be ahead of the archive, never behind it. With the archive the person is gone for
    // readers; the journal is empty then.
    const auto number = last_change() + 1;
    frames += frame(EntryKind::change, number, to_bytes(make_change(std::string(k_erasure), {})));
    {
        const auto text = to_bytes(LogHeader{LogKind::history, 0, first - 1}) + frames;
        AtomicFile history(files.history, 0600);
        history.write(std::as_bytes(std::span(text)));
        history.commit();
    }
    const auto rest = without(gallery(), subject, erased);
    install(rest ? *rest : *gallery(), number, {});
    for (const auto& file : kept) {
        const auto archive = open_archive(file);
        if (const auto scrubbed = without(archive.gallery, subject, erased)) {
            AtomicFile out(file, 0600);
            write_archive(*scrubbed, archive.lineage, [&out](Bytes bytes) { out.write(bytes); });
            out.commit();
        }
    }
    // What crashes and repairs left is in no order any more; it cannot be searched, only removed.
    for (const auto& file : files_of_store(files.archive)) {
        const auto name = file.filename().native();
        if (name.find(".damaged") != std::string::npos || name.ends_with(".torn") || name.ends_with(".partial")) {
            remove_if_there(file);
        }
    }
    remove_durably(files.erasing);
}

}  // namespace mien::gallery
