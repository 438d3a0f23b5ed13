// SPDX-License-Identifier: MIT
#include <mien/gallery/file_store.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/draft.hpp>
#include <mien/gallery/journal.hpp>

#include <sys/inotify.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

namespace mien::gallery {
namespace {

namespace fs = std::filesystem;

// A compaction replaces the archive, then the journal: a reader between the two looks again.
constexpr int k_attempts = 50;
constexpr auto k_pause = std::chrono::milliseconds(10);

fs::path beside(fs::path store, const char* suffix) {
    store += suffix;
    return store;
}

/// Says in which file, and what to do.
[[noreturn]] void rethrow_with(const fs::path& file, const Error& error) {
    if (error.code() != ErrorCode::store_corrupt) {
        throw error;
    }
    throw Error(ErrorCode::store_corrupt,
                printable(file.native()) + ": " + error.what() +
                    "; see what is left with 'mien fsck', restore it from a copy, or build it anew with 'mien train "
                    "--rebuild'");
}

bool moves_files(const Change& change) {
    return std::any_of(change.operations.begin(), change.operations.end(),
                       [](const Operation& operation) { return std::holds_alternative<MoveFile>(operation); });
}

}  // namespace

StoreFiles::StoreFiles(fs::path store)
    : archive(std::move(store)),
      journal(beside(archive, ".journal")),
      history(beside(archive, ".history")),
      lock(beside(archive, ".lock")),
      kept(beside(archive, ".d")),
      erasing(beside(archive, ".erasing")),
      folder(archive.has_parent_path() ? archive.parent_path() : fs::path(".")) {}

std::shared_ptr<const Gallery> load_store(const fs::path& file) { return StoreReader(file).gallery(); }

StoreReader::StoreReader(fs::path store) : StoreReader(std::move(store), false) {}

StoreReader::StoreReader(fs::path store, bool may_be_absent) : m_files(std::move(store)) {
    if (!fs::exists(m_files.archive)) {
        if (may_be_absent) {
            return;
        }
        throw Error(ErrorCode::store_missing, "there is no store at " + printable(m_files.archive.native()) +
                                                  "; make one with 'mien train', or name another with --store");
    }
    m_state = open();
    if (m_state.torn) {
        // Perhaps a writer is just at it.
        std::this_thread::sleep_for(k_pause);
        refresh();
        if (m_state.torn) {
            log::warn("{}: the last entry was never finished and does not count", printable(m_files.journal.native()));
        }
    }
}

StoreReader::State StoreReader::open() const {
    for (int attempt = 0;; ++attempt) {
        State state;
        try {
            const auto mapped = std::make_shared<const MappedFile>(m_files.archive, false);
            auto archive = read_archive(mapped->bytes(), mapped);
            state.gallery = std::move(archive.gallery);
            state.lineage = archive.lineage;
            state.last_change = archive.lineage.last_change;
            state.archive = mapped->state();
        } catch (const Error& error) {
            rethrow_with(m_files.archive, error);
        }
        if (read_on(state)) {
            return state;
        }
        if (attempt == k_attempts) {
            rethrow_with(m_files.journal, Error(ErrorCode::store_corrupt,
                                                "the journal belongs to another store than " +
                                                    printable(m_files.archive.filename().native()) + " (at byte 16)"));
        }
        std::this_thread::sleep_for(k_pause);
    }
}

bool StoreReader::read_on(State& state) const {
    try {
        const auto begin = state.journal_end;
        FileState file;
        const auto bytes = read_file_from(m_files.journal, begin, file);
        if (!bytes) {
            state.journal.reset();
            return begin == 0;
        }
        if (begin > 0 && (file.inode != state.journal->inode || file.size < begin)) {
            return false;
        }
        state.journal = file;
        Bytes rest(*bytes);
        if (begin == 0) {
            const auto header = read_log_header(rest, LogKind::journal);
            if (header.archive != state.lineage.id) {
                // The journal of the archive before: all of it is in the archive, a compaction was cut off.
                return header.archive == state.lineage.predecessor && header.archive != 0;
            }
            rest = rest.subspan(k_log_header_size);
        }
        const auto read = read_entries(rest, std::max<std::uint64_t>(begin, k_log_header_size));
        state.journal_end = read.end;
        state.torn = read.torn;
        if (read.entries.empty()) {
            return true;
        }
        std::optional<Draft> draft;
        for (const auto& entry : read.entries) {
            try {
                if (entry.kind == EntryKind::finished) {
                    state.unfinished.reset();
                    continue;
                }
                auto change = change_from_bytes(entry.payload);
                const bool folded = change.number == state.lineage.last_change && change.number == state.last_change;
                if (change.number != entry.number || (!folded && change.number != state.last_change + 1)) {
                    throw Error(ErrorCode::store_corrupt, "change " + std::to_string(change.number) + " follows " +
                                                              std::to_string(state.last_change));
                }
                if (!folded) {
                    if (!draft) {
                        draft.emplace(state.gallery);
                    }
                    draft->apply(change);
                    state.last_change = change.number;
                }
                state.unfinished = moves_files(change) ? std::optional(std::move(change)) : std::nullopt;
            } catch (const Error& error) {
                throw Error(ErrorCode::store_corrupt,
                            std::string(error.what()) + " (at byte " + std::to_string(entry.offset) + ")");
            }
        }
        if (draft) {
            state.gallery = draft->finish();
        }
        return true;
    } catch (const Error& error) {
        rethrow_with(m_files.journal, error);
    }
}

std::shared_ptr<const Gallery> StoreReader::gallery() const {
    const std::lock_guard guard(m_mutex);
    return m_state.gallery;
}

std::uint64_t StoreReader::last_change() const {
    const std::lock_guard guard(m_mutex);
    return m_state.last_change;
}

StoreReader::State StoreReader::state() const {
    const std::lock_guard guard(m_mutex);
    return m_state;
}

bool StoreReader::refresh() {
    const std::lock_guard alone(m_refreshing);
    State state;
    std::uint64_t states{};
    {
        const std::lock_guard guard(m_mutex);
        state = m_state;
        states = m_states;
    }
    const auto publish_unless_late = [&](State next) {
        const std::lock_guard guard(m_mutex);
        if (m_states == states) {
            m_state = std::move(next);
            ++m_states;
        }
    };
    const auto archive = file_state(m_files.archive);
    if (!archive) {
        if (!state.gallery) {
            return false;
        }
        throw Error(ErrorCode::store_missing, "the store " + printable(m_files.archive.native()) + " is gone");
    }
    const auto before = state.gallery;
    if (before && *archive == state.archive) {
        const auto journal = file_state(m_files.journal);
        if (journal == state.journal) {
            return false;
        }
        const bool same_file = journal && state.journal && journal->inode == state.journal->inode;
        if ((same_file && state.journal_end > 0) || (journal && !state.journal)) {
            if (read_on(state)) {
                const bool changed = state.gallery != before;
                publish_unless_late(std::move(state));
                return changed;
            }
        }
    }
    publish_unless_late(open());
    return true;
}

bool StoreReader::wait_for_change(std::chrono::milliseconds timeout) {
    if (!m_watch.is_open()) {
        m_watch = FileDescriptor(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
        if (!m_watch.is_open() || ::inotify_add_watch(m_watch.get(), m_files.folder.c_str(),
                                                      IN_MODIFY | IN_MOVED_TO | IN_CREATE | IN_DELETE) < 0) {
            throw_errno("cannot watch " + printable(m_files.folder.native()));
        }
        return true;  // what changed before the watch is seen now
    }
    const auto archive = m_files.archive.filename().native();
    const auto journal = m_files.journal.filename().native();
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        alignas(inotify_event) std::array<char, 4096> buffer;
        const auto got = ::read(m_watch.get(), buffer.data(), buffer.size());
        for (ssize_t at = 0; at < got;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
            const std::string_view name = event->len > 0 ? event->name : "";
            if (name == archive || name == journal || (event->mask & IN_Q_OVERFLOW) != 0) {
                return true;
            }
            at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
        }
        if (got > 0) {
            continue;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd descriptor{m_watch.get(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&descriptor, 1, static_cast<int>(left.count())) == 0) {
            return false;
        }
    }
}

void StoreReader::publish(State state) {
    const std::lock_guard guard(m_mutex);
    m_state = std::move(state);
    ++m_states;
}

void save_store(const fs::path& file, const Gallery& gallery) {
    AtomicFile out(file, 0600);
    write_archive(gallery, {}, [&out](Bytes bytes) { out.write(bytes); });
    out.commit();
    remove_durably(StoreFiles(file).journal);
}

}  // namespace mien::gallery
