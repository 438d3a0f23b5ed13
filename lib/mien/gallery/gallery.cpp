// SPDX-License-Identifier: MIT
#include <mien/gallery/gallery.hpp>

#include <mien/core/error.hpp>
#include <mien/gallery/columns.hpp>
#include <mien/gallery/roster.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace mien::gallery {

std::uint64_t record_id(const Sha256& photo_hash, const Box& box) {
    std::array<std::byte, sizeof(Sha256) + sizeof(Box)> key{};
    std::memcpy(key.data(), photo_hash.bytes.data(), sizeof(Sha256));
    std::memcpy(key.data() + sizeof(Sha256), &box, sizeof(Box));
    return xxh3(key);
}

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::no_face: return "no_face";
        case Outcome::several_faces: return "several_faces";
        case Outcome::unreadable: return "unreadable";
    }
    return "unreadable";
}

Record RecordView::copy() const {
    return {std::string(label),
            std::string(photo),
            photo_hash,
            box,
            score,
            quality,
            origin,
            time,
            {encoding.begin(), encoding.end()}};
}

std::shared_ptr<const Gallery> Gallery::build(Description description, std::span<const Record> records,
                                              std::vector<SkippedPhoto> skipped, std::vector<Denial> denials,
                                              Extras extras) {
    std::map<std::string_view, std::uint32_t> numbers;
    for (const auto& record : records) {
        numbers.emplace(record.label, 0);
    }
    OwnedColumns columns;
    for (auto& [label, number] : numbers) {
        number = static_cast<std::uint32_t>(columns.people.size());
        columns.people.add(label);
    }
    const std::size_t dim = description.contract.dim;
    columns.encodings.reserve(records.size() * dim);
    for (const auto& record : records) {
        if (record.encoding.size() != dim) {
            throw Error(ErrorCode::model_mismatch, "an encoding of " + std::to_string(record.encoding.size()) +
                                                       " numbers does not belong to " + description.contract.encoder +
                                                       ", whose encodings have " + std::to_string(dim));
        }
        columns.persons.push_back(numbers.at(record.label));
        columns.photos.add(record.photo);
        columns.photo_hashes.push_back(record.photo_hash);
        columns.boxes.push_back(record.box);
        columns.scores.push_back(record.score);
        columns.qualities.push_back(record.quality);
        columns.origins.push_back(static_cast<std::uint8_t>(record.origin));
        columns.times.push_back(record.time);
        columns.encodings.insert(columns.encodings.end(), record.encoding.begin(), record.encoding.end());
    }
    columns.sort_by_photo();
    for (std::size_t i = 1; i < records.size(); ++i) {
        const auto& record = records[columns.by_photo[i]];
        for (std::size_t j = i; j-- > 0 && records[columns.by_photo[j]].photo_hash == record.photo_hash;) {
            if (records[columns.by_photo[j]].box == record.box) {
                throw Error(ErrorCode::usage, "two records are of the same face of " + record.photo);
            }
        }
    }
    return std::make_shared<const Gallery>(std::move(description), OwnedColumns::share(std::move(columns)),
                                           std::move(skipped), std::move(denials), std::move(extras));
}

Gallery::Gallery(Description description, std::shared_ptr<const Columns> columns, std::vector<SkippedPhoto> skipped,
                 std::vector<Denial> denials, Extras extras)
    : m_description(std::make_shared<const Description>(std::move(description))),
      m_base(std::move(columns)),
      m_roster(std::make_shared<const Roster>(Numbering{m_base->people, m_base->persons, m_base, m_base})),
      m_rows(m_base->persons.size()),
      m_size(m_rows),
      m_skipped(std::make_shared<const std::vector<SkippedPhoto>>(std::move(skipped))),
      m_denials(std::make_shared<const std::vector<Denial>>(std::move(denials))),
      m_extras(std::make_shared<const Extras>(std::move(extras))) {
    const auto n = m_size;
    const auto& c = *m_base;
    if (c.photos.size() != n || c.photo_hashes.size() != n || c.boxes.size() != n || c.scores.size() != n ||
        c.qualities.size() != n || c.origins.size() != n || c.times.size() != n || c.by_photo.size() != n ||
        n >= k_nobody || c.encodings.size() != n * contract().dim) {
        throw Error(ErrorCode::store_corrupt, "the columns of the records differ in length");
    }
    // The largest of a column, not the first that is too large: that loop can be made of vectors.
    const auto largest = [](const auto& column) {
        std::uint32_t most = 0;
        for (const auto value : column) {
            most = std::max<std::uint32_t>(most, value);
        }
        return most;
    };
    if (n > 0 && largest(c.persons) >= c.people.size()) {
        throw Error(ErrorCode::store_corrupt, "a record belongs to a person who is not in the table");
    }
    if (n > 0 && largest(c.by_photo) >= n) {
        throw Error(ErrorCode::store_corrupt, "the index of photos names a record that is not there");
    }
    if (largest(c.origins) > static_cast<std::uint32_t>(Origin::import)) {
        throw Error(ErrorCode::store_corrupt, "a record's origin is not known");
    }
    make_blocks();
}

void Gallery::make_blocks() {
    m_blocks.clear();
    if (!m_base->encodings.empty()) {
        m_blocks.push_back({0, m_base->encodings});
    }
    for (const auto& part : m_tail) {
        m_blocks.push_back({part.first_row, {part.tail->encodings.get(), part.rows * part.tail->dim}});
    }
}

