// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/gallery/change_log.hpp>
#include <mien/gallery/draft.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/gallery/journal.hpp>

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

namespace mien::gallery {
namespace {

namespace fs = std::filesystem;

Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string current_user() {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
        return found->pw_name;
    }
    return "uid " + std::to_string(::geteuid());
}

UnixTime now() { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); }

bool moves_files(const Change& change) {
    return std::any_of(change.operations.begin(), change.operations.end(),
                       [](const Operation& operation) { return std::holds_alternative<MoveFile>(operation); });
}

void write_whole(const fs::path& path, const std::string& text) {
    AtomicFile out(path, 0600);
    out.write(bytes_of(text));
    out.commit();
}

std::string read_whole(const fs::path& path) {
    FileState state;
    const auto bytes = read_file_from(path, 0, state);
    return bytes ? std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()) : std::string();
}

/// Removes the folder inside root and those above it as far as nothing is in them; never one that lies in root itself.
void remove_empty_folders(const fs::path& root, fs::path folder) {
    while (folder.has_parent_path() && ::rmdir((root / folder).c_str()) == 0) {
        folder = folder.parent_path();
    }
}

/// Whether it is what an AtomicFile of this store leaves when its process dies.
bool is_temporary(const std::string& name, const std::string& store) {
    constexpr std::size_t k_random = 6;
    for (const char* suffix : {".", ".journal.", ".history.", ".journal.torn."}) {
        const auto start = "." + store + suffix;
        if (name.starts_with(start) && name.size() == start.size() + k_random) {
            return true;
        }
    }
    return false;
}

}  // namespace

StoreWriter::StoreWriter(fs::path store, WriterOptions options)
    : m_options(std::move(options)),
      m_lock(StoreFiles(store).lock, m_options.verb, m_options.wait_seconds),
      m_own(new StoreReader(std::move(store), true)),
      m_reader(*m_own) {
    recover();
}

StoreWriter::StoreWriter(StoreReader& reader, WriterOptions options)
    : m_options(std::move(options)),
      m_lock(reader.files().lock, m_options.verb, m_options.wait_seconds),
      m_reader(reader) {
    m_reader.refresh();
    recover();
}

StoreWriter::~StoreWriter() = default;

void StoreWriter::recover() {
    if (m_options.user.empty()) {
        m_options.user = current_user();
    }
    remove_leftovers();
    const auto state = m_reader.state();
    if (!state.gallery) {
        return;
    }
    drop_torn_tail();
    if (state.journal && state.journal_end == 0) {
        new_journal(state.lineage, {});  // a compaction was cut off behind the archive
        m_reader.publish(m_reader.open());
    }
    if (state.unfinished) {
        move_files(*state.unfinished);
    }
    if (const auto label = read_whole(m_reader.files().erasing); !label.empty()) {
        Erased erased;
        finish_erasure(label, erased);
    }
}

void StoreWriter::remove_leftovers() {
    const auto& files = m_reader.files();
    for (const auto& file : files_of_store(files.archive)) {
        if (is_temporary(file.filename().native(), files.archive.filename().native())) {
            remove_durably(file);
        }
    }
}

void StoreWriter::drop_torn_tail() {
    auto state = m_reader.state();
    if (!state.torn) {
        return;
    }
    const auto& journal = m_reader.files().journal;
    FileState file;
    const auto rest = read_file_from(journal, state.journal_end, file);
    if (!rest || rest->empty()) {
        return;
    }
    auto aside = journal;
    aside += ".torn";
    AtomicFile out(aside, 0600);
    out.write(*rest);
    out.commit();
    AppendFile log(journal);
    log.truncate(state.journal_end);
    log.sync();
    log::warn("{}: the last {} bytes were never finished; they are in {} now", printable(journal.native()),
              rest->size(), printable(aside.native()));
    state.torn = false;
    state.journal = file_state(journal);
    m_reader.publish(std::move(state));
}

void StoreWriter::require_model(const ModelContract& contract) const {
    const auto gallery = this->gallery();
    if (!gallery || gallery->contract() == contract) {
        return;
    }
    const auto& own = gallery->contract();
    throw Error(
        ErrorCode::model_mismatch,
        "the store holds encodings of " + own.encoder + " (weights " + own.weights.substr(0, 12) + "…), these are of " +
            contract.encoder + " (weights " + contract.weights.substr(0, 12) +
            "…); the two cannot be mixed: use the store's encoder, or build the store anew with 'mien reencode'");
}

Change StoreWriter::make_change(std::string summary, std::vector<Operation> operations) const {
    return {m_reader.last_change() + 1, now(), m_options.user, m_options.verb, std::move(summary),
            std::move(operations)};
}

void StoreWriter::new_journal(const Lineage& lineage, const std::string& entries) {
    write_whole(m_reader.files().journal,
                to_bytes(LogHeader{LogKind::journal, lineage.id, lineage.last_change}) + entries);
}

