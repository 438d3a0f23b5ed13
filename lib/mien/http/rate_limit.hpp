// SPDX-License-Identifier: MIT
#pragma once

/// One token bucket a client and class, and which address a client has behind proxies.

#include <mien/http/config.hpp>
#include <mien/http/message.hpp>
#include <mien/http/route.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace mien::http {

/// Thread-safe. Forgets clients whose bucket is full again, so that it stays small.
class RateLimiter {
public:
    using Clock = std::chrono::steady_clock;
    /// How long to wait until the next request is welcome; 0: this one is, and was counted.
    std::chrono::seconds take(RateClass kind, const Rate& rate, const std::string& client, Clock::time_point now);

    /// Buckets that are remembered.
    [[nodiscard]] std::size_t size();

private:
    std::mutex m_mutex;
    std::unordered_map<std::string, Clock::time_point> m_full_at;  ///< when each bucket will be full again
    std::size_t m_forget_at{1024};
};

/// Addresses and CIDR blocks ("10.0.0.0/8", "::1", "unix").
class Networks {
public:
    /// throws: Error{usage} that names the entry
    explicit Networks(const std::vector<std::string>& entries);
    [[nodiscard]] bool contains(std::string_view address) const;

private:
    struct Block {
        std::string bytes;  ///< 4 or 16
        int bits{};
    };
    std::vector<Block> m_blocks;
    bool m_unix{};
};

/// The client's address: the peer's, or the last entry of X-Forwarded-For that is no trusted proxy where the peer is
/// one.
std::string client_address(const std::string& peer, const Fields& headers, const Networks& trusted);

/// Whose bucket an address draws from: itself, for IPv6 its /64, because a single host has all of that.
std::string bucket_of(const std::string& address);

/// "127.0.0.1", "::1" and everything else that does not leave the machine.
bool is_loopback(std::string_view address);

}  // namespace mien::http
