// SPDX-License-Identifier: MIT
#include <mien/http/own_routes.hpp>

#include <mien/http/form.hpp>
#include <mien/pipeline/remote.hpp>

namespace mien::http {
namespace {

Response predict(Services& services, const Request& request, Tools& tools) {
    const auto form = read_form(request);
    if (!form.image) {
        throw Refusal(422, "missing_photo", "send a photo: multipart field 'file', JSON field 'photo', or image/*");
    }
    const auto answer = services.identify(tools, form.image_bytes());
    if (answer.verdict == Verdict::unreadable) {
        throw Refusal(400, "unreadable", answer.reason);
    }
    auto json = tools.state->people.to_json(answer, tools.state->tools->detector());
    json.erase("photo");  // it has no name here
    json["code"] = to_string(answer.verdict);
    return reply(std::move(json));
}

/// One photo for a process that has no models of its own. Its tools must be those that it thinks they are: a reload may
/// have changed them since it asked.
Response faces(Services& services, const Request& request, Tools& tools) {
    const auto wanted = pipeline::faces_from(request.query.get("faces").value_or("all"));
    if (!wanted) {
        throw Refusal(422, "invalid_field", "faces is all, one or largest");
    }
    if (const auto meant = request.query.get("tools"); meant && *meant != tools.state->tools->fingerprint(*wanted)) {
        throw Refusal(409, "other_tools", "the server's tools are others; see /v1/tools");
    }
    const auto form = read_form(request);
    if (!form.image) {
        throw Refusal(422, "missing_photo", "send a photo: multipart field 'file', JSON field 'photo', or image/*");
    }
    return reply(pipeline::to_json(services.process(tools, form.image_bytes(), *wanted)));
}

}  // namespace

void add_own_routes(RouteTable& table, Services& services) {
    table.add(Dialect{"mien", "mien's own routes", own_refusal});

    Route health;
    health.method = "GET";
    health.path = "/healthz";
    health.dialect = "mien";
    health.summary = "Whether the process answers";
    health.need = Need::nothing;
    health.replies = {{200, "It does", {{"status", "ok"}}}};
    health.handler = OnIo{[](const Request&) { return reply({{"status", "ok"}}); }};
    table.add(std::move(health));

    Route ready;
    ready.method = "GET";
    ready.path = "/readyz";
    ready.dialect = "mien";
    ready.summary = "Whether photos can be answered: models loaded, not ending";
    ready.need = Need::nothing;
    ready.replies = {{200, "They can", {{"status", "ready"}}}, {503, "Not yet, or no more", {{"status", "not ready"}}}};
    ready.handler = OnIo{[&services](const Request&) {
        const bool good = services.ready();
        return reply({{"status", good ? "ready" : "not ready"}}, good ? 200 : 503);
    }};
    table.add(std::move(ready));

    Route metrics;
    metrics.method = "GET";
    metrics.path = "/metrics";
    metrics.dialect = "mien";
    metrics.summary = "Figures for Prometheus";
    metrics.replies = {{200, "Prometheus' text format", nullptr, "text/plain"}};
    metrics.handler = OnSide{[&services](const Request&) {
        return reply_exactly(services.metrics().text(services.figures()), "text/plain; version=0.0.4; charset=utf-8");
    }};
    table.add(std::move(metrics));

    Route name;
    name.method = "POST";
    name.path = "/v1/predict";
    name.dialect = "mien";
    name.summary = "Names every face of a photo; the answer is that of 'mien predict --json'";
    name.fields = {image_field("file")};
    name.need = Need::verify;
    name.rate = RateClass::verify;
    name.replies = {{200, "Faces, or the verdict no_face", {{"verdict", "known"}, {"faces", Json::array()}}},
                    {400, "Not a photo", nullptr},
                    {413, "Too many bytes or pixels", nullptr},
                    {503, "Too busy; try again after Retry-After seconds", nullptr}};
    name.handler =
        OnWorker{[&services](const Request& request, Tools& tools) { return predict(services, request, tools); }};
    table.add(std::move(name));

    Route offered;
    offered.method = "GET";
    offered.path = "/v1/tools";
    offered.dialect = "mien";
    offered.summary = "What turns photos into encodings here: detector, landmarks, encoder, and the settings of each";
    offered.replies = {{200,
                        "settings: as the store keeps them",
                        {{"settings", {{"detector", "yunet"}, {"encoder", "starter"}}}, {"chosen_size", false}}}};
    offered.handler = OnIo{
        [&services](const Request&) { return reply(pipeline::to_json(services.store().current()->tools->offer())); }};
    table.add(std::move(offered));

    Route look;
    look.method = "POST";
    look.path = "/v1/faces";
    look.dialect = "mien";
    look.summary = "The faces of a photo with their encodings, unnamed: what 'mien predict' asks for with MIEN_SERVER";
    look.fields = {image_field("file"),
                   {Field::In::query,
                    "faces",
                    {{"type", "string"}, {"enum", {"all", "one", "largest"}}},
                    false,
                    "Which; one: a photo with more is several_faces"},
                   {Field::In::query,
                    "tools",
                    {{"type", "string"}},
                    false,
                    "sha256 of settings and faces: nothing is answered by other tools"}};
    look.replies = {{200,
                     "From the left; a photo that cannot be read is an answer, too",
                     {{"verdict", "known"}, {"width", 640}, {"height", 480}, {"faces", Json::array()}}},
                    {409, "other_tools", nullptr},
                    {413, "Too many bytes or pixels", nullptr},
                    {503, "Too busy; try again after Retry-After seconds", nullptr}};
    look.handler =
        OnWorker{[&services](const Request& request, Tools& tools) { return faces(services, request, tools); }};
    table.add(std::move(look));
}

}  // namespace mien::http
