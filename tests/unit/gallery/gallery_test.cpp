// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/gallery/file_store.hpp>

#include <support/shared.hpp>
#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <fstream>

namespace mien::gallery {
namespace {

TEST(Gallery, PeopleAreSortedAndRecordsKeepTheirOrder) {
    auto records = test::synthetic_records({3, 2});
    std::swap(records.front(), records.back());
    const auto gallery = Gallery::build({test::synthetic_contract(16), {}, {}}, records, {});
    EXPECT_EQ(gallery->people(), 3U);
    EXPECT_EQ(gallery->label(0), "person_0");
    EXPECT_EQ(gallery->record(0).label, records.front().label);
    EXPECT_EQ(gallery->record(0).photo, records.front().photo);
    EXPECT_TRUE(
        std::equal(records[2].encoding.begin(), records[2].encoding.end(), gallery->record(2).encoding.begin()));
}

TEST(Gallery, AnEncodingOfAnotherLengthIsRefused) {
    auto records = test::synthetic_records({2, 1});
    records[1].encoding.pop_back();
    EXPECT_THROW(Gallery::build({test::synthetic_contract(16), {}, {}}, records, {}), Error);
}

TEST(Gallery, RecordIdsNameContentAndPlaceOnly) {
    const auto hash = sha256("photo");
    EXPECT_EQ(record_id(hash, {1, 2, 3, 4}), record_id(hash, {1, 2, 3, 4}));
    EXPECT_NE(record_id(hash, {1, 2, 3, 4}), record_id(hash, {1, 2, 3, 5}));
    EXPECT_NE(record_id(hash, {1, 2, 3, 4}), record_id(sha256("other"), {1, 2, 3, 4}));
}

TEST(FileStore, SavesPrivatelyAndLoads) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "train.mien";
    save_store(file, *test::synthetic_gallery({5, 3}));
    EXPECT_EQ(std::filesystem::status(file).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_EQ(load_store(file)->size(), 15U);
}

TEST(FileStore, MissingAndForeignFilesAreNamed) {
    const test::TemporaryFolder folder;
    try {
        load_store(folder.path() / "train.mien");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::store_missing);
    }
    std::ofstream(folder.path() / "train.mien") << "\x80\x04}q\x01.";  // a pickle
    try {
        load_store(folder.path() / "train.mien");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::store_corrupt);
        EXPECT_NE(std::string(error.what()).find("train.mien"), std::string::npos);
    }
}

TEST(FileStore, AGalleryOutlivesItsReplacedFile) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "train.mien";
    save_store(file, *test::synthetic_gallery({5, 3}));
    const auto before = load_store(file);
    save_store(file, *test::synthetic_gallery({2, 1, 16, 0.1, 7}));
    EXPECT_EQ(before->size(), 15U);
    EXPECT_EQ(before->record(14).label, "person_4");
    EXPECT_EQ(load_store(file)->size(), 2U);
}

}  // namespace
}  // namespace mien::gallery
