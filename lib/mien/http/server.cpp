// SPDX-License-Identifier: MIT

// The only file that knows Boost.Asio and Beast. Of Beast only the parser is used: its asynchronous operations cost
// six times the compile time and answer fewer requests. A connection is type-erased, so that everything above the
// transport is compiled once for TCP, TLS and Unix sockets.
//
// Every connection runs in a strand of its own; its members need no locks.

#include <mien/http/server.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/service/workspace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace mien::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using local = asio::local::stream_protocol;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t k_read_size = 64UL * 1024;
/// A refused request whose body is not longer is read to its end, so that the connection can go on.
constexpr std::uint64_t k_swallow = 64UL * 1024;
/// After a refusal the client may still be sending; reading on for a while lets it see the answer.
constexpr milliseconds k_linger{5'000};
constexpr std::uint64_t k_linger_bytes = 64UL * 1024 * 1024;
/// While draining, for a request that is on its way over a connection that is kept open, and over a fresh one.
constexpr milliseconds k_grace_kept{250};
constexpr milliseconds k_grace_fresh{1'000};
constexpr milliseconds k_handshake_timeout{10'000};

// --- transports ---

/// One open connection, whatever it runs over. One operation each way at a time.
class Transport {
public:
    using Done = std::function<void(error_code, std::size_t)>;
    virtual ~Transport() = default;
    virtual void handshake(std::function<void(error_code)> done) = 0;
    virtual void read(asio::mutable_buffer into, Done done) = 0;
    /// All of it.
    virtual void write(std::array<asio::const_buffer, 2> from, Done done) = 0;
    /// Says that nothing more will be sent.
    virtual void end(std::function<void()> done) = 0;
    /// Reads what will be thrown away, perhaps still encrypted.
    virtual void discard(asio::mutable_buffer into, Done done) = 0;
    virtual void close() = 0;
    virtual asio::any_io_executor executor() = 0;
};

template <typename Socket>
class PlainTransport : public Transport {
public:
    explicit PlainTransport(Socket socket) : m_socket(std::move(socket)) {}
    void handshake(std::function<void(error_code)> done) override { done({}); }
    void read(asio::mutable_buffer into, Done done) override { m_socket.async_read_some(into, std::move(done)); }
    void write(std::array<asio::const_buffer, 2> from, Done done) override {
        asio::async_write(m_socket, from, std::move(done));
    }
    void end(std::function<void()> done) override {
        error_code ignored;
        m_socket.shutdown(Socket::shutdown_send, ignored);
        done();
    }
    void discard(asio::mutable_buffer into, Done done) override { read(into, std::move(done)); }
    void close() override {
        error_code ignored;
        m_socket.close(ignored);
    }
    asio::any_io_executor executor() override { return m_socket.get_executor(); }

private:
    Socket m_socket;
};

class TlsTransport : public Transport {
public:
    TlsTransport(tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
        : m_context(std::move(context)), m_stream(std::move(socket), *m_context) {}
    void handshake(std::function<void(error_code)> done) override {
        m_stream.async_handshake(asio::ssl::stream_base::server, std::move(done));
    }
    void read(asio::mutable_buffer into, Done done) override { m_stream.async_read_some(into, std::move(done)); }
    void write(std::array<asio::const_buffer, 2> from, Done done) override {
        asio::async_write(m_stream, from, std::move(done));
    }
    void end(std::function<void()> done) override {
        m_stream.async_shutdown([this, done = std::move(done)](error_code) {
            error_code ignored;
            m_stream.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
            done();
        });
    }
    void discard(asio::mutable_buffer into, Done done) override {
        m_stream.next_layer().async_read_some(into, std::move(done));
    }
    void close() override {
        error_code ignored;
        m_stream.next_layer().close(ignored);
    }
    asio::any_io_executor executor() override { return m_stream.get_executor(); }

private:
    std::shared_ptr<asio::ssl::context> m_context;
    asio::ssl::stream<tcp::socket> m_stream;
};

std::shared_ptr<asio::ssl::context> load_tls(const Config& config) {
    for (const auto& file : {config.tls_cert, config.tls_key}) {
        if (::access(file.c_str(), R_OK) != 0) {  // OpenSSL does not say why
            throw Error(ErrorCode::usage,
                        "cannot read " + file.native() + ": " + std::generic_category().message(errno));
        }
    }
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    error_code error;
    context->use_certificate_chain_file(config.tls_cert.native(), error);
    if (error) {
        throw Error(ErrorCode::usage,
                    "cannot use the certificate " + config.tls_cert.native() + ": " + error.message());
    }
    context->use_private_key_file(config.tls_key.native(), asio::ssl::context::pem, error);
    if (error) {
        throw Error(ErrorCode::usage, "cannot use the key " + config.tls_key.native() + ": " + error.message());
    }
    return context;
}

// --- what connections share ---

struct Hub {
    explicit Hub(Engine& of) : engine(of) {}

    Engine& engine;
    std::atomic<bool> draining{false};
    std::atomic<std::size_t> connections{0};
    std::atomic<std::size_t> listeners{0};
    std::atomic<std::uint64_t> body_memory{0};
    std::function<void()> last_one_gone;  ///< may be called twice

    /// A connection or a listener ended: count is the one that it was counted in.
    void one_gone(std::atomic<std::size_t>& count) {
        if (--count == 0 && draining && connections == 0 && listeners == 0) {
            last_one_gone();
        }
    }

    std::shared_ptr<asio::ssl::context> tls() {
        const std::lock_guard lock(mutex);
        return tls_context;
    }
    void set_tls(std::shared_ptr<asio::ssl::context> context) {
        const std::lock_guard lock(mutex);
        tls_context = std::move(context);
    }

    std::mutex mutex;
    std::shared_ptr<asio::ssl::context> tls_context;                          ///< guarded by mutex
    std::unordered_map<const void*, std::function<void()>> drain_connection;  ///< guarded by mutex
};

/// Bytes of bodies in memory, given back when the request is gone.
class Budget {
public:
    explicit Budget(std::shared_ptr<Hub> hub) : m_hub(std::move(hub)) {}
    ~Budget() { m_hub->body_memory -= m_taken; }
    Budget(const Budget&) = delete;
    Budget& operator=(const Budget&) = delete;
    bool take(std::uint64_t bytes, std::uint64_t limit) {
        m_taken += bytes;
        return (m_hub->body_memory += bytes) <= limit;
    }

private:
    std::shared_ptr<Hub> m_hub;
    std::uint64_t m_taken{};
};

// --- the parser ---

class Parser : public beast::http::basic_parser<true> {
public:
    Parser(Request& request, std::uint64_t max_header) : m_request(request) {
        header_limit(static_cast<std::uint32_t>(max_header));
        // Set once the route is known. Not none: this version of Beast takes that for zero.
        body_limit(std::numeric_limits<std::uint64_t>::max());
    }
    void throw_body_away() { m_keep = false; }
    [[nodiscard]] int version() const { return m_version; }

protected:
    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                         error_code&) override {
        m_request.method.assign(method.data(), method.size());
        m_request.target.assign(target.data(), target.size());
        m_version = version;
    }
    void on_response_impl(int, beast::string_view, int, error_code&) override {}
    void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, error_code&) override {
        if (!m_header_done) {  // trailers could otherwise add what was judged already
            m_request.headers.add({name.data(), name.size()}, {value.data(), value.size()});
        }
    }
    void on_header_impl(error_code&) override { m_header_done = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(beast::string_view body, error_code&) override { return take(body); }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override { return take(body); }
    void on_finish_impl(error_code&) override {}

private:
    std::size_t take(beast::string_view body) {
        if (m_keep) {
            m_request.body.append(body.data(), body.size());
        }
        return body.size();
    }

    Request& m_request;
    int m_version{11};
    bool m_header_done{};
    bool m_keep{true};
};

// --- a connection ---

const std::string& http_date() {
    thread_local std::time_t at = 0;
    thread_local std::string text;
    if (const auto now = std::time(nullptr); now != at) {
        at = now;
        std::tm utc{};
        gmtime_r(&now, &utc);
        std::array<char, 40> buffer{};
        text.assign(buffer.data(), std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
    }
    return text;
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ");
    for (const char c : value) {
        // No header can be smuggled in by a value.
        head += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
    head.append("\r\n");
}

std::string head_of(const Response& response, bool close, bool old_client) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head.append(reason_phrase(response.status)).append("\r\n");
    append_field(head, "Date", http_date());
    append_field(head, "Server", "mien");
    const bool no_body = response.status == 204 || response.status == 304 || response.status < 200;
    if (!no_body) {
        append_field(head, "Content-Type", response.content_type);
        append_field(head, "Content-Length", std::to_string(response.body.size()));
    }
    for (const auto& [name, value] : response.headers.entries()) {
        append_field(head, name, value);
    }
    if (close) {
        append_field(head, "Connection", "close");
    } else if (old_client) {
        append_field(head, "Connection", "keep-alive");
    }
    head.append("\r\n");
    return head;
}

/// How a connection came.
enum class Way {
    open,  ///< TCP, or a Unix socket that proxies may use
    tls,
    workspace,  ///< the socket for the command line of the server's own user
};

class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(std::shared_ptr<Hub> hub, std::unique_ptr<Transport> transport, std::string peer, Way way)
        : m_hub(std::move(hub)),
          m_transport(std::move(transport)),
          m_timer(m_transport->executor()),
          m_peer(std::move(peer)),
          m_way(way),
          m_config(m_hub->engine.services().config()) {}

    ~Connection() {
        {
            const std::lock_guard lock(m_hub->mutex);
            m_hub->drain_connection.erase(this);
        }
        m_hub->one_gone(m_hub->connections);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// In the connection's strand, like everything below.
    void start() {
        {
            const std::lock_guard lock(m_hub->mutex);
            m_hub->drain_connection[this] = [weak = weak_from_this(), executor = m_transport->executor()] {
                asio::post(executor, [weak] {
                    if (const auto self = weak.lock()) {
                        self->drain();
                    }
                });
            };
        }
        m_phase = Phase::handshake;
        expire_after(k_handshake_timeout);
        m_transport->handshake([self = shared_from_this()](error_code error) {
            if (error) {
                self->close();
            } else {
                self->next_request();
            }
        });
    }

private:
    enum class Phase { handshake, idle, header, body, working, writing, lingering, closed };

    // --- time ---

    void expire_after(milliseconds time) {
        m_deadline = Clock::now() + time;
        if (!m_timer_runs || m_deadline < m_timer_end) {
            run_timer();
        }
    }

    void never_expire() { m_deadline = Clock::time_point::max(); }

    void run_timer() {
        m_timer_runs = true;
        m_timer_end = m_deadline;
        m_timer.expires_at(m_deadline);
        m_timer.async_wait([weak = weak_from_this()](error_code error) {
            const auto self = weak.lock();
            if (!self || error) {
                return;  // a nearer deadline took its place, or all is over
            }
            self->m_timer_runs = false;
            if (Clock::now() >= self->m_deadline) {
                self->on_timeout();
            } else if (self->m_deadline != Clock::time_point::max()) {
                self->run_timer();  // it was put off meanwhile
            }
        });
    }

    void on_timeout() {
        switch (m_phase) {
            case Phase::header:
            case Phase::body:
                if (m_inviting) {
                    close();
                    break;
                }
                answer_error(408, "request_timeout", "the request did not arrive in time");
                break;
            case Phase::working: break;
            default: close();
        }
    }

    // --- reading ---

    void next_request() {
        m_phase = Phase::idle;
        m_request = std::make_shared<Request>();
        m_request->client = m_peer;
        m_request->secure = m_way == Way::tls;
        m_request->own_user = m_way == Way::workspace;
        m_admission.reset();
        m_budget = std::make_shared<Budget>(m_hub);
        m_discarding = false;
        m_parser.emplace(*m_request, m_config->max_header);
        if (m_begin < m_end) {
            on_bytes();  // the next request came with the last one
            return;
        }
        if (m_buffer.size() > k_read_size / 2) {
            m_buffer = {};  // so that idle connections cost little
        }
        if (m_hub->draining) {
            expire_after(m_served == 0 ? k_grace_fresh : k_grace_kept);
        } else {
            expire_after(m_served == 0 ? m_config->header_timeout : m_config->idle_timeout);
        }
        read_more();
    }

    void drain() {
        if (m_phase == Phase::idle) {
            expire_after(m_served == 0 ? k_grace_fresh : k_grace_kept);
        }
    }

    void read_more() {
        if (m_begin == m_end) {
            m_begin = m_end = 0;
        }
        if (m_begin > 0 && m_buffer.size() - m_end < k_read_size / 4) {
            std::copy(m_buffer.begin() + static_cast<std::ptrdiff_t>(m_begin),
                      m_buffer.begin() + static_cast<std::ptrdiff_t>(m_end), m_buffer.begin());
            m_end -= m_begin;
            m_begin = 0;
        }
        // Small until something comes, large for bodies.
        const std::size_t wanted = m_phase == Phase::body ? k_read_size : m_config->max_header + 2048;
        if (m_buffer.size() < wanted && (m_phase == Phase::body || m_end > 0)) {
            m_buffer.resize(wanted);
        } else if (m_buffer.empty()) {
            m_buffer.resize(2048);
        }
        if (m_end == m_buffer.size()) {
            answer_error(431, "header_too_large", "the header is larger than allowed");
            return;
        }
        m_reading = true;
        m_transport->read(asio::buffer(m_buffer.data() + m_end, m_buffer.size() - m_end),
                          [self = shared_from_this()](error_code error, std::size_t size) {
                              self->m_reading = false;
                              if (self->m_phase == Phase::closed || self->m_phase == Phase::writing) {
                                  return;  // a time-out was answered meanwhile
                              }
                              if (error) {
                                  self->close();
                                  return;
                              }
                              self->m_end += size;
                              self->on_bytes();
                          });
    }

    void on_bytes() {
        if (m_phase == Phase::idle) {
            m_phase = Phase::header;
            expire_after(m_config->header_timeout);
        }
        while (true) {
            error_code error;
            const auto body_before = m_request->body.size();
            const auto used = m_parser->put(asio::const_buffer(m_buffer.data() + m_begin, m_end - m_begin), error);
            m_begin += used;
            if (error && error != beast::http::error::need_more) {
                answer_parse_error(error);
                return;
            }
            if (!m_budget->take(m_request->body.size() - body_before, m_config->max_body_memory)) {
                answer_error(503, "out_of_memory", "too many photos are being sent at once; please try again");
                return;
            }
            if (m_phase == Phase::header && m_parser->is_header_done() && !on_header()) {
                return;
            }
            if (m_parser->is_done()) {
                on_request();
                return;
            }
            if (error == beast::http::error::need_more || m_begin == m_end || used == 0) {
                read_more();
                return;
            }
        }
    }

    /// false: an answer is on its way
    bool on_header() {
        m_phase = Phase::body;
        const auto hosts = m_request->headers.count("Host");
        if (hosts > 1 || (m_parser->version() >= 11 && hosts == 0)) {
            answer_error(400, "bad_request", "a request has exactly one Host header");
            return false;
        }
        if (m_request->headers.count("Authorization") > 1 || m_request->headers.count("Content-Type") > 1) {
            answer_error(400, "bad_request", "a header that decides was sent twice");
            return false;
        }
        // The parser undoes chunks, and would let "gzip, chunked" pass as if nothing were left to undo.
        const auto coding = m_request->headers.get("Transfer-Encoding");
        if (coding &&
            (m_request->headers.count("Transfer-Encoding") > 1 || !equal_without_case(trimmed(*coding), "chunked"))) {
            answer_error(400, "bad_request", "the only transfer coding is chunked");
            return false;
        }
        auto admission = m_hub->engine.admit(*m_request);
        const auto length = m_parser->content_length();
        const bool has_body = !m_parser->is_done();
        m_admission = std::make_shared<Admission>(std::move(admission));
        if (m_admission->refusal) {
            if (has_body &&
                (m_parser->chunked() || length.value_or(0) > k_swallow || m_request->headers.get("Expect"))) {
                respond(m_hub->engine.refuse(*m_request, *m_admission), true);
                return false;
            }
            m_parser->throw_body_away();
            m_discarding = true;
            return true;
        }
        if (length && *length > m_admission->body_limit) {
            respond(m_hub->engine.too_large(*m_request, *m_admission), true);
            return false;
        }
        if (has_body) {
            m_parser->body_limit(m_admission->body_limit);
            m_request->body.reserve(length ? static_cast<std::size_t>(*length) : 0);
            expire_after(m_config->body_timeout);
            if (const auto expect = m_request->headers.get("Expect"); expect) {
                if (!equal_without_case(*expect, "100-continue")) {
                    answer_error(417, "expectation_failed", "only 100-continue can be expected");
                    return false;
                }
                if (m_begin == m_end) {
                    invite_body();
                    return false;
                }
            }
        }
        return true;
    }

    void invite_body() {
        static constexpr std::string_view invitation = "HTTP/1.1 100 Continue\r\n\r\n";
        m_inviting = true;
        m_transport->write({asio::buffer(invitation.data(), invitation.size()), asio::const_buffer()},
                           [self = shared_from_this()](error_code error, std::size_t) {
                               self->m_inviting = false;
                               if (error || self->m_phase != Phase::body) {
                                   self->close();
                               } else {
                                   self->read_more();
                               }
                           });
    }

    void answer_parse_error(const error_code& code) {
        using beast::http::error;
        if (code == error::header_limit) {
            answer_error(431, "header_too_large", "the header is larger than allowed");
        } else if (code == error::body_limit && m_admission) {
            respond(m_hub->engine.too_large(*m_request, *m_admission), true);
        } else if (code == error::bad_version) {
            answer_error(505, "bad_version", "this server speaks HTTP/1.1");
        } else {
            answer_error(400, "bad_request", "this is not HTTP as RFC 9112 describes it");
        }
    }

    void answer_error(int status, const std::string& code, const std::string& message) {
        respond(m_hub->engine.protocol_error(*m_request, status, code, message), true);
    }

    // --- answering ---

    void on_request() {
        m_phase = Phase::working;
        never_expire();
        m_keep_alive = m_parser->keep_alive();
        if (m_discarding) {
            respond(m_hub->engine.refuse(*m_request, *m_admission), !m_keep_alive);
            return;
        }
        m_admission->began = Clock::now();
        // The body's bytes count until the work on them is done, even if the connection is gone by then.
        auto done = [self = shared_from_this(), budget = m_budget](Response response) {
            asio::post(self->m_transport->executor(), [self, response = std::move(response)]() mutable {
                self->respond(std::move(response), !self->m_keep_alive);
            });
        };
        m_hub->engine.handle(m_request, m_admission, std::move(done));
    }

    void respond(Response response, bool close_after) {
        if (m_phase == Phase::closed || m_phase == Phase::writing) {
            return;
        }
        m_phase = Phase::writing;
        m_close_after = close_after || m_hub->draining;
        m_response = std::move(response);
        m_head = head_of(m_response, m_close_after, m_parser && m_parser->version() < 11);
        const bool head_only = m_request->method == "HEAD";
        expire_after(m_config->write_timeout);
        m_transport->write({asio::buffer(m_head), head_only ? asio::const_buffer() : asio::buffer(m_response.body)},
                           [self = shared_from_this()](error_code error, std::size_t) { self->on_written(error); });
    }

    void on_written(const error_code& error) {
        if (m_phase == Phase::closed) {
            return;
        }
        ++m_served;
        m_response = {};
        if (error || (m_close_after && m_reading)) {
            close();
        } else if (m_close_after) {
            linger();
        } else {
            next_request();
        }
    }

    // --- ending ---

    void linger() {
        m_phase = Phase::lingering;
        m_buffer.resize(std::max<std::size_t>(m_buffer.size(), 4096));
        expire_after(k_linger);
        m_transport->end([self = shared_from_this()] { self->discard(); });
    }

    void discard() {
        if (m_phase != Phase::lingering) {
            return;
        }
        m_transport->discard(asio::buffer(m_buffer), [self = shared_from_this()](error_code error, std::size_t size) {
            self->m_discarded += size;
            if (error || self->m_discarded > k_linger_bytes) {
                self->close();
            } else {
                self->discard();
            }
        });
    }

    void close() {
        m_phase = Phase::closed;
        error_code ignored;
        m_timer.cancel(ignored);
        m_transport->close();
    }

    std::shared_ptr<Hub> m_hub;
    std::unique_ptr<Transport> m_transport;
    asio::steady_timer m_timer;
    Clock::time_point m_deadline{Clock::time_point::max()};
    Clock::time_point m_timer_end;
    bool m_timer_runs{};
    std::string m_peer;
    Way m_way{};
    std::shared_ptr<const Config> m_config;
    Phase m_phase{Phase::handshake};
    std::vector<char> m_buffer;
    std::size_t m_begin{};
    std::size_t m_end{};
    bool m_reading{};
    std::shared_ptr<Request> m_request{std::make_shared<Request>()};
    std::shared_ptr<Admission> m_admission;
    std::shared_ptr<Budget> m_budget;
    std::optional<Parser> m_parser;
    bool m_discarding{};
    bool m_inviting{};  ///< "100 Continue" is being written
    bool m_keep_alive{};
    bool m_close_after{};
    std::uint64_t m_served{};
    std::uint64_t m_discarded{};
    Response m_response;
    std::string m_head;
};

// --- listening ---

std::string peer_of(const tcp::socket& socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) {
        return "unknown";
    }
    const auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    }
    return address.to_string();
}

std::string peer_of(const local::socket&) { return "unix"; }

void prepare(tcp::socket& socket) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
}

void prepare(local::socket&) {}

class Listener {
public:
    virtual ~Listener() = default;
    virtual void start() = 0;
    /// Takes what the kernel accepted already, then closes.
    virtual void stop() = 0;
};

template <typename Protocol>
class SocketListener : public Listener, public std::enable_shared_from_this<SocketListener<Protocol>> {
public:
    using Acceptor = typename Protocol::acceptor;
    using Socket = typename Protocol::socket;
    SocketListener(asio::io_context& io, std::shared_ptr<Hub> hub, Acceptor acceptor, Way way)
        : m_io(io),
          m_hub(std::move(hub)),
          m_acceptor(std::move(acceptor)),
          m_pause(m_acceptor.get_executor()),
          m_way(way) {}

    void start() override {
        m_acceptor.async_accept(asio::make_strand(m_io),
                                [self = this->shared_from_this()](error_code error, Socket socket) {
                                    if (error == asio::error::operation_aborted || !self->m_acceptor.is_open()) {
                                        return;
                                    }
                                    if (error) {
                                        self->pause(error);
                                        return;
                                    }
                                    self->take(std::move(socket));
                                    self->start();
                                });
    }

    void stop() override {
        asio::post(m_acceptor.get_executor(), [self = this->shared_from_this()] {
            error_code error;
            self->m_pause.cancel(error);
            self->m_acceptor.cancel(error);
            self->m_acceptor.non_blocking(true, error);
            while (true) {
                Socket socket(asio::make_strand(self->m_io));
                self->m_acceptor.accept(socket, error);
                if (error) {
                    break;
                }
                self->take(std::move(socket));
            }
            self->m_acceptor.close(error);
            self->m_hub->one_gone(self->m_hub->listeners);
        });
    }

private:
    /// With a few words that fit into an empty socket's buffer, at once, whatever the client does. To TLS nothing can
    /// be said before a handshake, which would have to be waited for.
    void turn_away(Socket socket, std::string peer) {
        Request unread;
        unread.client = std::move(peer);
        const auto answer =
            m_hub->engine.protocol_error(unread, 503, "too_many_connections", "too many connections; please try again");
        error_code ignored;
        socket.non_blocking(true, ignored);
        if (m_way != Way::tls) {
            const auto text = head_of(answer, true, false) + answer.body;
            socket.write_some(asio::buffer(text), ignored);
            socket.shutdown(Socket::shutdown_send, ignored);
            // What is left unread would reset the connection, and the answer might be lost with it.
            std::array<char, 4096> sent{};
            error_code empty;
            for (int i = 0; i < 16 && !empty; ++i) {
                socket.read_some(asio::buffer(sent), empty);
            }
        }
        socket.close(ignored);
    }

    void take(Socket socket) {
        const auto limit = m_hub->engine.services().config()->max_connections;
        auto peer = m_way == Way::workspace ? std::string("workspace") : peer_of(socket);
        if (m_hub->connections++ >= limit) {
            turn_away(std::move(socket), std::move(peer));
            --m_hub->connections;
            return;
        }
        prepare(socket);
        std::unique_ptr<Transport> transport;
        if constexpr (std::is_same_v<Protocol, tcp>) {
            if (m_way == Way::tls) {
                transport = std::make_unique<TlsTransport>(std::move(socket), m_hub->tls());
            }
        }
        if (!transport) {
            transport = std::make_unique<PlainTransport<Socket>>(std::move(socket));
        }
        const auto executor = transport->executor();
        const auto connection = std::make_shared<Connection>(m_hub, std::move(transport), std::move(peer), m_way);
        asio::post(executor, [connection] { connection->start(); });
    }

    /// Out of file descriptors or memory: the kernel keeps the connection, we come back for it.
    void pause(const error_code& error) {
        log::warn("cannot take a connection: {}", error.message());
        m_pause.expires_after(milliseconds(100));
        m_pause.async_wait([self = this->shared_from_this()](error_code stopped) {
            if (!stopped) {
                self->start();
            }
        });
    }

    asio::io_context& m_io;
    std::shared_ptr<Hub> m_hub;
    Acceptor m_acceptor;
    asio::steady_timer m_pause;
    Way m_way;
};

std::string text_of(const tcp::endpoint& endpoint, bool tls) {
    const auto address = endpoint.address();
    return std::string(tls ? "https://" : "http://") +
           (address.is_v6() ? "[" + address.to_string() + "]" : address.to_string()) + ":" +
           std::to_string(endpoint.port());
}

/// How many sockets systemd handed over, from descriptor 3 on.
int inherited_sockets() {
    const char* pid = std::getenv("LISTEN_PID");
    const char* count = std::getenv("LISTEN_FDS");
    if (pid == nullptr || count == nullptr || std::to_string(getpid()) != pid) {
        return 0;
    }
    return std::max(0, std::atoi(count));
}

void allow_many_files() {
    struct rlimit limit {};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
    }
}

}  // namespace

