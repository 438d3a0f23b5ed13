// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/gallery/journal.hpp>

#include <support/gallery_text.hpp>
#include <support/shared.hpp>
#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace mien::gallery {
namespace {

namespace fs = std::filesystem;
using test::content;

Record fresh(const std::string& label, const std::string& photo) {
    return {label,           photo,      sha256(photo),
            {5, 6, 7, 8},    0.8F,       0.7F,
            Origin::confirm, 1769850001, std::vector<float>(16, 0.25F)};
}

class Store : public ::testing::Test {
protected:
    Store() { save_store(file, *test::synthetic_gallery({3, 2})); }
    const test::TemporaryFolder folder;
    const fs::path file = folder.path() / "train.mien";
};

TEST_F(Store, AChangeIsThereForEverybodyAfterwards) {
    StoreReader reader(file);
    {
        StoreWriter writer(file, {"test"});
        const auto gallery = writer.commit("one more", {Add{fresh("ada", "a.jpg")}});
        EXPECT_EQ(gallery->size(), 7U);
        EXPECT_EQ(gallery->people(), 4U);
        EXPECT_EQ(gallery->label(0), "ada");
        EXPECT_EQ(writer.last_change(), 1U);
    }
    EXPECT_EQ(reader.gallery()->size(), 6U);
    EXPECT_TRUE(reader.refresh());
    EXPECT_FALSE(reader.refresh());
    EXPECT_EQ(reader.gallery()->size(), 7U);
    EXPECT_EQ(reader.last_change(), 1U);
    const auto opened = load_store(file);
    EXPECT_EQ(content(*opened), content(*reader.gallery()));
    const auto row = opened->find({sha256("a.jpg"), {5, 6, 7, 8}});
    ASSERT_TRUE(row);
    EXPECT_EQ(opened->record(*row).label, "ada");
    EXPECT_EQ(opened->record(*row).origin, Origin::confirm);
}

TEST_F(Store, OldSnapshotsStayAsTheyWere) {
    StoreWriter writer(file, {"test"});
    const auto before = writer.gallery();
    const auto text = content(*before);
    const auto a = writer.commit("a", {Add{fresh("ada", "a.jpg")}});
    const auto text_a = content(*a);
    writer.commit("b", {Remove{before->record(0).copy()}, Add{fresh("ada", "b.jpg")}});
    writer.commit("c", {Relabel{{sha256("a.jpg"), {5, 6, 7, 8}}, "ada", "zoe", "a.jpg", "z/a.jpg"}});
    EXPECT_EQ(content(*before), text);
    EXPECT_EQ(content(*a), text_a);
    EXPECT_EQ(writer.gallery()->size(), 7U);
    EXPECT_TRUE(writer.gallery()->find_person("zoe"));
    EXPECT_EQ(content(*load_store(file)), content(*writer.gallery()));
}

TEST_F(Store, WhatDoesNotFitIsRefusedAndNothingIsWritten) {
    StoreWriter writer(file, {"test"});
    writer.commit("a", {Add{fresh("ada", "a.jpg")}});
    const auto size = fs::file_size(writer.gallery() ? folder.path() / "train.mien.journal" : file);
    EXPECT_THROW(writer.commit("again", {Add{fresh("ada", "b.jpg")}, Add{fresh("bob", "a.jpg")}}), Error);
    EXPECT_THROW(writer.commit("gone", {Remove{fresh("ada", "c.jpg")}}), Error);
    EXPECT_THROW(writer.commit("whose", {Remove{fresh("bob", "a.jpg")}}), Error);
    auto longer = fresh("ada", "d.jpg");
    longer.encoding.push_back(0);
    EXPECT_THROW(writer.commit("longer", {Add{longer}}), Error);
    EXPECT_EQ(fs::file_size(folder.path() / "train.mien.journal"), size);
    EXPECT_EQ(writer.commit("b", {Add{fresh("ada", "b.jpg")}})->size(), 8U);
    EXPECT_EQ(content(*load_store(file)), content(*writer.gallery()));
}

TEST_F(Store, CompactionChangesNothingThatAnybodySees) {
    StoreReader reader(file);
    StoreWriter writer(file, {"test"});
    writer.commit("a", {Add{fresh("ada", "a.jpg")}, SetExtra{"calibration", "", "x"},
                        Deny{{"bob", sha256("q"), {1, 1, 1, 1}, "q.jpg", 3, {1.0F}}}});
    writer.commit("b", {Remove{writer.gallery()->record(2).copy()}});
    const auto before = content(*writer.gallery());
    writer.compact();
    EXPECT_EQ(content(*writer.gallery()), before);
    EXPECT_EQ(writer.gallery()->loose_rows(), 0U);
    EXPECT_EQ(writer.last_change(), 2U);
    EXPECT_TRUE(reader.refresh());
    EXPECT_EQ(content(*reader.gallery()), before);
    EXPECT_EQ(content(*load_store(file)), before);
    writer.commit("c", {Add{fresh("bob", "c.jpg")}});
    EXPECT_EQ(writer.last_change(), 3U);
    EXPECT_EQ(content(*load_store(file)), content(*writer.gallery()));
}

TEST_F(Store, AWriterOverAReaderSharesItsState) {
    StoreReader reader(file);
    for (int i = 0; i < 200; ++i) {
        StoreWriter writer(reader, {"test"});
        writer.commit("more", {Add{fresh("ada", std::to_string(i) + ".jpg")}});
        EXPECT_EQ(reader.gallery()->size(), 7U + static_cast<std::size_t>(i));
    }
    EXPECT_EQ(content(*load_store(file)), content(*reader.gallery()));
}

TEST_F(Store, OneWriterAtATime) {
    const StoreWriter writer(file, {"first"});
    try {
        const StoreWriter second(file, {"second"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::store_locked);
        EXPECT_NE(std::string(error.what()).find("first"), std::string::npos);
    }
}

TEST_F(Store, AnotherModelIsRefusedWithBothNames) {
    const StoreWriter writer(file, {"test"});
    EXPECT_NO_THROW(writer.require_model(test::synthetic_contract(16)));
    auto other = test::synthetic_contract(16);
    other.encoder = "other";
    try {
        writer.require_model(other);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::model_mismatch);
        EXPECT_NE(std::string(error.what()).find("other"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("synthetic"), std::string::npos);
    }
}

TEST_F(Store, FilesMoveWithTheirChange) {
    fs::create_directories(folder.path() / "dataset");
    AtomicFile photo(folder.path() / "dataset/up.jpg");
    photo.commit();
    StoreWriter writer(file, {"test"});
    writer.commit("moved", {MoveFile{"dataset/up.jpg", "dataset_training/ada/up.jpg"}});
    EXPECT_FALSE(fs::exists(folder.path() / "dataset/up.jpg"));
    EXPECT_TRUE(fs::exists(folder.path() / "dataset_training/ada/up.jpg"));
}

TEST_F(Store, UndoTakesBackAndUndoingThatDoesItAgain) {
    StoreWriter writer(file, {"test"});
    const auto at_0 = content(*writer.gallery());
    writer.commit("a", {Add{fresh("ada", "a.jpg")}, SetExtra{"calibration", "", "x"}});
    const auto at_1 = content(*writer.gallery());
    writer.commit("b", {Remove{writer.gallery()->record(2).copy()},
                        Relabel{{sha256("a.jpg"), {5, 6, 7, 8}}, "ada", "zoe", "a.jpg", "z/a.jpg"},
                        Deny{{"bob", sha256("q"), {1, 1, 1, 1}, "q.jpg", 3, {1.0F}}},
                        Skip{{"s.jpg", sha256("s"), Outcome::no_face, "none"}}});
    const auto at_2 = content(*writer.gallery());
    EXPECT_EQ(content(*writer.undo(1)), at_1);
    EXPECT_EQ(writer.last_change(), 3U);
    EXPECT_EQ(content(*writer.undo(1)), at_2);
    EXPECT_EQ(content(*writer.undo(4)), at_0);
    EXPECT_EQ(content(*writer.restore(2)), at_2);
    writer.compact();
    EXPECT_EQ(content(*writer.restore(1)), at_1);
    EXPECT_EQ(content(*load_store(file)), at_1);
    writer.forget_history();
    EXPECT_THROW(writer.undo(1), Error);
    EXPECT_EQ(content(*load_store(file)), at_1);
    writer.commit("c", {Add{fresh("bob", "c.jpg")}});
    EXPECT_EQ(content(*writer.undo(1)), at_1);
}

TEST_F(Store, AlteredCopiesGoAndComeBackWithTheirRecord) {
    StoreWriter writer(file, {"test"});
    const auto ada = fresh("ada", "a.jpg");
    const auto name = augmented_name(ada.key());
    const std::vector<float> copies(32, 0.5F);
    writer.commit("a", {Add{ada}, SetExtra{name, "", augmented_bytes(copies)}});
    EXPECT_EQ(augmented_of(*writer.gallery(), ada.key()), copies);
    EXPECT_EQ(augmented_copies(*writer.gallery()), 2U);
    const auto at_1 = content(*writer.gallery());
    writer.commit("b", {Relabel{ada.key(), "ada", "zoe", "a.jpg", "z/a.jpg"}});
    EXPECT_EQ(augmented_of(*writer.gallery(), ada.key()), copies) << "another name is the same face";
    auto again = ada;
    again.label = "zoe";
    again.quality = 0.9F;
    writer.commit("c", {Remove{writer.gallery()->record(*writer.gallery()->find(ada.key())).copy()}, Add{again}});
    EXPECT_EQ(augmented_of(*writer.gallery(), ada.key()), copies) << "it only changed";
    writer.commit("d", {Remove{again}});
    EXPECT_TRUE(writer.gallery()->extra(name).empty());
    writer.undo(1);
    EXPECT_EQ(augmented_of(*writer.gallery(), ada.key()), copies);
    EXPECT_EQ(content(*writer.undo(4)), at_1);
    writer.undo(1);
    EXPECT_EQ(augmented_of(*writer.gallery(), ada.key()), copies);
}

TEST_F(Store, ErasingSomebodyErasesTheirAlteredCopiesEverywhere) {
    StoreWriter writer(file, {"test"});
    const auto ada = fresh("ada", "a.jpg");
    const auto bob = fresh("bob", "b.jpg");
    const auto bytes_of = [](float value) { return augmented_bytes(std::vector<float>(16, value)); };
    const auto of_ada = augmented_name(ada.key());
    const auto of_bob = augmented_name(bob.key());
    writer.commit("a", {Add{ada}, Add{bob}, SetExtra{of_ada, "", bytes_of(0.123F)}, SetExtra{of_bob, "", bytes_of(5)}});
    writer.replace(*writer.gallery(), "an archive is kept");
    writer.commit("b", {SetExtra{of_ada, bytes_of(0.123F), bytes_of(0.321F)}});
    const auto erased = writer.erase("ada");
    EXPECT_EQ(erased.records, 1U);
    const std::set<std::string> seen(erased.augmented.begin(), erased.augmented.end());
    EXPECT_TRUE(seen.contains(bytes_of(0.123F)) && seen.contains(bytes_of(0.321F)));
    EXPECT_FALSE(seen.contains(bytes_of(5)));
    EXPECT_EQ(writer.gallery()->extra(of_bob), bytes_of(5));
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
        if (!entry.is_regular_file() || entry.file_size() == 0) {
            continue;
        }
        const auto read = read_file(entry.path(), 1U << 20U);
        const std::string_view text(reinterpret_cast<const char*>(read.data()), read.size());
        EXPECT_EQ(text.find(bytes_of(0.123F)), std::string_view::npos) << entry.path();
        EXPECT_EQ(text.find(bytes_of(0.321F)), std::string_view::npos) << entry.path();
        files += text.find(bytes_of(5)) != std::string_view::npos ? 1U : 0U;
    }
    EXPECT_GE(files, 2U) << "the archive and its history, where the others' copies are";
}

TEST_F(Store, UndoBringsAReplacedArchiveBack) {
    StoreWriter writer(file, {"test"});
    writer.commit("a", {Add{fresh("ada", "a.jpg")}});
    const auto at_1 = content(*writer.gallery());
    writer.replace(*test::synthetic_gallery({1, 2, 32}), "another model");
    const auto at_2 = content(*writer.gallery());
    EXPECT_EQ(content(*writer.undo(1)), at_1);
    EXPECT_EQ(content(*writer.undo(1)), at_2);
    EXPECT_EQ(content(*writer.restore(1)), at_1);
    EXPECT_EQ(content(*load_store(file)), at_1);
}

TEST_F(Store, UndoMovesFilesBack) {
    const auto root = folder.path();
    const auto put = [&](const fs::path& path) {
        fs::create_directories((root / path).parent_path());
        AtomicFile(root / path).commit();
    };
    put("dataset/up.jpg");
    put("old/1.jpg");
    put("new/1.jpg");
    put("copy.jpg");
    StoreWriter writer(file, {"test"});
    writer.commit("swap", {MoveFile{"dataset/up.jpg", "t/up.jpg"}, MoveFile{"old", "train.mien.d/old"},
                           MoveFile{"new", "old"}, AddFile{"copy.jpg"}});
    EXPECT_TRUE(fs::exists(root / "t/up.jpg"));
    EXPECT_TRUE(fs::exists(root / "train.mien.d/old/1.jpg"));
    EXPECT_FALSE(fs::exists(root / "new"));
    writer.undo(1);
    EXPECT_TRUE(fs::exists(root / "dataset/up.jpg"));
    EXPECT_TRUE(fs::exists(root / "new/1.jpg"));
    EXPECT_TRUE(fs::exists(root / "old/1.jpg"));
    EXPECT_FALSE(fs::exists(root / "copy.jpg"));
    writer.undo(1);
    EXPECT_TRUE(fs::exists(root / "copy.jpg"));
    EXPECT_TRUE(fs::exists(root / "t/up.jpg"));
    put("new/2.jpg");  // in the way
    const auto last = writer.last_change();
    EXPECT_THROW(writer.undo(1), Error);
    EXPECT_EQ(writer.last_change(), last);
    EXPECT_TRUE(fs::exists(root / "t/up.jpg"));
}

TEST_F(Store, MovesThatACrashCutOffAreFinished) {
    const auto root = folder.path();
    fs::create_directories(root / "dataset");
    AtomicFile(root / "dataset/up.jpg").commit();
    const auto journal = root / "train.mien.journal";
    {
        StoreWriter writer(file, {"test"});
        writer.commit("a", {Add{fresh("ada", "a.jpg")}});
        writer.commit("b", {MoveFile{"dataset/up.jpg", "t/up.jpg"}});
    }
    fs::rename(root / "t/up.jpg", root / "dataset/up.jpg");
    fs::resize_file(journal, fs::file_size(journal) - k_entry_header_size - k_entry_trailer_size);
    const StoreWriter writer(file, {"test"});
    EXPECT_TRUE(fs::exists(root / "t/up.jpg"));
}

/// tests/data/stores/format_2.mien, its journal and its history were written when format 2 was released.
TEST(OldStores, Format2WithItsJournalAndHistory) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "train.mien";
    for (const char* part : {"", ".journal", ".history"}) {
        fs::copy_file(test::source_dir() / ("tests/data/stores/format_2.mien" + std::string(part)),
                      file.native() + part);
    }
    StoreWriter writer(file, {"test"});
    const auto gallery = writer.gallery();
    EXPECT_EQ(writer.last_change(), 3U);
    EXPECT_EQ(gallery->size(), 6U);
    EXPECT_EQ(gallery->contract(), test::synthetic_contract(16));
    const auto zoe = gallery->find_person("zoe");
    ASSERT_TRUE(zoe);
    EXPECT_EQ(std::count(gallery->persons().begin(), gallery->persons().end(), *zoe), 2);
    EXPECT_EQ(gallery->extra("calibration"), "bytes of a calibration");
    EXPECT_EQ(gallery->extra("matcher"), "m");
    EXPECT_TRUE(gallery->denials().empty());
    EXPECT_TRUE(gallery->skipped().empty());
    const auto moved = gallery->find({sha256("person_2/1.jpg"), {1, 2, 30, 40}});
    ASSERT_TRUE(moved);
    EXPECT_EQ(gallery->photo(*moved), "dataset_training/zoe/2.jpg");
    EXPECT_FLOAT_EQ(gallery->quality(*moved), 0.5F);
    const auto first = writer.restore(1);
    EXPECT_EQ(first->size(), 6U);
    EXPECT_EQ(first->denials().at(0).label, "person_1");
    EXPECT_EQ(first->skipped().at(0).outcome, Outcome::no_face);
    EXPECT_TRUE(std::isnan(first->record(4).quality));
    EXPECT_EQ(first->record(4).origin, Origin::enroll);
}

