// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/http/answers.hpp>
#include <mien/http/changes.hpp>
#include <mien/http/routes.hpp>
#include <mien/service/fit.hpp>
#include <mien/service/train.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>

namespace mien::http {
namespace {

constexpr const char* k_dialect = "api";
/// Frames are sent to routes that are not there yet, too: the answer to them is not about their size.
constexpr std::uint64_t k_frame_body = 16UL * 1024 * 1024;

std::string words_for(const Refusal& refusal) {
    const auto& code = refusal.code();
    if (code == "unreadable" || code == "bad_base64") return "Invalid image data";
    return refusal.status() >= 500 && refusal.status() != 501 && refusal.status() != 503 ? "Internal server error"
                                                                                         : std::string(refusal.what());
}

double elapsed(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The similarity that a client asks for; nothing where it asks for none.
std::optional<Threshold> threshold_of(const Form& form) {
    const auto found = form.fields.find("threshold");
    if (found == form.fields.end() || found->is_null()) {
        return std::nullopt;
    }
    double value = -1;
    if (found->is_number()) {
        value = found->get<double>();
    } else if (found->is_string()) {  // a form's fields are text
        const auto text = found->get<std::string>();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        value = error == std::errc() && end == text.data() + text.size() ? value : -1;
    }
    if (!(value >= 0 && value <= 1)) {
        demand_valid({{"body", "threshold", "value_error", "a number from 0 to 1"}});
    }
    return Threshold{Threshold::Scale::similarity, value};
}

/// The old service knew two ways of naming a face; whatever compares encodings is the second.
const char* recognition_method(const service::LiveState& state) {
    return state.people.matcher().method() == "svm" ? "svm" : "cosine";
}

Json face_json(const service::FaceAnswer& face, const service::LiveState& state) {
    const bool known = face.verdict == Verdict::known;
    Json json{// Employees come with their own routes; a person of the gallery has a name, but no number yet.
              {"employee_id", nullptr},
              {"employee_code", known ? Json(face.label) : Json(nullptr)},
              {"employee_name", known ? Json(face.label) : Json("Unknown")},
              {"confidence_score", face.distance ? similarity(*face.distance, usual_distance(state)) : 0.0},
              {"recognition_method", recognition_method(state)},
              {"bbox", {face.box.left, face.box.top, face.box.left + face.box.width, face.box.top + face.box.height}}};
    json.update(state.people.to_json(face));
    return json;
}

Response recognize(Services& services, const Request& request, Tools& tools) {
    const auto start = std::chrono::steady_clock::now();
    const auto form = read_form(request);
    const auto threshold = threshold_of(form);
    if (!form.image) {
        demand_valid({{"body", "frame_data"}});
    }
    const auto answer = services.identify(tools, form.image_bytes(), threshold);
    demand_readable(answer);
    Json faces = Json::array();
    for (const auto& face : answer.faces) {
        faces.push_back(face_json(face, *tools.state));
    }
    Json body{{"success", true},
              {"faces", std::move(faces)},
              {"processing_time", rounded(elapsed(start), 4)},
              {"timestamp", naive_time(now())}};
    add_extras(body, *tools.state, answer, answer.verdict, best_face(answer));
    return reply(std::move(body));
}

/// When the newest encoding came; null where there is none.
Json last_trained(const gallery::Gallery& gallery) {
    UnixTime newest = 0;
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        if (!gallery.is_vacant(row)) {
            newest = std::max(newest, gallery.time(row));
        }
    }
    return gallery.size() == 0 ? Json(nullptr) : Json(naive_time(newest));
}

Response system_status(Services& services) {
    const auto state = services.store().current();
    const auto& gallery = state->people.gallery();
    return reply({{"status", "operational"},
                  {"total_employees", gallery.people()},
                  {"model_loaded", true},
                  {"insightface_loaded", true},  // clients ask so whether faces can be encoded
                  {"camera_available", false},
                  {"last_trained", last_trained(gallery)},
                  {"total_embeddings", gallery.size()},
                  {"encoder", gallery.contract().encoder},
                  {"detector", state->tools->detector()}});
}

/// What train-model learns: an svm as the settings say, else whatever the store keeps.
match::MatcherOptions matcher_of(const Config& config) {
    match::MatcherOptions matcher;
    if (config.svm_kernel || config.svm_c || config.svm_gamma) {
        matcher.name = "svm";
        matcher.svm.kernel = config.svm_kernel;
        matcher.svm.c = config.svm_c;
        matcher.svm.gamma = config.svm_gamma;
    }
    matcher.threads = config.worker_count();
    return matcher;
}

Response train(Services& services, const Request& request) {
    const auto form = read_form(request);
    const auto config = services.config();
    const auto force = form.fields.value("force_retrain", Json(false));
    if (!force.is_boolean()) {
        demand_valid({{"body", "force_retrain", "bool_type", "true or false"}});
    }
    service::TrainOptions options;
    options.workspace.root = config->workspace;
    options.output = config->store_file();
    options.pipeline.detector = config->detector;
    options.pipeline.max_pixels = config->max_pixels;
    options.jobs = config->worker_count();
    options.matcher = matcher_of(*config);
    options.wait_seconds = k_wait_for_writer;
    options.user = author_of(request);
    const auto before = services.store().current();
    if (config->augmentation_count && match::decided(options.matcher, before->people.gallery()).name == "svm") {
        options.augment = *config->augmentation_count;
    }
    const auto training = options.workspace.training();
    if (!std::filesystem::is_directory(training) || service::photos_in(training).empty()) {
        throw Refusal(400, "nobody_known", "No employees to train on: dataset_training holds no photos");
    }
    const auto start = std::chrono::steady_clock::now();
    options.ahead = service::encode_ahead(options, services.finder());  // while others may change the store
    const auto summary = service::train(options, services.finder(), {});
    services.metrics().count_cache("photos", summary.reused, summary.encoded);
    if (force.get<bool>()) {
        service::FitOptions fit{options.output, options.matcher, k_wait_for_writer, options.user};
        static_cast<void>(service::fit(fit));
    }
    services.store().refresh();
    const auto state = services.store().current();
    const auto& gallery = state->people.gallery();
    const auto accuracy = state->people.matcher().accuracy();
    return reply({{"success", true},
                  {"message", "Model trained successfully on " + std::to_string(gallery.people()) + " employees"},
                  {"training_time", rounded(elapsed(start), 3)},
                  {"model_accuracy", accuracy ? Json(rounded(*accuracy, 4)) : Json(nullptr)},
                  {"total_samples", gallery.size()},
                  {"recognition_method", recognition_method(*state)},
                  {"encoded", summary.encoded},
                  {"reused", summary.reused},
                  {"failed", summary.failed},
                  {"augmented", summary.augmented},
                  {"code", "trained"}});
}

Response reload(Services& services) {
    services.reload(Config(*services.config()));
    const auto people = services.store().current()->people.gallery().people();
    return reply({{"success", true},
                  {"message", "Models reloaded successfully"},
                  {"employees_loaded", people},
                  {"model_loaded", true},
                  {"code", "reloaded"}});
}

Response info(Services& services, const std::string& version) {
    const auto state = services.store().current();
    const auto& gallery = state->people.gallery();
    return reply({{"success", true},
                  {"info",
                   {{"version", version},
                    {"total_employees", gallery.people()},
                    {"total_embeddings", gallery.size()},
                    {"encoder", gallery.contract().encoder},
                    {"embedding_size", gallery.contract().dim},
                    {"detector", state->tools->detector()},
                    {"threshold", rounded(state->people.threshold(), 4)},
                    {"uptime_seconds", rounded(services.uptime_seconds(), 1)}}}});
}

struct Planned {
    const char* method;
    const char* path;
    const char* about;
};

constexpr std::array k_planned{
    Planned{"POST", "/api/v1/employees/register/start", "Begins to register an employee"},
    Planned{"POST", "/api/v1/employees/register/frame/{session_id}", "A frame of a registration"},
    Planned{"POST", "/api/v1/employees/register/complete", "Ends a registration"},
    Planned{"GET", "/api/v1/employees", "All employees"},
    Planned{"GET", "/api/v1/employees/{id}", "One employee"},
    Planned{"PUT", "/api/v1/employees/{id}", "Changes an employee"},
    Planned{"DELETE", "/api/v1/employees/{id}", "Removes an employee"},
    Planned{"GET", "/api/v1/recognition/ws/stream", "Faces of the camera as they come"},
    Planned{"GET", "/api/v1/recognition/camera/info", "The camera"},
    Planned{"GET", "/api/v1/recognition/recognized", "Who was seen lately"},
    Planned{"GET", "/api/v1/attendance/logs", "Attendance"},
    Planned{"GET", "/api/v1/attendance/today", "Attendance today"},
    Planned{"GET", "/api/v1/attendance/stats", "Attendance in figures"},
    Planned{"GET", "/api/v1/attendance/employee/{id}", "Attendance of one employee"},
    Planned{"GET", "/api/v1/attendance/check-in-status/{id}", "Whether an employee has come today"},
};

void add_planned_routes(RouteTable& table) {
    const char* text = "This server does not keep employees, attendance or a camera yet";
    for (const auto& planned : k_planned) {
        Route route;
        route.method = planned.method;
        route.path = planned.path;
        route.dialect = k_dialect;
        route.summary = std::string(planned.about) + " (not there yet)";
        for (const auto* name : {"session_id", "id"}) {
            if (route.path.find("{" + std::string(name) + "}") != std::string::npos) {
                route.fields.push_back({Field::In::path, name, {{"type", "string"}}, true, ""});
            }
        }
        route.replies = {{501,
                          "Not there yet",
                          {{"detail", text}, {"message", text}, {"success", false}, {"code", "not_implemented"}}}};
        route.body_limit = k_frame_body;
        route.handler = OnIo{[text](const Request&) -> Response { throw Refusal(501, "not_implemented", text); }};
        table.add(std::move(route));
    }
}

}  // namespace

void add_api_v1_routes(RouteTable& table, Services& services, const std::string& version) {
    table.add(Dialect{k_dialect, "Recognition of camera frames, and the system (seed 4)", [](const Refusal& refusal) {
                          return refusal_body(refusal, words_for(refusal), {"detail", "message", "success"});
                      }});
    const Json face{{"employee_id", nullptr},   {"employee_code", "ada"},         {"employee_name", "ada"},
                    {"confidence_score", 0.91}, {"recognition_method", "cosine"}, {"bbox", {120, 80, 260, 240}}};
    const Json stranger{{"employee_id", nullptr},   {"employee_code", nullptr},       {"employee_name", "Unknown"},
                        {"confidence_score", 0.31}, {"recognition_method", "cosine"}, {"bbox", {320, 90, 450, 250}}};
    const auto on_side = [](auto handler) { return OnSide{std::move(handler)}; };

    table.add(
        {"POST",
         "/api/v1/recognition/recognize",
         k_dialect,
         "Who is on a frame",
         {image_field("frame_data"),
          {Field::In::body,
           "threshold",
           {{"type", "number"}, {"minimum", 0}, {"maximum", 1}},
           false,
           "The least similarity of somebody who is known; lower is easier; usually 0.5"}},
         {{200,
           "All faces, from the left; faces is empty where there is none",
           {{"success", true},
            {"faces", Json::array({face, stranger})},
            {"processing_time", 0.04},
            {"timestamp", "2024-01-01T10:05:00"}}},
          {400, "What was sent is no photo", {{"detail", "Invalid image data"}}}},
         Need::user,
         RateClass::none,
         0,
         OnWorker{[&services](const Request& request, Tools& tools) { return recognize(services, request, tools); }}});
    table.add({"GET",
               "/api/v1/system/status",
               k_dialect,
               "What is loaded",
               {},
               {{200,
                 "Of now",
                 {{"status", "operational"},
                  {"total_employees", 5},
                  {"model_loaded", true},
                  {"insightface_loaded", true},
                  {"camera_available", false},
                  {"last_trained", nullptr}}}},
               Need::user,
               RateClass::none,
               0,
               on_side([&services](const Request&) { return system_status(services); })});
    table.add({"POST",
               "/api/v1/system/train-model",
               k_dialect,
               "Takes up what is in dataset_training/",
               {{Field::In::body,
                 "force_retrain",
                 {{"type", "boolean"}},
                 false,
                 "Also learns the matcher anew where nothing has changed"}},
               {{200,
                 "Done",
                 {{"success", true},
                  {"message", "Model trained successfully on 25 employees"},
                  {"training_time", 1.5},
                  {"model_accuracy", nullptr},
                  {"total_samples", 125}}},
                {400, "There is nobody", {{"detail", "No employees to train on"}}}},
               Need::admin,
               RateClass::none,
               0,
               OnTrainer{[&services](const Request& request) { return train(services, request); }}});
    table.add({"POST",
               "/api/v1/system/reload-models",
               k_dialect,
               "Reads models and store anew",
               {},
               {{200,
                 "Done",
                 {{"success", true},
                  {"message", "Models reloaded successfully"},
                  {"employees_loaded", 5},
                  {"model_loaded", true}}}},
               Need::admin,
               RateClass::none,
               0,
               on_side([&services](const Request&) { return reload(services); })});
    table.add({"GET",
               "/api/v1/system/health",
               k_dialect,
               "Whether the server is well",
               {},
               {{200, "It is", {{"status", "healthy"}, {"timestamp", "2024-01-01T10:05:00"}}}},
               Need::nothing,
               RateClass::none,
               0,
               OnIo{[](const Request&) {
                   return reply({{"status", "healthy"}, {"timestamp", naive_time(now())}});
               }}});
    table.add({"GET",
               "/api/v1/system/info",
               k_dialect,
               "What the server is",
               {},
               {{200, "Figures of now", {{"success", true}, {"info", {{"version", "0.1.0"}, {"total_employees", 5}}}}}},
               Need::user,
               RateClass::none,
               0,
               on_side([&services, version](const Request&) { return info(services, version); })});
    add_planned_routes(table);
}

}  // namespace mien::http