struct Server::Impl {
    explicit Impl(Engine& of) : engine(of), hub(std::make_shared<Hub>(of)), signals(io) {}

    Engine& engine;
    asio::io_context io;
    std::shared_ptr<Hub> hub;
    asio::signal_set signals;
    std::vector<std::shared_ptr<Listener>> listeners;
    std::vector<std::string> addresses;
    std::vector<std::filesystem::path> unix_sockets;
    std::function<void()> on_reload;
    std::function<void()> on_draining;
    std::mutex reload_mutex;
    std::condition_variable reload_wake;
    bool reload_wanted{};     ///< guarded by reload_mutex
    bool reloads_are_over{};  ///< guarded by reload_mutex
    std::unique_ptr<asio::steady_timer> drain_limit;

    template <typename Protocol>
    void listen(typename Protocol::acceptor acceptor, Way way) {
        listeners.push_back(std::make_shared<SocketListener<Protocol>>(io, hub, std::move(acceptor), way));
        ++hub->listeners;
    }

    void bind_tcp(const std::string& host, std::uint16_t port, bool must, bool only, bool tls) {
        tcp::resolver resolver(io);
        error_code error;
        const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
        if (error) {
            throw Error(ErrorCode::usage, "there is no address '" + host + "': " + error.message());
        }
        for (const auto& entry : found) {
            const auto endpoint = entry.endpoint();
            tcp::acceptor acceptor(asio::make_strand(io));
            acceptor.open(endpoint.protocol(), error);
            if (!error) {
                acceptor.set_option(tcp::acceptor::reuse_address(true), error);
                if (endpoint.address().is_v6()) {
                    acceptor.set_option(asio::ip::v6_only(!only), error);
                }
                acceptor.bind(endpoint, error);
            }
            if (!error) {
                acceptor.listen(asio::socket_base::max_listen_connections, error);
            }
            if (error && must) {
                throw Error(ErrorCode::runtime, "cannot listen on " + text_of(endpoint, tls) + ": " + error.message() +
                                                    "; choose another with --host and --port");
            }
            if (error) {
                log::warn("not listening on {}: {}", text_of(endpoint, tls), error.message());
                continue;
            }
            addresses.push_back(text_of(acceptor.local_endpoint(), tls));
            listen<tcp>(std::move(acceptor), tls ? Way::tls : Way::open);
        }
    }

