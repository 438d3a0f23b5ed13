// SPDX-License-Identifier: MIT
#include <mien/pipeline/result_log.hpp>

#include <support/shared.hpp>

#include <gtest/gtest.h>

#include <fstream>

namespace mien::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t k_dim = 4;

FinishedPhoto result_number(int number) {
    if (number % 3 == 0) {
        return {Verdict::no_face, "no face was found", {}};
    }
    return {Verdict::known, {}, {{{number, 2, 3, 4}, 0.5F, 0.25F, {1, 2, 3, static_cast<float>(number)}}}};
}

std::vector<std::byte> log_of(const fs::path& file, int entries) {
    ResultLog log(file, "settings", k_dim);
    for (int i = 0; i < entries; ++i) {
        log.append(sha256(std::to_string(i)), result_number(i));
    }
    return read_file(file, 1 << 20);
}

void write(const fs::path& file, Bytes bytes) {
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

TEST(ResultLog, WhatWasAppendedIsThereAgain) {
    const test::TemporaryFolder folder;
    log_of(folder.path() / "log", 5);
    const ResultLog log(folder.path() / "log", "settings", k_dim);
    EXPECT_EQ(log.size(), 5U);
    const auto* four = log.find(sha256("4"));
    ASSERT_NE(four, nullptr);
    EXPECT_EQ(four->faces.at(0).encoding.at(3), 4.0F);
    EXPECT_EQ(four->faces.at(0).quality, 0.25F);
    EXPECT_EQ(four->faces.at(0).box, (Box{4, 2, 3, 4}));
    EXPECT_EQ(log.find(sha256("3"))->verdict, Verdict::no_face);
    EXPECT_EQ(log.find(sha256("9")), nullptr);
}

TEST(ResultLog, OtherSettingsStartAnew) {
    const test::TemporaryFolder folder;
    log_of(folder.path() / "log", 5);
    EXPECT_EQ(ResultLog(folder.path() / "log", "others", k_dim).size(), 0U);
    EXPECT_EQ(ResultLog(folder.path() / "log", "settings", k_dim).size(), 0U);
}

TEST(ResultLog, CutAtEveryByteItKeepsWholeEntriesAndGoesOn) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "log";
    const auto bytes = log_of(file, 4);
    std::size_t before = 0;
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        write(file, Bytes(bytes).first(length));
        {
            ResultLog log(file, "settings", k_dim);
            EXPECT_GE(log.size(), before) << length;
            before = log.size();
            log.append(sha256("new"), result_number(7));
        }
        const ResultLog again(file, "settings", k_dim);
        EXPECT_EQ(again.size(), before + 1) << length;
        EXPECT_NE(again.find(sha256("new")), nullptr) << length;
    }
    EXPECT_EQ(before, 4U);
}

TEST(ResultLog, AFlippedByteLosesThatEntryAndTheFollowingOnly) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "log";
    const auto bytes = log_of(file, 3);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        auto damaged = bytes;
        damaged[at] ^= std::byte{0x55};
        write(file, damaged);
        const ResultLog log(file, "settings", k_dim);
        EXPECT_LT(log.size(), 3U) << at;
        for (int i = 0; i < 3; ++i) {
            if (const auto* found = log.find(sha256(std::to_string(i)))) {
                EXPECT_EQ(found->verdict, result_number(i).verdict) << at;
            }
        }
    }
}

TEST(ResultLog, RemoveLeavesNothing) {
    const test::TemporaryFolder folder;
    ResultLog log(folder.path() / "log", "settings", k_dim);
    log.remove();
    EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace mien::pipeline
