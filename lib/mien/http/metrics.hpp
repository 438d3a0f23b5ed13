// SPDX-License-Identifier: MIT
#pragma once

/// Counters and histograms in Prometheus' text form.

#include <mien/core/types.hpp>
#include <mien/http/system.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace mien::http {

enum class Stage { decode, detect, encode, match, queue };

/// Thread-safe.
class Metrics {
public:
    Metrics();
    ~Metrics();

    /// route: the pattern, never the path, so that the number of series is bounded.
    void count_request(std::string_view method, std::string_view route, int status, double seconds);
    void observe(Stage stage, double seconds);
    void count_verdict(Verdict verdict);
    /// code: the stable one of the answer
    void count_refusal(std::string_view code);
    /// outcome: enrolled, already, or the code of the refusal
    void count_enrolment(std::string_view outcome);
    /// What was asked of something that is kept for reuse. what: inbox (what waits, as last seen), photos (encodings of
    /// training photos)
    void count_cache(std::string_view what, std::size_t hits, std::size_t misses);

    struct Figures {
        SystemFigures system;
        std::size_t queue_waiting{};
        std::size_t queue_capacity{};
        std::size_t workers_busy{};
        std::size_t workers{};
        std::size_t connections{};
        std::size_t people{};
        std::size_t encodings{};
        std::uint64_t body_memory{};
        bool ready{};
    };
    /// Everything, with the figures of now.
    [[nodiscard]] std::string text(const Figures& figures);

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace mien::http
