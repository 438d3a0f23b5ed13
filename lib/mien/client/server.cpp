// SPDX-License-Identifier: MIT
#include <mien/client/server.hpp>

#include <mien/core/curl.hpp>
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/log.hpp>
#include <mien/core/text.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace mien::client {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr std::string_view k_unix = "unix:";
constexpr std::size_t k_largest_answer = 64UL * 1024 * 1024;
constexpr long k_connect_ms = 5'000;
constexpr long k_offer_ms = 10'000;
/// A photo may wait behind others for as long as a server lets it (mien-config(5), request-timeout).
constexpr long k_photo_ms = 120'000;
/// A server that is busy says when to come again; this long is enough.
constexpr seconds k_patience{60};

struct Answer {
    long status{};  ///< 0: none came
    std::string body;
    std::string why;        ///< where none came
    seconds retry_after{};  ///< 0: not said
    bool distrusted{};      ///< its certificate is of nobody that is trusted
};

struct Receiver {
    std::string body;
    seconds retry_after{};
    bool too_long{};
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* context) {
    auto& receiver = *static_cast<Receiver*>(context);
    receiver.too_long = receiver.body.size() + size * count > k_largest_answer;
    if (receiver.too_long) {
        return 0;
    }
    receiver.body.append(data, size * count);
    return size * count;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* context) {
    constexpr std::string_view k_name = "retry-after:";
    const std::string_view line(data, size * count);
    const bool named = line.size() > k_name.size() &&
                       std::equal(k_name.begin(), k_name.end(), line.begin(),
                                  [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
    const auto digits = named ? line.find_first_of("0123456789", k_name.size()) : std::string_view::npos;
    if (digits != std::string_view::npos) {
        int value = 0;
        std::from_chars(line.data() + digits, line.data() + line.size(), value);
        static_cast<Receiver*>(context)->retry_after = seconds(value);
    }
    return size * count;
}

int on_progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return interrupted() ? 1 : 0; }

/// Where the server is. Several threads ask at once, each over a connection of its own that is kept open.
class Wire {
public:
    Wire(std::string url, fs::path socket, std::string token)
        : m_url(std::move(url)), m_socket(std::move(socket)), m_token(std::move(token)) {}

    /// body: null for GET. throws: Error{interrupted}; Error{runtime} where libcurl is absent
    Answer ask(const std::string& path, const Bytes* body, long timeout_ms) {
        auto handle = take();
        const auto set = [&handle](CURLoption option, auto value) { set_curl(handle, option, value); };
        const auto url = m_url + path;
        std::array<char, CURL_ERROR_SIZE> reason{};
        Receiver receiver;
        std::unique_ptr<curl_slist, decltype(curl().slist_free_all)> headers(nullptr, curl().slist_free_all);
        const auto add_header = [&headers](const std::string& line) {
            auto* list = curl().slist_append(headers.get(), line.c_str());
            if (list == nullptr) {
                throw std::bad_alloc();
            }
            static_cast<void>(headers.release());
            headers.reset(list);
        };
        add_header("Expect:");  // no question before a large body: it costs a journey
        if (!m_token.empty()) {
            add_header("Authorization: Bearer " + m_token);
        }
        set(CURLOPT_URL, url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_PROXY, "");  // photos and tokens go to the server and nowhere else
        set(CURLOPT_USERAGENT, "mien");
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_CONNECTTIMEOUT_MS, k_connect_ms);
        set(CURLOPT_TIMEOUT_MS, timeout_ms);
        set(CURLOPT_ERRORBUFFER, reason.data());
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, static_cast<void*>(&receiver));
        set(CURLOPT_HEADERFUNCTION, &on_header);
        set(CURLOPT_HEADERDATA, static_cast<void*>(&receiver));
        set(CURLOPT_NOPROGRESS, 0L);
        set(CURLOPT_XFERINFOFUNCTION, &on_progress);
        if (!m_socket.empty()) {
            set(CURLOPT_UNIX_SOCKET_PATH, m_socket.c_str());
        }
        if (body != nullptr) {
            add_header("Content-Type: image/*");
            set(CURLOPT_POST, 1L);
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
            set(CURLOPT_POSTFIELDS, reinterpret_cast<const char*>(body->data()));
        } else {
            set(CURLOPT_HTTPGET, 1L);
        }
        set(CURLOPT_HTTPHEADER, headers.get());
        if (!m_certificates.empty()) {
            set(CURLOPT_CAINFO, m_certificates.c_str());
        }
        const auto code = curl().perform(handle.get());
        throw_if_interrupted();
        Answer answer;
        if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
            answer.distrusted = true;
        }
        if (code != CURLE_OK) {
            answer.why = receiver.too_long        ? "it answers with more than a photo's faces"
                         : reason.front() != '\0' ? printable(reason.data())
                                                  : curl().strerror(code);
            return answer;  // and the connection is given up
        }
        curl().getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer.status);
        answer.body = std::move(receiver.body);
        answer.retry_after = receiver.retry_after;
        set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
        give_back(std::move(handle));
        return answer;
    }

