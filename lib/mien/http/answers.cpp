// SPDX-License-Identifier: MIT
#include <mien/http/answers.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace mien::http {
namespace {

constexpr double k_dlib_usual = 0.6;
constexpr double k_similarity_usual = 0.5;
constexpr int k_places = 4;

}  // namespace

double dlib_confidence(double distance, double usual, int places) {
    return rounded(std::clamp(1 - k_dlib_usual * distance / usual, 0.0, 1.0), places);
}

double similarity(double distance, double usual) {
    return rounded(std::clamp(1 - (1 - k_similarity_usual) * distance / usual, 0.0, 1.0), k_places);
}

double usual_distance(const service::LiveState& state) { return state.tools->encoder().decision.threshold; }

double tolerance_in_force(const service::LiveState& state) {
    return rounded(k_dlib_usual * state.people.threshold() / usual_distance(state), k_places);
}

void add_extras(Json& body, const service::LiveState& state, const service::PhotoAnswer& answer, Verdict verdict,
                const service::FaceAnswer* face) {
    const bool ranked = face != nullptr && face->distance;
    Json faces = Json::array();
    auto confidence_kind = state.people.confidence_kind();
    for (const auto& each : answer.faces) {
        faces.push_back(state.people.to_json(each));
        confidence_kind = each.confidence_kind;  // the same for all of a photo
    }
    // insert() passes over what is there.
    const Json extras{{"verdict", to_string(verdict)},
                      {"code", to_string(verdict)},
                      {"distance", ranked ? Json(rounded(*face->distance, k_places)) : Json(nullptr)},
                      {"probability", ranked ? Json(rounded(face->confidence, k_places)) : Json(nullptr)},
                      {"confidence_kind", confidence_kind},
                      {"faces", std::move(faces)}};
    body.insert(extras.begin(), extras.end());
}

Verdict verdict_of_one(const service::PhotoAnswer& answer) {
    return answer.faces.size() > 1 ? Verdict::several_faces : answer.verdict;
}

const service::FaceAnswer* only_face(const service::PhotoAnswer& answer) {
    return answer.faces.size() == 1 ? &answer.faces.front() : nullptr;
}

const service::FaceAnswer* best_face(const service::PhotoAnswer& answer) {
    const auto better = [](const service::FaceAnswer& a, const service::FaceAnswer& b) {
        const bool a_known = a.verdict == Verdict::known;
        const bool b_known = b.verdict == Verdict::known;
        return a_known != b_known ? a_known : a.distance.value_or(1e9) < b.distance.value_or(1e9);
    };
    const auto best = std::min_element(answer.faces.begin(), answer.faces.end(), better);
    return best == answer.faces.end() ? nullptr : &*best;
}

service::PhotoAnswer compared(const service::LiveState& state, const pipeline::PhotoResult& seen, const Sha256& hash,
                              const std::string& label) {
    service::PhotoAnswer answer;
    answer.verdict = seen.verdict;
    for (const auto& face : seen.faces) {
        answer.faces.push_back(state.people.compare(face, hash, label));
    }
    if (!answer.faces.empty()) {
        answer.verdict = answer.faces.size() > 1 ? Verdict::several_faces : answer.faces.front().verdict;
    }
    return answer;
}

void demand_readable(const service::PhotoAnswer& answer) {
    if (answer.verdict == Verdict::unreadable) {
        throw Refusal(400, "unreadable", "the photo cannot be read: " + answer.reason);
    }
}

void demand_valid(const std::vector<Complaint>& complaints) {
    if (complaints.empty()) {
        return;
    }
    Json detail = Json::array();
    std::string message;
    for (const auto& complaint : complaints) {
        detail.push_back(
            {{"type", complaint.type}, {"loc", {complaint.place, complaint.field}}, {"msg", complaint.message}});
        message += (message.empty() ? "" : "; ") + complaint.place + " " + complaint.field + ": " + complaint.message;
    }
    throw Refusal(422, "invalid_fields", message, {{"detail", std::move(detail)}});
}

void demand_own(const Request& request, const Config& config, std::string_view user, Json extra) {
    if (config.auth == AuthMode::jwt && request.claims.role != Role::admin && user != request.claims.subject) {
        throw Refusal(403, "not_yours", "this is about somebody else than the token's subject, who is no admin",
                      std::move(extra));
    }
}

Json refusal_body(const Refusal& refusal, const std::string& text, std::initializer_list<std::string_view> order) {
    Json body = Json::object();
    for (const auto key : order) {
        body[std::string(key)] = key == "success" ? Json(false) : Json(text);
    }
    body["code"] = refusal.code();
    return body;
}

std::string naive_time(UnixTime time) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    return {text.data(), size};
}

UnixTime now() { return std::time(nullptr); }

std::optional<std::string> user_key(const Json& user_id) {
    if (!user_id.is_string() && !user_id.is_number_integer()) {
        return std::nullopt;
    }
    try {
        return to_label(user_id.is_string() ? user_id.get<std::string>() : user_id.dump());
    } catch (const Error&) {
        return std::nullopt;
    }
}

Json user_id_of(std::string_view label) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), number);
    const bool whole = error == std::errc() && end == label.data() + label.size();
    // "007" is not 7.
    return whole && std::to_string(number) == label ? Json(number) : Json(std::string(label));
}

}  // namespace mien::http