    /// For verbs that find it there. A server that cannot listen there serves all the same: they load their own models.
    void bind_workspace(const std::filesystem::path& path) {
        try {
            bind_unix(path, Way::workspace);
        } catch (const Error& error) {
            log::info("the command line will not ask this server: {}", error.what());
        }
    }

    void bind_unix(const std::filesystem::path& path, Way way) {
        error_code error;
        if (path.native().size() >= sizeof(sockaddr_un::sun_path)) {
            throw Error(ErrorCode::usage, "cannot listen on " + path.native() + ": the path is too long for a socket");
        }
        struct stat status {};
        if (::stat(path.c_str(), &status) == 0) {
            // A socket that nobody answers on was left behind by a server that was killed.
            local::socket probe(io);
            probe.connect(local::endpoint(path.native()), error);
            if (!S_ISSOCK(status.st_mode) || !error) {
                throw Error(ErrorCode::runtime,
                            "cannot listen on " + path.native() + ": " +
                                (error ? "there is a file that is no socket" : "a server is there already"));
            }
            ::unlink(path.c_str());
        }
        local::acceptor acceptor(asio::make_strand(io));
        acceptor.open(local(), error);
        const auto mask = ::umask(0177);  // only the same user may connect
        if (!error) {
            acceptor.bind(local::endpoint(path.native()), error);
        }
        ::umask(mask);
        if (!error) {
            acceptor.listen(asio::socket_base::max_listen_connections, error);
        }
        if (error) {
            throw Error(ErrorCode::runtime, "cannot listen on " + path.native() + ": " + error.message());
        }
        unix_sockets.push_back(path);
        if (way == Way::open) {
            addresses.push_back("unix:" + path.native());
        }
        listen<local>(std::move(acceptor), way);
    }

