// SPDX-License-Identifier: MIT
#include <mien/http/message.hpp>

#include <algorithm>
#include <random>

namespace mien::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool equal_loosely(std::string_view a, std::string_view b) {
    const auto plain = [](char c) { return c == '_' ? '-' : lower(c); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [plain](char x, char y) { return plain(x) == plain(y); });
}

void refuse_conflict(std::string_view name) {
    throw Refusal(400, "conflicting_fields",
                  std::string(name) + " was given more than once, with values that differ; say it once");
}

std::string random_digits(std::size_t count) {
    thread_local std::mt19937_64 random{std::random_device{}()};
    std::string digits;
    while (digits.size() < count) {
        digits += "0123456789abcdef"[random() & 15U];
    }
    return digits;
}

std::string to_lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower);
    return result;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::vector<std::string> split_list(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        if (const auto part = trimmed(text.substr(0, end)); !part.empty()) {
            parts.emplace_back(part);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

void Fields::set(std::string_view name, std::string value) {
    std::erase_if(m_entries, [name](const auto& entry) { return equal_without_case(entry.first, name); });
    add(std::string(name), std::move(value));
}

std::optional<std::string_view> Fields::get(std::string_view name) const {
    for (const auto& [key, value] : m_entries) {
        if (equal_without_case(key, name)) {
            return value;
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> Fields::get_loosely(std::string_view name) const {
    std::optional<std::string_view> found;
    for (const auto& [key, value] : m_entries) {
        if (!equal_loosely(key, name)) {
            continue;
        }
        if (found && *found != value) {
            refuse_conflict(name);
        }
        found = value;
    }
    return found;
}

std::size_t Fields::count(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(m_entries.begin(), m_entries.end(), [name](const auto& entry) {
        return equal_without_case(entry.first, name);
    }));
}

std::string_view to_string(Role role) { return role == Role::admin ? "admin" : "user"; }

const std::string Request::param(std::string_view name) const {
    const auto value = params.get(name);
    if (!value) {
        throw std::logic_error("the route has no {" + std::string(name) + "}");
    }
    return std::string(*value);
}

std::string Request::media_type() const {
    const auto value = headers.get("Content-Type").value_or("");
    return to_lower(trimmed(value.substr(0, value.find(';'))));
}

Response reply(Json json, int status) {
    Response response;
    response.status = status;
    response.json = std::move(json);
    return response;
}

Response reply_exactly(std::string body, std::string content_type, int status) {
    Response response;
    response.status = status;
    response.content_type = std::move(content_type);
    response.body = std::move(body);
    return response;
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100: return "Continue";
        case 101: return "Switching Protocols";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 411: return "Length Required";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 417: return "Expectation Failed";
        case 422: return "Unprocessable Content";
        case 426: return "Upgrade Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 503: return "Service Unavailable";
        case 505: return "HTTP Version Not Supported";
        default: return "Status";
    }
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_blank) {
            result += ' ';
        } else if (text[i] != '%') {
            result += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            result += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return result;
}

std::optional<Fields> parse_query(std::string_view query) {
    Fields fields;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) {
            continue;
        }
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = percent_decoded(pair.substr(0, equals), true);
        auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value) {
            return std::nullopt;
        }
        fields.add(std::move(*name), std::move(*value));
    }
    return fields;
}

std::string split_target(Request& request) {
    std::string_view target = request.target;
    for (const std::string_view scheme : {"http://", "https://"}) {  // as proxies send it
        if (equal_without_case(target.substr(0, scheme.size()), scheme)) {
            target.remove_prefix(scheme.size());
            target.remove_prefix(std::min(target.find('/'), target.size()));
            target = target.empty() ? "/" : target;
        }
    }
    if (target == "*" && request.method == "OPTIONS") {
        request.path = "*";
        return {};
    }
    if (target.empty() || target.front() != '/') {
        return "the address in the request line must begin with a slash";
    }
    target = target.substr(0, target.find('#'));
    const auto question = std::min(target.find('?'), target.size());
    auto query = parse_query(target.substr(std::min(question + 1, target.size())));
    if (!query) {
        return "the query has a % without two hexadecimal digits behind it; a percent sign itself is %25";
    }
    request.query = std::move(*query);
    request.path = target.substr(0, question);  // decoded by the route table, part by part
    return {};
}

}  // namespace mien::http
