// SPDX-License-Identifier: MIT
#include <mien/http/rate_limit.hpp>

#include <mien/core/error.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

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

}  // namespace

std::chrono::seconds RateLimiter::take(RateClass kind, const Rate& rate, const std::string& client,
                                       Clock::time_point now) {
    if (rate.count == 0 || kind == RateClass::none) {
        return std::chrono::seconds(0);
    }
    // A bucket is the moment at which it is full again: each request puts that off by one interval, and none may put it
    // off beyond a whole bucket from now. In whole nanoseconds, so that nothing adds up to less than a request.
    const auto interval = std::chrono::duration_cast<Clock::duration>(rate.per) / rate.count;
    const auto key = (kind == RateClass::enrol ? "e " : "v ") + client;
    const std::lock_guard lock(m_mutex);
    if (m_full_at.size() >= m_forget_at) {
        std::erase_if(m_full_at, [now](const auto& entry) { return entry.second <= now; });
        m_forget_at = std::max<std::size_t>(1024, 2 * m_full_at.size());
    }
    auto& full_at = m_full_at.try_emplace(key, now).first->second;
    const auto next = std::max(full_at, now) + interval;
    if (const auto wait = next - interval * rate.count - now; wait > Clock::duration::zero()) {
        return std::chrono::ceil<std::chrono::seconds>(wait);
    }
    full_at = next;
    return std::chrono::seconds(0);
}

std::size_t RateLimiter::size() {
    const std::lock_guard lock(m_mutex);
    return m_full_at.size();
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