    void adopt(int fd, bool tls) {
        int family = 0;
        int listening = 0;
        socklen_t size = sizeof(int);
        if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0 ||
            ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
            throw Error(ErrorCode::usage, "descriptor " + std::to_string(fd) +
                                              " of LISTEN_FDS is no listening socket; see systemd.socket(5)");
        }
        if (family == AF_UNIX) {
            local::acceptor acceptor(asio::make_strand(io));
            acceptor.assign(local(), fd);
            addresses.push_back("unix:" + acceptor.local_endpoint().path());
            listen<local>(std::move(acceptor), Way::open);
        } else {
            tcp::acceptor acceptor(asio::make_strand(io));
            acceptor.assign(family == AF_INET6 ? tcp::v6() : tcp::v4(), fd);
            addresses.push_back(text_of(acceptor.local_endpoint(), tls));
            listen<tcp>(std::move(acceptor), tls ? Way::tls : Way::open);
        }
    }

    void wait_for_signal() {
        signals.async_wait([this](error_code error, int signal) {
            if (error) {
                return;
            }
            if (signal == SIGHUP) {
                const std::lock_guard lock(reload_mutex);
                reload_wanted = true;
                reload_wake.notify_one();
            } else {
                drain();
            }
            wait_for_signal();
        });
    }

    /// One reload after the other, on a thread that may take its time; signals that come meanwhile make one more.
    void reload_when_wanted() {
        std::unique_lock lock(reload_mutex);
        while (true) {
            reload_wake.wait(lock, [this] { return reload_wanted || reloads_are_over; });
            if (reloads_are_over) {
                return;
            }
            reload_wanted = false;
            lock.unlock();
            on_reload();
            lock.lock();
        }
    }

    void end_reloads() {
        const std::lock_guard lock(reload_mutex);
        reloads_are_over = true;
        reload_wake.notify_one();
    }

    void drain() {
        if (hub->draining.exchange(true)) {
            io.stop();  // asked twice
            return;
        }
        engine.drain();
        if (on_draining) {
            on_draining();
        }
        drain_limit = std::make_unique<asio::steady_timer>(io, engine.services().config()->drain_timeout);
        drain_limit->async_wait([this](error_code error) {
            if (!error) {
                log::warn("not everything was answered in time");
                io.stop();
            }
        });
        for (const auto& listener : listeners) {
            listener->stop();
        }
        const std::lock_guard lock(hub->mutex);
        for (const auto& [connection, drain_it] : hub->drain_connection) {
            drain_it();
        }
    }
};

