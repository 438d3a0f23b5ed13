// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cstddef>
#include <memory>
#include <vector>

namespace mien::gallery {

/// A set of rows in blocks that its copies share, so that to copy it and put a row in costs little whatever its size.
class RowSet {
public:
    [[nodiscard]] bool contains(std::size_t row) const {
        const auto block = row / k_block_rows;
        return block < m_blocks.size() && m_blocks[block] && m_blocks[block]->test(row % k_block_rows);
    }
    void insert(std::size_t row);

private:
    static constexpr std::size_t k_block_rows = 4096;
    using Block = std::bitset<k_block_rows>;
    std::vector<std::shared_ptr<const Block>> m_blocks;  ///< null: none of its rows is in the set
};

}  // namespace mien::gallery
