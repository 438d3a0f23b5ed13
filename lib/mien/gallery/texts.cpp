// SPDX-License-Identifier: MIT
#include <mien/gallery/texts.hpp>

#include <mien/core/error.hpp>

namespace mien::gallery {

TextsView::TextsView(std::span<const std::uint64_t> offsets, std::string_view blob) : m_offsets(offsets), m_blob(blob) {
    bool good = !offsets.empty() && offsets.front() == 0 && offsets.back() == blob.size();
    // Without a branch out, so that the compiler makes vectors of it: a million offsets are checked at every opening.
    std::size_t falls = 0;
    for (std::size_t i = 1; i < offsets.size(); ++i) {
        falls += offsets[i] < offsets[i - 1] ? 1U : 0U;
    }
    good = good && falls == 0;
    if (!good) {
        throw Error(ErrorCode::store_corrupt, "a table of texts does not fit its offsets");
    }
}

std::size_t TextsView::lower_bound(std::string_view text) const {
    std::size_t first = 0;
    for (std::size_t count = size(); count > 0;) {
        const auto half = count / 2;
        if ((*this)[first + half] < text) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

void Texts::reserve(std::size_t texts, std::size_t bytes) {
    m_offsets.reserve(texts + 1);
    m_blob.reserve(bytes);
}

void Texts::add(std::string_view text) {
    m_blob += text;
    m_offsets.push_back(m_blob.size());
}

TextsView Texts::view() const {
    TextsView view;
    view.m_offsets = m_offsets;
    view.m_blob = m_blob;
    return view;
}

}  // namespace mien::gallery