Server::Server(Engine& engine) : m_impl(std::make_unique<Impl>(engine)) {
    auto& impl = *m_impl;
    const auto config = engine.services().config();
    allow_many_files();
    const bool tls = !config->tls_cert.empty();
    if (tls) {
        impl.hub->set_tls(load_tls(*config));
    }
    impl.hub->last_one_gone = [&io = impl.io] { io.stop(); };
    if (const int inherited = inherited_sockets(); inherited > 0) {
        for (int fd = 3; fd < 3 + inherited; ++fd) {
            impl.adopt(fd, tls);
        }
        ::unsetenv("LISTEN_PID");
        ::unsetenv("LISTEN_FDS");
    } else {
        for (const auto& host : config->hosts) {
            for (const auto port : config->ports) {
                impl.bind_tcp(host, port, config->ports_given, config->hosts.size() == 1, tls);
            }
        }
        if (!config->unix_socket.empty()) {
            impl.bind_unix(config->unix_socket, Way::open);
        }
    }
    if (impl.listeners.empty()) {
        throw Error(ErrorCode::runtime, "there is no free port to listen on; choose one with --port");
    }
    impl.bind_workspace(service::Workspace{config->workspace}.socket());
    impl.signals.add(SIGTERM);
    impl.signals.add(SIGINT);
    impl.signals.add(SIGHUP);
    engine.server_figures = [hub = impl.hub](Metrics::Figures& figures) {
        figures.connections = hub->connections;
        figures.body_memory = hub->body_memory;
    };
}

