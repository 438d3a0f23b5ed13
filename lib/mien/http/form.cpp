// SPDX-License-Identifier: MIT
#include <mien/http/form.hpp>

#include <mien/core/text.hpp>
#include <mien/http/base64.hpp>
#include <mien/http/multipart.hpp>

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <span>

namespace mien::http {
namespace {

bool is_image_name(std::string_view name) {
    return std::find(std::begin(k_image_names), std::end(k_image_names), name) != std::end(k_image_names);
}

[[noreturn]] void refuse_type() {
    throw Refusal(415, "unsupported_media_type",
                  "send the photo as multipart/form-data, as base64 in application/json, or as image/*");
}

/// JSON is UTF-8 without a mark, but the old services' readers passed over it, and some editors' files begin with it.
std::string_view without_mark(std::string_view text) {
    constexpr std::string_view k_mark = "\xef\xbb\xbf";
    text.remove_prefix(text.starts_with(k_mark) ? k_mark.size() : 0);
    return text;
}

/// Under the name that handlers ask for. Another spelling of a field that is there must say the same.
void take_field(Form& form, std::string name, Json value) {
    std::replace(name.begin(), name.end(), '-', '_');
    auto& field = form.fields[name];
    if (!field.is_null() && !value.is_null() && field != value) {
        refuse_conflict(printable(name));
    }
    if (field.is_null()) {
        field = std::move(value);
    }
}

void take_image(Form& form, std::string bytes, std::string name) {
    if (form.image) {
        throw Refusal(400, "bad_form", "more than one photo was sent");
    }
    form.image = std::move(bytes);
    form.image_name = std::move(name);
}

[[noreturn]] void refuse_json(simdjson::error_code error) {
    throw Refusal(400, "bad_json",
                  error == simdjson::DEPTH_ERROR
                      ? "the JSON is nested deeper than " + std::to_string(k_deepest_json) + " levels"
                      : "the body is not valid JSON");
}

/// Not by parse_json(), which takes a byte at a time: for the text of a photo that costs more than everything else that
/// is done to a request.
void read_json_form(Form& form, std::string_view body) {
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    if (const auto error = parser.allocate(body.size(), k_deepest_json + 1)) {
        refuse_json(error);
    }
    if (const auto error = parser.parse(body.data(), body.size()).get(document)) {
        refuse_json(error);
    }
    simdjson::dom::object object;
    if (document.get(object) != simdjson::SUCCESS) {
        throw Refusal(400, "bad_json", "the body is not a JSON object");
    }
    std::map<std::string_view, std::string_view> photos;  // the last of equal names, as everywhere
    Json fields = Json::object();
    for (const auto& [name, value] : object) {
        if (!is_image_name(name)) {
            fields[std::string(name)] = parse_json(simdjson::to_string(value));
        } else if (value.is_null()) {
            photos.erase(name);
        } else if (value.get(photos[name]) != simdjson::SUCCESS) {
            throw Refusal(400, "bad_base64", "the field " + std::string(name) + " is not base64 text");
        }
    }
    for (const auto& [name, value] : fields.items()) {
        take_field(form, name, value);
    }
    for (const auto& [name, text] : photos) {
        std::string media_type;
        auto bytes = data_uri_decoded(text, media_type);
        if (!bytes) {
            throw Refusal(400, "bad_base64", "the field " + std::string(name) + " is not base64");
        }
        take_image(form, std::move(*bytes), {});
    }
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
        if (!part.file_name.empty()) {
            continue;  // a file that nobody asks for
        }
        if (!is_utf8(part.body) || !is_utf8(part.name)) {
            throw Refusal(400, "bad_multipart", "a field is not UTF-8");
        }
        if (form.fields.contains(part.name)) {
            throw Refusal(400, "bad_form", "the field " + printable(part.name) + " was sent twice");
        }
        take_field(form, part.name, std::string(part.body));
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
            take_field(form, name, value);
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
    const std::string problem = "neither text nor a number";
    throw Refusal(422, "invalid_fields", "body " + std::string(name) + ": " + problem,
                  {{"detail", Json::array({{{"type", "string_type"}, {"loc", {"body", name}}, {"msg", problem}}})}});
}

Form read_form(const Request& request) {
    Form form;
    const auto type = request.media_type();
    if (request.body.empty()) {
        return form;
    }
    const auto text = without_mark(request.body);
    const auto first = text.find_first_not_of(" \t\r\n");
    const bool like_json = first != std::string_view::npos && text[first] == '{';
    if (type == "multipart/form-data") {
        read_multipart_form(form, request);
    } else if (type == "application/json" || type.ends_with("+json")) {
        read_json_form(form, text);
    } else if (type.starts_with("image/") || type == "application/octet-stream") {
        form.image = request.body;
        for (const auto& [name, value] : request.query.entries()) {
            take_field(form, name, value);
        }
    } else if (type == "application/x-www-form-urlencoded") {
        // What curl says when nobody told it: the seeds' examples forget the type of their JSON now and then.
        if (like_json) {
            read_json_form(form, text);
        } else if (is_utf8(request.body)) {
            read_urlencoded_form(form, request.body);
        } else {
            refuse_type();
        }
    } else if ((type.empty() || type == "text/plain") && like_json) {
        read_json_form(form, text);
    } else {
        refuse_type();
    }
    for (const auto& [name, value] : request.query.entries()) {
        for (const auto& [field, said] : form.fields.items()) {
            if (equal_loosely(name, field) && !said.is_null() &&
                value != (said.is_string() ? said.get<std::string>() : to_line(said))) {
                refuse_conflict(printable(field));
            }
        }
    }
    return form;
}

}  // namespace mien::http
