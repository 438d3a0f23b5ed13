// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <mien/core/json.hpp>
#include <mien/models/models.hpp>

#include <sys/stat.h>

namespace mien::models {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::hex_digest;
using test::write;

class FinderTest : public testing::Test {
protected:
    FinderTest() {
        m_card.name = "toy";
        m_card.kind = Kind::encoder;
        m_card.file = "toy.dat";
        m_card.url = "https://example.org/toy.dat.bz2";
        m_card.sha256 = {hex_digest("first"), hex_digest("second")};
    }

    [[nodiscard]] fs::path root() const { return m_folder.path(); }
    [[nodiscard]] fs::path note() const { return root() / "cache/mien/verified.json"; }

    mien::test::TemporaryFolder m_folder;
    test::Environment m_home{"HOME", (m_folder.path() / "home").native()};
    test::Environment m_data{"XDG_DATA_HOME", ""};
    test::Environment m_cache{"XDG_CACHE_HOME", (m_folder.path() / "cache").native()};
    test::Environment m_models{"MIEN_MODELS", ""};
    Card m_card;
};

TEST_F(FinderTest, folders_come_in_the_documented_order) {
    const test::Environment models("MIEN_MODELS", "/b::/c:/a");
    const Finder finder({{"/a"}, false});
    EXPECT_EQ(finder.folders(),
              (std::vector<fs::path>{"/a", "/b", "/c", root() / "home/.local/share/mien/models",
                                     "/usr/local/share/mien/models", "/usr/share/mien/models", "/usr/share/dlib"}));
    EXPECT_EQ(finder.fetch_folder(), "/a");
    EXPECT_EQ(Finder({}).fetch_folder(), root() / "home/.local/share/mien/models");
}

TEST_F(FinderTest, xdg_data_home_wins_over_home_unless_relative) {
    {
        const test::Environment data("XDG_DATA_HOME", "/data");
        EXPECT_EQ(Finder({}).fetch_folder(), "/data/mien/models");
    }
    const test::Environment data("XDG_DATA_HOME", "data");
    EXPECT_EQ(Finder({}).fetch_folder(), root() / "home/.local/share/mien/models");
}

TEST_F(FinderTest, works_without_a_home) {
    const test::Environment home("HOME", "");
    const test::Environment cache("XDG_CACHE_HOME", "");
    write(root() / "a/toy.dat", "first");
    EXPECT_EQ(Finder({{root() / "a"}, false}).require(m_card), root() / "a/toy.dat");
    const auto error = error_of([] { (void)Finder({}).fetch_folder(); });
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_HOLDS(error.what(), "--to DIR");
    EXPECT_HOLDS(error_of([&] { (void)Finder({}).require(m_card); }).what(), "mien models fetch toy --to DIR");
}

TEST_F(FinderTest, the_first_folder_that_has_the_file_counts) {
    write(root() / "b/toy.dat", "second");
    fs::create_directories(root() / "a/toy.dat");  // a folder of that name is no file
    const Finder finder({{root() / "a", root() / "b"}, false});
    EXPECT_EQ(finder.find(m_card), root() / "b/toy.dat");
    EXPECT_EQ(finder.require(m_card), root() / "b/toy.dat");
    EXPECT_EQ(finder.find_file("toy.dat"), root() / "b/toy.dat");
    EXPECT_EQ(finder.find_file(root() / "b/toy.dat"), root() / "b/toy.dat");
    EXPECT_EQ(finder.find_file("other.dat"), std::nullopt);
    EXPECT_EQ(finder.find_file(""), std::nullopt);
}

TEST_F(FinderTest, a_missing_model_says_where_it_was_looked_for_and_what_to_run) {
    const Finder finder({{root() / "a"}, false});
    EXPECT_EQ(finder.find(m_card), std::nullopt);
    auto error = error_of([&] { (void)finder.require(m_card); });
    EXPECT_EQ(error.code(), ErrorCode::model_missing);
    EXPECT_HOLDS(error.what(), "encoder \"toy\"");
    EXPECT_HOLDS(error.what(), "toy.dat");
    EXPECT_HOLDS(error.what(), (root() / "a").native() + ", ");
    EXPECT_TRUE(std::string(error.what()).ends_with("mien models fetch toy")) << error.what();

    m_card.url.clear();
    error = error_of([&] { (void)finder.require(m_card); });
    EXPECT_HOLDS(error.what(), "put the file into one of these folders");
    EXPECT_FALSE(test::holds(error.what(), "fetch"));
}

TEST_F(FinderTest, another_digest_is_refused_unless_trusted) {
    write(root() / "a/toy.dat", "third");
    const auto error = error_of([&] { (void)Finder({{root() / "a"}, false}).require(m_card); });
    EXPECT_EQ(error.code(), ErrorCode::model_missing);
    EXPECT_HOLDS(error.what(), hex_digest("third"));
    EXPECT_HOLDS(error.what(), hex_digest("first") + " or " + hex_digest("second"));
    EXPECT_HOLDS(error.what(), "--trust-models");
    EXPECT_HOLDS(error.what(), "mien models fetch toy --to " + (root() / "a").native());
    EXPECT_EQ(Finder({{root() / "a"}, true}).require(m_card), root() / "a/toy.dat");
}

TEST_F(FinderTest, what_is_compiled_in_has_no_file) {
    m_card.file.clear();
    const Finder finder({{root()}, false});
    EXPECT_EQ(finder.find(m_card), std::nullopt);
    EXPECT_EQ(error_of([&] { (void)finder.require(m_card); }).code(), ErrorCode::runtime);
}

TEST_F(FinderTest, digests_are_noted_and_the_note_goes_when_the_file_changes) {
    const auto file = root() / "a/toy.dat";
    write(file, "first");
    const Finder finder({{root() / "a"}, false});
    EXPECT_EQ(finder.digest(file), hex_digest("first"));
    const auto noted = Json::parse(test::read(note())).at("files").at(fs::canonical(file).native());
    EXPECT_EQ(noted.at("sha256"), hex_digest("first"));
    EXPECT_EQ(noted.at("size"), 5);

    // Same size, same modification time, same inode: only the change time tells.
    const auto time = fs::last_write_time(file);
    std::ofstream(file) << "secon";
    fs::last_write_time(file, time);
    EXPECT_EQ(finder.digest(file), hex_digest("secon"));

    fs::remove(file);
    write(root() / "a/other.dat", "other");
    (void)finder.digest(root() / "a/other.dat");
    EXPECT_EQ(Json::parse(test::read(note())).at("files").size(), 1U) << "files that are gone leave the note";
}

TEST_F(FinderTest, a_note_of_another_process_is_believed) {
    const auto file = root() / "a/toy.dat";
    write(file, "first");
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    const auto ns = [](const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; };
    Json files;
    files[fs::canonical(file).native()] = {{"size", 5},
                                           {"modified_ns", ns(status.st_mtim)},
                                           {"changed_ns", ns(status.st_ctim)},
                                           {"inode", status.st_ino},
                                           {"sha256", hex_digest("a mark")}};
    Json all;
    all["files"] = files;
    write(note(), all.dump());
    EXPECT_EQ(Finder({}).digest(file), hex_digest("a mark"));
}

TEST_F(FinderTest, broken_and_unwritable_notes_do_no_harm) {
    const auto file = root() / "a/toy.dat";
    for (const std::string text :
         {"", "{", "[]", R"({"files": 3})", R"({"files": {"x": {"size": -1}}})", R"({"files": {"x": null}})"}) {
        write(file, "first");
        write(note(), text);
        EXPECT_EQ(Finder({}).digest(file), hex_digest("first")) << text;
        fs::remove(file);
    }
    write(file, "second");
    const test::Environment cache("XDG_CACHE_HOME", "/dev/null/cache");
    EXPECT_EQ(Finder({}).digest(file), hex_digest("second"));
}

TEST_F(FinderTest, digest_names_what_it_cannot_read) {
    EXPECT_HOLDS(error_of([&] { (void)Finder({}).digest(root() / "none.dat"); }).what(), "none.dat");
    EXPECT_HOLDS(error_of([&] { (void)Finder({}).digest(root()); }).what(), "not a regular file");
}

}  // namespace
}  // namespace mien::models
