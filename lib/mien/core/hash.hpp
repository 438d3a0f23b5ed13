// SPDX-License-Identifier: MIT
#pragma once

/// SHA-256 names content (photos, weights); XXH3-64 finds accidents (stores, caches).

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mien {

using Bytes = std::span<const std::byte>;

struct Sha256 {
    std::array<std::uint8_t, 32> bytes{};
    friend auto operator<=>(const Sha256&, const Sha256&) = default;
};

Sha256 sha256(Bytes data);
Sha256 sha256(std::string_view text);

/// 64 lower-case hexadecimal digits.
std::string to_hex(const Sha256& digest);

/// throws: Error{usage} if text is not 64 hexadecimal digits
Sha256 sha256_from_hex(std::string_view text);

/// For files larger than memory should hold.
class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(const Sha256Stream&) = delete;
    Sha256Stream& operator=(const Sha256Stream&) = delete;
    void update(Bytes data);
    Sha256 finish();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

std::uint64_t xxh3(Bytes data);

struct Sha256Hash {
    std::size_t operator()(const Sha256& digest) const noexcept;
};

}  // namespace mien
