// SPDX-License-Identifier: MIT
#include <mien/http/rate_limit.hpp>

#include <mien/core/error.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace mien::http {
namespace {

/// 4 or 16 bytes; IPv4 inside IPv6 becomes IPv4; empty where text is no address.
std::string address_bytes(std::string_view text) {
    const std::string terminated(text.substr(0, text.find('%')));  // without the zone of a link-local address
    std::string bytes(16, '\0');
    if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
        bytes.resize(4);
        return bytes;
    }
    if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) {
        const std::string mapped = std::string(10, '\0') + "\xff\xff";
        return bytes.starts_with(mapped) ? bytes.substr(12) : bytes;
    }
    return {};
}

double per_second(const Rate& rate) {
    return static_cast<double>(rate.count) / static_cast<double>(std::max<std::int64_t>(rate.per.count(), 1));
}

}  // namespace

std::chrono::seconds RateLimiter::take(RateClass kind, const Rate& rate, const std::string& client,
                                       Clock::time_point now) {
    if (rate.count == 0 || kind == RateClass::none) {
        return std::chrono::seconds(0);
    }
    const auto key = (kind == RateClass::enrol ? "e " : "v ") + client;
    const double capacity = rate.count;
    const std::lock_guard lock(m_mutex);
    m_rates[key.substr(0, 1)] = rate;
    if (m_buckets.size() >= m_forget_at) {
        forget_full(now);
    }
    const auto [found, is_new] = m_buckets.try_emplace(key, Bucket{capacity, now});
    auto& bucket = found->second;
    const double elapsed = std::chrono::duration<double>(now - bucket.filled).count();
    bucket.tokens = std::min(capacity, bucket.tokens + elapsed * per_second(rate));
    bucket.filled = now;
    if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return std::chrono::seconds(0);
    }
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil((1 - bucket.tokens) / per_second(rate))));
}

std::size_t RateLimiter::size() {
    const std::lock_guard lock(m_mutex);
    return m_buckets.size();
}

void RateLimiter::forget_full(Clock::time_point now) {
    std::erase_if(m_buckets, [this, now](const auto& entry) {
        const auto& rate = m_rates[entry.first.substr(0, 1)];
        const double elapsed = std::chrono::duration<double>(now - entry.second.filled).count();
        return entry.second.tokens + elapsed * per_second(rate) >= rate.count;
    });
    m_forget_at = std::max<std::size_t>(1024, 2 * m_buckets.size());
}

Networks::Networks(const std::vector<std::string>& entries) {
    for (const auto& entry : entries) {
        if (entry == "unix") {
            m_unix = true;
            continue;
        }
        const auto slash = std::min(entry.find('/'), entry.size());
        Block block{address_bytes(std::string_view(entry).substr(0, slash)), 0};
        block.bits = static_cast<int>(block.bytes.size() * 8);
        bool good = !block.bytes.empty();
        if (slash < entry.size()) {
            const auto* begin = entry.data() + slash + 1;
            const auto* end = entry.data() + entry.size();
            const int most = block.bits;
            const auto [stop, error] = std::from_chars(begin, end, block.bits);
            good = good && error == std::errc() && stop == end && block.bits >= 0 && block.bits <= most;
        }
        if (!good) {
            throw Error(ErrorCode::usage,
                        "trusted proxy '" + entry + "' is no address and no block like 10.0.0.0/8 or fd00::/8");
        }
        m_blocks.push_back(std::move(block));
    }
}

bool Networks::contains(std::string_view address) const {
    if (address == "unix") {
        return m_unix;
    }
    const auto bytes = address_bytes(address);
    return !bytes.empty() && std::any_of(m_blocks.begin(), m_blocks.end(), [&bytes](const Block& block) {
        if (block.bytes.size() != bytes.size()) {
            return false;
        }
        for (int bit = 0; bit < block.bits; ++bit) {
            const auto index = static_cast<std::size_t>(bit) / 8;
            const auto mask = 0x80U >> (static_cast<unsigned>(bit) % 8);
            if (((static_cast<unsigned>(bytes[index]) ^ static_cast<unsigned>(block.bytes[index])) & mask) != 0) {
                return false;
            }
        }
        return true;
    });
}

std::string client_address(const std::string& peer, const Fields& headers, const Networks& trusted) {
    if (!trusted.contains(peer)) {
        return peer;
    }
    std::vector<std::string> hops;
    for (const auto& [name, value] : headers.entries()) {
        if (equal_without_case(name, "X-Forwarded-For")) {
            for (auto& hop : split_list(value)) {
                hops.push_back(std::move(hop));
            }
        }
    }
    // From the nearest hop outwards: what stands left of the first stranger may be invented.
    std::string client = peer;
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
        if (address_bytes(*hop).empty()) {
            break;
        }
        client = *hop;
        if (!trusted.contains(*hop)) {
            break;
        }
    }
    return client;
}

std::string bucket_of(const std::string& address) {
    auto bytes = address_bytes(address);
    return bytes.size() == 16 ? bytes.substr(0, 8) : address;
}

bool is_loopback(std::string_view address) {
    if (address == "localhost" || address == "unix") {
        return true;
    }
    const auto bytes = address_bytes(address);
    if (bytes.size() == 4) {
        return bytes[0] == 127;
    }
    return bytes == std::string(15, '\0') + '\x01';
}

}  // namespace mien::http
