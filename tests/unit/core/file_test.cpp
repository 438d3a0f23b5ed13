// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/user_file.hpp>

#include <support/shared.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace mien {
namespace {

namespace fs = std::filesystem;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(const fs::path& file) {
    const auto bytes = read_file(file, 1000);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A FIFO, and a thread that writes into it.
class Fifo {
public:
    Fifo(fs::path path, std::string text) : m_path(std::move(path)) {
        EXPECT_EQ(::mkfifo(m_path.c_str(), 0600), 0);
        m_writer = std::jthread([this, text = std::move(text)] { std::ofstream(m_path) << text; });
    }
    [[nodiscard]] const fs::path& path() const { return m_path; }

private:
    fs::path m_path;
    std::jthread m_writer;
};

TEST(File, ReadsAFifoThatIsNamedAsInputToItsEnd) {
    const test::TemporaryFolder folder;
    const std::string text(3U << 20U, 'x');
    const Fifo fifo(folder.path() / "a", text);
    const auto bytes = read_input(fifo.path(), text.size());
    EXPECT_EQ(bytes.size(), text.size());
    const Fifo large(folder.path() / "b", "12345");
    EXPECT_THROW(read_input(large.path(), 4), Error);
    std::ofstream(folder.path() / "c") << "12345";
    EXPECT_EQ(read_input(folder.path() / "c", 5).size(), 5U);
    EXPECT_THROW(read_input(folder.path() / "c", 4), Error);
    EXPECT_THROW(read_input(folder.path(), 100), Error);
}

TEST(File, WritesThroughAFifoAndBehindLinks) {
    const test::TemporaryFolder folder;
    const auto fifo = folder.path() / "fifo";
    const auto link = folder.path() / "link";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    fs::create_symlink("fifo", link);
    EXPECT_THROW(AtomicFile{fifo}, Error);
    for (const auto& name : {fifo, link}) {
        std::string got;
        std::jthread reader([&] { std::getline(std::ifstream(fifo), got); });
        OutputFile out(name);
        out.write(bytes_of("hello\n"));
        out.commit();
        reader.join();
        EXPECT_EQ(got, "hello");
        EXPECT_TRUE(fs::is_fifo(fifo));
        EXPECT_TRUE(fs::is_symlink(link));
    }
    EXPECT_THROW(OutputFile{folder.path()}, Error);

    std::ofstream(folder.path() / "file") << "old";
    fs::remove(link);
    fs::create_symlink("file", link);
    OutputFile out(link);
    out.write(bytes_of("new"));
    EXPECT_EQ(text_of(folder.path() / "file"), "old");
    out.commit();
    EXPECT_EQ(text_of(folder.path() / "file"), "new");
    EXPECT_TRUE(fs::is_symlink(link));
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

TEST(File, TheLockNamesNobodyWhoDoesNotHoldIt) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "lock";
    const FileLock lock(path, "train");
    const auto refusal = [&path] {
        try {
            const FileLock second(path, "confirm");
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    ASSERT_NE(refusal().find(std::to_string(getpid()) + " train"), std::string::npos);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    std::ifstream kernel("/proc/locks");
    const std::string locks(std::istreambuf_iterator<char>(kernel), {});
    if (locks.find(":" + std::to_string(status.st_ino) + " ") == std::string::npos) {
        GTEST_SKIP() << "the kernel lists no locks here, or with other numbers";
    }
    // What an earlier holder left, who lives on, or the start of a number: the holder has not come to write yet.
    for (const auto& stale :
         {std::to_string(getppid()) + " enroll", std::string("1 enroll"), std::string("1"), std::string()}) {
        std::ofstream(path) << stale;
        EXPECT_EQ(refusal(), "another process is changing the store; wait for it, or use --wait SECONDS") << stale;
    }
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
