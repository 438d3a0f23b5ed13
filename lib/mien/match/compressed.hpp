// SPDX-License-Identifier: MIT
#pragma once

/// A copy of the encodings in a quarter of the memory, for a first look that loses nobody.
///
/// A scan of many encodings is as fast as memory gives them. Here each number is a byte, with a scale for each row, and
/// how far that can lead a comparison astray is known: the length of what rounding took from a row bounds the error of
/// every scalar product with it (Cauchy-Schwarz). A row that could be among the nearest by that bound is a finalist;
/// the caller measures the few finalists with the exact distance. So the answer is the full scan's, bit by bit,
/// whatever the number of threads or probes.

#include <mien/core/types.hpp>
#include <mien/match/scan.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace mien::match {

/// Rows in ascending order. Nothing: the rows are too alike for the first look, so that a full scan is the better way.
using Finalists = std::optional<std::vector<std::uint32_t>>;

/// Gives mapped memory back.
struct Unmap {
    std::size_t bytes{};
    void operator()(std::int8_t* memory) const;
};

class CompressedRows {
public:
    /// More people than this are not asked for here: the caller scans in full.
    static constexpr std::size_t k_most_people = 256;

    /// rows: n × dim floats, read now and not kept. Rows with a number that is not finite are in no answer.
    CompressedRows(Metric metric, std::size_t dim, std::span<const float> rows, int threads,
                   ScanIsa isa = processor_isa());

    /// For each probe every row that can be the nearest of one of the `people` nearest people, with the distance as
    /// distance() measures it, and perhaps a few more.
    /// probes: count × dim finite floats. persons: of each row; rows of nobody are in no answer.
    /// people: 1..k_most_people. threads: safe
    [[nodiscard]] std::vector<Finalists> finalists(std::span<const float> probes,
                                                   std::span<const std::uint32_t> persons, std::size_t people,
                                                   int threads) const;

    [[nodiscard]] std::size_t bytes() const;

private:
    class Probe;
    /// What is common to k_block groups.
    struct Block {
        double residue{};  ///< the longest that rounding took from a row
        double length{};   ///< of the longest row
    };

    void compress(std::span<const float> rows, std::size_t first_block, std::size_t end_block);
    void search(std::span<Probe> probes, std::span<const std::uint32_t> persons, std::size_t first_block,
                std::size_t end_block) const;

    Metric m_metric;
    std::size_t m_dim;
    std::size_t m_rows;
    std::size_t m_pairs;   ///< of numbers; the last may be half empty
    std::size_t m_groups;  ///< of k_group rows; the last may be partly empty
    Scans m_scans;
    std::unique_ptr<std::int8_t[], Unmap> m_bytes;
    std::vector<float> m_scales;   ///< one a row, of whole groups
    std::vector<float> m_offsets;  ///< infinite for rows that are in no answer
    std::vector<Block> m_blocks;
};

}  // namespace mien::match
