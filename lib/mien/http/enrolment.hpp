// SPDX-License-Identifier: MIT
#pragma once

/// What the dialects that enrol people share.

#include <mien/http/services.hpp>
#include <mien/service/enroll.hpp>
#include <mien/service/forget.hpp>

#include <optional>
#include <string>

namespace mien::http {

/// Encodes the one face of a photo and adds it to the user's; durable, and served, when this returns. A face that is
/// somebody else's too is taken, as the old services did; the answer says whose.
/// quality: the least that the dialect asks for where the configuration says nothing
/// throws: Refusal{400} no_face, several_faces, unreadable, low_quality; Refusal{409} limit
service::EnrolledPhoto enroll_photo(Services& services, Tools& tools, const std::string& user, Bytes photo,
                                    double quality);

/// code, verdict, faces, quality, rival: behind the dialect's own fields.
void add_enrolment(Json& body, const service::EnrolledPhoto& enrolled, const std::string& user);

/// Erases a person, history and photos included.
/// key: nothing where it cannot be anybody's name
/// throws: Refusal{404, person_missing}
service::Forgotten forget_person(Services& services, const std::optional<std::string>& key);

}  // namespace mien::http
