// SPDX-License-Identifier: MIT
#include <mien/gallery/draft.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/columns.hpp>

#include <algorithm>

namespace mien::gallery {
namespace {

constexpr std::size_t k_smallest_tail = 64;
constexpr std::size_t k_largest_tail = 8192;

[[noreturn]] void misfit(const std::string& what) {
    throw Error(ErrorCode::store_corrupt, "a change does not fit the store: " + what);
}

bool is_extra_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    });
}

template <class Value>
std::vector<Value>& writable(std::shared_ptr<std::vector<Value>>& own, const std::vector<Value>& shared) {
    if (!own) {
        own = std::make_shared<std::vector<Value>>(shared);
    }
    return *own;
}

}  // namespace

Draft::Draft(std::shared_ptr<const Gallery> from)
    : m_from(std::move(from)),
      m_to(new Gallery(*m_from)),
      m_persons(m_from->m_persons.begin(), m_from->m_persons.end()),
      m_counts(m_from->m_people->counts) {
    if (m_counts.empty()) {
        m_counts.resize(m_from->people());
        for (const auto person : m_persons) {
            if (person != k_nobody) {
                ++m_counts[person];
            }
        }
    }
}

Draft::~Draft() = default;

std::uint32_t Draft::person(std::string_view label) {
    if (const auto known = m_from->find_person(label)) {
        return *known;
    }
    const auto [entry, is_new] =
        m_new_labels.try_emplace(std::string(label), static_cast<std::uint32_t>(m_counts.size()));
    if (is_new) {
        m_counts.push_back(0);
    }
    return entry->second;
}

void Draft::append(std::uint32_t person, std::string_view photo, const RecordView& row) {
    auto& to = *m_to;
    const auto at = m_persons.size();
    if (at + 1 >= k_nobody) {
        throw Error(ErrorCode::runtime, "the store is full");
    }
    const auto fits = [&] { return !to.m_tail.empty() && to.m_tail.back().tail->claim(to.m_tail.back().rows); };
    if (!fits()) {
        // Rooms double, so that a long tail is few blocks.
        const auto behind = at - to.m_base->persons.size();
        const auto room = std::clamp(behind, k_smallest_tail, k_largest_tail);
        to.m_tail.push_back({std::make_shared<Tail>(room, to.contract().dim), at, 0});
        to.m_tail.back().tail->claim(0);
    }
    auto& part = to.m_tail.back();
    part.tail->put(part.rows,
                   {std::string(photo), row.photo_hash, row.box, row.score, row.quality, row.origin, row.time},
                   row.encoding);
    ++part.rows;
    m_persons.push_back(person);
    to.m_persons = m_persons;
    ++m_counts[person];
    ++to.m_size;
}

void Draft::add(const Record& record) {
    if (record.label.empty()) {
        misfit("a record without a label");
    }
    if (record.encoding.size() != m_to->contract().dim) {
        throw Error(ErrorCode::model_mismatch, "an encoding of " + std::to_string(record.encoding.size()) +
                                                   " numbers does not belong to " + m_to->contract().encoder +
                                                   ", whose encodings have " + std::to_string(m_to->contract().dim));
    }
    if (m_to->find(record.key())) {
        misfit("the face of " + printable(record.photo) + " is there already");
    }
    append(person(record.label), record.photo,
           {0,
            {},
            {},
            record.photo_hash,
            record.box,
            record.score,
            record.quality,
            record.origin,
            record.time,
            record.encoding});
}

std::size_t Draft::remove(const RecordKey& key, std::string_view label) {
    const auto row = m_to->find(key);
    if (!row) {
        misfit("a face that it changes is not there");
    }
    const auto person = m_persons[*row];
    const auto found = m_from->find_person(label);
    const auto added = m_new_labels.find(label);
    if (!(found && *found == person) && !(added != m_new_labels.end() && added->second == person)) {
        misfit("the face of " + printable(m_to->photo(*row)) + " is not " + std::string(label) + "'s");
    }
    m_persons[*row] = k_nobody;
    --m_counts[person];
    --m_to->m_size;
    return *row;
}

