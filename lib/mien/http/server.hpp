// SPDX-License-Identifier: MIT
#pragma once

/// Sockets. Nothing outside server.cpp knows which library serves them.

#include <mien/http/engine.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mien::http {

class Server {
public:
    /// Binds everything that the configuration names, or takes the sockets that systemd opened (LISTEN_FDS).
    /// throws: Error{usage, runtime} that names the address or the certificate
    explicit Server(Engine& engine);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// "http://127.0.0.1:8000", "https://[::1]:8443", "unix:/run/mien.sock"
    [[nodiscard]] const std::vector<std::string>& addresses() const;

    /// Serves on config.io_threads threads, this one among them, until SIGTERM or SIGINT came and everything that was
    /// accepted is answered. A second signal, or config.drain_timeout, ends at once.
    /// ready: once connections are taken. reload: for each SIGHUP, on a thread of its own. draining: when the end
    /// began.
    void run(const std::function<void()>& ready, const std::function<void()>& reload,
             const std::function<void()>& draining);

    /// The same as SIGTERM; from any thread.
    void stop();

    /// New connections see the certificate and key that lie there now.
    /// throws: Error{usage}; then the old ones stay
    void reload_certificate();

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace mien::http
