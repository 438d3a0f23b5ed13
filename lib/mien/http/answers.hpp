// SPDX-License-Identifier: MIT
#pragma once

/// What the dialects share: what stands behind their own fields, their scales of confidence, FastAPI's complaints.

#include <mien/http/form.hpp>
#include <mien/http/route.hpp>
#include <mien/http/services.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mien::http {

/// The old services said 1 - d, d being a distance of dlib's encoder, of which 0.6 and less is the same person. Another
/// encoder's distance is stretched so that its own threshold, `usual`, becomes 0.6: a tolerance and a confidence keep
/// their meaning with any encoder. Beyond 1: 0.
double dlib_confidence(double distance, double usual, int places);

/// A similarity of which 0.5 and more is the same person: 1 at distance 0, 0.5 at `usual`, never below 0.
double similarity(double distance, double usual);

/// The threshold that is in force, as a tolerance on dlib's scale: 0.6 unless somebody said something else.
double tolerance_in_force(const service::LiveState& state);

/// The encoder's own threshold.
double usual_distance(const service::LiveState& state);

/// What stands behind the fields of the dialect wherever a photo was looked at: verdict, code, distance, probability,
/// confidence_kind, faces. What the body has of them already stays.
/// face: whose distance and probability stand there; null where no face decides
void add_extras(Json& body, const service::LiveState& state, const service::PhotoAnswer& answer, Verdict verdict,
                const service::FaceAnswer* face);

/// The verdict where one face is expected: several_faces where there are more.
Verdict verdict_of_one(const service::PhotoAnswer& answer);

/// The face where one is expected; null where there is none, or several.
const service::FaceAnswer* only_face(const service::PhotoAnswer& answer);

/// The known face that is nearest to its person; else the face that is nearest to anybody; null without a face.
const service::FaceAnswer* best_face(const service::PhotoAnswer& answer);

/// A photo that is to be somebody's, held against that person alone: how near each face is to their other photos.
/// Nobody else is named. The verdict: known or unknown where there is one face, else several_faces, no_face,
/// unreadable.
service::PhotoAnswer compared(const service::LiveState& state, const pipeline::PhotoResult& seen, const Sha256& hash,
                              const std::string& label);

/// An unreadable photo is refused: 400, "unreadable".
void demand_readable(const service::PhotoAnswer& answer);

/// One entry of FastAPI's "detail": type ("missing"), loc (["body", "file"]), msg.
struct Complaint {
    std::string place;
    std::string field;
    std::string type{"missing"};
    std::string message{"Field required"};
};

/// 422 "invalid_fields" with the array as "detail"; nothing where there are no complaints.
void demand_valid(const std::vector<Complaint>& complaints);

/// With JSON Web Tokens, a user may change what belongs to themself; an admin, and everybody else's clients, all.
/// extra: of the refusal, e.g. words of its own
/// throws: Refusal{403, not_yours}
void demand_own(const Request& request, const Config& config, std::string_view user, Json extra = Json::object());

/// The body of a refusal in the dialect's words. order: "success", "message" and "detail", the dialect's own keys
/// first.
Json refusal_body(const Refusal& refusal, const std::string& text, std::initializer_list<std::string_view> order);

/// Now, in the time zone of the server, without naming it: "2026-01-31T09:00:00", as Python's datetime.now() writes.
std::string naive_time(UnixTime time);
UnixTime now();

/// Integers of JSON came as integers and go as integers; inside there is one kind of key.
/// "123" and 123 are the person "123". Nothing for what cannot be a label.
std::optional<std::string> user_key(const Json& user_id);

/// For answers that no request gave a type to: 123 for "123", text for everything else.
Json user_id_of(std::string_view label);

}  // namespace mien::http
