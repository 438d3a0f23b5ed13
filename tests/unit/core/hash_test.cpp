// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/hash.hpp>

#include <gtest/gtest.h>

namespace mien {
namespace {

// FIPS 180-2's example.
constexpr const char* k_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Hash, Sha256KnowsTheStandardsExample) {
    EXPECT_EQ(to_hex(sha256("abc")), k_abc);
    Sha256Stream stream;
    stream.update(std::as_bytes(std::span("ab", 2)));
    stream.update(std::as_bytes(std::span("c", 1)));
    EXPECT_EQ(to_hex(stream.finish()), k_abc);
}

TEST(Hash, HexRoundTripAndRefusal) {
    EXPECT_EQ(sha256_from_hex(k_abc), sha256("abc"));
    EXPECT_THROW(sha256_from_hex("ba78"), Error);
    EXPECT_THROW(sha256_from_hex(std::string(64, 'g')), Error);
}

TEST(Hash, Xxh3SeesEveryByte) {
    std::vector<std::byte> data(300);
    const auto before = xxh3(data);
    for (auto& byte : data) {
        byte = std::byte{1};
        EXPECT_NE(xxh3(data), before);
        byte = std::byte{0};
    }
}

}  // namespace
}  // namespace mien
