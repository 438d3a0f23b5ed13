// SPDX-License-Identifier: MIT
#include <mien/http/answers.hpp>
#include <mien/http/enrolment.hpp>
#include <mien/http/routes.hpp>
#include <mien/service/people.hpp>

namespace mien::http {
namespace {

constexpr const char* k_dialect = "flask";
constexpr int k_places = 4;
/// FACE_QUALITY_THRESHOLD's default in the old service's text.
constexpr double k_quality = 0.8;

const Field k_user{Field::In::path, "user_id", {{"type", {"integer", "string"}}}, true, "Who"};

std::string words_for(const Refusal& refusal, bool registering) {
    const auto& code = refusal.code();
    if (code == "no_face") return "No face detected in image";
    if (code == "several_faces") return "Multiple faces detected. Please ensure only one face is visible";
    if (code == "low_quality") return "Could not generate face encoding";
    if (code == "unreadable" || code == "bad_base64") return "Invalid image format";
    if (code == "missing_fields" || code == "bad_json") {
        return registering ? "Missing required fields: user_id and photo" : "Missing required field: photo";
    }
    if (code == "other_person") return "This photo is already registered for another user";
    if (code == "limit") return "Maximum number of photos reached for this user";
    if (code == "person_missing") return "No face data found for user";
    return refusal.status() >= 500 ? std::string("Server error: ") + refusal.what() : refusal.what();
}

Dialect dialect(const std::string& name, const std::string& about, bool registering) {
    return {name, about, [registering](const Refusal& refusal) {
                return refusal_body(refusal, words_for(refusal, registering), {"success", "message", "detail"});
            }};
}

/// The same example for somebody whose id is a text.
Json with_text_id(Json example) {
    example["user_id"] = "EMP-7";
    return example;
}

/// An integer where one was sent, text where text was.
Json echoed(const Json& user_id, const std::string& key) { return user_id.is_number_integer() ? user_id : Json(key); }

OnWriter register_face(Services& services, const Request& request, Tools& tools) {
    auto form = read_form(request);
    const auto user_id = form.fields.find("user_id");
    if (!form.image || user_id == form.fields.end() || user_id->is_null()) {
        throw Refusal(400, "missing_fields", "user_id or photo is missing");
    }
    const auto key = user_key(*user_id);
    if (!key) {
        throw Refusal(400, "bad_user_id", "user_id must be an integer or a text of 1 to 255 bytes");
    }
    demand_own(request, *services.config(), *key);
    const auto answer = [user = *key, shown = echoed(*user_id, *key)](const Enrolment& enrolled) {
        Json body{{"success", true},
                  {"message", "Face registered successfully"},
                  {"user_id", shown},
                  {"registered_at", naive_time(enrolled.photo.time)}};
        add_enrolment(body, enrolled, user);
        return reply(std::move(body));
    };
    return enroll_photo(services, tools, *key, std::move(*form.image), k_quality, answer);
}

Response recognize(Services& services, const Request& request, Tools& tools) {
    const auto form = read_form(request);
    if (!form.image) {
        throw Refusal(400, "missing_fields", "photo is missing");
    }
    const auto answer = services.identify(tools, form.image_bytes());
    demand_readable(answer);
    const auto* face = best_face(answer);
    const bool known = answer.verdict == Verdict::known;
    const bool nobody_there = tools.state->people.gallery().size() == 0;
    Json body;
    if (known) {
        body = {{"success", true},
                {"message", "Face recognized successfully"},
                {"user_id", user_id_of(face->label)},
                {"confidence", dlib_confidence(*face->distance, usual_distance(*tools.state), k_places)},
                {"recognized_at", naive_time(now())}};
    } else {
        body = {{"success", false},
                {"message", answer.verdict == Verdict::no_face ? "No face detected in image"
                            : nobody_there                     ? "No registered faces found"
                                                               : "Face not recognized"},
                {"user_id", "unknown"},
                {"confidence", 0.0}};
    }
    add_extras(body, *tools.state, answer, answer.verdict, face);
    return reply(std::move(body), known ? 200 : 404);
}

/// The id as the path has it: an integer where it looks like one.
Json id_of(const Request& request) { return user_id_of(request.param("user_id")); }

Response status(Services& services, const Request& request) {
    const auto key = user_key(request.param("user_id"));
    const auto state = services.store().current();
    const bool registered = key && state->people.gallery().find_person(*key);
    Json body{{"success", true},          {"user_id", id_of(request)},
              {"registered", registered}, {"last_updated", nullptr},
              {"encoding_count", 0},      {"code", registered ? "registered" : "not_registered"}};
    if (registered) {
        const auto person = service::show_person(state->people.gallery(), *key);
        body["last_updated"] = naive_time(person.summary.updated);
        body["encoding_count"] = person.summary.encodings;
    }
    return reply(std::move(body));
}

Response forget(Services& services, const Request& request, double patience) {
    const auto key = user_key(request.param("user_id"));
    demand_own(request, *services.config(), key.value_or(""));
    const auto forgotten = forget_person(services, request, patience, key);
    return reply({{"success", true},
                  {"message", "Face data deleted successfully"},
                  {"user_id", id_of(request)},
                  {"encodings", forgotten.encodings},
                  {"code", "forgotten"}});
}

Response health(Services& services, const std::string& version) {
    const auto state = services.store().current();
    return reply({{"status", "online"},
                  {"service", "Face Recognition Server"},
                  {"version", version},
                  {"timestamp", naive_time(now())},
                  {"registered_faces", state->people.gallery().people()},
                  {"face_data_dir", services.config()->workspace.native()},
                  {"recognition_tolerance", tolerance_in_force(*state)}});
}

Response stats(Services& services) {
    const auto state = services.store().current();
    const auto figures = services.system().look();
    const auto percent = [](double value) { return rounded(value, 1); };
    return reply({{"success", true},
                  {"stats",
                   {{"registered_users", state->people.gallery().people()},
                    {"total_encodings", state->people.gallery().size()},
                    {"recognition_tolerance", tolerance_in_force(*state)},
                    {"data_directory", services.config()->workspace.native()},
                    {"server_info",
                     {{"cpu_percent", percent(figures.cpu_percent)},
                      {"memory_percent", percent(figures.memory_percent)},
                      {"disk_usage", percent(figures.disk_percent)}}},
                    {"uptime_seconds", rounded(services.uptime_seconds(), 1)},
                    {"encoder", state->people.gallery().contract().encoder},
                    {"threshold", rounded(state->people.threshold(), k_places)}}}});
}

}  // namespace

void add_flask_routes(RouteTable& table, Services& services, const std::string& version) {
    table.add(dialect(k_dialect, "Base64 in JSON, user ids that are integers (seed 3)", false));
    table.add(dialect("flask registration", "The same, for adding people", true));
    const Field user_id{
        Field::In::body, "user_id", {{"type", {"integer", "string"}}}, true, "Who; comes back as it was sent"};
    const Json recognized{{"success", true},
                          {"message", "Face recognized successfully"},
                          {"user_id", 123},
                          {"confidence", 0.8543},
                          {"recognized_at", "2024-01-01T10:05:00"}};
    const Json registered{{"success", true},
                          {"message", "Face registered successfully"},
                          {"user_id", 123},
                          {"registered_at", "2024-01-01T10:00:00"}};
    const Json erased{{"success", true}, {"message", "Face data deleted successfully"}, {"user_id", 123}};
    const Json enrolled{{"success", true},
                        {"user_id", 123},
                        {"registered", true},
                        {"last_updated", "2024-01-01T10:00:00"},
                        {"encoding_count", 1}};
    const Json not_enrolled{
        {"success", true}, {"user_id", 123}, {"registered", false}, {"last_updated", nullptr}, {"encoding_count", 0}};
    const char* text_id = "The same, of an id that is a text";
    const Json not_recognized{
        {"success", false}, {"message", "Face not recognized"}, {"user_id", "unknown"}, {"confidence", 0.0}};

    table.add({"POST",
               "/register-face",
               "flask registration",
               "Adds a photo of a user",
               {user_id, image_field("photo")},
               {{200, "Registered", registered},
                {200, text_id, with_text_id(registered)},
                {400,
                 "No face, several, too poor a photo, none, or a field is missing",
                 {{"success", false}, {"message", "No face detected in image"}}}},
               Need::user,
               RateClass::enrol,
               0,
               OnWorkerFirst{[&services](const Request& request, Tools& tools) {
                   return register_face(services, request, tools);
               }}});
    table.add(
        {"POST",
         "/recognize",
         k_dialect,
         "Who is it",
         {image_field("photo")},
         {{200, "Somebody who is registered", recognized},
          {200, text_id, with_text_id(recognized)},
          {404, "Nobody who is, or no face", not_recognized},
          {400, "No photo", {{"success", false}, {"message", "Missing required field: photo"}}}},
         Need::user,
         RateClass::none,
         0,
         OnWorker{[&services](const Request& request, Tools& tools) { return recognize(services, request, tools); }}});
    table.add({"GET",
               "/status/{user_id}",
               k_dialect,
               "Whether somebody is registered",
               {k_user},
               {{200, "Registered", enrolled},
                {200, text_id, with_text_id(enrolled)},
                {200, "Not registered", not_enrolled},
                {200, text_id, with_text_id(not_enrolled)}},
               Need::user,
               RateClass::none,
               0,
               OnSide{[&services](const Request& request) { return status(services, request); }}});
    table.add({"DELETE",
               "/face/{user_id}",
               k_dialect,
               "Erases a user's encodings",
               {k_user},
               {{200, "Erased", erased},
                {200, text_id, with_text_id(erased)},
                {404, "Nobody is called so", {{"success", false}, {"message", "No face data found for user"}}}},
               Need::user,
               RateClass::none,
               0,
               OnWriter{[&services](const Request& request, double patience) {
                   return forget(services, request, patience);
               }}});
    table.add({"GET",
               "/health",
               k_dialect,
               "Whether the server is well",
               {},
               {{200,
                 "It is",
                 {{"status", "online"},
                  {"service", "Face Recognition Server"},
                  {"version", "1.0.0"},
                  {"timestamp", "2024-01-01T10:00:00"},
                  {"registered_faces", 5},
                  {"face_data_dir", "./face_data"},
                  {"recognition_tolerance", 0.6}}}},
               Need::nothing,
               RateClass::none,
               0,
               OnIo{[&services, version](const Request&) { return health(services, version); }}});
    table.add({"GET",
               "/stats",
               k_dialect,
               "What the server holds, and how busy the machine is",
               {},
               {{200,
                 "Figures of now",
                 {{"success", true},
                  {"stats",
                   {{"registered_users", 5},
                    {"total_encodings", 5},
                    {"recognition_tolerance", 0.6},
                    {"data_directory", "./face_data"},
                    {"server_info", {{"cpu_percent", 25.4}, {"memory_percent", 45.2}, {"disk_usage", 60.1}}}}}}}},
               Need::user,
               RateClass::none,
               0,
               OnSide{[&services](const Request&) { return stats(services); }}});
}

}  // namespace mien::http
