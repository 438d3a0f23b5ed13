// SPDX-License-Identifier: MIT
#pragma once

/// How a gallery's rows lie in memory. For gallery/ itself; others ask the Gallery.

#include <mien/gallery/gallery.hpp>

#include <atomic>

namespace mien::gallery {

/// The archive's rows in columns, one entry a row. Does not own them: keep does.
struct Columns {
    TextsView people;                        ///< labels, sorted by bytes, each once
    std::span<const std::uint32_t> persons;  ///< index into people
    TextsView photos;
    std::span<const Sha256> photo_hashes;
    std::span<const Box> boxes;
    std::span<const float> scores;
    std::span<const float> qualities;
    std::span<const std::uint8_t> origins;
    std::span<const std::int64_t> times;
    std::span<const float> encodings;
    std::span<const std::uint32_t> by_photo;  ///< the rows in the order of their photos' hashes, then of rows
    std::shared_ptr<const void> keep;
};

/// Columns with their memory.
struct OwnedColumns {
    Texts people;
    std::vector<std::uint32_t> persons;
    Texts photos;
    std::vector<Sha256> photo_hashes;
    std::vector<Box> boxes;
    std::vector<float> scores;
    std::vector<float> qualities;
    std::vector<std::uint8_t> origins;
    std::vector<std::int64_t> times;
    std::vector<float> encodings;
    std::vector<std::uint32_t> by_photo;

    /// Fills by_photo.
    void sort_by_photo();
    static std::shared_ptr<const Columns> share(OwnedColumns columns);
};

/// What is known of a row behind the archive's, save its person and encoding.
struct TailRow {
    std::string photo;
    Sha256 photo_hash;
    Box box;
    float score{};
    float quality{};
    Origin origin{};
    UnixTime time{};
};

/// Room for rows that were added since the archive was written. Snapshots share it: each sees the rows that were there
/// when it was made, and a later one may fill the rest. Whoever comes second to that place takes a room of its own.
struct Tail {
    Tail(std::size_t capacity, std::size_t dim);

    /// Takes row `at` if it is the next free one.
    /// returns: false where somebody else has it
    bool claim(std::size_t at);
    /// Fills a claimed row.
    void put(std::size_t at, TailRow row, std::span<const float> encoding);
    /// Calls visit(at) for rows of the photo, in no order; also for rows that the caller's snapshot may not see yet.
    void visit_photo(const Sha256& photo_hash, std::size_t rows,
                     const std::function<void(std::size_t at)>& visit) const;

    struct Free {
        void operator()(float* block) const;
    };

    const std::size_t capacity;
    const std::size_t dim;
    std::unique_ptr<TailRow[]> rows;
    std::unique_ptr<float[], Free> encodings;  ///< capacity × dim

private:
    std::atomic<std::size_t> m_used{0};
    std::size_t m_mask;
    std::unique_ptr<std::atomic<std::uint32_t>[]> m_index;  ///< row + 1 by photo hash, 0 where free; open addressing
};

}  // namespace mien::gallery
