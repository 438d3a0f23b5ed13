// SPDX-License-Identifier: MIT
#include <mien/core/csv.hpp>

#include <mien/core/error.hpp>

#include <algorithm>

namespace mien {

CsvReader::CsvReader(std::string_view text) : m_rest(text) {
    if (m_rest.starts_with("\xEF\xBB\xBF")) {
        m_rest.remove_prefix(3);
    }
}

bool CsvReader::next(CsvRow& row) {
    while (m_rest.starts_with('\n') || m_rest.starts_with("\r\n")) {
        m_rest.remove_prefix(m_rest.front() == '\r' ? 2 : 1);
        ++m_line;
    }
    row.fields.clear();
    row.line = m_row_line = m_line;
    if (m_rest.empty()) {
        return false;
    }
    for (;;) {
        if (row.fields.size() == k_most_csv_fields) {
            row.fields = {};
            refuse("more than " + std::to_string(k_most_csv_fields) + " fields");
        }
        row.fields.push_back(field());
        if (m_rest.starts_with(',')) {
            m_rest.remove_prefix(1);
            continue;
        }
        if (!m_rest.empty()) {  // the end of the line
            m_rest.remove_prefix(m_rest.front() == '\r' ? 2 : 1);
            ++m_line;
        }
        return true;
    }
}

std::string CsvReader::field() {
    std::string text;
    if (!m_rest.starts_with('"')) {
        const auto end = std::min(m_rest.find_first_of(",\n\""), m_rest.size());
        text = m_rest.substr(0, end);
        m_rest.remove_prefix(end);
        if (m_rest.starts_with('"')) {
            refuse("a quote in the middle of a field; quote the whole field, and double the quotes in it");
        }
        if (m_rest.starts_with('\n') && text.ends_with('\r')) {
            text.pop_back();
        }
        // Without its line's LF the last CR is a line's end, too.
        if (m_rest.empty() && text.ends_with('\r')) {
            text.pop_back();
        }
        return text;
    }
    for (m_rest.remove_prefix(1);;) {
        const auto quote = m_rest.find('"');
        if (quote == std::string_view::npos) {
            m_rest = {};
            refuse("a quote that is never closed");
        }
        const auto part = m_rest.substr(0, quote);
        m_line += static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
        text += part;
        m_rest.remove_prefix(quote + 1);
        if (!m_rest.starts_with('"')) {
            break;
        }
        text += '"';
        m_rest.remove_prefix(1);
    }
    const bool ended = m_rest.empty() || m_rest.front() == ',' || m_rest.front() == '\n' ||
                       m_rest.starts_with("\r\n") || m_rest == "\r";
    if (!ended) {
        refuse("letters behind a closed quote");
    }
    if (m_rest == "\r") {
        m_rest = {};
    }
    return text;
}

void CsvReader::refuse(const std::string& reason) {
    const auto end = m_rest.find('\n');
    m_rest.remove_prefix(end == std::string_view::npos ? m_rest.size() : end + 1);
    m_line += end == std::string_view::npos ? 0 : 1;
    throw Error(ErrorCode::usage, "line " + std::to_string(m_row_line) + ": " + reason);
}

std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos && !text.starts_with(' ') && !text.ends_with(' ')) {
        return std::string(text);
    }
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c;
        if (c == '"') {
            quoted += c;
        }
    }
    return quoted + '"';
}

}  // namespace mien
