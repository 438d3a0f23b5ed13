// SPDX-License-Identifier: MIT
#include <commands.hpp>

#include <mien/core/error.hpp>
#include <mien/http/serve.hpp>

#include <memory>

namespace mien::app {

void add_serve(CLI::App& app, Context& context) {
    auto config = std::make_shared<http::Config>();
    auto* verb = app.add_subcommand("serve", "Answer over HTTP");
    verb->add_option("--host", config->hosts, "Address to listen on; repeatable")->type_name("ADDRESS");
    verb->add_option("-p,--port", config->ports, "Port; repeatable; 0: any")->type_name("PORT");
    verb->callback([config, &context] {
        context.action = [config, &context] {
            config->workspace = context.shared.workspace;
            http::serve(*config, context.shared.make_finder(), [config] { return *config; });
            return k_exit_success;
        };
    });
}

}  // namespace mien::app
