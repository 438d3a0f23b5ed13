// SPDX-License-Identifier: MIT
#include <mien/gallery/row_set.hpp>

#include <algorithm>

namespace mien::gallery {

void RowSet::insert(std::size_t row) {
    const auto number = row / k_block_rows;
    m_blocks.resize(std::max(m_blocks.size(), number + 1));
    auto& shared = m_blocks[number];
    const auto own = shared ? std::make_shared<Block>(*shared) : std::make_shared<Block>();
    own->set(row % k_block_rows);
    shared = own;
}

}  // namespace mien::gallery
