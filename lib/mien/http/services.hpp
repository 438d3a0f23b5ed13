// SPDX-License-Identifier: MIT
#pragma once

/// What every route may use, and what a reload replaces.

#include <mien/http/auth.hpp>
#include <mien/http/config.hpp>
#include <mien/http/form.hpp>
#include <mien/http/metrics.hpp>
#include <mien/http/rate_limit.hpp>
#include <mien/http/route.hpp>
#include <mien/http/system.hpp>
#include <mien/service/live_store.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

namespace mien::http {

/// One reading of the configuration with all that is made from it; immutable.
struct Policy {
    /// throws: Error{usage} for what must not start: a weak secret, --auth none on an address that others reach
    explicit Policy(Config from);
    Config config;
    std::unique_ptr<Authenticator> authenticator;
    Networks trusted;
};

/// Thread-safe.
class Services {
public:
    /// throws: Error of the configuration, the store or the models
    Services(Config config, models::Finder finder);

    [[nodiscard]] std::shared_ptr<const Policy> policy() const;
    /// The configuration as it is now; hold it for the length of a request.
    [[nodiscard]] std::shared_ptr<const Config> config() const;

    service::LiveStore& store() { return m_store; }
    Metrics& metrics() { return m_metrics; }
    RateLimiter& limiter() { return m_limiter; }
    SystemWatch& system() { return m_system; }
    [[nodiscard]] double uptime_seconds() const;

    // Set by the engine before the first request.
    std::function<Metrics::Figures()> figures;  ///< for /metrics and the dialects' statistics
    std::function<bool()> ready;                ///< whether photos can be answered now

    [[nodiscard]] const models::Finder& finder() const { return m_finder; }

    /// Encodes and names the faces of a photo, and counts stages and the verdict. threshold: for this photo only.
    /// More pixels than allowed:
    /// Refusal{413, too_many_pixels}; other photos that cannot be read are answers.
    service::PhotoAnswer identify(Tools& tools, Bytes photo, std::optional<Threshold> threshold = {});
    /// The first half of it, for what is enrolled.
    pipeline::PhotoResult process(Tools& tools, Bytes photo, pipeline::Faces faces);

    /// A new configuration and fresh models. throws: as the constructor; then everything stays as it was
    void reload(Config config);

private:
    models::Finder m_finder;
    mutable std::mutex m_mutex;
    std::shared_ptr<const Policy> m_policy;  ///< guarded by m_mutex
    service::LiveStore m_store;
    Metrics m_metrics;
    RateLimiter m_limiter;
    SystemWatch m_system;
    std::chrono::steady_clock::time_point m_started{std::chrono::steady_clock::now()};
};

}  // namespace mien::http
