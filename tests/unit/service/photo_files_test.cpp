// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/service/photo_files.hpp>

#include <support/shared.hpp>

#include <fstream>
#include <thread>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string content(const fs::path& path) {
    const auto bytes = read_file(path, 1000);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(PhotoFiles, LabelsNameFoldersAndNothingElse) {
    EXPECT_EQ(to_folder_label(" Zoe\xCC\x81 "), "Zo\xC3\xA9");
    EXPECT_EQ(to_folder_label("O'Hara (2)"), "O'Hara (2)");
    EXPECT_EQ(to_folder_label("CON"), "CON");
    for (const std::string text : {"..", ".", ".git", "a/b", "../x", "/etc", "", "  ", "a\nb", "\xff"}) {
        EXPECT_THROW(to_folder_label(text), Error) << text;
    }
    EXPECT_THROW(to_folder_label(std::string_view("a\0b", 3)), Error);
    EXPECT_THROW(to_folder_label(std::string(256, 'a')), Error);
}

TEST(PhotoFiles, NamesOfUploadsAreMadeSafe) {
    const auto name = [](std::string_view text) { return safe_photo_name(text, bytes_of("P6\n1 1\n255\nabc")); };
    EXPECT_EQ(name("door.jpg"), "door.jpg");
    EXPECT_EQ(name("../../etc/passwd"), "passwd.pnm");
    EXPECT_EQ(name("C:\\photos\\Zo\xC3\xA9.JPG"), "Zo\xC3\xA9.JPG");
    EXPECT_EQ(name(".bashrc"), "bashrc.pnm");
    EXPECT_EQ(name("-rf.png"), "rf.png");
    EXPECT_EQ(name("a;b|c$(d)`e`\n.png"), "a_b_c_(d)_e__.png");
    EXPECT_EQ(name(""), "photo.pnm");
    EXPECT_EQ(name("...."), "photo.pnm");
    EXPECT_EQ(name("///"), "photo.pnm");
    EXPECT_EQ(name("\xff\xfe.jpg"), "photo.jpg");
    EXPECT_EQ(name(std::string_view("a\0b.jpg", 7)), "a_b.jpg");
    EXPECT_LE(name(std::string(5000, 'x') + ".jpeg").size(), 100U);
    EXPECT_TRUE(name(std::string(5000, 'x') + ".jpeg").ends_with(".jpeg"));
    EXPECT_EQ(safe_photo_name("note", bytes_of("no photo")), "note");
}

TEST(PhotoFiles, NothingIsOverwrittenAndNothingRepeated) {
    const test::TemporaryFolder folder;
    const auto person = folder.path() / "dataset_training" / "Ada";
    EXPECT_EQ(add_photo(person, "1.jpg", bytes_of("one")), person / "1.jpg");
    EXPECT_EQ(add_photo(person, "1.jpg", bytes_of("two")), person / "1_1.jpg");
    EXPECT_EQ(add_photo(person, "1.jpg", bytes_of("six")), person / "1_2.jpg");
    EXPECT_EQ(add_photo(person, "1.jpg", bytes_of("two")), person / "1_1.jpg");
    EXPECT_EQ(content(person / "1.jpg"), "one");
    EXPECT_EQ(content(person / "1_1.jpg"), "two");
    EXPECT_EQ(std::distance(fs::directory_iterator(person), fs::directory_iterator()), 3);
    // A link is never written through, wherever it leads.
    fs::create_symlink(folder.path() / "victim", person / "2.jpg");
    EXPECT_EQ(add_photo(person, "2.jpg", bytes_of("one")), person / "2_1.jpg");
    EXPECT_FALSE(fs::exists(folder.path() / "victim"));
}

TEST(PhotoFiles, ManyAtOnceKeepAllContents) {
    const test::TemporaryFolder folder;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 10; ++i) {
                const auto text = std::to_string(t) + "." + std::to_string(i);
                add_photo(folder.path() / "in", "door.jpg", bytes_of(text));
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    std::vector<std::string> seen;
    for (const auto& entry : fs::directory_iterator(folder.path() / "in")) {
        seen.push_back(content(entry.path()));
    }
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen.size(), 80U);
    EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

TEST(PhotoFiles, OnlyWhatReallyLiesInAFolderLiesThere) {
    const test::TemporaryFolder folder;
    add_photo(folder.path() / "dataset", "a.jpg", bytes_of("a"));
    add_photo(folder.path(), "outside.jpg", bytes_of("b"));
    fs::create_symlink("../outside.jpg", folder.path() / "dataset/link.jpg");
    EXPECT_TRUE(lies_in(folder.path() / "dataset/a.jpg", folder.path() / "dataset"));
    EXPECT_TRUE(lies_in(folder.path() / "dataset/../dataset/a.jpg", folder.path() / "dataset"));
    EXPECT_FALSE(lies_in(folder.path() / "dataset/../outside.jpg", folder.path() / "dataset"));
    EXPECT_FALSE(lies_in(folder.path() / "dataset/link.jpg", folder.path() / "dataset"));
    EXPECT_FALSE(lies_in(folder.path() / "dataset/none.jpg", folder.path() / "dataset"));
    EXPECT_FALSE(lies_in(folder.path() / "dataset", folder.path()));
    remove_durably(folder.path() / "dataset/a.jpg");
    remove_durably(folder.path() / "dataset/a.jpg");
    EXPECT_FALSE(fs::exists(folder.path() / "dataset/a.jpg"));
}

}  // namespace
}  // namespace mien::service
