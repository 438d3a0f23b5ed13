// SPDX-License-Identifier: MIT
//
// Stores that were cut or changed: each opens with what it held, or a state before, or is refused with the place.
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/log.hpp>
#include <mien/gallery/change_log.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/gallery/fsck.hpp>
#include <mien/gallery/journal.hpp>

#include <support/gallery_text.hpp>
#include <support/shared.hpp>
#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace mien::gallery {
namespace {

namespace fs = std::filesystem;
using test::content;

std::string read(const fs::path& path) {
    const auto bytes = read_file(path, 1U << 24U);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

/// A small store with five changes in its journal, and how it was after each.
class DamagedStore : public ::testing::Test {
protected:
    DamagedStore() {
        log::start(log::Level::error);
        save_store(file, *test::synthetic_gallery({2, 2, 4}));
        StoreWriter writer(file, {"test"});
        states.push_back(content(*writer.gallery()));
        const auto keep = [&](std::vector<Operation> operations) {
            states.push_back(content(*writer.commit("change", std::move(operations))));
            ends.push_back(fs::file_size(journal));
        };
        Record record = test::synthetic_records({1, 1, 4})[0];
        record.label = "ada";
        record.photo = "a.jpg";
        record.photo_hash = sha256("a");
        keep({Add{record}});
        keep({Relabel{record.key(), "ada", "bob", "a.jpg", "b.jpg"}});
        keep({Remove{writer.gallery()->record(1).copy()}, SetExtra{"calibration", "", "x"}});
        keep({Deny{{"bob", sha256("q"), {1, 1, 1, 1}, "q.jpg", 3, {1.0F}}}});
        record.photo_hash = sha256("c");
        keep({Add{record}});
    }

    /// What the store says, or the message of the refusal.
    std::string open_or_refuse() const {
        try {
            return content(*load_store(file));
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::store_corrupt) << error.what();
            EXPECT_NE(std::string(error.what()).find("train.mien"), std::string::npos) << error.what();
            EXPECT_NE(std::string(error.what()).find("at byte"), std::string::npos) << error.what();
            return "refused";
        }
    }

    const test::TemporaryFolder folder;
    const fs::path file = folder.path() / "train.mien";
    const fs::path journal = folder.path() / "train.mien.journal";
    std::vector<std::string> states;
    std::vector<std::uintmax_t> ends;  ///< of the journal after each change
};

TEST_F(DamagedStore, TheJournalCutAtEveryByteIsTheStateOfItsWholeEntries) {
    const auto whole = read(journal);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        write(journal, whole.substr(0, size));
        const auto entries = static_cast<std::size_t>(
            std::count_if(ends.begin(), ends.end(), [size](std::uintmax_t end) { return end <= size; }));
        EXPECT_EQ(open_or_refuse(), size < k_log_header_size ? "refused" : states[entries]) << size;
    }
}

TEST_F(DamagedStore, EveryFlippedByteOfTheJournalIsRefused) {
    auto bytes = read(journal);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        for (const char flip : {'\x01', '\x80', '\xff'}) {
            bytes[i] = static_cast<char>(bytes[i] ^ flip);
            write(journal, bytes);
            EXPECT_EQ(open_or_refuse(), "refused") << i;
            bytes[i] = static_cast<char>(bytes[i] ^ flip);
        }
    }
}

TEST_F(DamagedStore, EveryFlippedByteOfTheArchiveIsRefused) {
    auto bytes = read(file);
    for (auto& byte : bytes) {
        byte = static_cast<char>(byte ^ 4);
        write(file, bytes);
        EXPECT_EQ(open_or_refuse(), "refused") << &byte - bytes.data();
        byte = static_cast<char>(byte ^ 4);
    }
}

TEST_F(DamagedStore, TheArchiveCutAnywhereIsRefused) {
    const auto whole = read(file);
    for (std::size_t size = 0; size < whole.size(); size += 7) {
        write(file, whole.substr(0, size));
        EXPECT_EQ(open_or_refuse(), "refused") << size;
    }
}

