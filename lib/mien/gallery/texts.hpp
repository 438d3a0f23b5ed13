// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mien::gallery {

/// Many short texts that lie in two blocks of memory, so that a million of them open without a million allocations.
/// Does not own them.
class TextsView {
public:
    TextsView() = default;

    /// throws: Error{store_corrupt} unless offsets start at 0, never fall, and end at the blob's size
    TextsView(std::span<const std::uint64_t> offsets, std::string_view blob);

    [[nodiscard]] std::size_t size() const { return m_offsets.empty() ? 0 : m_offsets.size() - 1; }
    [[nodiscard]] std::string_view operator[](std::size_t index) const {
        return m_blob.substr(m_offsets[index], m_offsets[index + 1] - m_offsets[index]);
    }
    /// Of sorted texts: the first that is not less, or size().
    [[nodiscard]] std::size_t lower_bound(std::string_view text) const;
    [[nodiscard]] std::span<const std::uint64_t> offsets() const { return m_offsets; }
    [[nodiscard]] std::string_view blob() const { return m_blob; }

private:
    friend class Texts;
    std::span<const std::uint64_t> m_offsets;  ///< text i is blob[offsets[i], offsets[i + 1])
    std::string_view m_blob;
};

/// The same two blocks, growing.
class Texts {
public:
    Texts() : m_offsets{0} {}
    void reserve(std::size_t texts, std::size_t bytes);
    void add(std::string_view text);
    [[nodiscard]] std::size_t size() const { return m_offsets.size() - 1; }
    /// Valid until the next add().
    [[nodiscard]] TextsView view() const;

private:
    std::vector<std::uint64_t> m_offsets;
    std::string m_blob;
};

}  // namespace mien::gallery
