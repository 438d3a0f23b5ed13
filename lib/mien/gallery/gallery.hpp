// SPDX-License-Identifier: MIT
#pragma once

/// All persons in memory: an immutable snapshot, shared by any number of threads.

#include <mien/core/types.hpp>
#include <mien/gallery/record.hpp>
#include <mien/gallery/texts.hpp>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mien::gallery {

/// What a store says of itself beside its records.
struct Description {
    ModelContract contract;
    std::string settings;     ///< JSON: how photos became encodings (pipeline::Blueprint::settings)
    std::string fingerprint;  ///< of those settings; results are reused only where it agrees
};

/// The records in columns, one entry a record, as they lie in the store.
struct Columns {
    Texts people;                       ///< labels, sorted by bytes, each once
    std::vector<std::uint32_t> person;  ///< index into people
    Texts photos;
    std::vector<Sha256> photo_hashes;
    std::vector<Box> boxes;
    std::vector<float> scores;
    std::vector<std::uint8_t> origins;
    std::vector<std::int64_t> times;
};

class Gallery {
public:
    /// From records in the order in which they shall be kept.
    /// throws: Error{usage} if an encoding is not description.contract.dim floats
    static std::shared_ptr<const Gallery> build(Description description, std::span<const Record> records,
                                                std::vector<SkippedPhoto> skipped);

    /// From columns as they were stored; `keep` owns the memory behind `encodings`.
    /// throws: Error{store_corrupt} if sizes or indices do not fit
    Gallery(Description description, Columns columns, std::span<const float> encodings,
            std::shared_ptr<const void> keep, std::vector<SkippedPhoto> skipped);

    [[nodiscard]] const Description& description() const { return m_description; }
    [[nodiscard]] const ModelContract& contract() const { return m_description.contract; }
    [[nodiscard]] std::size_t size() const { return m_columns.person.size(); }
    [[nodiscard]] std::size_t people() const { return m_columns.people.size(); }
    [[nodiscard]] std::string_view label(std::size_t person) const { return m_columns.people[person]; }
    /// Of each record, the index of its person.
    [[nodiscard]] std::span<const std::uint32_t> persons() const { return m_columns.person; }
    /// size() × dim, row after row.
    [[nodiscard]] std::span<const float> encodings() const { return m_encodings; }
    [[nodiscard]] RecordView record(std::size_t index) const;
    [[nodiscard]] const Columns& columns() const { return m_columns; }
    [[nodiscard]] const std::vector<SkippedPhoto>& skipped() const { return m_skipped; }

private:
    Description m_description;
    Columns m_columns;
    std::span<const float> m_encodings;
    std::shared_ptr<const void> m_keep;
    std::vector<SkippedPhoto> m_skipped;
};

}  // namespace mien::gallery