TEST_F(DamagedStore, SectorsThatNeverReachedTheDiskAreATornTail) {
    auto whole = read(journal);
    auto bytes = whole;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(ends[3]), bytes.end(), '\0');
    write(journal, bytes);
    EXPECT_EQ(open_or_refuse(), states[4]);
    // Not so in the middle: what follows was acknowledged.
    std::fill(whole.begin() + static_cast<std::ptrdiff_t>(ends[1]),
              whole.begin() + static_cast<std::ptrdiff_t>(ends[2]), '\0');
    write(journal, whole);
    EXPECT_EQ(open_or_refuse(), "refused");
}

TEST_F(DamagedStore, AWriterKeepsATornTailBesideAndGoesOn) {
    const auto whole = read(journal);
    write(journal, whole.substr(0, whole.size() - 5));
    {
        StoreWriter writer(file, {"test"});
        EXPECT_EQ(content(*writer.gallery()), states[4]);
        EXPECT_EQ(read(folder.path() / "train.mien.journal.torn"), whole.substr(ends[3], whole.size() - 5 - ends[3]));
        writer.commit("more", {SetExtra{"matcher", "", "m"}});
    }
    EXPECT_EQ(content(*load_store(file)), states[4] + "matcher=m\n");
}

TEST_F(DamagedStore, AJournalOfAnotherStoreIsRefused) {
    save_store(folder.path() / "other.mien", *test::synthetic_gallery({3, 1, 4}));
    {
        StoreWriter writer(folder.path() / "other.mien", {"test"});
        writer.commit("x", {SetExtra{"matcher", "", "m"}});
    }
    fs::copy_file(folder.path() / "other.mien.journal", journal, fs::copy_options::overwrite_existing);
    EXPECT_EQ(open_or_refuse(), "refused");
}

TEST_F(DamagedStore, FsckKnowsAWholeStoreAndRepairLeavesItAlone) {
    const auto report = check_store(file);
    EXPECT_TRUE(report.is_whole());
    EXPECT_EQ(report.last_change, 5U);
    EXPECT_FALSE(repair_store(file, {"fsck"}).repaired);
    EXPECT_EQ(open_or_refuse(), states[5]);
}

TEST_F(DamagedStore, RepairKeepsTheChangesAroundADamagedOne) {
    auto bytes = read(journal);
    bytes[ends[2] + 60] = static_cast<char>(bytes[ends[2] + 60] ^ 1);  // the denial
    write(journal, bytes);
    EXPECT_EQ(open_or_refuse(), "refused");
    EXPECT_FALSE(check_store(file).is_whole());
    const auto report = repair_store(file, {"fsck"});
    EXPECT_TRUE(report.repaired);
    EXPECT_EQ(report.dropped_changes, 1U);
    EXPECT_EQ(report.dropped_records, 0U);
    EXPECT_TRUE(check_store(file).is_whole());
    const auto now = load_store(file);
    EXPECT_TRUE(now->denials().empty());
    EXPECT_EQ(now->size(), 5U);
    EXPECT_EQ(now->extra("calibration"), "x");
    EXPECT_EQ(read(folder.path() / "train.mien.journal.damaged"), bytes);
}

TEST_F(DamagedStore, RepairDropsTheRecordsOfADamagedChunkOnly) {
    const auto big = test::synthetic_gallery({100, 20, 64});
    save_store(file, *big);
    auto bytes = read(file);
    bytes[200000] = static_cast<char>(bytes[200000] ^ 1);  // among the encodings
    write(file, bytes);
    EXPECT_EQ(open_or_refuse(), "refused");
    const auto report = repair_store(file, {"fsck"});
    EXPECT_TRUE(report.repaired);
    EXPECT_EQ(report.dropped_records, 1U);
    const auto now = load_store(file);
    EXPECT_EQ(now->size(), big->size() - report.dropped_records);
    for (std::size_t row = 0; row < now->rows(); ++row) {
        const auto a = now->record(row);
        const auto b = big->record(*big->find(a.key()));
        EXPECT_EQ(a.label, b.label);
        EXPECT_TRUE(std::equal(a.encoding.begin(), a.encoding.end(), b.encoding.begin()));
    }
    EXPECT_EQ(read(folder.path() / "train.mien.damaged"), bytes);
}

