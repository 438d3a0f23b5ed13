// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/text.hpp>
#include <mien/http/answers.hpp>
#include <mien/http/changes.hpp>
#include <mien/http/routes.hpp>
#include <mien/service/pending.hpp>
#include <mien/service/photo_files.hpp>
#include <mien/service/reset.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace mien::http {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_dialect = "upload";
constexpr int k_places = 4;
constexpr std::string_view k_folder = "dataset/";

service::Workspace workspace_of(const Config& config) { return service::Workspace{config.workspace}; }

Json upload_answer(const service::LiveState& state, const service::PhotoAnswer& answer, const std::string& photo) {
    const auto* face = best_face(answer);
    Json body{{"predicted_label", answer.verdict == Verdict::known ? Json(face->label) : Json(nullptr)},
              {"confidence_score", face == nullptr ? 0.0 : rounded(face->confidence, k_places)},
              {"image_path", photo},
              {"status", to_string(answer.verdict)},
              {"candidates", Json::array()}};
    add_extras(body, state, answer, answer.verdict, face);
    if (face != nullptr && !body["faces"].empty()) {
        const auto index = static_cast<std::size_t>(face - answer.faces.data());
        body["candidates"] = body["faces"][index]["candidates"];
    }
    return body;
}

OnSide upload(Services& services, const Request& request, Tools& tools) {
    auto form = read_form(request);
    if (!form.image) {
        demand_valid({{"body", "file"}});
    }
    const auto config = services.config();
    const auto answer = services.identify(tools, form.image_bytes());
    demand_readable(answer);
    if (config->compat && tools.state->people.gallery().size() == 0) {
        throw Refusal(400, "nobody_known", "No labeled encodings found in training dataset.");
    }
    if (config->compat && answer.verdict == Verdict::no_face) {
        throw Refusal(400, "no_face", "No faces found in the uploaded image.");
    }
    return {[form = std::move(form), answer, state = tools.state, workspace = workspace_of(*config)](const Request&) {
        const auto photo = service::remember(workspace, state->people.gallery().description(), form.image_name,
                                             form.image_bytes(), answer);
        return reply(upload_answer(*state, answer, photo));
    }};
}

/// The upload that image_path names. Only what /upload/ gives out is taken: a plain name behind "dataset/", of a file
/// that is there and is no link. Nothing outside the folder is even looked at.
fs::path uploaded_photo(const Config& config, const std::string& image_path) {
    const auto refuse = [](const std::string& why) { demand_valid({{"body", "image_path", "value_error", why}}); };
    const std::string_view path = image_path;
    const auto name = path.substr(std::min(k_folder.size(), path.size()));
    const bool controls = std::any_of(path.begin(), path.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
    });
    if (!path.starts_with(k_folder) || name.empty() || name.starts_with('.') || controls || !is_utf8(path) ||
        name.find_first_of("/\\") != std::string_view::npos) {
        refuse("image_path is what /upload/ answered, e.g. dataset/photo.jpg");
    }
    const auto photo = config.workspace / "dataset" / name;
    std::error_code error;
    const auto status = fs::symlink_status(photo, error);
    if (status.type() == fs::file_type::not_found) {
        throw Refusal(404, "upload_missing", "there is no " + printable(image_path) + "; it may be confirmed already");
    }
    if (error || status.type() != fs::file_type::regular) {
        refuse("image_path names no photo");
    }
    return photo;
}

service::FaceChoice choice_of(const Form& form) {
    service::FaceChoice choice;
    if (const auto text = form.text("face")) {
        std::size_t number = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
        if (error != std::errc() || end != text->data() + text->size() || number == 0) {
            demand_valid({{"body", "face", "int_parsing", "the number of a face, from 1"}});
        }
        choice.number = number;
    }
    if (const auto text = form.text("box")) {
        try {
            choice.box = service::parse_box(*text);
        } catch (const Error& problem) {
            demand_valid({{"body", "box", "value_error", problem.what()}});
        }
    }
    return choice;
}

Response keep_confirmed(Services& services, const Request& request, double patience,
                        const service::ConfirmRequest& decision, const pipeline::PhotoResult& seen) {
    auto options = confirm_options(services, request, patience, seen);
    service::Confirmer confirmer(std::move(options), services.finder());
    const auto confirmed = [&] {
        try {
            return confirmer.decide(decision);
        } catch (const service::WhichFace& which) {
            throw Refusal(400, "which_face", "say which face is meant: its number from the left as face, or its box",
                          {{"faces", which.faces()}});
        }
    }();
    services.store().refresh();
    const auto state = services.store().current();
    if (confirmed.outcome == "no_face" || confirmed.outcome == "unreadable") {
        const bool read = confirmed.outcome == "no_face";
        const auto nobody = compared(*state, seen, confirmed.hash, decision.label);
        Json extra{{"code", confirmed.outcome}};
        add_extras(extra, *state, nobody, nobody.verdict, nullptr);
        throw Refusal(400, confirmed.outcome,
                      read ? "No faces found in the image." : "the photo cannot be read: " + confirmed.reason,
                      std::move(extra));
    }
    Json body{{"message", "Training data updated successfully."},
              {"success", true},
              {"label", confirmed.label},
              {"image_path", confirmed.kept_as},
              {"box", mien::to_json(confirmed.box)},
              {"code", confirmed.outcome}};
    auto meant = seen;
    std::erase_if(meant.faces, [&](const pipeline::Face& face) { return face.box != confirmed.box; });
    const auto answer = compared(*state, meant, confirmed.hash, confirmed.label);
    add_extras(body, *state, answer, answer.verdict, only_face(answer));
    return reply(std::move(body));
}