private:
    CurlHandle take() {
        {
            const std::lock_guard lock(m_mutex);
            if (!m_free.empty()) {
                auto handle = std::move(m_free.back());
                m_free.pop_back();
                return handle;
            }
        }
        return make_curl_handle();
    }

    void give_back(CurlHandle handle) {
        const std::lock_guard lock(m_mutex);
        m_free.push_back(std::move(handle));
    }

    std::string m_url;
    fs::path m_socket;
    std::string m_token;
    std::mutex m_mutex;
    std::vector<CurlHandle> m_free;                                               ///< guarded by m_mutex
    const std::string m_certificates{environment("SSL_CERT_FILE").value_or("")};  ///< empty: the system's are trusted
};

class Server : public pipeline::Remote {
public:
    /// name: for messages; empty: it was found, not named
    Server(std::string url, fs::path socket, std::string token, std::string name)
        : m_wire(std::move(url), std::move(socket), std::move(token)), m_name(std::move(name)) {}

    std::optional<pipeline::Offer> offer() override {
        const auto answer = ask("/v1/tools", nullptr, k_offer_ms);
        if (!answer) {
            return std::nullopt;
        }
        auto offer = understood([&] { return pipeline::offer_from(Json::parse(answer->body)); });
        if (offer) {
            m_dim = offer->contract.dim;
        }
        return offer;
    }

    std::optional<pipeline::PhotoResult> process(Bytes photo, pipeline::Faces faces,
                                                 const std::string& fingerprint) override {
        if (photo.empty()) {
            return std::nullopt;  // an empty body is no photo to a server, but an answer here
        }
        const auto path = "/v1/faces?faces=" + std::string(to_string(faces)) + "&tools=" + fingerprint;
        const auto answer = ask(path, &photo, k_photo_ms);
        if (!answer) {
            return std::nullopt;
        }
        return understood([&] { return pipeline::result_from(Json::parse(answer->body), m_dim); });
    }

private:
    [[nodiscard]] bool named() const { return !m_name.empty(); }

    /// Nothing: the server cannot help with this.
    std::optional<Answer> ask(const std::string& path, const Bytes* body, long timeout_ms) {
        constexpr long k_ok = 200;
        constexpr long k_conflict = 409;   // its tools are others by now
        constexpr long k_too_large = 413;  // bytes or pixels
        constexpr long k_too_many = 429;
        constexpr long k_busy = 503;
        const auto began = std::chrono::steady_clock::now();
        while (!m_left) {
            auto answer = reach(path, body, timeout_ms);
            if (answer.status == k_ok) {
                return answer;
            }
            if (answer.status == k_conflict || answer.status == k_too_large) {
                log::debug("the server does not take this photo (status {}): it is looked at here", answer.status);
                return std::nullopt;
            }
            const bool busy = answer.status == k_busy || answer.status == k_too_many;
            const auto pause = std::clamp(answer.retry_after, seconds(1), seconds(10));
            if (named() && busy && std::chrono::steady_clock::now() - began + pause < k_patience) {
                log::debug("the server is busy; asking again in {} s", pause.count());
                wait(pause);
                continue;
            }
            fail(answer);
        }
        return std::nullopt;
    }

