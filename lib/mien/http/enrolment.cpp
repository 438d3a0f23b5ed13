// SPDX-License-Identifier: MIT
#include <mien/http/enrolment.hpp>

#include <mien/core/error.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/http/answers.hpp>
#include <mien/http/changes.hpp>

#include <memory>

namespace mien::http {
namespace {

constexpr int k_places = 4;

/// Over the store that is served, where there is one, so that nothing is opened anew.
std::unique_ptr<gallery::StoreWriter> make_writer(Services& services, const Request& request) {
    const gallery::WriterOptions options{"enroll", k_wait_for_writer, author_of(request)};
    if (const auto reader = services.store().reader()) {
        return std::make_unique<gallery::StoreWriter>(*reader, options);
    }
    return std::make_unique<gallery::StoreWriter>(services.config()->store_file(), options);
}

service::EnrollRules rules_of(const Config& config, double quality) {
    service::EnrollRules rules;
    rules.quality = config.quality_threshold.value_or(quality);
    rules.max_per_user = config.max_per_person;
    rules.on_limit = config.on_limit;
    rules.force = true;
    if (config.keep_photos) {
        rules.keep_in = service::Workspace{config.workspace};
    }
    return rules;
}

}  // namespace

Enrolment enroll_photo(Services& services, const Request& request, Tools& tools, const std::string& user, Bytes photo,
                       double quality) {
    const auto config = services.config();
    const auto hash = sha256(photo);
    auto result = services.process(tools, photo, pipeline::Faces::one);
    Enrolment enrolment;
    enrolment.faces = Json::array();
    for (const auto& face : result.faces) {
        enrolment.faces.push_back(
            {{"box", mien::to_json(face.box)}, {"score", rounded(static_cast<double>(face.score), k_places)}});
    }
    auto& enrolled = enrolment.photo;
    {
        const auto writer = make_writer(services, request);
        services.store().refresh();  // nobody changes the store now: what is served is what the writer sees
        const auto state = services.store().current();
        enrolled = service::enroll_face(*writer, *state->tools, state->people, user, rules_of(*config, quality),
                                        "sha256:" + to_hex(hash).substr(0, 12), hash, std::move(result), photo);
    }
    services.store().refresh();
    if (!enrolled.succeeded()) {
        Json extra = Json::object();
        if (enrolled.quality) {
            extra = {{"quality", rounded(*enrolled.quality, k_places)}, {"reasons", enrolled.poor}};
        }
        throw Refusal(enrolled.outcome == "limit" ? 409 : 400, enrolled.outcome, enrolled.reason, std::move(extra));
    }
    return enrolment;
}

void add_enrolment(Json& body, const Enrolment& enrolment, const std::string& user) {
    const auto& enrolled = enrolment.photo;
    if (!body.contains("user_id")) {
        body["user_id"] = user;
    }
    body["code"] = enrolled.outcome;
    body["encodings"] = enrolled.encodings;
    body["quality"] = enrolled.quality ? Json(rounded(*enrolled.quality, k_places)) : Json(nullptr);
    body["sha256"] = to_hex(enrolled.hash);
    body["dropped"] = enrolled.dropped.size();
    body["faces"] = enrolment.faces;
    if (!enrolled.kept_as.empty()) {
        body["kept_as"] = enrolled.kept_as;
    }
    if (!enrolled.rival.empty()) {
        body["also_known_as"] = enrolled.rival;
    }
}

service::Forgotten forget_person(Services& services, const Request& request, const std::optional<std::string>& key) {
    const auto config = services.config();
    services.store().refresh();
    if (!key || !services.store().current()->people.gallery().find_person(*key)) {
        throw Refusal(404, "person_missing", "nobody is called that");
    }
    service::ForgetOptions options;
    options.workspace.root = config->workspace;
    options.store = config->store_file();
    options.label = *key;
    options.wait_seconds = k_wait_for_writer;
    options.user = author_of(request);
    auto forgotten = service::forget(options);
    services.store().refresh();
    return forgotten;
}

}  // namespace mien::http
