// SPDX-License-Identifier: MIT
// Downloads from a server on this machine that misbehaves on request (tests/support/file_server.py).
#include "support.hpp"

#include <mien/models/fetch.hpp>

#include <bzlib.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace mien::models {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::hex_digest;
using test::read;
using test::write;

std::string packed(const std::string& text) {
    std::string out(text.size() + text.size() / 100 + 600, '\0');
    auto size = static_cast<unsigned>(out.size());
    EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()),
                                       static_cast<unsigned>(text.size()), 1, 0, 0),
              BZ_OK);
    out.resize(size);
    return out;
}

/// Not compressible to nothing, the same every time.
std::string content(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (auto& c : text) {
        state = state * 1664525U + 1013904223U;
        c = static_cast<char>(state >> 24U);
    }
    return text;
}

class Server {
public:
    explicit Server(const fs::path& folder) {
        const auto script = mien::test::source_dir() / "tests/support/file_server.py";
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            return;
        }
        m_pid = ::fork();
        if (m_pid == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::execlp("python3", "python3", script.c_str(), folder.c_str(), static_cast<char*>(nullptr));
            ::_exit(127);
        }
        ::close(ends[1]);
        char c{};
        while (::read(ends[0], &c, 1) == 1 && c != '\n') {
            m_port += c;
        }
        ::close(ends[0]);
    }
    ~Server() {
        if (m_pid > 0) {
            ::kill(m_pid, SIGTERM);
            ::waitpid(m_pid, nullptr, 0);
        }
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] bool runs() const { return !m_port.empty(); }
    [[nodiscard]] std::string address() const { return "http://127.0.0.1:" + m_port; }

private:
    pid_t m_pid{-1};
    std::string m_port;
};

class Fetch : public testing::Test {
protected:
    Fetch() {
        write(served() / "toy.dat", m_content);
        write(served() / "toy.dat.bz2", packed(m_content));
        m_plain.name = "toy";
        m_plain.file = "toy.dat";
        m_plain.url = "https://example.org/files/toy.dat";
        m_plain.sha256 = {hex_digest("another"), hex_digest(m_content)};
        m_packed = m_plain;
        m_packed.url += ".bz2";
        m_packed.packed_sha256 = hex_digest(packed(m_content));
        m_server = std::make_unique<Server>(served());
    }

    void SetUp() override {
        if (!m_server->runs()) {
            GTEST_SKIP() << "needs python3 for the server, which is not here";
        }
    }

    [[nodiscard]] fs::path served() const { return m_folder.path() / "served"; }
    [[nodiscard]] fs::path target() const { return m_folder.path() / "models/toy.dat"; }
    [[nodiscard]] fs::path part() const { return m_folder.path() / "models/toy.dat.part"; }
    [[nodiscard]] FetchOptions from(const std::string& manner) const {
        return {m_folder.path() / "models", m_server->address() + "/" + manner, {}};
    }
    /// What lies in the model folder, and nothing else does.
    [[nodiscard]] std::vector<std::string> present() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(target().parent_path())) {
            names.push_back(entry.path().filename().native());
        }
        return names;
    }
    [[nodiscard]] std::string requests() const {
        Card card;
        card.name = "requests";
        card.file = "requests";
        card.sha256 = {std::string(64, '0')};
        const auto log = m_folder.path() / "log";
        // The list changes with every request, so its digest cannot be known: look into what was refused.
        const FetchOptions options{log, m_server->address(), [&](std::uint64_t, std::uint64_t) {
                                       if (const auto text = read(log / "requests.part"); !text.empty()) {
                                           m_requests = text;
                                       }
                                       return true;
                                   }};
        EXPECT_EQ(error_of([&] { fetch(card, options); }).code(), ErrorCode::model_missing);
        return m_requests;
    }

    mien::test::TemporaryFolder m_folder;
    test::Environment m_no_proxy{"no_proxy", "127.0.0.1"};
    std::string m_content = content(300'000);
    std::unique_ptr<Server> m_server;
    Card m_plain;
    Card m_packed;
    mutable std::string m_requests;
};

