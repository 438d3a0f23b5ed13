// SPDX-License-Identifier: MIT
#pragma once

/// Numbers at places that a hostile file chose: every read is checked against the end.

#include <mien/core/error.hpp>
#include <mien/core/hash.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mien::image {

[[noreturn]] inline void refuse(const std::string& reason) { throw Error(ErrorCode::unreadable, reason); }

/// What a file that ends too early is refused with. format: as people write it, "JPEG"
[[noreturn]] inline void refuse_cut_short(std::string_view format) {
    refuse("the " + std::string(format) + " file is cut short");
}

[[noreturn]] inline void refuse_damaged(std::string_view format, std::string_view reason) {
    refuse("the " + std::string(format) + " file is damaged: " + std::string(reason));
}

enum class ByteOrder { little, big };

class Reader {
public:
    /// format: for the message when a read goes past the end
    Reader(Bytes data, ByteOrder order, std::string_view format) : m_data(data), m_order(order), m_format(format) {}

    [[nodiscard]] std::size_t size() const { return m_data.size(); }
    [[nodiscard]] bool holds(std::uint64_t at, std::uint64_t count) const {
        return at <= m_data.size() && count <= m_data.size() - at;
    }

    // All throw Error{unreadable} past the end.
    [[nodiscard]] std::uint8_t u8(std::uint64_t at) const { return static_cast<std::uint8_t>(number(at, 1)); }
    [[nodiscard]] std::uint16_t u16(std::uint64_t at) const { return static_cast<std::uint16_t>(number(at, 2)); }
    [[nodiscard]] std::uint32_t u32(std::uint64_t at) const { return static_cast<std::uint32_t>(number(at, 4)); }
    [[nodiscard]] std::uint64_t u64(std::uint64_t at) const { return number(at, 8); }
    [[nodiscard]] Bytes part(std::uint64_t at, std::uint64_t count) const {
        if (!holds(at, count)) {
            refuse_cut_short(m_format);
        }
        return m_data.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(count));
    }
    /// Whether text stands there.
    [[nodiscard]] bool says(std::uint64_t at, std::string_view text) const {
        return holds(at, text.size()) && as_text(part(at, text.size())) == text;
    }
    [[nodiscard]] static std::string_view as_text(Bytes bytes) {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

private:
    [[nodiscard]] std::uint64_t number(std::uint64_t at, unsigned count) const {
        const auto bytes = part(at, count);
        std::uint64_t value = 0;
        for (unsigned i = 0; i < count; ++i) {
            value = value << 8U | std::to_integer<std::uint64_t>(bytes[m_order == ByteOrder::big ? i : count - 1 - i]);
        }
        return value;
    }

    Bytes m_data;
    ByteOrder m_order;
    std::string_view m_format;
};

}  // namespace mien::image