TEST_F(DamagedStore, AFlippedByteOfASmallArchiveCostsFewRecordsAndNothingElse) {
    constexpr std::size_t k_records = 80;
    constexpr std::size_t k_dim = 32;
    auto description = test::synthetic_gallery({1, 1, k_dim})->description();
    description.settings = "{}";
    const auto records = test::synthetic_records({40, 2, k_dim});
    ASSERT_EQ(records.size(), k_records);
    const auto whole =
        Gallery::build(description, records, {}, {{"person_0", sha256("q"), {1, 1, 1, 1}, "q.jpg", 3, {}}},
                       {{"calibration", std::string(300, 'c')}});
    save_store(file, *whole);
    const auto bytes = read(file);
    std::uint64_t table{};
    std::memcpy(&table, bytes.data() + 128, sizeof table);
    const auto body = k_header_size + table;
    for (auto i = k_header_size; i < bytes.size(); ++i) {
        auto damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ 8);
        constexpr std::size_t k_places = 14 * 16;
        const auto salvage = salvage_archive(std::as_bytes(std::span(damaged)));
        if (i < k_header_size + k_places) {
            EXPECT_FALSE(salvage) << i;
            continue;
        }
        ASSERT_TRUE(salvage) << i;
        const auto& kept = *salvage->archive.gallery;
        EXPECT_EQ(kept.size() + salvage->dropped, k_records) << i;
        EXPECT_LE(salvage->dropped, 64U) << i;  // what a chunk of the narrowest column holds
        if (i >= body && i < body + k_records * k_dim * sizeof(float)) {
            EXPECT_EQ(salvage->dropped, 1U) << i;
        }
        EXPECT_TRUE(!salvage->rest_lost || salvage->dropped == 0) << i;
        if (!salvage->rest_lost) {
            EXPECT_EQ(kept.description().settings, "{}");
            EXPECT_EQ(kept.denials().size(), 1U);
            EXPECT_EQ(kept.extra("calibration").size(), 300U);
        }
        for (std::size_t row = 0; row < kept.rows(); ++row) {
            const auto a = kept.record(row);
            const auto b = whole->record(whole->find(a.key()).value());
            ASSERT_EQ(a.label, b.label);
            ASSERT_EQ(a.photo, b.photo);
            ASSERT_TRUE(std::equal(a.encoding.begin(), a.encoding.end(), b.encoding.begin()));
        }
    }
}

TEST_F(DamagedStore, WhatCannotBeReadIsNotCalledDamaged) {
    fs::remove(journal);
    fs::create_directory(journal);
    try {
        check_store(file);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::runtime) << error.what();
    }
    fs::remove(journal);
    fs::remove(file);
    fs::create_directory(file);
    EXPECT_THROW(check_store(file), Error);
    EXPECT_THROW(repair_store(file, {"fsck"}), Error);
    EXPECT_TRUE(fs::is_directory(file));
}

TEST_F(DamagedStore, RepairRefusesWhereNothingIsProvablyGood) {
    auto bytes = read(file);
    bytes[20] = 'x';
    write(file, bytes);
    EXPECT_THROW(repair_store(file, {"fsck"}), Error);
    EXPECT_EQ(read(file), bytes);
}

TEST_F(DamagedStore, ADamagedHistoryIsToldWithItsPlace) {
    {
        StoreWriter writer(file, {"test"});
        writer.compact();
    }
    const auto history = folder.path() / "train.mien.history";
    auto bytes = read(history);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        bytes[i] = static_cast<char>(bytes[i] ^ 2);
        write(history, bytes);
        EXPECT_EQ(open_or_refuse(), states[5]);  // the present does not need it
        try {
            const StoreReader reader(file);
            const ChangeLog changes(reader);
            for (auto number = changes.first(); number <= changes.last(); ++number) {
                static_cast<void>(changes.read(number));
            }
            ADD_FAILURE() << i;
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find("at byte"), std::string::npos) << error.what();
        }
        bytes[i] = static_cast<char>(bytes[i] ^ 2);
    }
    bytes[100] = static_cast<char>(bytes[100] ^ 2);
    write(history, bytes);
    EXPECT_TRUE(repair_store(file, {"fsck"}).repaired);
    EXPECT_TRUE(check_store(file).is_whole());
    EXPECT_EQ(open_or_refuse(), states[5]);
}

}  // namespace
}  // namespace mien::gallery