TEST_F(Fetch, a_file_arrives_whole_with_progress) {
    auto options = from("plain");
    std::uint64_t last = 0;
    std::uint64_t all = 0;
    options.progress = [&](std::uint64_t now, std::uint64_t total) {
        EXPECT_GE(now, last);
        last = now;
        all = std::max(all, total);
        return true;
    };
    EXPECT_EQ(fetch(m_plain, options), target());
    EXPECT_EQ(read(target()), m_content);
    EXPECT_EQ(last, m_content.size());
    EXPECT_EQ(all, m_content.size());
    EXPECT_EQ(present(), std::vector<std::string>{"toy.dat"});
    struct stat status {};
    ASSERT_EQ(::stat(target().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0644U);
}

TEST_F(Fetch, a_packed_file_is_unpacked) {
    EXPECT_EQ(fetch(m_packed, from("plain/")), target());  // a slash at the end of the mirror does no harm
    EXPECT_EQ(read(target()), m_content);
    EXPECT_EQ(present(), std::vector<std::string>{"toy.dat"});
}

TEST_F(Fetch, several_packed_streams_in_a_row_are_one_file) {
    const auto half = m_content.size() / 2;
    const auto both = packed(m_content.substr(0, half)) + packed(m_content.substr(half));
    write(served() / "toy.dat.bz2", both);
    m_packed.packed_sha256 = hex_digest(both);
    fetch(m_packed, from("plain"));
    EXPECT_EQ(read(target()), m_content);
}

TEST_F(Fetch, what_is_there_already_is_not_fetched_again) {
    write(target(), m_content);
    EXPECT_EQ(fetch(m_plain, {target().parent_path(), "http://127.0.0.1:1", {}}), target());
}

TEST_F(Fetch, a_wrong_file_that_is_there_is_replaced) {
    write(target(), "wrong");
    fetch(m_plain, from("plain"));
    EXPECT_EQ(read(target()), m_content);
}

TEST_F(Fetch, a_cut_connection_is_resumed) {
    const auto error = error_of([&] { fetch(m_plain, from("cut")); });
    EXPECT_EQ(error.code(), ErrorCode::runtime);
    EXPECT_HOLDS(error.what(), "goes on from the 150000 bytes");
    EXPECT_EQ(fs::file_size(part()), m_content.size() / 2);
    EXPECT_FALSE(fs::exists(target()));

    fetch(m_plain, from("cut"));
    EXPECT_EQ(read(target()), m_content);
    EXPECT_EQ(present(), std::vector<std::string>{"toy.dat"});
    EXPECT_HOLDS(requests(), "whole\nbytes=150000-");
}

TEST_F(Fetch, a_server_without_ranges_sends_it_again) {
    write(part(), m_content.substr(0, 1000));
    fetch(m_plain, from("noranges"));
    EXPECT_EQ(read(target()), m_content);
    EXPECT_HOLDS(requests(), "bytes=1000-");
}

TEST_F(Fetch, a_part_that_was_complete_needs_no_more_bytes) {
    write(part(), m_content);
    fetch(m_plain, from("plain"));
    EXPECT_EQ(read(target()), m_content);
}

TEST_F(Fetch, a_part_of_another_file_is_thrown_away) {
    for (const auto& wrong : {std::string(1000, 'x'), m_content + "x"}) {
        write(part(), wrong);
        fetch(m_plain, from("plain"));
        EXPECT_EQ(read(target()), m_content);
        fs::remove(target());
    }
}

TEST_F(Fetch, another_range_than_asked_begins_again) {
    write(part(), m_content.substr(0, 1000));
    fetch(m_plain, from("shifted"));
    EXPECT_EQ(read(target()), m_content);
}

TEST_F(Fetch, wrong_bytes_are_refused_and_leave_what_was_there) {
    write(target(), "older");
    for (const auto* card : {&m_plain, &m_packed}) {
        const auto error = error_of([&] { fetch(*card, from("wrong")); });
        EXPECT_EQ(error.code(), ErrorCode::model_missing);
        EXPECT_HOLDS(error.what(), card->url.ends_with(".bz2") ? card->packed_sha256 : hex_digest(m_content));
        EXPECT_EQ(read(target()), "older");
        EXPECT_EQ(present(), std::vector<std::string>{"toy.dat"});
    }
}

TEST_F(Fetch, a_damaged_or_changed_package_is_refused) {
    auto damaged = packed(m_content);
    damaged.resize(damaged.size() - 10);
    for (const auto& [bytes, word] :
         {std::pair(damaged, "cut short"), std::pair(std::string("not packed at all"), "bzip2"),
          std::pair(std::string(), "bzip2"), std::pair(packed("other"), "(unpacked)")}) {
        write(served() / "toy.dat.bz2", bytes);
        m_packed.packed_sha256.clear();
        const auto error = error_of([&] { fetch(m_packed, from("plain")); });
        EXPECT_EQ(error.code(), ErrorCode::model_missing);
        EXPECT_HOLDS(error.what(), word);
        EXPECT_TRUE(present().empty());
    }
}

TEST_F(Fetch, stopping_keeps_the_part) {
    auto options = from("slow");
    options.progress = [](std::uint64_t now, std::uint64_t) { return now == 0; };
    const auto error = error_of([&] { fetch(m_plain, options); });
    EXPECT_EQ(error.code(), ErrorCode::interrupted);
    EXPECT_EQ(fs::file_size(part()), 10U);
    EXPECT_FALSE(fs::exists(target()));
}

TEST_F(Fetch, an_exception_of_the_callback_comes_through) {
    auto options = from("plain");
    options.progress = [](std::uint64_t, std::uint64_t) -> bool { throw std::logic_error("mine"); };
    EXPECT_THROW(fetch(m_plain, options), std::logic_error);
}

TEST_F(Fetch, redirects_are_followed_within_bounds) {
    fetch(m_plain, from("to/to/plain"));
    EXPECT_EQ(read(target()), m_content);
    fs::remove(target());
    EXPECT_EQ(error_of([&] { fetch(m_plain, from("around")); }).code(), ErrorCode::runtime);
    EXPECT_EQ(error_of([&] { fetch(m_plain, from("away")); }).code(), ErrorCode::runtime);
    EXPECT_TRUE(present().empty());
}

TEST_F(Fetch, refusals_name_the_address_and_no_password) {
    m_plain.file = "absent.dat";
    m_plain.url = "https://example.org/absent.dat";
    auto options = from("plain");
    options.mirror.replace(0, 7, "http://me:secret@");
    const auto error = error_of([&] { fetch(m_plain, options); });
    EXPECT_EQ(error.code(), ErrorCode::runtime);
    EXPECT_HOLDS(error.what(), "/plain/absent.dat");
    EXPECT_HOLDS(error.what(), "404");
    EXPECT_FALSE(test::holds(error.what(), "secret"));
    EXPECT_TRUE(present().empty());
}

TEST_F(Fetch, other_schemes_are_usage_errors) {
    for (const std::string mirror : {"file:///tmp", "ftp://example.org", "example.org", "https://"}) {
        EXPECT_EQ(error_of([&] {
                      fetch(m_plain, {target().parent_path(), mirror, {}});
                  }).code(),
                  ErrorCode::usage)
            << mirror;
    }
}

TEST_F(Fetch, models_without_an_address_say_what_to_do) {
    m_plain.url.clear();
    const auto error = error_of([&] { fetch(m_plain, {target().parent_path(), "", {}}); });
    EXPECT_EQ(error.code(), ErrorCode::model_missing);
    EXPECT_HOLDS(error.what(), "put toy.dat");
    fetch(m_plain, from("plain"));  // a mirror may have it all the same
    EXPECT_EQ(read(target()), m_content);
    EXPECT_EQ(error_of([&] { fetch(card(Kind::detector, "hog"), from("plain")); }).code(), ErrorCode::usage);
}

TEST_F(Fetch, two_fetches_do_not_share_a_part) {
    write(part(), "");
    const int fd = ::open(part().c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(fd, LOCK_EX), 0);
    EXPECT_HOLDS(error_of([&] { fetch(m_plain, from("plain")); }).what(), "another process");
    ::close(fd);
    fetch(m_plain, from("plain"));
    EXPECT_EQ(read(target()), m_content);
}

TEST_F(Fetch, a_link_in_the_place_of_the_part_is_not_followed) {
    write(m_folder.path() / "precious", "precious");
    fs::create_directories(part().parent_path());
    fs::create_symlink(m_folder.path() / "precious", part());
    EXPECT_EQ(error_of([&] { fetch(m_plain, from("plain")); }).code(), ErrorCode::runtime);
    EXPECT_EQ(read(m_folder.path() / "precious"), "precious");
}

}  // namespace
}  // namespace mien::models
