// SPDX-License-Identifier: MIT
#include <mien/service/people.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>

#include <algorithm>
#include <cmath>

namespace mien::service {
namespace {

/// How many insertions, removals and exchanges of bytes make one text of the other.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t exchange = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, exchange});
        }
    }
    return row.back();
}

}  // namespace

std::uint32_t require_person(const gallery::Gallery& store, const std::string& label) {
    if (const auto person = store.find_person(label)) {
        return *person;
    }
    std::string nearest;
    std::size_t fewest = 1 + label.size() / 3;  // more edits than that is another name, not a slip
    for (std::size_t i = 0; i < store.people(); ++i) {
        const auto known = store.label(i);
        const auto distance = known.size() > label.size() + fewest ? fewest + 1 : edits(label, known);
        if (distance <= fewest) {
            fewest = distance;
            nearest = known;
        }
    }
    throw Error(ErrorCode::usage,
                "the store has nobody called " + shell_quoted(label) +
                    (nearest.empty() ? "; 'mien list' shows who is there" : "; is it " + shell_quoted(nearest) + "?"));
}

std::vector<PersonSummary> list_people(const gallery::Gallery& store) {
    std::vector<PersonSummary> people(store.people());
    for (std::size_t i = 0; i < people.size(); ++i) {
        people[i].label = store.label(i);
    }
    for (std::size_t row = 0; row < store.rows(); ++row) {
        if (store.is_vacant(row)) {
            continue;
        }
        auto& person = people[store.persons()[row]];
        ++person.encodings;
        person.updated = std::max(person.updated, store.time(row));
    }
    return people;
}

Person show_person(const gallery::Gallery& store, const std::string& label) {
    const auto number = require_person(store, label);
    Person person{{label, 0, 0}, {}};
    for (const auto row : store.rows_of_person(number)) {
        const auto record = store.record(row);
        person.records.push_back(
            {record.id, std::string(record.photo), record.box, record.score,
             std::isnan(record.quality) ? std::nullopt : std::optional(static_cast<double>(record.quality)),
             record.origin, record.time});
        person.summary.updated = std::max(person.summary.updated, record.time);
    }
    person.summary.encodings = person.records.size();
    std::sort(person.records.begin(), person.records.end(), [](const PersonRecord& a, const PersonRecord& b) {
        return std::tie(a.time, a.photo, a.id) < std::tie(b.time, b.photo, b.id);
    });
    return person;
}

Json to_json(const PersonSummary& person) {
    return {{"label", person.label}, {"encodings", person.encodings}, {"updated", to_iso8601(person.updated)}};
}

Json to_json(const Person& person) {
    auto json = to_json(person.summary);
    json["records"] = Json::array();
    for (const auto& record : person.records) {
        json["records"].push_back({{"photo", record.photo},
                                   {"box", mien::to_json(record.box)},
                                   {"score", rounded(static_cast<double>(record.score), 4)},
                                   {"quality", record.quality ? Json(rounded(*record.quality, 4)) : Json(nullptr)},
                                   {"origin", to_string(record.origin)},
                                   {"time", to_iso8601(record.time)}});
    }
    return json;
}

}  // namespace mien::service