void Draft::apply(const Operation& operation) {
    m_to->m_persons = m_persons;
    std::visit(
        [this](const auto& op) {
            using Op = std::decay_t<decltype(op)>;
            auto& to = *m_to;
            if constexpr (std::is_same_v<Op, Add>) {
                add(op.record);
            } else if constexpr (std::is_same_v<Op, Remove>) {
                remove(op.record.key(), op.record.label);
            } else if constexpr (std::is_same_v<Op, Relabel>) {
                if (op.to.empty()) {
                    misfit("a record without a label");
                }
                const auto row = remove(op.key, op.from);
                // The row is vacant now, but its content is where it was.
                const RecordView view{0,
                                      {},
                                      {},
                                      to.photo_hash(row),
                                      to.box(row),
                                      to.score(row),
                                      to.quality(row),
                                      to.origin(row),
                                      to.time(row),
                                      to.encoding(row)};
                append(person(op.to), op.photo_to, view);
            } else if constexpr (std::is_same_v<Op, Deny>) {
                writable(m_denials, to.denials()).push_back(op.denial);
            } else if constexpr (std::is_same_v<Op, Allow>) {
                auto& denials = writable(m_denials, to.denials());
                const auto at = std::find_if(denials.begin(), denials.end(), [&op](const Denial& denial) {
                    return denial.label == op.denial.label && denial.photo_hash == op.denial.photo_hash &&
                           denial.box == op.denial.box;
                });
                if (at == denials.end()) {
                    misfit("a denial that it takes back is not there");
                }
                denials.erase(at);
            } else if constexpr (std::is_same_v<Op, Skip>) {
                writable(m_skipped, to.skipped()).push_back(op.photo);
            } else if constexpr (std::is_same_v<Op, Unskip>) {
                auto& skipped = writable(m_skipped, to.skipped());
                const auto at = std::find_if(skipped.begin(), skipped.end(), [&op](const SkippedPhoto& photo) {
                    return photo.photo_hash == op.photo.photo_hash && photo.photo == op.photo.photo;
                });
                if (at == skipped.end()) {
                    misfit("a skipped photo that it takes back is not there");
                }
                skipped.erase(at);
            } else if constexpr (std::is_same_v<Op, SetExtra>) {
                if (!is_extra_name(op.name) || op.after.size() > k_largest_extra) {
                    misfit("an extra of an impossible name or size");
                }
                if (!m_extras) {
                    m_extras = std::make_shared<Extras>(to.extras());
                }
                if (op.after.empty()) {
                    m_extras->erase(op.name);
                } else {
                    m_extras->insert_or_assign(op.name, op.after);
                }
            } else if constexpr (std::is_same_v<Op, SetDescription>) {
                if (op.after.contract != to.contract()) {
                    throw Error(ErrorCode::model_mismatch, "the store holds encodings of " + to.contract().encoder +
                                                               "; they cannot become encodings of " +
                                                               op.after.contract.encoder);
                }
                to.m_description = std::make_shared<const Description>(op.after);
            } else {
                // MoveFile, AddFile and Replace say nothing about the gallery.
            }
        },
        operation);
    m_to->m_persons = m_persons;
}

void Draft::apply(const Change& change) {
    for (const auto& operation : change.operations) {
        apply(operation);
    }
}

void Draft::renumber() {
    // Labels in order, the new ones among the old, without those whom nobody is left of.
    struct Person {
        std::string_view label;
        std::uint32_t number;
    };
    std::vector<Person> order;
    order.reserve(m_counts.size());
    const auto take = [&](std::string_view label, std::uint32_t number) {
        if (m_counts[number] > 0) {
            order.push_back({label, number});
        }
    };
    auto added = m_new_labels.begin();
    for (std::uint32_t i = 0; i < m_from->people(); ++i) {
        for (; added != m_new_labels.end() && added->first < m_from->label(i); ++added) {
            take(added->first, added->second);
        }
        take(m_from->label(i), i);
    }
    for (; added != m_new_labels.end(); ++added) {
        take(added->first, added->second);
    }

    const auto labels = std::make_shared<Texts>();
    labels->reserve(order.size(), m_from->m_people->labels.blob().size());
    std::vector<std::uint32_t> numbers(m_counts.size(), k_nobody);
    std::vector<std::uint32_t> counts;
    counts.reserve(order.size());
    for (const auto& [label, number] : order) {
        numbers[number] = static_cast<std::uint32_t>(labels->size());
        labels->add(label);
        counts.push_back(m_counts[number]);
    }
    for (auto& person : m_persons) {
        person = person == k_nobody ? k_nobody : numbers[person];
    }
    m_counts = std::move(counts);
    m_to->m_people = std::make_shared<const Gallery::People>(Gallery::People{labels->view(), m_counts, labels});
}

std::shared_ptr<const Gallery> Draft::finish() {
    auto& to = *m_to;
    if (!m_new_labels.empty() || std::find(m_counts.begin(), m_counts.end(), 0U) != m_counts.end()) {
        renumber();
    } else {
        to.m_people = std::make_shared<const Gallery::People>(
            Gallery::People{m_from->m_people->labels, std::move(m_counts), m_from->m_people->keep});
    }
    if (m_skipped) {
        to.m_skipped = std::move(m_skipped);
    }
    if (m_denials) {
        to.m_denials = std::move(m_denials);
    }
    if (m_extras) {
        to.m_extras = std::move(m_extras);
    }
    to.m_own_persons = std::make_shared<const std::vector<std::uint32_t>>(std::move(m_persons));
    to.m_persons = *to.m_own_persons;
    to.make_blocks();
    return std::move(m_to);
}

}  // namespace mien::gallery
