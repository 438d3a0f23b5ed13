// SPDX-License-Identifier: MIT
#include <mien/http/enrolment.hpp>

#include <mien/core/error.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/http/answers.hpp>
#include <mien/http/changes.hpp>

#include <memory>
#include <span>
#include <utility>

namespace mien::http {
namespace {

constexpr int k_places = 4;

/// Over the store that is served, where there is one, so that nothing is opened anew.
std::unique_ptr<gallery::StoreWriter> make_writer(Services& services, const Request& request, double patience) {
    const gallery::WriterOptions options{"enroll", patience, author_of(request)};
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

/// Counts what keeps a photo from being enrolled.
template <typename Work>
auto counted(Metrics& metrics, const Work& work) {
    try {
        return work();
    } catch (const Refusal& refusal) {
        metrics.count_enrolment(refusal.code());
        throw;
    } catch (const Error& error) {
        metrics.count_enrolment(error_row(error.code()).name);
        throw;
    }
}

[[noreturn]] void refuse(const service::LiveState& state, const service::EnrolledPhoto& photo,
                         service::PhotoAnswer seen) {
    auto status = 400;
    auto reason = photo.reason;
    Json extra{{"code", photo.outcome}};
    if (photo.outcome == "other_person") {
        reason = "this photo is enrolled for another user already";
        auto& face = seen.faces.front();  // whose it is, is nobody's business here
        face.distance = photo.distance;
        face.confidence = state.people.confidence(photo.distance.value_or(0));
        face.confidence_kind = state.people.confidence_kind();
        seen.verdict = face.verdict = Verdict::known;
        face.label.clear();
    } else if (photo.outcome == "limit") {
        status = 409;
        reason = "this user has as many photos as are kept of anybody";
    } else if (photo.quality) {
        extra.update({{"quality", rounded(*photo.quality, k_places)}, {"reasons", photo.poor}});
    }
    add_extras(extra, state, seen, seen.verdict, only_face(seen));
    throw Refusal(status, photo.outcome, reason, std::move(extra));
}

}  // namespace

OnWriter enroll_photo(Services& services, Tools& tools, std::string user, std::string photo, double quality,
                      std::function<Response(const Enrolment&)> answer) {
    const auto bytes = std::as_bytes(std::span(photo));
    const auto hash = sha256(bytes);
    const auto name = "sha256:" + to_hex(hash).substr(0, 12);
    auto result = counted(services.metrics(), [&] {
        auto seen = services.process(tools, bytes, pipeline::Faces::all);  // of several, the client is told where
        if (const auto nothing = service::refused_at_sight(name, hash, seen)) {
            refuse(*tools.state, *nothing, compared(*tools.state, seen, hash, user));
        }
        return seen;
    });
    // The tools that made the encoding say what it is, whatever is loaded by then.
    return {[=, &services, encoder = tools.state->tools, user = std::move(user), photo = std::move(photo),
             result = std::move(result), answer = std::move(answer)](const Request& request, double patience) mutable {
        Enrolment enrolment;
        enrolment.photo = counted(services.metrics(), [&] {
            const auto writer = make_writer(services, request, patience);
            services.store().refresh();  // nobody changes the store now: what is served is what the writer sees
            const auto state = services.store().current();
            enrolment.state = state;
            enrolment.seen = compared(*state, result, hash, user);
            auto enrolled =
                service::enroll_face(*writer, *encoder, state->people, user, rules_of(*services.config(), quality),
                                     name, hash, std::move(result), std::as_bytes(std::span(photo)));
            if (!enrolled.succeeded()) {
                refuse(*state, enrolled, enrolment.seen);
            }
            if (request.claims.role != Role::admin) {
                enrolled.rival.clear();
            }
            return enrolled;
        });
        services.store().refresh();
        services.metrics().count_enrolment(enrolment.photo.outcome);
        return answer(enrolment);
    }};
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
    add_extras(body, *enrolment.state, enrolment.seen, enrolment.seen.verdict, only_face(enrolment.seen));
    if (!enrolled.kept_as.empty()) {
        body["kept_as"] = enrolled.kept_as;
    }
    if (!enrolled.rival.empty()) {
        body["also_known_as"] = enrolled.rival;
    }
}

service::Forgotten forget_person(Services& services, const Request& request, double patience,
                                 const std::optional<std::string>& key) {
    const auto config = services.config();
    services.store().refresh();
    if (!key || !services.store().current()->people.gallery().find_person(*key)) {
        throw Refusal(404, "person_missing", "nobody is called that");
    }
    service::ForgetOptions options;
    options.workspace.root = config->workspace;
    options.store = config->store_file();
    options.label = *key;
    options.wait_seconds = patience;
    options.user = author_of(request);
    auto forgotten = service::forget(options);
    services.store().refresh();
    return forgotten;
}

}  // namespace mien::http