std::span<const std::uint32_t> Gallery::persons() const { return m_roster->numbering().persons; }

std::size_t Gallery::people() const { return m_roster->numbering().labels.size(); }

std::string_view Gallery::label(std::size_t person) const { return m_roster->numbering().labels[person]; }

std::optional<std::uint32_t> Gallery::find_person(std::string_view label) const {
    const auto& labels = m_roster->numbering().labels;
    const auto at = labels.lower_bound(label);
    return at < labels.size() && labels[at] == label ? std::optional(static_cast<std::uint32_t>(at)) : std::nullopt;
}

const Gallery::TailPart* Gallery::part_of(std::size_t row) const {
    if (row < m_base->persons.size()) {
        return nullptr;
    }
    const auto behind = std::upper_bound(m_tail.begin(), m_tail.end(), row,
                                         [](std::size_t r, const TailPart& part) { return r < part.first_row; });
    return &*std::prev(behind);
}

RecordView Gallery::record(std::size_t row) const {
    const auto& numbering = m_roster->numbering();
    const auto label = numbering.labels[numbering.persons[row]];
    if (const auto* part = part_of(row)) {
        const auto& r = part->tail->rows[row - part->first_row];
        return {record_id(r.photo_hash, r.box),
                label,
                r.photo,
                r.photo_hash,
                r.box,
                r.score,
                r.quality,
                r.origin,
                r.time,
                encoding(row)};
    }
    const auto& c = *m_base;
    return {record_id(c.photo_hashes[row], c.boxes[row]),
            label,
            c.photos[row],
            c.photo_hashes[row],
            c.boxes[row],
            c.scores[row],
            c.qualities[row],
            static_cast<Origin>(c.origins[row]),
            c.times[row],
            encoding(row)};
}

std::span<const float> Gallery::encoding(std::size_t row) const {
    const std::size_t dim = contract().dim;
    if (const auto* part = part_of(row)) {
        return {part->tail->encodings.get() + (row - part->first_row) * dim, dim};
    }
    return m_base->encodings.subspan(row * dim, dim);
}

std::string_view Gallery::photo(std::size_t row) const {
    const auto* part = part_of(row);
    return part != nullptr ? std::string_view(part->tail->rows[row - part->first_row].photo) : m_base->photos[row];
}

const Sha256& Gallery::photo_hash(std::size_t row) const {
    const auto* part = part_of(row);
    return part != nullptr ? part->tail->rows[row - part->first_row].photo_hash : m_base->photo_hashes[row];
}

const Box& Gallery::box(std::size_t row) const {
    const auto* part = part_of(row);
    return part != nullptr ? part->tail->rows[row - part->first_row].box : m_base->boxes[row];
}

Origin Gallery::origin(std::size_t row) const {
    const auto* part = part_of(row);
    return part != nullptr ? part->tail->rows[row - part->first_row].origin : static_cast<Origin>(m_base->origins[row]);
}

float Gallery::score(std::size_t row) const {
    const auto* part = part_of(row);
    return part != nullptr ? part->tail->rows[row - part->first_row].score : m_base->scores[row];
}

float Gallery::quality(std::size_t row) const {
    const auto* part = part_of(row);
    return part != nullptr ? part->tail->rows[row - part->first_row].quality : m_base->qualities[row];
}

UnixTime Gallery::time(std::size_t row) const {
    const auto* part = part_of(row);
    return part != nullptr ? part->tail->rows[row - part->first_row].time : m_base->times[row];
}

void Gallery::visit_photo(const Sha256& photo_hash, const std::function<void(std::size_t)>& visit) const {
    const auto& c = *m_base;
    for (auto at = std::lower_bound(c.by_photo.begin(), c.by_photo.end(), photo_hash,
                                    [&c](std::uint32_t row, const Sha256&hash) { return c.photo_hashes[row] < hash; });
         at != c.by_photo.end() && c.photo_hashes[*at] == photo_hash; ++at) {
        if (!is_vacant(*at)) {
            visit(*at);
        }
    }
    for (const auto& part : m_tail) {
        part.tail->visit_photo(photo_hash, part.rows, [&](std::size_t at) {
            if (!is_vacant(part.first_row + at)) {
                visit(part.first_row + at);
            }
        });
    }
}

std::optional<std::size_t> Gallery::find(const RecordKey& key) const {
    std::optional<std::size_t> found;
    visit_photo(key.photo_hash, [&](std::size_t row) {
        if (box(row) == key.box) {
            found = row;
        }
    });
    return found;
}

std::vector<std::size_t> Gallery::rows_of_photo(const Sha256& photo_hash) const {
    std::vector<std::size_t> rows;
    visit_photo(photo_hash, [&rows](std::size_t row) { rows.push_back(row); });
    std::sort(rows.begin(), rows.end());
    return rows;
}

std::vector<std::size_t> Gallery::rows_of_person(std::uint32_t person) const {
    std::vector<std::size_t> rows;
    const auto persons = this->persons();
    for (auto at = persons.begin(); (at = std::find(at, persons.end(), person)) != persons.end(); ++at) {
        rows.push_back(static_cast<std::size_t>(at - persons.begin()));
    }
    return rows;
}

std::string_view Gallery::extra(std::string_view name) const {
    const auto found = m_extras->find(name);
    return found == m_extras->end() ? std::string_view() : std::string_view(found->second);
}

std::size_t Gallery::loose_rows() const {
    const auto behind = rows() - m_base->persons.size();
    return behind + (rows() - m_size);
}

}  // namespace mien::gallery
