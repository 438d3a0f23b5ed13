// SPDX-License-Identifier: MIT
#include <mien/http/serve.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/log.hpp>
#include <mien/http/openapi.hpp>
#include <mien/http/own_routes.hpp>
#include <mien/http/routes.hpp>
#include <mien/http/server.hpp>
#include <mien/http/systemd.hpp>

#include <csignal>
#include <cstdio>

namespace mien::http {
namespace {

void say_thresholds(Services& services) {
    const auto config = services.config();
    const auto state = services.store().current();
    using Scale = Threshold::Scale;
    if (config->threshold && config->threshold->scale != Scale::encoder) {
        log::info("{} {:.4g} is distance {:.4g} of {}, whose own threshold is {:.4g}",
                  config->threshold->scale == Scale::dlib ? "tolerance" : "similarity", config->threshold->value,
                  state->people.threshold(), state->tools->encoder().name, state->tools->encoder().decision.threshold);
    }
}

void say_what_is_served(Services& services) {
    const auto config = services.config();
    const auto state = services.store().current();
    log::info("store {}: {} people, {} encodings of {}; known up to distance {:.4g}", config->store_file().native(),
              state->people.gallery().people(), state->people.gallery().size(), state->tools->encoder().name,
              state->people.threshold());
    say_thresholds(services);
    log::info("{} workers, {} photos may wait; auth {}", config->worker_count(), config->queue_length(),
              to_string(config->auth));
}

void say_what_needs_a_restart(const Config& now, const Config& next) {
    for (const auto& setting : settings()) {
        if (setting.at_start_only && setting.get(now) != setting.get(next)) {
            log::warn("{} is another now, which takes a restart", setting.name);
        }
    }
}

void write_ready_file(const Config& config, const Server& server) {
    if (config.ready_file.empty()) {
        return;
    }
    std::string text;
    for (const auto& address : server.addresses()) {
        text += address + "\n";
    }
    AtomicFile file(config.ready_file, 0644);
    file.write(std::as_bytes(std::span(text)));
    file.commit();
}

}  // namespace

void serve(const Config& config, const models::Finder& finder, const std::function<Config()>& reread) {
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    Services services(config, finder);
    RouteTable table;
    add_own_routes(table, services);
    add_ml_routes(table, services);
    add_upload_routes(table, services);
    add_flask_routes(table, services, MIEN_VERSION);
    add_api_v1_routes(table, services, MIEN_VERSION);
    add_console_routes(table, services);
    add_document_routes(table, [&services] {
        const auto now = services.config();
        return OpenApiInfo{MIEN_VERSION, now->auth != AuthMode::none, now->auth_verify};
    });
    Engine engine(services, table);
    Server server(engine);
    services.store().watch();
    say_what_is_served(services);

    const auto ready = [&] {
        for (const auto& address : server.addresses()) {
            log::info("serving on {}", address);
        }
        write_ready_file(config, server);
        notify_systemd("READY=1");
    };
    const auto reload = [&] {
        notify_systemd("RELOADING=1");
        try {
            auto next = reread();
            say_what_needs_a_restart(config, next);
            services.reload(std::move(next));
            server.reload_certificate();
            engine.access_log().reopen();
            log::info("configuration, certificates and models are loaded anew");
            say_what_is_served(services);
        } catch (const std::exception& error) {
            log::error("nothing is changed: {}", error.what());
        }
        notify_systemd("READY=1");
    };
    if (interrupted()) {
        server.stop();  // asked to end before the server listened for that
    }
    server.run(ready, reload, [] {
        log::info("ending: what was accepted is answered first");
        notify_systemd("STOPPING=1");
    });
    // Jobs hold connections, and those the server's sockets: they go first.
    engine.stop();
}

}  // namespace mien::http
