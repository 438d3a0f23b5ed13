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

Draft::Draft(const std::shared_ptr<const Gallery>& from) : m_to(new Gallery(*from)) {
    auto start = from->m_roster->start();
    m_numbering = std::move(start.base);
    m_changes = std::move(start.changes);
}

Draft::~Draft() = default;

std::optional<std::uint32_t> Draft::find_person(std::string_view label) const {
    const auto& labels = m_numbering->labels;
    if (const auto at = labels.lower_bound(label); at < labels.size() && labels[at] == label) {
        return static_cast<std::uint32_t>(at);
    }
    const auto found = m_changes.labels.find(label);
    return found != m_changes.labels.end() ? std::optional(found->second) : std::nullopt;
}

std::uint32_t Draft::person(std::string_view label) {
    if (const auto known = find_person(label)) {
        return *known;
    }
    const auto number = static_cast<std::uint32_t>(m_numbering->labels.size() + m_changes.labels.size());
    m_changes.labels.emplace(label, number);
    return number;
}

void Draft::append(std::uint32_t person, std::string_view photo, const RecordView& row) {
    auto& to = *m_to;
    const auto at = to.m_rows;
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
    m_changes.added.push_back(person);
    m_moved = true;
    ++to.m_rows;
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
    const auto known = m_numbering->persons.size();
    const auto person = *row < known ? m_numbering->persons[*row] : m_changes.added[*row - known];
    if (find_person(label) != person) {
        misfit("the face of " + printable(m_to->photo(*row)) + " is not " + std::string(label) + "'s");
    }
    m_changes.vacated.push_back(static_cast<std::uint32_t>(*row));
    m_moved = true;
    m_to->m_vacant.insert(*row);
    --m_to->m_size;
    return *row;
}

void Draft::apply(const Operation& operation) {
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
}

void Draft::apply(const Change& change) {
    for (const auto& operation : change.operations) {
        apply(operation);
    }
}

std::shared_ptr<const Gallery> Draft::finish() {
    auto& to = *m_to;
    if (m_moved) {
        to.m_roster = std::make_shared<const Roster>(std::move(m_numbering), std::move(m_changes));
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
    to.make_blocks();
    return std::move(m_to);
}

}  // namespace mien::gallery
