// SPDX-License-Identifier: MIT
#include <mien/http/route.hpp>

#include <mien/core/text.hpp>

#include <algorithm>
#include <stdexcept>

namespace mien::http {
namespace {

std::vector<std::string_view> parts_of(std::string_view path) {
    std::vector<std::string_view> parts;
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    path.remove_suffix(path.ends_with('/') ? 1 : 0);
    while (!path.empty()) {
        const auto end = std::min(path.find('/'), path.size());
        parts.push_back(path.substr(0, end));
        if (end == path.size()) {
            break;
        }
        path.remove_prefix(end + 1);
        if (path.empty()) {
            parts.emplace_back();  // "a//": the second slash is a part of its own
        }
    }
    return parts;
}

bool is_place(std::string_view part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

bool is_clean(std::string_view text) {
    return is_utf8(text) && std::none_of(text.begin(), text.end(),
                                         [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

Field image_field(std::string name) {
    return {Field::In::body, std::move(name), {{"type", "string"}, {"format", "binary"}}, true, "The photo"};
}

bool Route::takes_image() const {
    return std::any_of(fields.begin(), fields.end(),
                       [](const Field& field) { return field.schema.value("format", "") == "binary"; });
}

Json own_refusal(const Refusal& refusal) {
    return {{"success", false}, {"message", refusal.what()}, {"detail", refusal.what()}, {"code", refusal.code()}};
}

void RouteTable::add(Dialect dialect) { m_dialects.push_back(std::move(dialect)); }

const Dialect& RouteTable::dialect(std::string_view name) const {
    const auto found =
        std::find_if(m_dialects.begin(), m_dialects.end(), [name](const Dialect& each) { return each.name == name; });
    if (found == m_dialects.end()) {
        throw std::logic_error("there is no dialect " + std::string(name));
    }
    return *found;
}

void RouteTable::add(Route route) {
    static_cast<void>(dialect(route.dialect));
    auto* node = &m_root;
    for (const auto part : parts_of(route.path)) {
        auto& next = is_place(part) ? node->place : node->literal[std::string(part)];
        if (!next) {
            next = std::make_unique<Node>();
        }
        node = next.get();
    }
    const auto same = [&route](const Route* other) { return other->method == route.method; };
    if (std::any_of(node->routes.begin(), node->routes.end(), same)) {
        throw std::logic_error("two routes for " + route.method + " " + route.path);
    }
    m_routes.push_back(std::make_unique<Route>(std::move(route)));
    node->routes.push_back(m_routes.back().get());
}

void RouteTable::find(const Node& node, const std::vector<std::string>& parts, std::size_t index,
                      std::vector<std::string>& values, std::string_view method, Match& match) const {
    if (index == parts.size()) {
        for (const auto* route : node.routes) {
            const bool fits = route->method == method || (method == "HEAD" && route->method == "GET");
            if (fits && match.route == nullptr) {
                match.route = route;
                std::size_t next = 0;
                for (const auto part : parts_of(route->path)) {
                    if (is_place(part)) {
                        match.params.add(std::string(part.substr(1, part.size() - 2)), values[next++]);
                    }
                }
            }
            match.allowed.push_back(route->method);
            if (route->method == "GET") {
                match.allowed.emplace_back("HEAD");
            }
        }
        return;
    }
    if (const auto next = node.literal.find(parts[index]); next != node.literal.end()) {
        find(*next->second, parts, index + 1, values, method, match);
    }
    if (match.route == nullptr && node.place && !parts[index].empty()) {
        values.push_back(parts[index]);
        find(*node.place, parts, index + 1, values, method, match);
        values.pop_back();
    }
}

std::vector<std::string> RouteTable::methods() const {
    std::vector<std::string> methods{"HEAD"};
    for (const auto& route : m_routes) {
        methods.push_back(route->method);
    }
    return methods;
}

RouteTable::Match RouteTable::match(std::string_view method, std::string_view path) const {
    Match match;
    std::vector<std::string> parts;
    for (const auto part : parts_of(path)) {
        auto decoded = percent_decoded(part);
        if (!decoded || !is_clean(*decoded)) {
            match.malformed = true;
            return match;
        }
        parts.push_back(std::move(*decoded));
    }
    std::vector<std::string> values;
    find(m_root, parts, 0, values, method, match);
    return match;
}

}  // namespace mien::http
