// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mien::gallery {

/// Many short texts in two blocks of memory, so that a million of them load without a million allocations.
class Texts {
public:
    Texts() : m_offsets{0} {}

    /// Takes the two blocks as they are stored.
    /// throws: Error{store_corrupt} unless offsets start at 0, never fall, and end at the blob's size
    Texts(std::vector<std::uint64_t> offsets, std::string blob);

    void add(std::string_view text);
    [[nodiscard]] std::size_t size() const { return m_offsets.size() - 1; }
    [[nodiscard]] std::string_view operator[](std::size_t index) const {
        return std::string_view(m_blob).substr(m_offsets[index], m_offsets[index + 1] - m_offsets[index]);
    }
    [[nodiscard]] const std::vector<std::uint64_t>& offsets() const { return m_offsets; }
    [[nodiscard]] const std::string& blob() const { return m_blob; }

private:
    std::vector<std::uint64_t> m_offsets;  ///< text i is blob[offsets[i], offsets[i + 1])
    std::string m_blob;
};

}  // namespace mien::gallery
