// SPDX-License-Identifier: MIT
#include <mien/models/fetch.hpp>

#include <mien/core/curl.hpp>
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/log.hpp>
#include <mien/core/text.hpp>

#include <bzlib.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace mien::models {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t k_largest_download = 2'000'000'000;
constexpr std::uint64_t k_largest_unpacked = 1'000'000'000;
constexpr std::size_t k_block = std::size_t{1} << 18U;

std::string name_of(const fs::path& path) { return printable(path.native()); }

// ---- addresses ---------------------------------------------------------------------------------------------------

bool starts_with_scheme(std::string_view url, std::string_view scheme) {
    return url.size() > scheme.size() && std::equal(scheme.begin(), scheme.end(), url.begin(), [](char a, char b) {
               return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
           });
}

/// The address without a password that may stand in it.
std::string shown(const std::string& url) {
    const auto host = url.find("://");
    if (host == std::string::npos) {
        return printable(url);
    }
    const auto at = url.find('@', host);
    const auto path = url.find('/', host + 3);
    return printable(at < path ? url.substr(0, host + 3) + url.substr(at + 1) : url);
}

std::string file_name_of(const std::string& url) { return url.substr(url.rfind('/') + 1); }

// ---- the partial file ----------------------------------------------------------------------------------------------

std::uint64_t size_of(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

/// NAME.part, locked, so that two fetches do not write into one.
FileDescriptor open_part(const fs::path& path) {
    FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
    if (!fd.is_open()) {
        throw_errno("cannot create " + name_of(path));
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        throw Error(ErrorCode::runtime, "not a regular file: " + name_of(path));
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            throw Error(ErrorCode::runtime, "another process is fetching " + name_of(path.stem()) + " right now");
        }
        throw_errno("cannot lock " + name_of(path));
    }
    // Its last user may have finished, and removed it, between our open and our lock.
    if (::fstat(fd.get(), &status) != 0 || status.st_nlink == 0) {
        throw Error(ErrorCode::runtime, "another process has just fetched " + name_of(path.stem()) + "; try again");
    }
    return fd;
}

void empty_part(int fd, const fs::path& path) {
    if (::ftruncate(fd, 0) != 0) {
        throw_errno("cannot empty " + name_of(path));
    }
}

std::string hash_of(int fd, const fs::path& path) {
    Sha256Stream stream;
    for_each_block(fd, path, [&](Bytes bytes) { stream.update(bytes); });
    return to_hex(stream.finish());
}

// ---- one transfer --------------------------------------------------------------------------------------------------

/// What the callbacks of a transfer share. They are called from C, so exceptions wait here until it has returned.
struct Transfer {
    CURL* handle{};
    int fd{-1};
    fs::path path;
    std::uint64_t offset{};   ///< where the next byte goes
    std::uint64_t resumed{};  ///< bytes that were there before and that the server agreed to skip
    std::optional<std::uint64_t> range_begin;
    bool started{};
    bool wrong_range{};
    bool stopped{};
    const FetchOptions* options{};
    std::exception_ptr failure;
};

