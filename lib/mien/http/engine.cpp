// SPDX-License-Identifier: MIT
#include <mien/http/engine.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/core/text.hpp>
#include <mien/http/changes.hpp>
#include <mien/http/trace.hpp>

#include <algorithm>
#include <cctype>

namespace mien::http {
namespace {

using Clock = std::chrono::steady_clock;

/// Jobs behind one another on the side threads, and on the writer's; far more than clients that wait politely.
constexpr std::size_t k_side_queue = 1024;
constexpr int k_worker_nice = 5;
constexpr int k_trainer_nice = 7;  ///< also of the threads that it starts

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string new_request_id() { return random_digits(32); }

bool is_request_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    });
}

std::string now_iso8601() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return to_iso8601(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

/// Clients know files by their names in the workspace.
std::string without(std::string text, const std::string& part) {
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part)) {
        text.erase(at, part.size());
    }
    return text;
}

std::string joined(std::vector<std::string> words) {
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    std::string text;
    for (const auto& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

/// To OPTIONS: these methods, and OPTIONS.
Response allowed(std::vector<std::string> methods) {
    methods.emplace_back("OPTIONS");
    auto answer = reply_exactly("", "", 204);
    answer.headers.add("Allow", joined(std::move(methods)));
    return answer;
}

/// Whether there is a body that would have to be decoded.
bool is_encoded(const Request& request) {
    const auto& entries = request.headers.entries();
    const bool has_body =
        request.headers.get("Transfer-Encoding") ||
        request.headers.get("Content-Length").value_or("0").find_first_not_of("0 ") != std::string::npos;
    return has_body && std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
               const auto codings = equal_without_case(entry.first, "Content-Encoding") ? split_list(entry.second)
                                                                                        : std::vector<std::string>();
               return std::any_of(codings.begin(), codings.end(),
                                  [](const auto& coding) { return !equal_without_case(coding, "identity"); });
           });
}

Refusal unauthorized(const Claims& claims, bool sent) {
    Refusal refusal(401, sent ? "token_invalid" : "token_missing", claims.why);
    refusal.headers.add("WWW-Authenticate", sent ? R"(Bearer error="invalid_token")" : "Bearer");
    return refusal;
}

Refusal busy(const std::string& code, const std::string& message) {
    Refusal refusal(503, code, message);
    refusal.headers.add("Retry-After", "1");
    return refusal;
}

}  // namespace

Engine::Engine(Services& services, const RouteTable& table)
    : m_services(services), m_table(table), m_log(services.config()->access_log) {
    services.figures = [this] { return figures(); };
    services.ready = [this] { return ready(); };
    const auto config = services.config();
    const auto workers = static_cast<std::size_t>(config->worker_count());
    pipeline::Blueprint::set_workers(static_cast<int>(workers));
    m_benches.resize(workers);
    m_workers = std::make_unique<Pool>(workers, static_cast<std::size_t>(config->queue_length()), k_worker_nice);
    m_side = std::make_unique<Pool>(static_cast<std::size_t>(config->side_threads), k_side_queue, 0);
    m_writer = std::make_unique<Pool>(1, k_side_queue, 0);
    m_trainer = std::make_unique<Pool>(1, k_side_queue, k_trainer_nice);
    // Tools are made before the first photo comes, each on the thread that will use them.
    for (std::size_t i = 0; i < workers; ++i) {
        m_workers->try_submit([this](std::size_t thread) {
            try {
                static_cast<void>(tools_of(thread));
                m_ready = true;
            } catch (const std::exception& error) {
                log::error("a worker has no tools: {}", error.what());
            }
        });
    }
}

Engine::~Engine() { stop(); }

void Engine::stop() {
    m_workers->stop();  // the first: its jobs go on elsewhere
    m_side->stop();
    m_trainer->stop();
    m_writer->stop();
}

Tools Engine::tools_of(std::size_t thread) {
    auto state = m_services.store().current();
    auto& bench = m_benches.at(thread);
    if (bench.tools != state->tools) {
        bench.worker = state->tools->make_worker();
        bench.tools = state->tools;
    }
    return {*bench.worker, std::move(state)};
}

Response Engine::worded(const Route* route, const Refusal& refusal) {
    m_services.metrics().count_refusal(refusal.code());
    Json body = route != nullptr ? m_table.dialect(route->dialect).refuse(refusal) : own_refusal(refusal);
    if (body.is_object()) {
        body.update(refusal.extra());
    }
    auto response = reply(std::move(body), refusal.status());
    for (const auto& [name, value] : refusal.headers.entries()) {
        response.headers.set(name, value);
    }
    return response;
}

