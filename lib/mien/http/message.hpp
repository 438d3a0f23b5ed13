// SPDX-License-Identifier: MIT
#pragma once

/// What goes in and what comes out: plain values that know no socket.

#include <mien/core/json.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mien::http {

/// Names and values in the order in which they were sent. Names are compared without regard to case.
class Fields {
public:
    void add(std::string name, std::string value) { m_entries.emplace_back(std::move(name), std::move(value)); }
    /// The only value of that name from now on.
    void set(std::string_view name, std::string value);
    /// The first of that name.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
    /// The same, but "user_id" and "user-id" are one name: FastAPI sends the one for the other. Not for what decides
    /// about rights, because proxies that remove a header know one spelling only.
    /// throws: Refusal{400, conflicting_fields} where there are several values that differ
    [[nodiscard]] std::optional<std::string_view> get_loosely(std::string_view name) const;
    [[nodiscard]] std::size_t count(std::string_view name) const;
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& entries() const { return m_entries; }

private:
    std::vector<std::pair<std::string, std::string>> m_entries;
};

enum class Role { user, admin };

std::string_view to_string(Role role);

/// What W3C Trace Context says of a request; see read_trace().
struct Trace {
    std::string parent;  ///< empty where none was sent
    std::string state;
};

/// Who asks, as far as that was proved.
struct Claims {
    bool authenticated{};  ///< always true with --auth none: then everybody may do everything
    bool proved{};         ///< by a token; false with --auth none
    std::string subject;   ///< JWT: sub; token: its name in the token file; empty where nothing was proved
    Role role{Role::user};
    std::string why;  ///< why not, for people; never the token
};

struct Request {
    std::string method;  ///< "GET"
    std::string target;  ///< as sent; for the log use path
    std::string path;    ///< begins with '/', percent signs decoded, no query
    Fields query;        ///< decoded
    Fields headers;
    std::string body;
    std::string client;  ///< address without port; "unix", "workspace" for the sockets
    bool secure{};       ///< came over TLS
    bool own_user{};     ///< came over the workspace's socket: from whom the server runs as
    std::string id;      ///< request id
    Trace trace;
    Fields params;  ///< what stood in the {places} of the route's path, decoded
    Claims claims;

    /// The {place}'s value; the route has it, or this throws std::logic_error.
    [[nodiscard]] const std::string param(std::string_view name) const;
    /// Media type of the body in lower case without its parameters; empty where none was sent.
    [[nodiscard]] std::string media_type() const;
};

struct Response {
    int status{200};
    Fields headers;
    std::string content_type{"application/json"};
    std::string body;
    /// Instead of body: becomes one line. Objects get "request_id" behind their own fields.
    std::optional<Json> json;
};

/// A JSON object that also carries the request's id.
Response reply(Json json, int status = 200);
/// Exactly these bytes.
Response reply_exactly(std::string body, std::string content_type = "application/json", int status = 200);

/// What a handler throws to refuse. Each dialect words it in its own way (see Dialect).
class Refusal : public std::runtime_error {
public:
    /// code: stable, for programs, e.g. "no_face"; message: for people
    Refusal(int status, std::string code, const std::string& message, Json extra = Json::object())
        : std::runtime_error(message), m_status(status), m_code(std::move(code)), m_extra(std::move(extra)) {}
    [[nodiscard]] int status() const { return m_status; }
    [[nodiscard]] const std::string& code() const { return m_code; }
    /// More fields for the answer; they win over those of the dialect.
    [[nodiscard]] const Json& extra() const { return m_extra; }
    Fields headers;  ///< e.g. Retry-After, WWW-Authenticate

private:
    int m_status;
    std::string m_code;
    Json m_extra;
};

/// "Not Found"
std::string_view reason_phrase(int status);

/// '%' and, where plus_is_blank, '+' decoded; nothing where a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank = false);

/// "a=1&b=2"; nothing where a percent sign is broken.
std::optional<Fields> parse_query(std::string_view query);

/// Sets path and query from target. returns: for people, what is wrong with it; empty where nothing is
std::string split_target(Request& request);

/// Hexadecimal digits for an id that has to be another each time, and no secret.
std::string random_digits(std::size_t count);

/// throws: Refusal{400, conflicting_fields}
[[noreturn]] void refuse_conflict(std::string_view name);

/// "user-id" and "user_id" are one name.
bool equal_loosely(std::string_view a, std::string_view b);

bool equal_without_case(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);
std::string_view trimmed(std::string_view text);
/// Parts between commas, without blanks around, empty ones left out.
std::vector<std::string> split_list(std::string_view text, char separator = ',');

}  // namespace mien::http