/// "Content-Range: bytes 100-199/200"
std::size_t on_header(char* data, std::size_t size, std::size_t count, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    const std::string_view line(data, size * count);
    constexpr std::string_view k_status = "HTTP/";
    constexpr std::string_view k_range = "content-range:";
    if (line.substr(0, k_status.size()) == k_status) {
        transfer.range_begin.reset();  // another answer, after a redirect
    } else if (starts_with_scheme(line, k_range)) {
        const auto digits = line.find_first_of("0123456789");
        std::uint64_t begin{};
        if (digits != std::string_view::npos &&
            std::from_chars(line.data() + digits, line.data() + line.size(), begin).ec == std::errc{}) {
            transfer.range_begin = begin;
        }
    }
    return size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    try {
        if (!transfer.started) {
            transfer.started = true;
            long status{};
            curl().getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
            constexpr long k_partial_content = 206;
            if (status == k_partial_content) {
                if (transfer.range_begin != transfer.offset) {
                    transfer.wrong_range = true;
                    return 0;
                }
                transfer.resumed = transfer.offset;
            } else {
                // The server sends the whole file, whatever was asked.
                empty_part(transfer.fd, transfer.path);
                transfer.offset = 0;
            }
        }
        auto rest = std::as_bytes(std::span(data, size * count));
        if (transfer.offset + rest.size() > k_largest_download) {
            throw Error(ErrorCode::runtime,
                        "the server sends more than " + std::to_string(k_largest_download) + " bytes");
        }
        while (!rest.empty()) {
            const auto written = ::pwrite(transfer.fd, rest.data(), rest.size(), static_cast<off_t>(transfer.offset));
            if (written < 0) {
                if (errno == EINTR) {
                    continue;
                }
                throw_errno("cannot write " + name_of(transfer.path));
            }
            transfer.offset += static_cast<std::uint64_t>(written);
            rest = rest.subspan(static_cast<std::size_t>(written));
        }
    } catch (...) {
        transfer.failure = std::current_exception();
        return 0;
    }
    return size * count;
}

int on_progress(void* context, curl_off_t total, curl_off_t, curl_off_t, curl_off_t) {
    auto& transfer = *static_cast<Transfer*>(context);
    try {
        const auto& progress = transfer.options->progress;
        const auto all = total > 0 && transfer.started ? static_cast<std::uint64_t>(total) + transfer.resumed : 0;
        transfer.stopped = interrupted() || (progress && !progress(transfer.offset, all));
    } catch (...) {
        transfer.failure = std::current_exception();
    }
    return transfer.stopped || transfer.failure ? 1 : 0;
}

enum class Outcome { complete, begin_again };

/// Goes on where the partial file ends.
/// returns: begin_again where the partial file and the server's do not fit together
Outcome transfer_once(const std::string& url, const FetchOptions& options, int fd, const fs::path& path) {
    const auto& api = curl();
    const auto handle = make_curl_handle();
    Transfer transfer;
    transfer.handle = handle.get();
    transfer.fd = fd;
    transfer.path = path;
    transfer.offset = size_of(fd);
    transfer.options = &options;

    std::array<char, CURL_ERROR_SIZE> reason{};
    const auto set = [&handle](CURLoption option, auto value) { set_curl(handle, option, value); };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    // An answer over HTTPS must not send us on to something that anybody on the way can read and change.
    set(CURLOPT_REDIR_PROTOCOLS_STR, starts_with_scheme(url, "https://") ? "https" : "http,https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 5L);
    set(CURLOPT_FAILONERROR, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT, 20L);
    set(CURLOPT_LOW_SPEED_LIMIT, 100L);
    set(CURLOPT_LOW_SPEED_TIME, 30L);
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(k_largest_download));
    set(CURLOPT_USERAGENT, "mien");
    set(CURLOPT_ERRORBUFFER, reason.data());
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(&transfer));
    const auto had = transfer.offset;
    const auto range = std::to_string(had) + "-";
    if (had > 0) {
        // Not RESUME_FROM: libcurl fails where a server knows no ranges; we would rather take the whole file then.
        set(CURLOPT_RANGE, range.c_str());
    }

    const auto code = api.perform(handle.get());
    if (transfer.failure) {
        std::rethrow_exception(transfer.failure);
    }
    if (transfer.stopped) {
        throw Error(ErrorCode::interrupted,
                    "stopped; what has arrived of " + name_of(path.stem()) + " is kept for the next time");
    }
    if (transfer.wrong_range) {
        return Outcome::begin_again;
    }
    long status{};
    api.getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    constexpr long k_range_not_satisfiable = 416;
    if (had > 0 && status == k_range_not_satisfiable) {
        return Outcome::complete;  // nothing lies behind what we have; the digest will tell whether that is all
    }
    if (code != CURLE_OK) {
        const std::string why = reason.front() != '\0' ? printable(reason.data()) : api.strerror(code);
        throw Error(ErrorCode::runtime, "cannot fetch " + shown(url) + ": " + why +
                                            (size_of(fd) > 0 ? "; the same command goes on from the " +
                                                                   std::to_string(size_of(fd)) + " bytes that are here"
                                                             : ""));
    }
    if (!transfer.started) {
        empty_part(fd, path);  // an empty file was sent
    }
    return Outcome::complete;
}

