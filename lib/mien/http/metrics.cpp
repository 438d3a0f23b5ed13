// SPDX-License-Identifier: MIT
#include <mien/http/metrics.hpp>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>

namespace mien::http {
namespace {

const prometheus::Histogram::BucketBoundaries k_request_seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                                0.25,  0.5,    1,     2.5,  5,     10,   30};
const prometheus::Histogram::BucketBoundaries k_stage_seconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                              0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};

constexpr std::array k_stage_names{"decode", "detect", "encode", "match", "queue"};

}  // namespace

struct Metrics::Impl {
    prometheus::Registry registry;
    prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                            .Name("mien_http_requests_total")
                                                            .Help("Answered requests by method, route and status")
                                                            .Register(registry);
    prometheus::Family<prometheus::Histogram>& latency = prometheus::BuildHistogram()
                                                             .Name("mien_http_request_seconds")
                                                             .Help("From the last byte of a request to its answer")
                                                             .Register(registry);
    prometheus::Family<prometheus::Histogram>& stages = prometheus::BuildHistogram()
                                                            .Name("mien_stage_seconds")
                                                            .Help("Time of a photo in each stage")
                                                            .Register(registry);
    prometheus::Family<prometheus::Counter>& verdicts =
        prometheus::BuildCounter().Name("mien_verdicts_total").Help("Answers about photos").Register(registry);
    prometheus::Family<prometheus::Counter>& refusals = prometheus::BuildCounter()
                                                            .Name("mien_http_refusals_total")
                                                            .Help("Refused requests by the code of the answer")
                                                            .Register(registry);
    prometheus::Family<prometheus::Counter>& enrolments = prometheus::BuildCounter()
                                                              .Name("mien_enrolments_total")
                                                              .Help("Photos to enrol, by what became of them")
                                                              .Register(registry);
    prometheus::Family<prometheus::Counter>& cache =
        prometheus::BuildCounter()
            .Name("mien_cache_lookups_total")
            .Help("Whether what is kept was of use: the inbox as last seen, encodings of training photos")
            .Register(registry);
    std::array<prometheus::Histogram*, k_stage_names.size()> stage{};

    prometheus::Gauge& gauge(const std::string& name, const std::string& help) {
        return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
    }
    prometheus::Gauge& waiting = gauge("mien_queue_length", "Photos that wait for a worker");
    prometheus::Gauge& capacity = gauge("mien_queue_capacity", "Photos that may wait");
    prometheus::Gauge& busy = gauge("mien_workers_busy", "Workers that look at a photo");
    prometheus::Gauge& workers = gauge("mien_workers", "Workers");
    prometheus::Gauge& connections = gauge("mien_http_connections", "Open connections");
    prometheus::Gauge& body_memory = gauge("mien_http_body_bytes", "Bytes of request bodies held");
    prometheus::Gauge& people = gauge("mien_gallery_people", "People in the store");
    prometheus::Gauge& encodings = gauge("mien_gallery_encodings", "Encodings in the store");
    prometheus::Gauge& ready = gauge("mien_ready", "1 when photos can be answered");
    prometheus::Gauge& cpu = gauge("mien_machine_cpu_percent", "Use of all processors");
    prometheus::Gauge& memory = gauge("mien_machine_memory_percent", "Use of the memory");
    prometheus::Gauge& disk = gauge("mien_machine_disk_percent", "Use of the workspace's file system");
    prometheus::Gauge& process_memory = gauge("process_resident_memory_bytes", "Resident memory");
    prometheus::Gauge& process_files = gauge("process_open_fds", "Open file descriptors");
    prometheus::Gauge& process_threads = gauge("process_threads", "Threads");
    prometheus::Counter& process_cpu = prometheus::BuildCounter()
                                           .Name("process_cpu_seconds_total")
                                           .Help("Processor time, user and system")
                                           .Register(registry)
                                           .Add({});
    std::mutex scraping;
};

Metrics::Metrics() : m_impl(std::make_unique<Impl>()) {
    for (std::size_t i = 0; i < k_stage_names.size(); ++i) {
        m_impl->stage.at(i) = &m_impl->stages.Add({{"stage", k_stage_names.at(i)}}, k_stage_seconds);
    }
}

Metrics::~Metrics() = default;

void Metrics::count_request(std::string_view method, std::string_view route, int status, double seconds) {
    const prometheus::Labels where{{"method", std::string(method)}, {"route", std::string(route)}};
    auto with_status = where;
    with_status.emplace("status", std::to_string(status));
    m_impl->requests.Add(with_status).Increment();
    m_impl->latency.Add(where, k_request_seconds).Observe(seconds);
}

void Metrics::observe(Stage stage, double seconds) {
    m_impl->stage.at(static_cast<std::size_t>(stage))->Observe(seconds);
}

void Metrics::count_verdict(Verdict verdict) {
    m_impl->verdicts.Add({{"verdict", std::string(to_string(verdict))}}).Increment();
}

void Metrics::count_refusal(std::string_view code) {
    m_impl->refusals.Add({{"reason", std::string(code)}}).Increment();
}

void Metrics::count_enrolment(std::string_view outcome) {
    m_impl->enrolments.Add({{"outcome", std::string(outcome)}}).Increment();
}

void Metrics::count_cache(std::string_view what, std::size_t hits, std::size_t misses) {
    const auto count = [&](const char* result, std::size_t times) {
        m_impl->cache.Add({{"cache", std::string(what)}, {"result", result}}).Increment(static_cast<double>(times));
    };
    count("hit", hits);
    count("miss", misses);
}

std::string Metrics::text(const Figures& figures) {
    auto& impl = *m_impl;
    const std::lock_guard lock(impl.scraping);
    const auto set = [](prometheus::Gauge& gauge, auto value) { gauge.Set(static_cast<double>(value)); };
    set(impl.waiting, figures.queue_waiting);
    set(impl.capacity, figures.queue_capacity);
    set(impl.busy, figures.workers_busy);
    set(impl.workers, figures.workers);
    set(impl.connections, figures.connections);
    set(impl.body_memory, figures.body_memory);
    set(impl.people, figures.people);
    set(impl.encodings, figures.encodings);
    set(impl.ready, figures.ready ? 1 : 0);
    set(impl.cpu, figures.system.cpu_percent);
    set(impl.memory, figures.system.memory_percent);
    set(impl.disk, figures.system.disk_percent);
    set(impl.process_memory, figures.system.process_memory);
    set(impl.process_files, figures.system.open_files);
    set(impl.process_threads, figures.system.process_threads);
    impl.process_cpu.Increment(figures.system.process_cpu_seconds - impl.process_cpu.Value());
    return prometheus::TextSerializer().Serialize(impl.registry.Collect());
}

}  // namespace mien::http