Admission Engine::admit(Request& request) {
    Admission admission;
    admission.began = Clock::now();
    admission.policy = m_services.policy();
    const auto& policy = *admission.policy;
    request.client = client_address(request.client, request.headers, policy.trusted);
    const auto sent_id = request.headers.get("X-Request-Id").value_or("");
    request.id = is_request_id(sent_id) ? std::string(sent_id) : new_request_id();
    request.trace = read_trace(request.headers);
    admission.pattern = "(none)";
    const auto refuse_with = [&](const Refusal& refusal) { admission.refusal = worded(admission.route, refusal); };
    if (const auto problem = split_target(request); !problem.empty()) {
        refuse_with(Refusal(400, "bad_target", problem));
        return admission;
    }
    if (request.method == "OPTIONS" && request.headers.get("Origin") &&
        request.headers.get("Access-Control-Request-Method")) {
        admission.pattern = "(preflight)";
        admission.refusal = preflight(request, policy);
        return admission;
    }
    if (request.path == "*") {  // what the server can do anywhere
        admission.refusal = allowed(m_table.methods());
        return admission;
    }
    auto match = m_table.match(request.method, request.path);
    request.path = percent_decoded(request.path).value_or(request.path);
    if (match.malformed) {
        refuse_with(Refusal(400, "bad_target",
                            "the path has a % without two hexadecimal digits behind it, control characters, or what is "
                            "not UTF-8"));
        return admission;
    }
    if (match.route == nullptr && !match.allowed.empty()) {
        auto answer = allowed(std::move(match.allowed));
        if (request.method == "OPTIONS") {
            admission.refusal = std::move(answer);
            return admission;
        }
        Refusal refusal(405, "method_not_allowed", "Method Not Allowed");
        refusal.headers = std::move(answer.headers);
        refuse_with(refusal);
        return admission;
    }
    if (match.route == nullptr) {
        refuse_with(Refusal(404, "not_found", "Endpoint not found", {{"detail", "Not Found"}}));
        return admission;
    }
    admission.route = match.route;
    admission.pattern = match.route->path;
    request.params = std::move(match.params);

    const auto& route = *match.route;
    const bool token_sent = request.headers.get("Authorization").has_value();
    // Whoever may open the workspace's socket may open the store itself. The older services' clients come other ways.
    request.own_user = request.own_user && route.dialect == "mien";
    if (request.own_user) {
        request.claims = {true, false, {}, Role::admin, {}};
    } else if (route.need != Need::nothing) {
        request.claims = policy.authenticator->examine(request);
    }
    const bool demanded = route.need == Need::user || route.need == Need::admin ||
                          (route.need == Need::verify && policy.config.auth_verify);
    if (demanded && !request.claims.authenticated) {
        refuse_with(unauthorized(request.claims, token_sent));
        return admission;
    }
    if (demanded && policy.config.auth == AuthMode::jwt && request.claims.subject.empty() && !request.own_user) {
        Refusal refusal(401, "token_without_sub", "the token names nobody: it has no sub");
        refusal.headers.add("WWW-Authenticate", R"(Bearer error="invalid_token")");
        refuse_with(refusal);
        return admission;
    }
    if (route.need == Need::admin && request.claims.role != Role::admin) {
        refuse_with(Refusal(403, "forbidden", "this needs the role admin"));
        return admission;
    }
    if (is_encoded(request)) {
        Refusal refusal(415, "unsupported_encoding", "send the body as it is, without a Content-Encoding");
        refusal.headers.add("Accept-Encoding", "identity");
        refuse_with(refusal);
        return admission;
    }
    const auto& rate = route.rate == RateClass::enrol ? policy.config.rate_enrol : policy.config.rate_verify;
    const auto who = request.claims.proved ? "subject " + request.claims.subject : bucket_of(request.client);
    const auto wait =
        request.own_user ? std::chrono::seconds(0) : m_services.limiter().take(route.rate, rate, who, admission.began);
    if (wait.count() > 0) {
        Refusal refusal(429, "rate_limited",
                        "too many requests; the next one is welcome in " + std::to_string(wait.count()) + " s");
        refusal.headers.add("Retry-After", std::to_string(wait.count()));
        refuse_with(refusal);
        return admission;
    }
    admission.body_limit = route.body_limit != 0 ? route.body_limit
                           : route.takes_image() ? policy.config.max_body
                                                 : std::min<std::uint64_t>(k_form_body, policy.config.max_body);
    return admission;
}

