// SPDX-License-Identifier: MIT
#pragma once

/// The next snapshot in the making.

#include <mien/gallery/change.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/gallery/roster.hpp>

#include <memory>
#include <vector>

namespace mien::gallery {

/// Takes changes, one or many, then makes a gallery. Costs what the changes need, however many rows there are: what was
/// there is shared, not copied.
class Draft {
public:
    explicit Draft(const std::shared_ptr<const Gallery>& from);
    ~Draft();
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;

    /// throws: Error{store_corrupt} where an operation does not fit the gallery: it adds a key that is there, or
    ///         removes what is not. Error{model_mismatch} for an encoding of another length. Then the draft is of no
    ///         more use.
    void apply(const Operation& operation);
    void apply(const Change& change);

    /// The gallery; the draft is of no more use.
    std::shared_ptr<const Gallery> finish();

private:
    void add(const Record& record);
    void append(std::uint32_t person, std::string_view photo, const RecordView& row);
    std::size_t remove(const RecordKey& key, std::string_view label);
    [[nodiscard]] std::optional<std::uint32_t> find_person(std::string_view label) const;
    std::uint32_t person(std::string_view label);

    std::shared_ptr<Gallery> m_to;  ///< shares what has not changed; its roster is the one before
    std::shared_ptr<const Numbering> m_numbering;
    RowChanges m_changes;                                  ///< since that
    bool m_moved{false};                                   ///< whether there are more than at first
    std::shared_ptr<std::vector<SkippedPhoto>> m_skipped;  ///< null: unchanged; so below
    std::shared_ptr<std::vector<Denial>> m_denials;
    std::shared_ptr<Extras> m_extras;
};

}  // namespace mien::gallery
