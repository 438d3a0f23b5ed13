// SPDX-License-Identifier: MIT
#include <mien/gallery/roster.hpp>

#include <algorithm>

namespace mien::gallery {
namespace {

// Copying so many changes takes some microseconds; numbering anew takes some milliseconds for a million rows.
constexpr std::size_t k_most_changes = 256;

/// Of each person whether there is a row: all have one as long as no row was vacated.
std::vector<char> who_is_left(std::span<const std::uint32_t> persons, std::size_t people, bool vacated) {
    std::vector<char> left(people, vacated ? 0 : 1);
    if (vacated) {
        for (const auto person : persons) {
            if (person != k_nobody) {
                left[person] = 1;
            }
        }
    }
    return left;
}

std::shared_ptr<const Numbering> number(const Numbering& base, const RowChanges& changes) {
    const auto persons = std::make_shared<std::vector<std::uint32_t>>();
    persons->reserve(base.persons.size() + changes.added.size());
    persons->insert(persons->end(), base.persons.begin(), base.persons.end());
    persons->insert(persons->end(), changes.added.begin(), changes.added.end());
    for (const auto row : changes.vacated) {
        (*persons)[row] = k_nobody;
    }
    const auto numbering = std::make_shared<Numbering>(Numbering{base.labels, {}, base.keep_labels, persons});
    const auto known = base.labels.size();
    const auto left = who_is_left(*persons, known + changes.labels.size(), !changes.vacated.empty());
    const bool same_people = changes.labels.empty() && std::find(left.begin(), left.end(), 0) == left.end();
    if (!same_people) {
        const auto labels = std::make_shared<Texts>();
        labels->reserve(left.size(), base.labels.blob().size());
        std::vector<std::uint32_t> numbers(left.size(), k_nobody);
        const auto take = [&](std::string_view label, std::size_t person) {
            if (left[person] != 0) {
                numbers[person] = static_cast<std::uint32_t>(labels->size());
                labels->add(label);
            }
        };
        std::size_t next = 0;
        const auto take_known_before = [&](std::size_t end) {
            for (; next < end; ++next) {
                take(base.labels[next], next);
            }
        };
        for (const auto& [label, person] : changes.labels) {
            take_known_before(base.labels.lower_bound(label));
            take(label, person);
        }
        take_known_before(known);
        for (auto& person : *persons) {
            person = person == k_nobody ? k_nobody : numbers[person];
        }
        numbering->labels = labels->view();
        numbering->keep_labels = labels;
    }
    numbering->persons = *persons;
    return numbering;
}

}  // namespace

Roster::Roster(Numbering numbering)
    : m_base(std::make_shared<const Numbering>(std::move(numbering))), m_made(m_base.get()) {}

Roster::Roster(std::shared_ptr<const Numbering> base, RowChanges changes)
    : m_base(std::move(base)), m_changes(std::move(changes)) {}

const Numbering& Roster::make() const {
    const std::lock_guard guard(m_mutex);
    return make_locked();
}

const Numbering& Roster::make_locked() const {
    if (m_made == nullptr) {
        m_base = number(*m_base, m_changes);
        m_changes = {};
        m_made.store(m_base.get(), std::memory_order_release);
    }
    return *m_base;
}

Roster::Start Roster::start() const {
    const std::lock_guard guard(m_mutex);
    if (m_changes.size() > k_most_changes) {
        make_locked();
    }
    return {m_base, m_changes};
}

}  // namespace mien::gallery