void StoreWriter::append(const std::string& frame, const std::function<void(StoreReader::State&)>& then) {
    auto state = m_reader.state();
    const auto& journal = m_reader.files().journal;
    AppendFile log(journal);
    try {
        log.append(bytes_of(frame));
        log.sync();
    } catch (const Error&) {
        try {
            log.truncate(state.journal_end);
            log.sync();
        } catch (const Error& error) {
            m_broken = error.what();
        }
        throw;
    }
    state.journal = file_state(journal);
    state.journal_end += frame.size();
    state.torn = false;  // a refresh() meanwhile may have seen half of it
    then(state);
    m_reader.publish(std::move(state));
}

std::shared_ptr<const Gallery> StoreWriter::commit(std::string summary, std::vector<Operation> operations) {
    if (!gallery()) {
        throw Error(ErrorCode::store_missing, "there is no store at " + printable(m_reader.files().archive.native()) +
                                                  "; make one with 'mien train'");
    }
    if (!m_broken.empty()) {
        throw Error(ErrorCode::runtime, "the journal could not be mended after a failure: " + m_broken);
    }
    check_moves(operations, false);
    auto leftovers = without_augmented(*gallery(), operations);
    std::move(leftovers.begin(), leftovers.end(), std::back_inserter(operations));
    auto change = make_change(std::move(summary), std::move(operations));
    Draft draft(gallery());
    draft.apply(change);
    auto next = draft.finish();
    if (!m_reader.state().journal) {
        new_journal(m_reader.state().lineage, {});
        m_reader.refresh();
    }
    const bool moves = moves_files(change);
    append(frame(EntryKind::change, change.number, to_bytes(change)), [&](StoreReader::State& state) {
        state.gallery = next;
        state.last_change = change.number;
        state.unfinished = moves ? std::optional(change) : std::nullopt;
    });
    if (moves) {
        move_files(change);
    }
    return next;
}

void StoreWriter::move_files(const Change& change) {
    const auto& folder = m_reader.files().folder;
    for (const auto& operation : change.operations) {
        const auto* move = std::get_if<MoveFile>(&operation);
        // Where both are there, it was done before, and `from` is something new.
        if (move != nullptr && fs::exists(fs::symlink_status(folder / move->from)) &&
            !fs::exists(fs::symlink_status(folder / move->to))) {
            move_durably(folder / move->from, folder / move->to);
            remove_empty_folders(folder, fs::path(move->from).parent_path());
        }
    }
    append(frame(EntryKind::finished, change.number, {}), [](StoreReader::State& state) { state.unfinished.reset(); });
}

std::vector<std::string> StoreWriter::journal_frames() const {
    std::vector<std::string> frames;
    const auto state = m_reader.state();
    if (state.journal_end == 0) {
        return frames;
    }
    const auto bytes = read_whole(m_reader.files().journal);
    const auto read = read_entries(bytes_of(bytes).subspan(k_log_header_size), k_log_header_size);
    for (const auto& entry : read.entries) {
        if (entry.kind == EntryKind::change && entry.number > state.lineage.last_change) {
            frames.push_back(frame(entry.kind, entry.number,
                                   {reinterpret_cast<const char*>(entry.payload.data()), entry.payload.size()}));
        }
    }
    return frames;
}

void StoreWriter::append_history(const std::vector<std::string>& frames, std::uint64_t first) {
    if (frames.empty()) {
        return;
    }
    const auto& history = m_reader.files().history;
    std::string text;
    for (const auto& frame : frames) {
        text += frame;
    }
    const LogFile log(history, LogKind::history);
    if (!log.exists()) {
        write_whole(history, to_bytes(LogHeader{LogKind::history, 0, first - 1}) + text);
        return;
    }
    // What a writer wrote that died before it happened, or before it left the journal, is there already: it goes.
    auto end = log.end();
    for (const auto& place : log.places()) {
        if (place.number >= first) {
            end = place.offset;
            break;
        }
    }
    AppendFile file(history);
    file.truncate(end);
    file.append(bytes_of(text));
    file.sync();
}

std::shared_ptr<const Gallery> StoreWriter::install(const Gallery& gallery, std::uint64_t last_change,
                                                    const std::string& journal_entries) {
    const auto& files = m_reader.files();
    Lineage lineage{0, m_reader.state().lineage.id, last_change};
    {
        AtomicFile out(files.archive, 0600);
        lineage.id = write_archive(gallery, lineage, [&out](Bytes bytes) { out.write(bytes); });
        out.commit();
    }
    new_journal(lineage, journal_entries);
    m_reader.publish(m_reader.open());
    return this->gallery();
}

std::shared_ptr<const Gallery> StoreWriter::replace(const Gallery& gallery, std::string summary,
                                                    std::vector<Operation> operations) {
    check_moves(operations, false);
    auto change = make_change(std::move(summary), std::move(operations));
    Replace operation;
    const auto& files = m_reader.files();
    if (this->gallery()) {
        operation.kept = std::to_string(change.number) + ".mien";
        make_folder_durably(files.kept);
        link_durably(files.archive, files.kept / operation.kept);
    }
    change.operations.insert(change.operations.begin(), operation);
    auto frames = journal_frames();
    frames.push_back(frame(EntryKind::change, change.number, to_bytes(change)));
    append_history(frames, m_reader.state().lineage.last_change + 1);
    // The journal repeats the change where files are to be moved: that is where a writer looks for what is unfinished.
    const bool moves = moves_files(change);
    auto next = install(gallery, change.number, moves ? frames.back() : std::string());
    if (moves) {
        move_files(change);
    }
    return next;
}

