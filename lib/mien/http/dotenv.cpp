// SPDX-License-Identifier: MIT
#include <mien/http/dotenv.hpp>

#include <mien/core/error.hpp>
#include <mien/http/message.hpp>

#include <algorithm>

namespace mien::http {

std::map<std::string, std::string> parse_dotenv(std::string_view text) {
    std::map<std::string, std::string> variables;
    int number = 0;
    while (!text.empty()) {
        ++number;
        const auto end = std::min(text.find('\n'), text.size());
        auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#') {
            continue;
        }
        if (line.starts_with("export ")) {
            line = trimmed(line.substr(7));
        }
        const auto equals = line.find('=');
        const auto key = trimmed(line.substr(0, equals));
        const auto is_word = [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        };
        if (equals == std::string_view::npos || key.empty() || !std::all_of(key.begin(), key.end(), is_word)) {
            throw Error(ErrorCode::usage, "line " + std::to_string(number) + ": it is not NAME=value");
        }
        auto rest = trimmed(line.substr(equals + 1));
        std::string value;
        if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
            const char quote = rest.front();
            std::size_t at = 1;
            for (; at < rest.size() && rest[at] != quote; ++at) {
                if (quote == '"' && rest[at] == '\\' && at + 1 < rest.size()) {
                    ++at;
                    value += rest[at] == 'n' ? '\n' : rest[at] == 't' ? '\t' : rest[at];
                } else {
                    value += rest[at];
                }
            }
            if (at >= rest.size()) {
                throw Error(ErrorCode::usage, "line " + std::to_string(number) + ": the quote is not closed");
            }
        } else {
            // A comment begins at a '#' behind a blank.
            for (std::size_t at = 0; at < rest.size(); ++at) {
                if (rest[at] == '#' && (at == 0 || rest[at - 1] == ' ' || rest[at - 1] == '\t')) {
                    rest = rest.substr(0, at);
                    break;
                }
            }
            value = trimmed(rest);
        }
        variables[std::string(key)] = std::move(value);
    }
    return variables;
}

}  // namespace mien::http