TEST(OldStores, Format1TakesChanges) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "train.mien";
    fs::copy_file(test::source_dir() / "tests/data/stores/format_1.mien", file);
    StoreWriter writer(file, {"test"});
    const auto before = content(*writer.gallery());
    writer.commit("one more", {Add{fresh("ada", "a.jpg")}});
    EXPECT_EQ(load_store(file)->size(), 7U);
    writer.compact();
    EXPECT_EQ(load_store(file)->size(), 7U);
    EXPECT_EQ(content(*writer.undo(1)), before);
}

TEST(NewStore, ReplaceMakesTheFirst) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "train.mien";
    StoreWriter writer(file, {"test"});
    EXPECT_EQ(writer.gallery(), nullptr);
    EXPECT_THROW(writer.commit("nothing to change", {}), Error);
    writer.replace(*test::synthetic_gallery({3, 2}), "first");
    EXPECT_EQ(writer.last_change(), 1U);
    EXPECT_EQ(load_store(file)->size(), 6U);
    writer.replace(*test::synthetic_gallery({1, 2}), "second");
    EXPECT_EQ(load_store(file)->size(), 2U);
    EXPECT_TRUE(fs::exists(folder.path() / "train.mien.d" / "2.mien"));
}

}  // namespace
}  // namespace mien::gallery
