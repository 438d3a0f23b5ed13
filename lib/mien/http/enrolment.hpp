// SPDX-License-Identifier: MIT
#pragma once

/// What the dialects that enrol people share.

#include <mien/http/services.hpp>
#include <mien/service/enroll.hpp>
#include <mien/service/forget.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mien::http {

struct Enrolment {
    service::EnrolledPhoto photo;                     ///< rival: for admins only
    service::PhotoAnswer seen;                        ///< compared() with the user's other photos
    std::shared_ptr<const service::LiveState> state;  ///< before the enrolment
};

/// Encodes the one face of a photo; what it returns adds it to the user's, durable, and served, before the answer. A
/// face that is somebody else's too is taken, as the old services did; an admin's answer says whose.
/// quality: the least that the dialect asks for where the configuration says nothing
/// throws: here and there, Refusal{400} no_face, several_faces, unreadable, low_quality, other_person (this
///         very photo is somebody else's); Refusal{409} limit; all with what add_extras() says
OnWriter enroll_photo(Services& services, Tools& tools, std::string user, std::string photo, double quality,
                      std::function<Response(const Enrolment&)> answer);

/// code, encodings, sha256, who else it looks like, and what add_extras() says: behind the dialect's own fields.
void add_enrolment(Json& body, const Enrolment& enrolment, const std::string& user);

/// Erases a person, history and photos included.
/// key: nothing where it cannot be anybody's name
/// throws: Refusal{404, person_missing}
service::Forgotten forget_person(Services& services, const Request& request, double patience,
                                 const std::optional<std::string>& key);

}  // namespace mien::http
