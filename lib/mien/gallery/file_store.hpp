// SPDX-License-Identifier: MIT
#pragma once

/// The store as files: the archive train.mien, the journal of changes since, the history of those before.
///
/// Readers take no lock and see whole states. One writer at a time holds the lock. A change is acknowledged when it is
/// durable: one append to the journal, whatever the store's size.

#include <mien/core/file.hpp>
#include <mien/gallery/archive.hpp>
#include <mien/gallery/change.hpp>
#include <mien/gallery/gallery.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mien::gallery {

/// Opens and checks a store, its journal too. The files may change meanwhile; this gallery stays as it was.
/// throws: Error{store_missing}, Error{store_corrupt}, each with the file and the remedy
std::shared_ptr<const Gallery> load_store(const std::filesystem::path& file);

/// What belongs to a store, whether it is there or not.
struct StoreFiles {
    explicit StoreFiles(std::filesystem::path store);
    std::filesystem::path archive;
    std::filesystem::path journal;
    std::filesystem::path history;
    std::filesystem::path lock;
    std::filesystem::path kept;     ///< folder: replaced archives, and files that undo took out of the workspace
    std::filesystem::path erasing;  ///< says who is being erased, while it goes on
    std::filesystem::path folder;
};

/// The current state of a store that others change.
/// threads: gallery(), last_change() and refresh() from any
class StoreReader {
public:
    /// throws: as load_store
    explicit StoreReader(std::filesystem::path store);

    [[nodiscard]] std::shared_ptr<const Gallery> gallery() const;
    /// The number of the last change that the gallery holds; 0: none was ever recorded.
    [[nodiscard]] std::uint64_t last_change() const;
    [[nodiscard]] const StoreFiles& files() const { return m_files; }

    /// Looks at the files' times and sizes, and reads what was added since.
    /// returns: whether there is a new gallery
    /// throws: as load_store; the gallery stays as it was
    bool refresh();

    /// Waits until a file of the store may have changed, or the time is over. Call refresh() then.
    /// returns: false where the time was over
    /// threads: one
    bool wait_for_change(std::chrono::milliseconds timeout);

private:
    friend class StoreWriter;

    struct State {
        std::shared_ptr<const Gallery> gallery;
        Lineage lineage;
        std::uint64_t last_change{};
        FileState archive;
        std::optional<FileState> journal;  ///< nothing: there is none
        std::uint64_t journal_end{};       ///< behind the last whole entry; 0 where the journal is not this archive's
        bool torn{};                       ///< something follows there
        std::optional<Change> unfinished;  ///< the last change, if its files may not have been moved yet
    };

    StoreReader(std::filesystem::path store, bool may_be_absent);
    [[nodiscard]] State open() const;
    /// Takes the entries behind state.journal_end. false: not possible, open anew.
    [[nodiscard]] bool read_on(State& state) const;
    void publish(State state);

    StoreFiles m_files;
    [[nodiscard]] State state() const;

    std::mutex m_refreshing;     ///< one refresh() at a time
    mutable std::mutex m_mutex;  ///< of what follows
    State m_state;               ///< gallery null: there is no store
    std::uint64_t m_states{};    ///< how many there were: a writer's goes before what a refresh() has read meanwhile
    FileDescriptor m_watch;
};

struct WriterOptions {
    std::string verb;        ///< who others wait for, and what the log says
    double wait_seconds{0};  ///< for another writer
    std::string user{};      ///< empty: the process's
};

/// What an erasure took away, so that its caller can look for traces of it. Nothing of it may be kept.
struct Erased {
    std::size_t records{};       ///< of the present state
    std::size_t changes{};       ///< of journal and history that lost something
    std::vector<Record> traces;  ///< all records that the person ever had, each once
    /// The bytes of the encodings of altered copies of their faces (gallery/augmented.hpp), wherever they were.
    std::vector<std::string> augmented;
};

/// The one writer of a store. Short-lived: other writers wait for it.
/// threads: one; its reader may be used and refreshed by others meanwhile
class StoreWriter {
public:
    /// Takes the lock, opens the store, and finishes what an interrupted writer left.
    /// throws: Error{store_locked} that names the holder; as load_store, but a store that is absent is no error
    StoreWriter(std::filesystem::path store, WriterOptions options);
    /// The same over a reader that stays open longer: what is committed is in the reader at once.
    StoreWriter(StoreReader& reader, WriterOptions options);
    ~StoreWriter();
    StoreWriter(const StoreWriter&) = delete;
    StoreWriter& operator=(const StoreWriter&) = delete;