    Answer reach(const std::string& path, const Bytes* body, long timeout_ms) {
        try {
            return m_wire.ask(path, body, timeout_ms);
        } catch (const Error& error) {
            if (named() || error.code() == ErrorCode::interrupted) {
                throw;
            }
            return {0, {}, error.what(), {}, false};  // without libcurl nothing is lost but time
        }
    }

    static void wait(seconds pause) {
        const auto end = std::chrono::steady_clock::now() + pause;
        while (std::chrono::steady_clock::now() < end) {
            throw_if_interrupted();
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }

    void fail(const Answer& answer) {
        constexpr long k_unauthorized = 401;
        constexpr long k_forbidden = 403;
        if (!named()) {
            leave(answer.status == 0 ? answer.why : "status " + std::to_string(answer.status));
            return;
        }
        const auto where = "the server " + m_name + " (MIEN_SERVER) ";
        if (answer.distrusted) {
            throw Error(ErrorCode::server, where + "has a certificate that is not trusted: " + answer.why +
                                               "; name a file with it, or with its issuer's, in SSL_CERT_FILE");
        }
        if (answer.status == 0) {
            throw Error(ErrorCode::server, where + "does not answer: " + answer.why +
                                               "; start it with 'mien serve', or do without it: --no-server");
        }
        if (answer.status == k_unauthorized || answer.status == k_forbidden) {
            throw Error(ErrorCode::server, where + "wants another token: put it into MIEN_TOKEN");
        }
        throw Error(ErrorCode::server, where + "refuses with status " + std::to_string(answer.status) +
                                           "; see its log, or do without it: --no-server");
    }

    /// What read() makes of an answer, unless that makes no sense.
    template <class Read>
    auto understood(const Read& read) -> std::optional<decltype(read())> {
        std::string why;
        try {
            return read();
        } catch (const Json::exception&) {
            why = "it does not answer in JSON";
        } catch (const Error& error) {
            why = error.what();
        }
        if (named()) {
            throw Error(ErrorCode::server, "the server " + m_name + " (MIEN_SERVER) is not of this version: " + why);
        }
        leave(why);
        return std::nullopt;
    }

    void leave(const std::string& why) {
        if (!m_left.exchange(true)) {
            log::debug("the workspace's server does not help: {}", why);
        }
    }

    Wire m_wire;
    std::string m_name;
    std::atomic<std::uint32_t> m_dim{};
    std::atomic<bool> m_left{false};  ///< it was found, and is asked no more
};

/// Whether a server of this very user may listen there: nobody else's answers are believed.
bool is_own_socket(const fs::path& socket) {
    struct stat status {};
    return ::lstat(socket.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) && status.st_uid == ::geteuid();
}

bool is_token(std::string_view token) {
    return std::none_of(token.begin(), token.end(),
                        [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

}  // namespace

std::shared_ptr<pipeline::Remote> find_server(const ServerChoice& choice) {
    const auto& address = choice.address;
    if (address == "none") {
        return nullptr;
    }
    if (address.empty()) {
        return is_own_socket(choice.socket) ? std::make_shared<Server>("http://mien", choice.socket, "", "") : nullptr;
    }
    const bool is_unix = address.starts_with(k_unix) && address.size() > k_unix.size();
    const auto scheme = address.find("://");
    const bool is_url = (address.starts_with("http://") || address.starts_with("https://")) &&
                        scheme + 3 < address.size() && address.find('@') == std::string::npos;
    if (!is_unix && !is_url) {
        throw Error(ErrorCode::usage,
                    "MIEN_SERVER is http://HOST:PORT, https://HOST:PORT, unix:/PATH or none; a token belongs into "
                    "MIEN_TOKEN");
    }
    if (!is_token(choice.token)) {
        throw Error(ErrorCode::usage, "MIEN_TOKEN holds a blank or a control character");
    }
    if (is_unix) {
        return std::make_shared<Server>("http://mien", address.substr(k_unix.size()), choice.token, printable(address));
    }
    auto url = address;
    url.erase(url.find_last_not_of('/') + 1);
    return std::make_shared<Server>(url, fs::path(), choice.token, printable(address));
}

}  // namespace mien::client
