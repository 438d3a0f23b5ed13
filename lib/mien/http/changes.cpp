// SPDX-License-Identifier: MIT
#include <mien/http/changes.hpp>

#include <mien/pipeline/remote.hpp>

#include <utility>

namespace mien::http {
namespace {

/// The tools that are loaded, for code that would otherwise load its own. What they saw was seen before.
class ServedTools : public pipeline::Remote {
public:
    ServedTools(std::shared_ptr<const service::LiveState> state, std::optional<pipeline::PhotoResult> seen)
        : m_state(std::move(state)), m_seen(std::move(seen)) {}

    std::optional<pipeline::Offer> offer() override { return m_state->tools->offer(); }

    std::optional<pipeline::PhotoResult> process(Bytes, pipeline::Faces, const std::string&) override {
        return std::exchange(m_seen, std::nullopt);
    }

private:
    std::shared_ptr<const service::LiveState> m_state;
    std::optional<pipeline::PhotoResult> m_seen;
};

}  // namespace

std::string author_of(const Request& request) {
    return request.own_user ? "" : request.claims.proved ? "http:" + request.claims.subject : "http";
}

service::ConfirmOptions confirm_options(Services& services, const Request& request, double patience,
                                        std::optional<pipeline::PhotoResult> seen) {
    const auto config = services.config();
    const auto state = services.store().current();
    service::ConfirmOptions options;
    options.workspace = service::Workspace{config->workspace};
    options.pipeline.detector = config->detector;
    options.pipeline.max_pixels = config->max_pixels;
    options.pipeline.remote = std::make_shared<ServedTools>(state, std::move(seen));
    options.identify.tolerance = state->people.threshold();
    options.wait_seconds = patience;
    options.user = author_of(request);
    if (config->store_file().lexically_normal() == options.workspace.store()) {
        options.reader = services.store().reader();
        options.identifier = {state, &state->people};
    }
    return options;
}

}  // namespace mien::http