Response Engine::too_large(const Request& request, const Admission& admission) {
    auto response =
        worded(admission.route, Refusal(413, "body_too_large",
                                        "the body is larger than the " + std::to_string(admission.body_limit) +
                                            " bytes that are allowed here"));
    finish(request, admission, response);
    return response;
}

Response Engine::refuse(const Request& request, const Admission& admission) {
    Response response = *admission.refusal;
    finish(request, admission, response);
    return response;
}

Response Engine::protocol_error(const Request& request, int status, const std::string& code,
                                const std::string& message) {
    Admission admission;
    admission.policy = m_services.policy();
    admission.pattern = "(none)";
    admission.began = Clock::now();
    auto named = request;
    if (named.id.empty()) {
        named.id = new_request_id();
    }
    auto response = worded(nullptr, status == 503 ? busy(code, message) : Refusal(status, code, message));
    finish(named, admission, response);
    return response;
}

Response Engine::run(const Request& request, const Admission& admission, const std::function<Response()>& handler) {
    try {
        return handler();
    } catch (const Refusal& refusal) {
        return worded(admission.route, refusal);
    } catch (const Error& error) {
        const auto& row = error_row(error.code());
        if (error.code() == ErrorCode::store_locked) {
            Refusal refusal(row.http_status, std::string(row.name),
                            "another process is changing the store; please try again");
            refusal.headers.add("Retry-After", "5");
            return worded(admission.route, refusal);
        }
        if (row.http_status < 500) {
            auto text = without(error.what(), admission.policy->config.workspace.native() + "/");
            return worded(admission.route, Refusal(row.http_status, std::string(row.name), text));
        }
        log::error("request {}: {}", request.id, printable(error.what()));
        return worded(admission.route, Refusal(row.http_status, std::string(row.name), "Internal server error"));
    } catch (const std::bad_alloc&) {
        log::error("request {}: out of memory", request.id);
        return worded(admission.route, busy("out_of_memory", "the server is out of memory"));
    } catch (const std::exception& error) {
        log::error("request {}: {}", request.id, printable(error.what()));
        return worded(admission.route, Refusal(500, "internal", "Internal server error"));
    }
}

void Engine::handle(std::shared_ptr<Request> request, std::shared_ptr<const Admission> admission,
                    std::function<void(Response)> done) {
    const auto& handler = admission->route->handler;
    dispatch({std::move(request), std::move(admission), std::move(done)}, handler);
}

void Engine::deliver(const Job& job, Response response) {
    finish(*job.request, *job.admission, response);
    job.done(std::move(response));
}

void Engine::answer(const Job& job, const std::function<Response()>& handler) {
    deliver(job, run(*job.request, *job.admission, handler));
}

void Engine::refuse_late(const Job& job, Clock::time_point queued) {
    if (std::chrono::duration<double>(seconds_since(queued)) > job.admission->policy->config.request_timeout) {
        throw busy("queue_timeout", "the server is busy; it took too long to get to this request");
    }
}

void Engine::dispatch(const Job& job, Handler handler) {
    const auto queued = Clock::now();
    const auto to_worker = [&](auto work) {
        return m_workers->try_submit([this, job, queued, work = std::move(work)](std::size_t thread) {
            m_services.metrics().observe(Stage::queue, seconds_since(queued));
            work(thread);
        });
    };
    bool taken = true;
    const auto to_pool = [&](Pool& pool, std::function<Response(const Request&)>& handler_run) {
        return pool.try_submit([this, job, queued, run = std::move(handler_run)](std::size_t) {
            answer(job, [&] {
                refuse_late(job, queued);
                return run(*job.request);
            });
        });
    };
    if (auto* on_io = std::get_if<OnIo>(&handler)) {
        answer(job, [&] { return on_io->run(*job.request); });
    } else if (auto* on_side = std::get_if<OnSide>(&handler)) {
        taken = to_pool(*m_side, on_side->run);
    } else if (auto* on_trainer = std::get_if<OnTrainer>(&handler)) {
        taken = to_pool(*m_trainer, on_trainer->run);
    } else if (auto* on_writer = std::get_if<OnWriter>(&handler)) {
        taken = m_writer->try_submit([this, job, queued, run = std::move(on_writer->run)](std::size_t) {
            answer(job, [&] {
                refuse_late(job, queued);
                // Those behind somebody who waited in vain do not begin to wait anew.
                return run(*job.request, std::max(0.0, k_wait_for_writer - seconds_since(queued)));
            });
        });
    } else if (auto* on_worker = std::get_if<OnWorker>(&handler)) {
        taken = to_worker([this, job, queued, run = std::move(on_worker->run)](std::size_t thread) {
            answer(job, [&] {
                refuse_late(job, queued);
                auto tools = tools_of(thread);
                return run(*job.request, tools);
            });
        });
    } else {
        taken =
            to_worker([this, job, queued, first = std::move(std::get<OnWorkerFirst>(handler).run)](std::size_t thread) {
                std::optional<Handler> rest;
                auto refused = run(*job.request, *job.admission, [&] {
                    refuse_late(job, queued);
                    auto tools = tools_of(thread);
                    rest = std::visit([](auto next) { return Handler(std::move(next)); }, first(*job.request, tools));
                    return Response();
                });
                if (rest) {
                    dispatch(job, std::move(*rest));
                } else {
                    deliver(job, std::move(refused));
                }
            });
    }
    if (!taken) {
        answer(job, []() -> Response { throw busy("queue_full", "the server is busy; please try again"); });
    }
}

