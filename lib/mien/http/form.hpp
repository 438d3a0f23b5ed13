// SPDX-License-Identifier: MIT
#pragma once

/// What a client filled in, however it sent it: multipart, a JSON object, a urlencoded form, or a bare image.

#include <mien/core/hash.hpp>
#include <mien/http/message.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mien::http {

/// Objects and arrays inside each other, at most.
inline constexpr int k_deepest_json = 32;

/// JSON from outside, with or without a byte order mark: nested no deeper than k_deepest_json, nothing behind it, the
/// last of equal keys wins. throws: Refusal{400, bad_json}
Json parse_json(std::string_view text);

struct Form {
    /// The fields but the photo: with their types where JSON came, else strings. Always an object. "user-id" is here as
    /// "user_id".
    Json fields = Json::object();
    /// The photo's bytes; nothing where none came.
    std::optional<std::string> image;
    std::string image_name;  ///< as the client called the file: hostile, for the log of an upload only

    [[nodiscard]] Bytes image_bytes() const {
        return std::as_bytes(std::span(image->data(), image ? image->size() : 0));
    }
    /// A text; numbers as they were written. Nothing where it is absent or null.
    /// throws: Refusal{422, invalid_fields} for objects, arrays and booleans
    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
};

/// The names under which the five services' clients send their photo; any of them on any path.
inline constexpr std::string_view k_image_names[] = {"file", "photo", "frame_data", "image"};

/// An empty body is an empty form. What the query says of a field of the body must be the same.
/// throws: Refusal{400, bad_json | bad_multipart | bad_base64 | bad_form | conflicting_fields},
///         Refusal{415, unsupported_media_type}
Form read_form(const Request& request);

}  // namespace mien::http
