// SPDX-License-Identifier: MIT
#pragma once

/// The next snapshot in the making.

#include <mien/gallery/change.hpp>
#include <mien/gallery/gallery.hpp>

#include <map>
#include <memory>
#include <vector>

namespace mien::gallery {

/// Takes changes, one or many, then makes a gallery. Costs a few bytes for each row of the gallery it starts from and
/// what the changes need; encodings that were there are shared, not copied.
class Draft {
public:
    explicit Draft(std::shared_ptr<const Gallery> from);
    ~Draft();
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;

    /// throws: Error{store_corrupt} where an operation does not fit the gallery: it adds a key that is there, or
    /// removes
    ///         what is not. Error{model_mismatch} for an encoding of another length. Then the draft is of no more use.
    void apply(const Operation& operation);
    void apply(const Change& change);

    /// The gallery; the draft is of no more use.
    std::shared_ptr<const Gallery> finish();

private:
    void add(const Record& record);
    void append(std::uint32_t person, std::string_view photo, const RecordView& row);
    std::size_t remove(const RecordKey& key, std::string_view label);
    std::uint32_t person(std::string_view label);
    void renumber();

    std::shared_ptr<const Gallery> m_from;
    std::shared_ptr<Gallery> m_to;  ///< shares what has not changed
    std::vector<std::uint32_t> m_persons;
    std::vector<std::uint32_t> m_counts;
    std::map<std::string, std::uint32_t, std::less<>> m_new_labels;
    std::shared_ptr<std::vector<SkippedPhoto>> m_skipped;  ///< null: unchanged; so below
    std::shared_ptr<std::vector<Denial>> m_denials;
    std::shared_ptr<Extras> m_extras;
};

}  // namespace mien::gallery