void Engine::add_cors(const Request& request, const Policy& policy, Response& response) const {
    const auto origin = request.headers.get("Origin");
    if (!origin) {
        return;
    }
    const auto& allowed = policy.config.allowed_origins;
    const bool all = std::find(allowed.begin(), allowed.end(), "*") != allowed.end();
    response.headers.set("Vary", "Origin");
    if (all) {
        response.headers.set("Access-Control-Allow-Origin", "*");
    } else if (std::find(allowed.begin(), allowed.end(), *origin) != allowed.end()) {
        response.headers.set("Access-Control-Allow-Origin", std::string(*origin));
        response.headers.set("Access-Control-Allow-Credentials", "true");
    } else {
        return;
    }
    response.headers.set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
}

Response Engine::preflight(const Request& request, const Policy& policy) const {
    auto response = reply_exactly("", "", 204);
    add_cors(request, policy, response);
    if (response.headers.get("Access-Control-Allow-Origin")) {
        std::vector<std::string> methods;
        for (const auto* method : {"GET", "POST", "PUT", "DELETE"}) {
            methods.emplace_back(method);
        }
        response.headers.set("Access-Control-Allow-Methods", joined(std::move(methods)));
        const auto wanted = request.headers.get("Access-Control-Request-Headers").value_or("");
        if (!wanted.empty()) {  // an origin that may ask may send what it likes
            response.headers.set("Access-Control-Allow-Headers", std::string(wanted));
        }
        response.headers.set("Access-Control-Max-Age", "600");
    }
    return response;
}

void Engine::finish(const Request& request, const Admission& admission, Response& response) {
    if (response.json) {
        if (response.json->is_object() && !response.json->contains("request_id")) {
            (*response.json)["request_id"] = request.id;
        }
        response.body = to_line(*response.json);
        response.json.reset();
    }
    response.headers.set("X-Request-Id", request.id);
    response.headers.set("X-Content-Type-Options", "nosniff");
    if (!response.headers.get("Cache-Control")) {
        response.headers.set("Cache-Control", "no-store");
    }
    if (!request.trace.parent.empty()) {
        response.headers.set("traceparent", request.trace.parent);
    }
    if (!request.trace.state.empty()) {
        response.headers.set("tracestate", request.trace.state);
    }
    add_cors(request, *admission.policy, response);
    const double seconds = seconds_since(admission.began);
    m_services.metrics().count_request(admission.route != nullptr ? admission.route->method : "-", admission.pattern,
                                       response.status, seconds);
    if (m_log.on()) {
        Json line{{"time", now_iso8601()},
                  {"request_id", request.id},
                  {"client", request.client},
                  {"method", printable(request.method)},
                  {"path", printable(request.path)},
                  {"route", admission.pattern},
                  {"status", response.status},
                  {"bytes_in", request.body.size()},
                  {"bytes_out", response.body.size()},
                  {"ms", rounded(seconds * 1000, 3)}};
        if (!request.trace.parent.empty()) {
            line["traceparent"] = request.trace.parent;
        }
        if (!request.trace.state.empty()) {
            line["tracestate"] = request.trace.state;
        }
        m_log.write(line);
    }
}

Metrics::Figures Engine::figures() const {
    Metrics::Figures figures;
    figures.system = m_services.system().look();
    figures.queue_waiting = m_workers->waiting();
    figures.queue_capacity = m_workers->capacity();
    figures.workers_busy = m_workers->busy();
    figures.workers = m_workers->threads();
    const auto state = m_services.store().current();
    figures.people = state->people.gallery().people();
    figures.encodings = state->people.gallery().size();
    figures.ready = ready();
    if (server_figures) {
        server_figures(figures);
    }
    return figures;
}

}  // namespace mien::http