// ---- unpacking -----------------------------------------------------------------------------------------------------

/// The bytes that came are no good; how, in words.
struct Damaged {
    std::string how;
};

/// Unpacks bzip2, also several streams in a row as parallel packers write them.
class Unpacker {
public:
    Unpacker() { start(); }
    ~Unpacker() { BZ2_bzDecompressEnd(&m_stream); }
    Unpacker(const Unpacker&) = delete;
    Unpacker& operator=(const Unpacker&) = delete;

    /// Calls use(bytes) with what comes out.
    template <class Use>
    void feed(Bytes bytes, Use use) {
        // bzlib's interface knows no const; it does not write through next_in.
        m_stream.next_in = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
        m_stream.avail_in = static_cast<unsigned>(bytes.size());
        do {
            if (m_ended && m_stream.avail_in > 0) {
                const auto next = m_stream.next_in;
                const auto left = m_stream.avail_in;
                BZ2_bzDecompressEnd(&m_stream);
                start();
                m_stream.next_in = next;
                m_stream.avail_in = left;
            }
            m_stream.next_out = reinterpret_cast<char*>(m_output.data());
            m_stream.avail_out = static_cast<unsigned>(m_output.size());
            const int code = BZ2_bzDecompress(&m_stream);
            if (code != BZ_OK && code != BZ_STREAM_END) {
                throw Damaged{"it is no undamaged bzip2 file"};
            }
            m_ended = code == BZ_STREAM_END;
            use(Bytes(m_output).first(m_output.size() - m_stream.avail_out));
        } while (m_stream.avail_in > 0 || (m_stream.avail_out == 0 && !m_ended));
    }

    [[nodiscard]] bool ended() const { return m_ended; }

private:
    void start() {
        m_stream = {};
        m_ended = false;
        if (BZ2_bzDecompressInit(&m_stream, 0, 0) != BZ_OK) {
            throw Error(ErrorCode::runtime, "bzip2 cannot start: not enough memory");
        }
    }

    bz_stream m_stream{};
    bool m_ended{};
    std::vector<std::byte> m_output = std::vector<std::byte>(k_block);
};

/// Writes what the partial file unpacks to and returns its digest.
/// throws: Damaged
std::string unpack(int fd, const fs::path& path, AtomicFile& target) {
    Unpacker unpacker;
    Sha256Stream stream;
    std::uint64_t size = 0;
    for_each_block(fd, path, [&](Bytes packed) {
        throw_if_interrupted();
        unpacker.feed(packed, [&](Bytes bytes) {
            size += bytes.size();
            if (size > k_largest_unpacked) {
                throw Damaged{"it unpacks to more than " + std::to_string(k_largest_unpacked) + " bytes"};
            }
            stream.update(bytes);
            target.write(bytes);
        });
    });
    if (!unpacker.ended()) {
        throw Damaged{"its bzip2 data are cut short"};
    }
    return to_hex(stream.finish());
}

// ---- the whole -----------------------------------------------------------------------------------------------------

bool is_one_of(const std::string& digest, const std::vector<std::string>& published) {
    return std::find(published.begin(), published.end(), digest) != published.end();
}

std::string joined(const std::vector<std::string>& digests) {
    std::string text;
    for (const auto& digest : digests) {
        text += (text.empty() ? "" : " or ") + digest;
    }
    return text;
}

constexpr std::string_view k_packed_extension = ".bz2";