void StoreWriter::compact() {
    if (!gallery()) {
        return;
    }
    append_history(journal_frames(), m_reader.state().lineage.last_change + 1);
    install(*gallery(), last_change(), {});
}

bool StoreWriter::compact_if_it_pays() {
    constexpr std::size_t k_few = 1000;
    constexpr std::size_t k_share = 10;
    constexpr std::uint64_t k_small = std::uint64_t{64} << 20U;
    const auto now = gallery();
    const auto state = m_reader.state();
    if (!now || (now->loose_rows() <= std::max(k_few, now->rows() / k_share) &&
                 state.journal_end <= std::max(k_small, state.archive.size / k_share))) {
        return false;
    }
    compact();
    return true;
}

void StoreWriter::check_moves(std::vector<Operation>& operations, bool may_be_absent) const {
    const auto& folder = m_reader.files().folder;
    std::set<std::string> came;
    std::set<std::string> went;
    const auto is_there = [&](const std::string& path) {
        return came.contains(path) || (!went.contains(path) && fs::exists(fs::symlink_status(folder / path)));
    };
    std::erase_if(operations, [&](const Operation& operation) {
        const auto* move = std::get_if<MoveFile>(&operation);
        if (move == nullptr) {
            return false;
        }
        if (!is_there(move->from)) {
            if (!may_be_absent) {
                throw Error(ErrorCode::runtime, "there is no " + printable((folder / move->from).native()));
            }
            log::warn("{} is gone and does not come back", printable((folder / move->from).native()));
            return true;
        }
        if (is_there(move->to)) {
            throw Error(ErrorCode::runtime, printable((folder / move->to).native()) +
                                                " is in the way; nothing was changed; move it elsewhere first");
        }
        went.insert(move->from);
        came.erase(move->from);
        came.insert(move->to);
        went.erase(move->to);
        return false;
    });
}

std::shared_ptr<const Gallery> StoreWriter::undo(std::uint64_t changes) {
    const auto last = last_change();
    if (!gallery() || changes == 0 || changes > last) {
        throw Error(ErrorCode::runtime, "the store remembers " + std::to_string(last) + " changes; there are no " +
                                            std::to_string(changes) + " to undo");
    }
    return go_back(last - changes, changes == 1 ? "undid change " + std::to_string(last)
                                                : "undid changes " + std::to_string(last - changes + 1) + " to " +
                                                      std::to_string(last));
}

std::shared_ptr<const Gallery> StoreWriter::restore(std::uint64_t number) {
    if (!gallery() || number > last_change()) {
        throw Error(ErrorCode::runtime, "there is no change " + std::to_string(number) + " yet; the last is " +
                                            std::to_string(last_change()));
    }
    return go_back(number, "as after change " + std::to_string(number));
}

std::shared_ptr<const Gallery> StoreWriter::go_back(std::uint64_t number, std::string summary) {
    auto past = state_after(number, ChangeLog(m_reader), gallery(), m_reader.files());
    check_moves(past.operations, true);
    return past.replaced ? replace(*past.gallery, std::move(summary), std::move(past.operations))
                         : commit(std::move(summary), std::move(past.operations));
}

void StoreWriter::forget_history() {
    const auto& files = m_reader.files();
    compact();
    if (fs::exists(files.history)) {
        write_whole(files.history, to_bytes(LogHeader{LogKind::history, 0, last_change()}));
    }
    auto torn = files.journal;
    torn += ".torn";
    remove_durably(torn);
    remove_folder_durably(files.kept);
}

std::vector<fs::path> files_of_store(const fs::path& store) {
    const StoreFiles files(store);
    const auto name = files.archive.filename().native();
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(files.folder)) {
        const auto other = entry.path().filename().native();
        if (other == name || other.starts_with(name + ".") || is_temporary(other, name)) {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

void set_aside(const fs::path& store, const WriterOptions& options) {
    const StoreFiles files(store);
    const FileLock lock(files.lock, options.verb, options.wait_seconds);
    // The archive last: until it is gone, the store is as damaged as before, and nothing less.
    for (const auto& file : {files.journal, files.history, files.archive}) {
        if (fs::exists(file)) {
            move_durably(file, free_damaged_name(file));
        }
    }
}

fs::path free_damaged_name(const fs::path& file) {
    for (int i = 1;; ++i) {
        auto name = file.native() + ".damaged";
        if (i > 1) {
            name += '.';
            name += std::to_string(i);
        }
        if (!fs::exists(name)) {
            return name;
        }
    }
}

}  // namespace mien::gallery
