// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>

#include <support/shared.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace mien {
namespace {

namespace fs = std::filesystem;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(const fs::path& file) {
    const auto bytes = read_file(file, 1000);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(File, ReadsWithinTheLimitAndNamesWhatItCannot) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "a";
    std::ofstream(file) << "hello";
    EXPECT_EQ(text_of(file), "hello");
    EXPECT_THROW(read_file(file, 4), Error);
    EXPECT_THROW(read_file(folder.path(), 100), Error);
    try {
        read_file(folder.path() / "absent", 100);
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("absent"), std::string::npos);
    }
}

TEST(File, AFifoIsRefusedAndDoesNotHang) {
    const test::TemporaryFolder folder;
    const auto fifo = folder.path() / "fifo";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_THROW(read_file(fifo, 100), Error);
}

TEST(File, MappedFileShowsTheBytesEvenAfterReplacement) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "a";
    std::ofstream(file) << "old";
    const MappedFile mapped(file);
    AtomicFile next(file);
    next.write(bytes_of("newer"));
    next.commit();
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size()), "old");
    EXPECT_EQ(text_of(file), "newer");
    std::ofstream(folder.path() / "empty").flush();
    EXPECT_TRUE(MappedFile(folder.path() / "empty").bytes().empty());
}

TEST(File, AtomicFileWithoutCommitLeavesNothing) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "a";
    std::ofstream(file) << "old";
    {
        AtomicFile next(file);
        next.write(bytes_of("new"));
    }
    EXPECT_EQ(text_of(file), "old");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(File, AtomicFileHasTheAskedMode) {
    const test::TemporaryFolder folder;
    AtomicFile file(folder.path() / "secret");
    file.commit();
    EXPECT_EQ(fs::status(folder.path() / "secret").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(File, AppendFileGoesOnWhereItWasCut) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "log";
    AppendFile file(path);
    file.append(bytes_of("abcdef"));
    file.truncate(3);
    file.append(bytes_of("X"));
    file.sync();
    EXPECT_EQ(text_of(path), "abcX");
}

TEST(File, TheLockNamesItsHolder) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "lock";
    const FileLock lock(path, "train");
    const auto child = fork();
    if (child == 0) {
        try {
            const FileLock second(path, "confirm", 0.05);
            _exit(1);
        } catch (const Error& error) {
            const auto expected = std::to_string(getppid()) + " train";
            const bool good = error.code() == ErrorCode::store_locked &&
                              std::string(error.what()).find(expected) != std::string::npos;
            _exit(good ? 0 : 2);
        }
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(File, TheLockIsFreeAgainAfterItsHolder) {
    const test::TemporaryFolder folder;
    { const FileLock lock(folder.path() / "lock", "train"); }
    EXPECT_NO_THROW(FileLock(folder.path() / "lock", "train"));
}

TEST(File, EnvironmentTreatsEmptyAsUnset) {
    ::setenv("MIEN_TEST_VARIABLE", "", 1);
    EXPECT_FALSE(environment("MIEN_TEST_VARIABLE"));
    ::setenv("MIEN_TEST_VARIABLE", "x", 1);
    EXPECT_EQ(environment("MIEN_TEST_VARIABLE"), "x");
}

}  // namespace
}  // namespace mien
