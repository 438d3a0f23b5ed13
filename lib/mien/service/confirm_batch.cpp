// SPDX-License-Identifier: MIT
#include <mien/core/csv.hpp>
#include <mien/core/error.hpp>
#include <mien/service/confirm.hpp>
#include <mien/service/photo_files.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

/// Which column holds what.
struct Header {
    std::optional<std::size_t> photo;
    std::optional<std::size_t> face;
    std::optional<std::size_t> label;
};

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    return first == std::string_view::npos ? std::string()
                                           : std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

/// Nothing where the row is data.
std::optional<Header> header_of(const CsvRow& row) {
    Header header;
    for (std::size_t i = 0; i < row.fields.size(); ++i) {
        auto name = trimmed(row.fields[i]);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        if (name == "photo") {
            header.photo = i;
        } else if (name == "face" || name == "box") {
            header.face = i;
        } else if (name == "label") {
            header.label = i;
        }
    }
    if (!header.photo && !header.label) {
        return std::nullopt;
    }
    if (!header.photo || !header.label) {
        throw Error(ErrorCode::usage, std::string("the first line names columns, but none is called ") +
                                          (header.photo ? "label" : "photo"));
    }
    return header;
}

std::optional<std::size_t> whole_number(std::string_view text) {
    std::size_t number{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

FaceChoice parse_choice(const std::string& text) {
    if (text.empty()) {
        return {};
    }
    if (const auto number = whole_number(text)) {
        return {number, std::nullopt};
    }
    return {std::nullopt, parse_box(text)};
}

ConfirmRequest request_of(const CsvRow& row, const Header& header, const fs::path& folder) {
    const auto field = [&row](const std::optional<std::size_t>& column) {
        return column && *column < row.fields.size() ? row.fields[*column] : std::string();
    };
    ConfirmRequest request;
    const auto photo = field(header.photo);
    if (photo.empty()) {
        throw Error(ErrorCode::usage, "there is no photo in it");
    }
    request.photo = folder / photo;
    request.face = parse_choice(trimmed(field(header.face)));
    request.label = to_folder_label(field(header.label));
    return request;
}

}  // namespace

Box parse_box(std::string_view text) {
    std::array<std::int32_t, 4> sides{};
    const char* at = text.data();
    const char* end = text.data() + text.size();
    for (std::size_t i = 0; i < sides.size(); ++i) {
        const auto parsed = std::from_chars(at, end, sides[i]);
        const bool last = i + 1 == sides.size();
        if (parsed.ec != std::errc() || (last ? parsed.ptr != end : parsed.ptr == end || *parsed.ptr != ',')) {
            throw Error(ErrorCode::usage, "a box is LEFT,TOP,WIDTH,HEIGHT in pixels, not " + printable(text));
        }
        at = parsed.ptr + (last ? 0 : 1);
    }
    const Box box{sides[0], sides[1], sides[2], sides[3]};
    if (box.width <= 0 || box.height <= 0) {
        throw Error(ErrorCode::usage, "a box must be at least a pixel wide and high, unlike " + printable(text));
    }
    return box;
}

std::vector<BatchLine> read_batch(std::string_view csv, const fs::path& folder) {
    CsvReader reader(csv);
    std::vector<BatchLine> lines;
    Header header{0, 1, 2};
    for (bool first = true;; first = false) {
        CsvRow row;
        BatchLine line;
        try {
            if (!reader.next(row)) {
                break;
            }
        } catch (const Error& error) {
            line.problem = error.what();
        }
        if (first && line.problem.empty()) {
            if (const auto found = header_of(row)) {
                header = *found;
                continue;
            }
        }
        line.line = row.line;
        if (line.problem.empty()) {
            try {
                line.request = request_of(row, header, folder);
            } catch (const Error& error) {
                line.problem = error.what();
            }
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace mien::service