OnWriter confirm(Services& services, const Request& request, Tools& tools) {
    const auto form = read_form(request);
    const auto image_path = form.text("image_path");
    const auto label = form.text("label");
    std::vector<Complaint> complaints;
    if (!image_path) {
        complaints.push_back({"body", "image_path"});
    }
    if (!label) {
        complaints.push_back({"body", "label"});
    }
    demand_valid(complaints);
    const auto config = services.config();
    service::ConfirmRequest decision;
    decision.photo = uploaded_photo(*config, *image_path);
    try {
        decision.label = service::to_folder_label(*label);
    } catch (const Error& problem) {
        demand_valid({{"body", "label", "value_error", problem.what()}});
    }
    decision.face = choice_of(form);
    decision.force = true;  // the operator has the last word, as ever
    const auto photo = read_file(decision.photo, service::k_largest_photo_file);
    return {[&services, decision, seen = services.process(tools, photo, pipeline::Faces::all)](const Request& asked,
                                                                                               double patience) {
        return keep_confirmed(services, asked, patience, decision, seen);
    }};
}

Response reset(Services& services, const Request& request) {
    const auto config = services.config();
    service::ResetOptions options;
    options.workspace = workspace_of(*config);
    options.pipeline.detector = config->detector;
    options.pipeline.max_pixels = config->max_pixels;
    options.jobs = config->worker_count();
    options.wait_seconds = k_wait_for_writer;
    options.user = author_of(request);
    options.ahead = true;
    try {
        static_cast<void>(service::reset(options, services.finder(), {}));
    } catch (const service::ReserveEmpty&) {
        throw Refusal(400, "reserve_empty", "dataset_reserve holds no photos to go back to");
    }
    services.store().refresh();
    // The old service returned a pair, which its framework wrote as an array.
    return reply(Json::array({"Training reset successful", 200}));
}

}  // namespace

void add_upload_routes(RouteTable& table, Services& services) {
    table.add(Dialect{k_dialect, "Photos come in, somebody says who it is, and it is known from then on (seed 2)",
                      [](const Refusal& refusal) {
                          return refusal_body(refusal, refusal.what(), {"message", "detail", "success"});
                      }});
    const Json known{{"predicted_label", "ada"},
                     {"confidence_score", 0.97},
                     {"image_path", "dataset/photo.jpg"},
                     {"status", "known"}};
    const Json unknown{{"predicted_label", nullptr},
                       {"confidence_score", 0.12},
                       {"image_path", "dataset/photo.jpg"},
                       {"status", "unknown"}};

    table.add({"GET",
               "/",
               k_dialect,
               "Whether the server is there",
               {},
               {{200, "It is", {{"hello", "world"}}}},
               Need::nothing,
               RateClass::none,
               0,
               OnIo{[](const Request&) { return reply_exactly(R"({"hello":"world"})"); }}});
    table.add({"POST",
               "/upload/",
               k_dialect,
               "Who is on the photo; it waits in dataset/ for /confirm/",
               {image_field("file")},
               {{200, "Somebody who is known", known},
                {200, "status unknown or no_face: predicted_label is null", unknown},
                {400, "What was sent is no photo", {{"message", "the photo cannot be read"}}}},
               Need::user,
               RateClass::none,
               0,
               OnWorkerFirst{
                   [&services](const Request& request, Tools& tools) { return upload(services, request, tools); }}});
    table.add(
        {"POST",
         "/confirm/",
         k_dialect,
         "Says who is on an uploaded photo",
         {{Field::In::body, "image_path", {{"type", "string"}}, true, "What /upload/ answered: dataset/photo.jpg"},
          {Field::In::body, "label", {{"type", "string"}}, true, "Who it is"},
          {Field::In::body, "face", {{"type", "integer"}}, false, "Which of several faces, from the left, from 1"},
          {Field::In::body, "box", {{"type", "string"}}, false, "The same: LEFT,TOP,WIDTH,HEIGHT"}},
         {{200, "Learnt; the photo is in dataset_training/ now", {{"message", "Training data updated successfully."}}},
          {400,
           "Nobody is on it; or which_face, with all faces: face or box is missing",
           {{"message", "No faces found in the image."}}},
          {404, "There is no such upload", {{"message", "there is no dataset/photo.jpg"}}}},
         Need::admin,
         RateClass::none,
         0,
         OnWorkerFirst{
             [&services](const Request& request, Tools& tools) { return confirm(services, request, tools); }}});
    table.add({"POST",
               "/reset_training/",
               k_dialect,
               "Back to the people of dataset_reserve/",
               {},
               {{200, "Done", Json::array({"Training reset successful", 200})},
                {400, "reserve_empty: there is nothing to go back to", nullptr}},
               Need::admin,
               RateClass::none,
               0,
               OnTrainer{[&services](const Request& request) { return reset(services, request); }}});
}

}  // namespace mien::http
