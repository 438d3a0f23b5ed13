// SPDX-License-Identifier: MIT
#pragma once

/// Who the rows of a gallery belong to. For gallery/ itself; others ask the Gallery.

#include <mien/gallery/gallery.hpp>

#include <atomic>
#include <mutex>

namespace mien::gallery {

/// People numbered in the order of their labels' bytes, each with a row.
struct Numbering {
    TextsView labels;
    std::span<const std::uint32_t> persons;  ///< of each row: index into labels, or k_nobody
    // What owns the two. Apart, because the labels outlast many changes of the persons.
    std::shared_ptr<const void> keep_labels;
    std::shared_ptr<const void> keep_persons;
};

/// What rows came and went since a numbering was made. People whom it lacks are numbered behind its own, as they come.
struct RowChanges {
    std::vector<std::uint32_t> added;    ///< persons of the rows behind the numbering's
    std::vector<std::uint32_t> vacated;  ///< rows, the added ones too
    std::map<std::string, std::uint32_t, std::less<>> labels;

    [[nodiscard]] std::size_t size() const { return added.size() + vacated.size(); }
};

/// One more person, or one less, changes the numbers of all who follow. So a snapshot only notes what changed, and the
/// first who asks for numbers pays for them: most snapshots between two changes are never asked.
/// threads: any
class Roster {
public:
    explicit Roster(Numbering numbering);
    Roster(std::shared_ptr<const Numbering> base, RowChanges changes);

    [[nodiscard]] const Numbering& numbering() const {
        const auto* made = m_made.load(std::memory_order_acquire);
        return made != nullptr ? *made : make();
    }

    struct Start {
        std::shared_ptr<const Numbering> base;
        RowChanges changes;  ///< few
    };
    /// From where the next snapshot goes on.
    [[nodiscard]] Start start() const;

private:
    const Numbering& make() const;
    const Numbering& make_locked() const;

    mutable std::mutex m_mutex;  ///< of the next two
    mutable std::shared_ptr<const Numbering> m_base;
    mutable RowChanges m_changes;  ///< none once the numbering is made: then it is m_base
    mutable std::atomic<const Numbering*> m_made{nullptr};
};

}  // namespace mien::gallery
