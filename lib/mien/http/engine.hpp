// SPDX-License-Identifier: MIT
#pragma once

/// From a request to its answer: routing, rights, rates, workers, wording, metrics, the access log. Knows no socket.

#include <mien/http/access_log.hpp>
#include <mien/http/pool.hpp>
#include <mien/http/route.hpp>
#include <mien/http/services.hpp>

#include <atomic>
#include <functional>
#include <memory>

namespace mien::http {

/// What is known about a request before its body is read.
struct Admission {
    const Route* route{};             ///< null: nothing serves it
    std::string pattern;              ///< of the route, for metrics
    std::uint64_t body_limit{};       ///< bytes
    std::optional<Response> refusal;  ///< set: this is the answer, the body is not wanted
    std::shared_ptr<const Policy> policy;
    std::chrono::steady_clock::time_point began;
};

class Engine {
public:
    /// Starts the threads. All references and the table must outlive it.
    Engine(Services& services, const RouteTable& table);
    /// Finishes what is queued.
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Finishes what is queued and ends the threads; requests after that are refused with 503.
    void stop();

    /// Judges method, target and headers; fills in id, path, params, claims and the client behind proxies.
    [[nodiscard]] Admission admit(Request& request);

    /// Answers: here and now, or from another thread. done is called exactly once, with everything set.
    void handle(std::shared_ptr<Request> request, std::shared_ptr<const Admission> admission,
                std::function<void(Response)> done);

    /// A refusal before there is a whole request: bytes that are no HTTP, limits, time-outs.
    [[nodiscard]] Response protocol_error(const Request& request, int status, const std::string& code,
                                          const std::string& message);
    /// The answer that admit() held ready.
    [[nodiscard]] Response refuse(const Request& request, const Admission& admission);

    /// The body is longer than Admission::body_limit.
    [[nodiscard]] Response too_large(const Request& request, const Admission& admission);

    AccessLog& access_log() { return m_log; }
    Services& services() { return m_services; }

    /// Figures of the server that only it knows; called for /metrics.
    std::function<void(Metrics::Figures&)> server_figures;
    [[nodiscard]] Metrics::Figures figures() const;

    /// False until the first worker has its tools, and again while draining.
    [[nodiscard]] bool ready() const { return m_ready && !m_draining; }
    void drain() { m_draining = true; }

private:
    struct Bench {  ///< one worker's place
        std::shared_ptr<const pipeline::Blueprint> tools;
        std::unique_ptr<pipeline::Worker> worker;
    };
    struct Job {  ///< a request on its way to its answer
        std::shared_ptr<Request> request;
        std::shared_ptr<const Admission> admission;
        std::function<void(Response)> done;
    };
    void dispatch(const Job& job, Handler handler);
    /// Answers with what the handler says.
    void answer(const Job& job, const std::function<Response()>& handler);
    void deliver(const Job& job, Response response);
    /// throws: Refusal{503} for a job that has waited too long
    void refuse_late(const Job& job, std::chrono::steady_clock::time_point queued);
    void finish(const Request& request, const Admission& admission, Response& response);
    Response run(const Request& request, const Admission& admission, const std::function<Response()>& handler);
    /// A refusal in its dialect's words; counts it.
    Response worded(const Route* route, const Refusal& refusal);
    void add_cors(const Request& request, const Policy& policy, Response& response) const;
    [[nodiscard]] Response preflight(const Request& request, const Policy& policy) const;
    [[nodiscard]] Tools tools_of(std::size_t thread);

    Services& m_services;
    const RouteTable& m_table;
    AccessLog m_log;
    std::atomic<bool> m_ready{false};
    std::atomic<bool> m_draining{false};
    std::vector<Bench> m_benches;
    std::unique_ptr<Pool> m_workers;
    std::unique_ptr<Pool> m_side;
    std::unique_ptr<Pool> m_writer;   ///< one thread
    std::unique_ptr<Pool> m_trainer;  ///< one thread
};

}  // namespace mien::http
