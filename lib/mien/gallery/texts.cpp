// SPDX-License-Identifier: MIT
#include <mien/gallery/texts.hpp>

#include <mien/core/error.hpp>

#include <algorithm>

namespace mien::gallery {

Texts::Texts(std::vector<std::uint64_t> offsets, std::string blob)
    : m_offsets(std::move(offsets)), m_blob(std::move(blob)) {
    if (m_offsets.empty() || m_offsets.front() != 0 || m_offsets.back() != m_blob.size() ||
        !std::is_sorted(m_offsets.begin(), m_offsets.end())) {
        throw Error(ErrorCode::store_corrupt, "a table of texts does not fit its offsets");
    }
}

void Texts::add(std::string_view text) {
    m_blob += text;
    m_offsets.push_back(m_blob.size());
}

}  // namespace mien::gallery