Server::~Server() {
    m_impl->hub->last_one_gone = [] {};  // connections that go with the last handlers find nothing to stop
    for (const auto& socket : m_impl->unix_sockets) {
        ::unlink(socket.c_str());
    }
}

const std::vector<std::string>& Server::addresses() const { return m_impl->addresses; }

void Server::run(const std::function<void()>& ready, const std::function<void()>& reload,
                 const std::function<void()>& draining) {
    auto& impl = *m_impl;
    impl.on_reload = reload;
    impl.on_draining = draining;
    for (const auto& listener : impl.listeners) {
        listener->start();
    }
    impl.wait_for_signal();
    ready();
    std::vector<std::thread> threads;
    threads.emplace_back([&impl] { impl.reload_when_wanted(); });
    const int count = impl.engine.services().config()->io_threads;
    for (int i = 1; i < count; ++i) {
        threads.emplace_back([&impl] { impl.io.run(); });
    }
    impl.io.run();
    impl.end_reloads();
    for (auto& thread : threads) {
        thread.join();
    }
}

void Server::stop() {
    asio::post(m_impl->io, [this] { m_impl->drain(); });
}

void Server::reload_certificate() {
    const auto config = m_impl->engine.services().config();
    if (!config->tls_cert.empty()) {
        m_impl->hub->set_tls(load_tls(*config));
    }
}

}  // namespace mien::http