/// The address to fetch, from the card or the mirror.
std::string address(const Card& card, const FetchOptions& options) {
    if (card.file.empty()) {
        throw Error(ErrorCode::usage, "\"" + card.name + "\" is compiled in: there is nothing to fetch");
    }
    if (card.sha256.empty() || fs::path(card.file).has_parent_path()) {
        throw Error(ErrorCode::usage, "\"" + card.name + "\" is your own file: there is nothing to fetch");
    }
    std::string url = card.url;
    if (!options.mirror.empty()) {
        url = options.mirror;
        url.erase(url.find_last_not_of('/') + 1);
        url += "/" + (card.url.empty() ? card.file : file_name_of(card.url));
    }
    if (url.empty()) {
        throw Error(ErrorCode::model_missing, "no address is published for \"" + card.name + "\": put " + card.file +
                                                  " (sha256 " + joined(card.sha256) + ") into " +
                                                  name_of(options.folder) +
                                                  ", or name a server that has it with --mirror URL");
    }
    if (!starts_with_scheme(url, "https://") && !starts_with_scheme(url, "http://")) {
        throw Error(ErrorCode::usage, "only https:// and http:// addresses are fetched, not " + shown(url));
    }
    return url;
}

std::string wrong_digest(const std::string& actual, const std::string& published) {
    return "its sha256 is " + actual + ", published is " + published;
}

/// Moves the checked partial file to its place, unpacked.
/// returns: what is wrong with it; empty if all is well
std::string install(const Card& card, bool packed, const FileDescriptor& fd, const fs::path& part,
                    const fs::path& target) {
    const auto digest = hash_of(fd.get(), part);
    if (packed) {
        if (!card.packed_sha256.empty() && digest != card.packed_sha256) {
            return wrong_digest(digest, card.packed_sha256 + " (packed)");
        }
        AtomicFile file(target, 0644);
        try {
            if (const auto unpacked = unpack(fd.get(), part, file); !is_one_of(unpacked, card.sha256)) {
                return wrong_digest(unpacked, joined(card.sha256) + " (unpacked)");
            }
        } catch (const Damaged& damaged) {
            return damaged.how;
        }
        file.commit();
        ::unlink(part.c_str());
        return {};
    }
    if (!is_one_of(digest, card.sha256)) {
        return wrong_digest(digest, joined(card.sha256));
    }
    if (::fchmod(fd.get(), 0644) != 0 || ::fsync(fd.get()) != 0) {
        throw_errno("cannot make durable " + name_of(part));
    }
    if (::rename(part.c_str(), target.c_str()) != 0) {
        throw_errno("cannot rename over " + name_of(target));
    }
    sync_folder(target.parent_path());
    return {};
}

}  // namespace

fs::path fetch(const Card& card, const FetchOptions& options) {
    const auto url = address(card, options);
    const auto target = fs::absolute(options.folder) / card.file;
    const auto name = file_name_of(url);
    const bool packed = name.ends_with(k_packed_extension);

    std::error_code failed;
    fs::create_directories(target.parent_path(), failed);
    if (failed) {
        throw Error(ErrorCode::runtime,
                    "cannot create the folder " + name_of(target.parent_path()) + ": " + failed.message());
    }
    if (fs::is_regular_file(target, failed)) {
        const FileDescriptor present(::open(target.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (present.is_open() && is_one_of(hash_of(present.get(), target), card.sha256)) {
            return target;
        }
    }

    const fs::path part = target.parent_path() / (name + ".part");
    const auto fd = open_part(part);
    try {
        for (;;) {
            // What is left of an earlier attempt may be of another file; only then is a second round worth the while.
            const bool resumed = size_of(fd.get()) > 0;
            std::string problem = "the server sends another part than was asked for";
            if (transfer_once(url, options, fd.get(), part) == Outcome::complete) {
                problem = install(card, packed, fd, part, target);
                if (problem.empty()) {
                    return target;
                }
            }
            empty_part(fd.get(), part);
            if (!resumed) {
                throw Error(ErrorCode::model_missing, "what " + shown(url) + " sends is not the published file of \"" +
                                                          card.name + "\": " + problem + "; nothing was installed");
            }
            log::debug("{}: the earlier part does not fit, beginning again", printable(name));
        }
    } catch (...) {
        if (size_of(fd.get()) == 0) {
            ::unlink(part.c_str());  // nothing to go on from
        }
        throw;
    }
}

}  // namespace mien::models
