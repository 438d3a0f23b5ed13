// SPDX-License-Identifier: MIT
#pragma once

/// What a matcher learned, as bytes in the store. Internal to match/.

#include <mien/core/error.hpp>
#include <mien/gallery/payload.hpp>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace mien::match {

inline constexpr std::uint32_t k_state_version = 1;

/// Version and name first, then what the matcher writes.
class StateWriter : public gallery::PayloadWriter {
public:
    explicit StateWriter(std::string_view name) {
        write(k_state_version);
        write(std::string(name));
    }
};

/// Bytes of unknown origin. Every list is bounded by the bytes that are there before anything is allocated.
class StateReader : public gallery::PayloadReader {
public:
    explicit StateReader(std::string_view bytes) : PayloadReader(std::as_bytes(std::span(bytes))) {
        std::uint32_t version{};
        read(version);
        require(version == k_state_version);
        read(m_name);
    }
    [[nodiscard]] const std::string& name() const { return m_name; }

    /// A list that must have this many numbers, all of them finite.
    template <class Number>
    void read_numbers(std::vector<Number>& numbers, std::size_t count) {
        read(numbers);
        require(numbers.size() == count);
        for (const auto number : numbers) {
            require(std::isfinite(number));
        }
    }
    void finish() const { require(at_end()); }

    static void require(bool holds) {
        if (!holds) {
            throw Error(ErrorCode::store_corrupt,
                        "what the matcher learned cannot be read; run 'mien fit' to learn it "
                        "anew");
        }
    }

private:
    std::string m_name;
};

}  // namespace mien::match
