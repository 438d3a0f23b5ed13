// SPDX-License-Identifier: MIT
#include <mien/http/changes.hpp>

#include <mien/pipeline/remote.hpp>

namespace mien::http {
namespace {

/// The tools that are loaded, for code that would otherwise load its own.
class ServedTools : public pipeline::Remote {
public:
    ServedTools(std::shared_ptr<const service::LiveState> state, pipeline::Worker* worker)
        : m_state(std::move(state)), m_worker(worker) {}

    std::optional<pipeline::Offer> offer() override { return m_state->tools->offer(); }

    std::optional<pipeline::PhotoResult> process(Bytes photo, pipeline::Faces faces, const std::string&) override {
        if (m_worker == nullptr) {
            return std::nullopt;
        }
        return m_worker->process(photo, faces);
    }

private:
    std::shared_ptr<const service::LiveState> m_state;
    pipeline::Worker* m_worker;
};

}  // namespace

std::string author_of(const Request& request) {
    return request.own_user ? "" : request.claims.proved ? "http:" + request.claims.subject : "http";
}

service::ConfirmOptions confirm_options(Services& services, const Request& request, pipeline::Worker* worker) {
    const auto config = services.config();
    const auto state = services.store().current();
    service::ConfirmOptions options;
    options.workspace = service::Workspace{config->workspace};
    options.pipeline.detector = config->detector;
    options.pipeline.max_pixels = config->max_pixels;
    options.pipeline.remote = std::make_shared<ServedTools>(state, worker);
    options.identify.tolerance = state->people.threshold();
    options.wait_seconds = k_wait_for_writer;
    options.user = author_of(request);
    if (config->store_file().lexically_normal() == options.workspace.store()) {
        options.reader = services.store().reader();
        options.identifier = {state, &state->people};
    }
    return options;
}

}  // namespace mien::http
