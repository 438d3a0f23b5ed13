// SPDX-License-Identifier: MIT
#include <mien/http/form.hpp>

#include <mien/core/text.hpp>
#include <mien/http/base64.hpp>
#include <mien/http/multipart.hpp>

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

namespace mien::http {
namespace {

bool is_image_name(std::string_view name) {
    return std::find(std::begin(k_image_names), std::end(k_image_names), name) != std::end(k_image_names);
}

void take_image(Form& form, std::string bytes, std::string name) {
    if (form.image) {
        throw Refusal(400, "bad_form", "more than one photo was sent");
    }
    form.image = std::move(bytes);
    form.image_name = std::move(name);
}

/// A body without the texts of its photos, each of which has left a mark: U+0000 and its number.
struct Lifted {
    std::string rest;
    std::vector<std::string_view> texts;  ///< in the body
};

/// Where the string ends that begins at `begin`: its closing quote; npos where there is none.
std::size_t end_of_string(std::string_view body, std::size_t begin) {
    for (auto end = body.find('"', begin); end != std::string_view::npos; end = body.find('"', end + 1)) {
        std::size_t backslashes = 0;
        while (end - backslashes > begin && body[end - backslashes - 1] == '\\') {
            ++backslashes;
        }
        if (backslashes % 2 == 0) {
            return end;
        }
    }
    return std::string_view::npos;
}

/// Whether the text of a JSON string means itself.
bool is_plain(std::string_view text) {
    bool plain = true;
    for (const char c : text) {  // without a way out, so that many are looked at together
        plain &= c >= 0x20 && c < 0x7f && c != '\\';
    }
    return plain;
}

/// The parser takes a byte at a time, which for a photo costs more than everything else that is done to a request. Of a
/// photo it need only know where the text ends.
Lifted lift_photos(std::string_view body) {
    constexpr std::size_t k_long = 1024;
    Lifted lifted;
    std::size_t copied = 0;
    std::size_t behind_last = 0;
    std::string_view last;
    int depth = 0;
    for (auto quote = body.find('"'); quote != std::string_view::npos; quote = body.find('"', behind_last)) {
        const auto between = body.substr(behind_last, quote - behind_last);
        for (const char c : between) {
            depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
        }
        const auto end = end_of_string(body, quote + 1);
        if (end == std::string_view::npos) {
            break;
        }
        const auto text = body.substr(quote + 1, end - quote - 1);
        if (text.size() >= k_long && depth == 1 && is_image_name(last) && trimmed(between) == ":" && is_plain(text)) {
            lifted.rest.append(body.substr(copied, quote + 1 - copied)).append("\\u0000");
            lifted.rest.append(std::to_string(lifted.texts.size()));
            lifted.texts.push_back(text);
            copied = end;
        }
        last = text;
        behind_last = end + 1;
    }
    lifted.rest.append(body.substr(copied));
    return lifted;
}

/// What the string of a field stands for.
std::string_view text_of(const std::string& field, const Lifted& lifted) {
    std::size_t number = 0;
    if (field.size() < 2 || field.front() != '\0' ||
        std::from_chars(field.data() + 1, field.data() + field.size(), number).ptr != field.data() + field.size() ||
        number >= lifted.texts.size()) {
        return field;
    }
    return lifted.texts[number];
}

void read_json_form(Form& form, std::string_view body) {
    const auto lifted = lift_photos(body);
    auto json = parse_json(lifted.rest);
    if (!json.is_object()) {
        throw Refusal(400, "bad_json", "the body is not a JSON object");
    }
    for (const auto name : k_image_names) {
        const auto found = json.find(name);
        if (found == json.end() || found->is_null()) {
            continue;
        }
        if (!found->is_string()) {
            throw Refusal(400, "bad_base64", "the field " + std::string(name) + " is not base64 text");
        }
        std::string media_type;
        auto bytes = data_uri_decoded(text_of(found->get_ref<const std::string&>(), lifted), media_type);
        if (!bytes) {
            throw Refusal(400, "bad_base64", "the field " + std::string(name) + " is not base64");
        }
        take_image(form, std::move(*bytes), {});
        json.erase(found);
    }
    form.fields = std::move(json);
}

void read_multipart_form(Form& form, const Request& request) {
    const auto boundary = boundary_of(request.headers.get("Content-Type").value_or(""));
    if (!boundary) {
        throw Refusal(400, "bad_multipart", "the Content-Type has no boundary");
    }
    for (auto& part : parse_multipart(request.body, *boundary)) {
        if (is_image_name(part.name)) {
            // A form may also carry a photo as base64 text, without a file name.
            std::string media_type;
            std::optional<std::string> decoded;
            if (part.file_name.empty() && part.content_type.empty()) {
                decoded = data_uri_decoded(part.body, media_type);
            }
            take_image(form, decoded ? std::move(*decoded) : std::string(part.body), std::move(part.file_name));
            continue;
        }
        if (!is_utf8(part.body) || !is_utf8(part.name)) {
            throw Refusal(400, "bad_multipart", "a field is not UTF-8");
        }
        if (form.fields.contains(part.name)) {
            throw Refusal(400, "bad_form", "the field " + printable(part.name) + " was sent twice");
        }
        form.fields[part.name] = std::string(part.body);
    }
}

void read_urlencoded_form(Form& form, std::string_view body) {
    const auto fields = parse_query(body);
    if (!fields) {
        throw Refusal(400, "bad_form", "the form has a broken percent sign");
    }
    for (const auto& [name, value] : fields->entries()) {
        if (!is_utf8(name) || !is_utf8(value)) {
            throw Refusal(400, "bad_form", "a field is not UTF-8");
        }
        if (!is_image_name(name)) {
            form.fields[name] = value;
            continue;
        }
        std::string media_type;
        // Forms that were not encoded with care have blanks where base64 had plus signs.
        std::string text = value;
        std::replace(text.begin(), text.end(), ' ', '+');
        auto bytes = data_uri_decoded(text, media_type);
        if (!bytes) {
            throw Refusal(400, "bad_base64", "the field " + name + " is not base64");
        }
        take_image(form, std::move(*bytes), {});
    }
}

}  // namespace

Json parse_json(std::string_view text) {
    const auto bounded = [](int depth, Json::parse_event_t event, const Json&) {
        const bool deeper = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
        if (deeper && depth >= k_deepest_json) {
            throw Refusal(400, "bad_json",
                          "the JSON is nested deeper than " + std::to_string(k_deepest_json) + " levels");
        }
        return true;
    };
    try {
        return Json::parse(text.begin(), text.end(), bounded);
    } catch (const Json::exception&) {
        throw Refusal(400, "bad_json", "the body is not valid JSON");
    }
}

std::optional<std::string> Form::text(std::string_view name) const {
    const auto found = fields.find(name);
    if (found == fields.end() || found->is_null()) {
        return std::nullopt;
    }
    if (found->is_string()) {
        return found->get<std::string>();
    }
    if (found->is_number()) {
        return found->dump();
    }
    throw Refusal(422, "invalid_field", "the field " + std::string(name) + " is neither text nor a number");
}

Form read_form(const Request& request) {
    Form form;
    const auto type = request.media_type();
    if (request.body.empty()) {
        return form;
    }
    const auto first = request.body.find_first_not_of(" \t\r\n");
    const bool like_json = first != std::string::npos && request.body[first] == '{';
    if (type == "multipart/form-data") {
        read_multipart_form(form, request);
    } else if (type == "application/json" || type.ends_with("+json")) {
        read_json_form(form, request.body);
    } else if (type.starts_with("image/") || type == "application/octet-stream") {
        form.image = request.body;
        for (const auto& [name, value] : request.query.entries()) {
            form.fields[name] = value;
        }
    } else if (type == "application/x-www-form-urlencoded") {
        // What curl says when nobody told it: the seeds' examples forget the type of their JSON now and then.
        if (like_json) {
            read_json_form(form, request.body);
        } else {
            read_urlencoded_form(form, request.body);
        }
    } else if ((type.empty() || type == "text/plain") && like_json) {
        read_json_form(form, request.body);
    } else {
        throw Refusal(415, "unsupported_media_type",
                      "send the photo as multipart/form-data, as base64 in application/json, or as image/*");
    }
    return form;
}

}  // namespace mien::http
