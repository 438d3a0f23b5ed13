// SPDX-License-Identifier: MIT
#pragma once

/// What a store remembers of its life, and how it was before.

#include <mien/gallery/file_store.hpp>
#include <mien/gallery/journal.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace mien::gallery {

/// What the log says of an erasure, which cannot be undone and tells nothing else.
inline constexpr std::string_view k_erasure = "somebody was erased";

/// The changes in the history and the journal, oldest first, each once.
class ChangeLog {
public:
    /// throws: Error{store_corrupt}
    explicit ChangeLog(const StoreReader& store);

    /// The oldest change that is remembered; last() + 1 where there is none.
    [[nodiscard]] std::uint64_t first() const { return m_last + 1 - m_entries.size(); }
    [[nodiscard]] std::uint64_t last() const { return m_last; }
    /// throws: Error{runtime} for a change that is not remembered, Error{store_corrupt}
    [[nodiscard]] Change read(std::uint64_t number) const;

private:
    struct Place {
        const LogFile* log;
        LogFile::Place place;
    };
    LogFile m_history;
    LogFile m_journal;
    std::vector<Place> m_entries;  ///< the last one is change m_last
    std::uint64_t m_last;
};

/// A state before, and what leads there.
struct Past {
    std::shared_ptr<const Gallery> gallery;
    /// From the present to that state, in order; where the archive was replaced in between, only what moves files.
    std::vector<Operation> operations;
    bool replaced{};
};

/// How the store was after change `number`.
/// present: what the log's last change led to
/// throws: Error{runtime} where the log does not reach back so far, Error{store_corrupt}
Past state_after(std::uint64_t number, const ChangeLog& log, std::shared_ptr<const Gallery> present,
                 const StoreFiles& files);

}  // namespace mien::gallery
