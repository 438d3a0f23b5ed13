// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/http/rate_limit.hpp>

#include <gtest/gtest.h>

namespace mien::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RateLimiter, LetsABurstThroughAndThenTheRate) {
    RateLimiter limiter;
    const Rate rate{10, seconds(60)};
    const RateLimiter::Clock::time_point start{};
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(limiter.take(RateClass::verify, rate, "a", start), seconds(0)) << i;
    }
    EXPECT_EQ(limiter.take(RateClass::verify, rate, "a", start), seconds(6));
    EXPECT_EQ(limiter.take(RateClass::verify, rate, "a", start + seconds(5)), seconds(1));
    EXPECT_EQ(limiter.take(RateClass::verify, rate, "a", start + seconds(6)), seconds(0));
    EXPECT_EQ(limiter.take(RateClass::verify, rate, "a", start + seconds(6)), seconds(6));
}

TEST(RateLimiter, CountsClientsAndClassesApart) {
    RateLimiter limiter;
    const Rate one{1, seconds(60)};
    const RateLimiter::Clock::time_point start{};
    EXPECT_EQ(limiter.take(RateClass::verify, one, "a", start), seconds(0));
    EXPECT_EQ(limiter.take(RateClass::enrol, one, "a", start), seconds(0));
    EXPECT_EQ(limiter.take(RateClass::verify, one, "b", start), seconds(0));
    EXPECT_GT(limiter.take(RateClass::verify, one, "a", start), seconds(0));
    EXPECT_EQ(limiter.take(RateClass::none, one, "a", start), seconds(0));
    EXPECT_EQ(limiter.take(RateClass::verify, {0, seconds(60)}, "a", start), seconds(0));
}

TEST(RateLimiter, RemembersThoseWhoAskWhenItForgetsTheOthers) {
    RateLimiter limiter;
    const Rate one{1, seconds(60)};
    RateLimiter::Clock::time_point now{};
    for (int i = 0; i < 5000; ++i) {
        now += milliseconds(100);
        EXPECT_EQ(limiter.take(RateClass::verify, one, "client " + std::to_string(i), now), seconds(0));
        EXPECT_GT(limiter.take(RateClass::verify, one, "client " + std::to_string(i), now), seconds(0));
    }
    EXPECT_LT(limiter.size(), 2500);  // 600 of them are within the minute
}

TEST(Networks, HoldAddressesAndBlocks) {
    const Networks networks({"10.0.0.0/8", "192.0.2.7", "fd00::/9", "::1"});
    for (const auto* address : {"10.255.0.1", "192.0.2.7", "fd7f::1", "::1", "::ffff:10.1.2.3"}) {
        EXPECT_TRUE(networks.contains(address)) << address;
    }
    for (const auto* address : {"11.0.0.1", "192.0.2.8", "fd80::1", "::2", "unix", "hello", ""}) {
        EXPECT_FALSE(networks.contains(address)) << address;
    }
    EXPECT_TRUE(Networks({"unix"}).contains("unix"));
    EXPECT_TRUE(Networks({"0.0.0.0/0"}).contains("8.8.8.8"));
    for (const auto* entry : {"10.0.0.0/33", "10.0.0/8", "host", "::/129", "10.0.0.0/x", "10.0.0.0/", "/8"}) {
        EXPECT_THROW(Networks({entry}), Error) << entry;
    }
}

TEST(ClientAddress, BelievesTrustedProxiesOnlyAndTheirNearestStranger) {
    const Networks trusted({"127.0.0.1", "10.0.0.0/8"});
    const auto client = [&trusted](const std::string& peer, const std::vector<std::string>& forwarded) {
        Fields headers;
        for (const auto& value : forwarded) {
            headers.add("X-Forwarded-For", value);
        }
        return client_address(peer, headers, trusted);
    };
    EXPECT_EQ(client("192.0.2.1", {"8.8.8.8"}), "192.0.2.1");
    EXPECT_EQ(client("127.0.0.1", {}), "127.0.0.1");
    EXPECT_EQ(client("127.0.0.1", {"192.0.2.1"}), "192.0.2.1");
    EXPECT_EQ(client("127.0.0.1", {"6.6.6.6, 192.0.2.1, 10.0.0.9"}), "192.0.2.1");
    EXPECT_EQ(client("127.0.0.1", {"6.6.6.6", "192.0.2.1"}), "192.0.2.1");
    EXPECT_EQ(client("127.0.0.1", {"192.0.2.1, rubbish"}), "127.0.0.1");
    EXPECT_EQ(client("127.0.0.1", {"10.0.0.1, 10.0.0.2"}), "10.0.0.1");
}

TEST(Buckets, AreOnePerNetworkOfIpv6) {
    EXPECT_EQ(bucket_of("2001:db8::1"), bucket_of("2001:db8:0:0:ffff::2"));
    EXPECT_NE(bucket_of("2001:db8::1"), bucket_of("2001:db8:0:1::1"));
    EXPECT_NE(bucket_of("192.0.2.1"), bucket_of("192.0.2.2"));
}

TEST(Loopback, IsWhatDoesNotLeaveTheMachine) {
    for (const auto* address : {"127.0.0.1", "127.8.9.1", "::1", "localhost", "unix", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(is_loopback(address)) << address;
    }
    for (const auto* address : {"0.0.0.0", "::", "192.0.2.1", "example.org", ""}) {
        EXPECT_FALSE(is_loopback(address)) << address;
    }
}

}  // namespace
}  // namespace mien::http