    /// Null where there is no store yet.
    [[nodiscard]] std::shared_ptr<const Gallery> gallery() const { return m_reader.gallery(); }
    [[nodiscard]] std::uint64_t last_change() const { return m_reader.last_change(); }

    /// throws: Error{model_mismatch} with both names unless the store's encodings are of this model
    void require_model(const ModelContract& contract) const;

    /// Makes a change durable; then moves the files that it moves. Nothing has happened if it throws. With records that
    /// it removes go the encodings of altered copies of their faces.
    /// returns: the new gallery
    /// throws: Error{store_missing} without a store, Error{runtime} if the disk refuses,
    ///         Error{store_corrupt, model_mismatch} for operations that do not fit
    std::shared_ptr<const Gallery> commit(std::string summary, std::vector<Operation> operations);

    /// Swaps the whole archive, or makes the first; the one before is kept for undo. operations: files to move.
    std::shared_ptr<const Gallery> replace(const Gallery& gallery, std::string summary,
                                           std::vector<Operation> operations = {});

    /// Folds the journal into the archive. Changes nothing that anybody sees.
    void compact();
    /// Where the rows outside the archive are many.
    /// returns: whether it did
    bool compact_if_it_pays();

    /// Takes the last changes back, as a change of its own, so that undoing it does them again.
    /// throws: Error{runtime} where the history does not reach so far, or a file is in the way of one that comes back
    std::shared_ptr<const Gallery> undo(std::uint64_t changes);
    /// Makes the store what it was after a change.
    std::shared_ptr<const Gallery> restore(std::uint64_t number);

    /// Compacts, then drops all that tells of earlier states: history, replaced archives, kept files.
    void forget_history();

    /// Erases a person for good: their records, what was denied of them, and every trace in journal, history and kept
    /// archives. The log says only that somebody was erased. Other people's changes can still be undone. An erasure
    /// that is cut off is finished by the next writer.
    /// throws: Error{store_missing, store_corrupt, runtime}
    Erased erase(const std::string& label);
    /// Whether erase() would find something, if only in the past.
    [[nodiscard]] bool remembers(const std::string& label) const;

private:
    void finish_erasure(const std::string& label, Erased& erased);
    void recover();
    void remove_leftovers();
    void drop_torn_tail();
    std::shared_ptr<const Gallery> go_back(std::uint64_t number, std::string summary);
    void check_moves(std::vector<Operation>& operations, bool may_be_absent) const;
    Change make_change(std::string summary, std::vector<Operation> operations) const;
    /// One entry, durable; then() brings the reader's state up to it.
    void append(const std::string& frame, const std::function<void(StoreReader::State&)>& then);
    void new_journal(const Lineage& lineage, const std::string& entries);
    void move_files(const Change& change);
    void append_history(const std::vector<std::string>& frames, std::uint64_t first);
    [[nodiscard]] std::vector<std::string> journal_frames() const;
    std::shared_ptr<const Gallery> install(const Gallery& gallery, std::uint64_t last_change,
                                           const std::string& journal_entries);

    WriterOptions m_options;
    FileLock m_lock;  ///< before the store is opened: what is read then is the last state
    std::unique_ptr<StoreReader> m_own;
    StoreReader& m_reader;
    std::string m_broken;  ///< why nothing more can be committed
};

/// Every file and folder beside the store that may hold something of it, those of crashes and repairs too; sorted.
std::vector<std::filesystem::path> files_of_store(const std::filesystem::path& store);

/// FILE.damaged, or FILE.damaged.2 …: the first that is free.
std::filesystem::path free_damaged_name(const std::filesystem::path& file);

/// Moves the files of a store that cannot be opened beside themselves, under a name with ".damaged".
/// throws: Error{store_locked, runtime}
void set_aside(const std::filesystem::path& store, const WriterOptions& options);

/// Writes a store of its own from a gallery, for tests and benchmarks: no history, no lock. What was there is lost.
void save_store(const std::filesystem::path& file, const Gallery& gallery);

}  // namespace mien::gallery
