// SPDX-License-Identifier: MIT
#include <mien/http/trace.hpp>

#include <algorithm>
#include <set>

namespace mien::http {
namespace {

constexpr std::string_view k_form = "00-00000000000000000000000000000000-0000000000000000-00";
constexpr std::size_t k_trace_id = 3;
constexpr std::size_t k_parent_id = 36;
constexpr std::size_t k_flags = 53;
constexpr std::size_t k_most_entries = 32;
constexpr std::size_t k_longest_state = 512;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }

/// What is passed on of a parent; empty where it cannot be read.
std::string parent_of(std::string_view text) {
    if (text.size() < k_form.size()) {
        return {};
    }
    const auto known = text.substr(0, k_form.size());
    const bool fits = std::equal(known.begin(), known.end(), k_form.begin(), [](char c, char form) {
        return form == '-' ? c == '-' : is_digit(c) || (c >= 'a' && c <= 'f');
    });
    const auto same = [&](std::size_t from, std::size_t size) {
        return known.substr(from, size) == k_form.substr(from, size);
    };
    const auto version = known.substr(0, 2);
    if (!fits || version == "ff" || same(k_trace_id, 32) || same(k_parent_id, 16)) {
        return {};
    }
    if (version == "00") {
        return text.size() == k_form.size() ? std::string(text) : std::string();
    }
    if (text.size() > k_form.size() && text[k_form.size()] != '-') {
        return {};
    }
    // Of a later version we know the first four fields, and of its flags the one that says "sampled".
    const char last = known.back();
    const int flags = is_digit(last) ? last - '0' : last - 'a' + 10;
    return "00" + std::string(known.substr(2, k_flags - 2)) + ((flags & 1) != 0 ? "01" : "00");
}

std::string new_parent() { return "00-" + random_digits(32) + "-" + random_digits(16) + "-00"; }

bool is_key(std::string_view key) {
    return !key.empty() && key.size() <= 256 && (is_small(key.front()) || is_digit(key.front())) &&
           std::all_of(key.begin(), key.end(), [](char c) {
               return is_small(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
           });
}

bool is_value(std::string_view value) {
    return !value.empty() && value.size() <= 256 && value.back() != ' ' &&
           std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

/// All headers of that name are one list. Empty where an entry is broken or comes twice.
std::string state_of(const Fields& headers) {
    std::string state;
    std::set<std::string, std::less<>> keys;
    bool full = false;
    for (const auto& [name, text] : headers.entries()) {
        if (!equal_without_case(name, "tracestate")) {
            continue;
        }
        for (const auto& entry : split_list(text)) {
            const auto equals = std::min(entry.find('='), entry.size());
            const std::string_view all = entry;
            if (!is_key(all.substr(0, equals)) || !is_value(all.substr(std::min(equals + 1, all.size()))) ||
                !keys.emplace(all.substr(0, equals)).second || keys.size() > k_most_entries) {
                return {};
            }
            full = full || state.size() + 1 + entry.size() > k_longest_state;
            if (!full) {
                state += (state.empty() ? "" : ",") + entry;
            }
        }
    }
    return state;
}

}  // namespace

Trace read_trace(const Fields& headers) {
    const auto sent = headers.get("traceparent");
    if (!sent) {
        return {};
    }
    auto parent = headers.count("traceparent") == 1 ? parent_of(*sent) : std::string();
    if (parent.empty()) {
        return {new_parent(), {}};
    }
    return {std::move(parent), state_of(headers)};
}

}  // namespace mien::http
