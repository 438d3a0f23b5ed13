// SPDX-License-Identifier: MIT
#pragma once

/// All persons in memory: an immutable snapshot, shared by any number of threads.
///
/// A gallery is rows of dim floats with what is known of each. The rows lie in blocks: the archive's, mapped and never
/// copied, and behind it those that were added since. A removed record leaves a vacant row until the store is
/// compacted, so that a change costs little whatever the gallery's size. gallery/draft.hpp makes the next snapshot.
/// Who first asks a snapshot for people or their numbers waits some nanoseconds a row for them.

#include <mien/core/types.hpp>
#include <mien/gallery/record.hpp>
#include <mien/gallery/row_set.hpp>
#include <mien/gallery/texts.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mien::gallery {

/// What a store says of itself beside its records.
struct Description {
    ModelContract contract;
    std::string settings;     ///< JSON: how photos became encodings (pipeline::Blueprint::settings)
    std::string fingerprint;  ///< of those settings; results are reused only where it agrees
    friend bool operator==(const Description&, const Description&) = default;
};

/// The person of a vacant row.
inline constexpr std::uint32_t k_nobody = 0xffffffff;

/// Consecutive rows: encodings.size() / dim of them, row after row.
struct Block {
    std::size_t first_row{};
    std::span<const float> encodings;
};

/// Named blobs that other parts keep with the gallery: "calibration", "matcher". A name is 1 to 64 of a-z 0-9 . _ -
using Extras = std::map<std::string, std::string, std::less<>>;
inline constexpr std::size_t k_largest_extra = std::size_t{64} << 20U;

struct Columns;
struct Tail;
class Roster;

class Gallery {
public:
    /// From records in the order in which they shall be kept.
    /// throws: Error{model_mismatch} if an encoding is not description.contract.dim floats,
    ///         Error{usage} if two records have the same key
    static std::shared_ptr<const Gallery> build(Description description, std::span<const Record> records,
                                                std::vector<SkippedPhoto> skipped = {},
                                                std::vector<Denial> denials = {}, Extras extras = {});

    /// From an archive's columns.
    /// throws: Error{store_corrupt} if sizes or indices do not fit
    Gallery(Description description, std::shared_ptr<const Columns> columns, std::vector<SkippedPhoto> skipped,
            std::vector<Denial> denials, Extras extras);

    [[nodiscard]] const Description& description() const { return *m_description; }
    [[nodiscard]] const ModelContract& contract() const { return m_description->contract; }

    /// Records.
    [[nodiscard]] std::size_t size() const { return m_size; }
    /// Rows, the vacant ones too: rows() >= size().
    [[nodiscard]] std::size_t rows() const { return m_rows; }
    [[nodiscard]] bool is_vacant(std::size_t row) const { return m_vacant.contains(row); }
    /// Of each row, the index of its person, or k_nobody.
    [[nodiscard]] std::span<const std::uint32_t> persons() const;
    /// All rows in order; the first block is the archive's, few others follow.
    [[nodiscard]] std::span<const Block> blocks() const { return m_blocks; }

    /// People are numbered in the order of their labels' bytes; each has a record.
    [[nodiscard]] std::size_t people() const;
    [[nodiscard]] std::string_view label(std::size_t person) const;
    [[nodiscard]] std::optional<std::uint32_t> find_person(std::string_view label) const;

    // Of one row (a vacant one has no label, so no record):
    [[nodiscard]] RecordView record(std::size_t row) const;
    [[nodiscard]] std::span<const float> encoding(std::size_t row) const;
    [[nodiscard]] std::string_view photo(std::size_t row) const;
    [[nodiscard]] const Sha256& photo_hash(std::size_t row) const;
    [[nodiscard]] const Box& box(std::size_t row) const;
    [[nodiscard]] Origin origin(std::size_t row) const;
    [[nodiscard]] float score(std::size_t row) const;
    [[nodiscard]] float quality(std::size_t row) const;
    [[nodiscard]] UnixTime time(std::size_t row) const;

    /// The record with this key. Takes the logarithm of the rows.
    [[nodiscard]] std::optional<std::size_t> find(const RecordKey& key) const;
    /// The records of a photo's faces, in the order of their rows.
    [[nodiscard]] std::vector<std::size_t> rows_of_photo(const Sha256& photo_hash) const;

    /// The records of a person, in the order of their rows. Looks at every row.
    [[nodiscard]] std::vector<std::size_t> rows_of_person(std::uint32_t person) const;

    [[nodiscard]] const std::vector<SkippedPhoto>& skipped() const { return *m_skipped; }
    [[nodiscard]] const std::vector<Denial>& denials() const { return *m_denials; }
    [[nodiscard]] const Extras& extras() const { return *m_extras; }
    /// Empty where there is none of that name.
    [[nodiscard]] std::string_view extra(std::string_view name) const;

    /// Rows behind the archive's, and vacant ones: what a compaction would mend.
    [[nodiscard]] std::size_t loose_rows() const;

private:
    friend class Draft;

    struct TailPart {
        std::shared_ptr<Tail> tail;
        std::size_t first_row{};
        std::size_t rows{};
    };

    Gallery() = default;
    void make_blocks();
    /// The part that holds a row, or null for the archive's.
    [[nodiscard]] const TailPart* part_of(std::size_t row) const;
    void visit_photo(const Sha256& photo_hash, const std::function<void(std::size_t row)>& visit) const;

    std::shared_ptr<const Description> m_description;
    std::shared_ptr<const Columns> m_base;
    std::vector<TailPart> m_tail;
    std::shared_ptr<const Roster> m_roster;
    RowSet m_vacant;
    std::size_t m_rows{};
    std::size_t m_size{};
    std::vector<Block> m_blocks;
    std::shared_ptr<const std::vector<SkippedPhoto>> m_skipped;
    std::shared_ptr<const std::vector<Denial>> m_denials;
    std::shared_ptr<const Extras> m_extras;
};

}  // namespace mien::gallery
