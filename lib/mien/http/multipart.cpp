// SPDX-License-Identifier: MIT
#include <mien/http/multipart.hpp>

#include <mien/http/message.hpp>

#include <algorithm>

namespace mien::http {
namespace {

constexpr std::size_t k_longest_boundary = 70;  // RFC 2046

[[noreturn]] void refuse(const std::string& why) {
    throw Refusal(400, "bad_multipart", "the multipart body is broken: " + why);
}

/// The value of a parameter: name=value or name="value", with \" and \\ inside quotes, as browsers and curl send it.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
    std::size_t at = std::min(header.find(';'), header.size());
    while (at < header.size()) {
        ++at;  // the ';'
        while (at < header.size() && (header[at] == ' ' || header[at] == '\t')) {
            ++at;
        }
        const auto begin = at;
        while (at < header.size() && header[at] != '=' && header[at] != ';') {
            ++at;
        }
        const auto key = trimmed(header.substr(begin, at - begin));
        std::string value;
        if (at < header.size() && header[at] == '=') {
            ++at;
            if (at < header.size() && header[at] == '"') {
                for (++at; at < header.size() && header[at] != '"'; ++at) {
                    // Old browsers send C:\fakepath\a.jpg unescaped: only \" and \\ are escapes.
                    if (header[at] == '\\' && at + 1 < header.size() &&
                        (header[at + 1] == '"' || header[at + 1] == '\\')) {
                        ++at;
                    }
                    value += header[at];
                }
                if (at == header.size()) {
                    return std::nullopt;  // the quote is open
                }
                at = std::min(header.find(';', at), header.size());
            } else {
                const auto end = std::min(header.find(';', at), header.size());
                value = trimmed(header.substr(at, end - at));
                at = end;
            }
        }
        if (equal_without_case(key, name)) {
            return value;
        }
    }
    return std::nullopt;
}

void read_part_header(std::string_view header, Part& part) {
    bool disposed = false;
    while (!header.empty()) {
        const auto end = std::min(header.find("\r\n"), header.size());
        const auto line = header.substr(0, end);
        header.remove_prefix(std::min(end + 2, header.size()));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') {
            refuse("a part has a header line without a colon");
        }
        const auto name = line.substr(0, colon);
        const auto value = trimmed(line.substr(colon + 1));
        if (equal_without_case(name, "Content-Disposition")) {
            if (disposed || !equal_without_case(trimmed(value.substr(0, value.find(';'))), "form-data")) {
                refuse("a part is not form-data");
            }
            disposed = true;
            part.name = parameter(value, "name").value_or("");
            part.file_name = parameter(value, "filename").value_or("");
        } else if (equal_without_case(name, "Content-Type")) {
            part.content_type = to_lower(trimmed(value.substr(0, value.find(';'))));
        } else if (equal_without_case(name, "Content-Transfer-Encoding")) {
            const auto encoding = to_lower(value);
            if (encoding != "binary" && encoding != "8bit" && encoding != "7bit") {
                refuse("a part is encoded as " + encoding + "; send it as it is");
            }
        }
    }
    if (part.name.empty()) {
        refuse("a part has no name");
    }
}

}  // namespace

std::optional<std::string> boundary_of(std::string_view content_type) {
    auto boundary = parameter(content_type, "boundary");
    const auto allowed = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
    };
    if (!boundary || boundary->empty() || boundary->size() > k_longest_boundary || boundary->back() == ' ' ||
        !std::all_of(boundary->begin(), boundary->end(), allowed)) {
        return std::nullopt;
    }
    return boundary;
}

std::vector<Part> parse_multipart(std::string_view body, std::string_view boundary) {
    const std::string delimiter = "\r\n--" + std::string(boundary);
    const std::string_view first = std::string_view(delimiter).substr(2);
    // A preamble may stand before the first boundary.
    std::size_t at = 0;
    if (!body.starts_with(first)) {
        at = body.find(delimiter);
        if (at == std::string_view::npos) {
            refuse("its boundary is not in it");
        }
        at += 2;
    }
    at += first.size();
    std::vector<Part> parts;
    while (true) {
        // Behind a boundary: "--" ends it all, else blanks and a line break.
        if (body.substr(at, 2) == "--") {
            return parts;
        }
        while (at < body.size() && (body[at] == ' ' || body[at] == '\t')) {
            ++at;
        }
        if (body.substr(at, 2) != "\r\n") {
            refuse("a boundary is not followed by a line break");
        }
        at += 2;
        if (parts.size() == k_largest_number_of_parts) {
            refuse("more than " + std::to_string(k_largest_number_of_parts) + " parts");
        }
        Part part;
        const auto window = body.substr(at, k_largest_part_header);
        const auto header_end = window.starts_with("\r\n") ? 0 : window.find("\r\n\r\n");
        if (header_end == std::string_view::npos) {
            refuse("a part's header has no end within " + std::to_string(k_largest_part_header) + " bytes");
        }
        read_part_header(window.substr(0, header_end), part);
        at += header_end + (window.starts_with("\r\n") ? 2 : 4);
        // The line break before a boundary belongs to it; an empty part's is the one that ended its header.
        const auto search_from = at - 2;
        const auto end = body.find(delimiter, search_from);
        if (end == std::string_view::npos) {
            refuse("it has no closing boundary");
        }
        part.body = end < at ? std::string_view() : body.substr(at, end - at);
        parts.push_back(std::move(part));
        at = end + delimiter.size();
    }
}

}  // namespace mien::http
