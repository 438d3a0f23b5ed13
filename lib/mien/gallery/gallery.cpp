// SPDX-License-Identifier: MIT
#include <mien/gallery/gallery.hpp>

#include <mien/core/error.hpp>

#include <algorithm>
#include <cstring>
#include <map>

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

std::shared_ptr<const Gallery> Gallery::build(Description description, std::span<const Record> records,
                                              std::vector<SkippedPhoto> skipped) {
    std::map<std::string_view, std::uint32_t> numbers;
    for (const auto& record : records) {
        numbers.emplace(record.label, 0);
    }
    Columns columns;
    for (auto& [label, number] : numbers) {
        number = static_cast<std::uint32_t>(columns.people.size());
        columns.people.add(label);
    }
    const std::size_t dim = description.contract.dim;
    auto encodings = std::make_shared<std::vector<float>>();
    encodings->reserve(records.size() * dim);
    for (const auto& record : records) {
        if (record.encoding.size() != dim) {
            throw Error(ErrorCode::model_mismatch, "an encoding of " + std::to_string(record.encoding.size()) +
                                                       " numbers does not belong to " + description.contract.encoder +
                                                       ", whose encodings have " + std::to_string(dim));
        }
        columns.person.push_back(numbers.at(record.label));
        columns.photos.add(record.photo);
        columns.photo_hashes.push_back(record.photo_hash);
        columns.boxes.push_back(record.box);
        columns.scores.push_back(record.score);
        columns.origins.push_back(static_cast<std::uint8_t>(record.origin));
        columns.times.push_back(record.time);
        encodings->insert(encodings->end(), record.encoding.begin(), record.encoding.end());
    }
    const std::span<const float> block(*encodings);
    return std::make_shared<const Gallery>(std::move(description), std::move(columns), block, std::move(encodings),
                                           std::move(skipped));
}

Gallery::Gallery(Description description, Columns columns, std::span<const float> encodings,
                 std::shared_ptr<const void> keep, std::vector<SkippedPhoto> skipped)
    : m_description(std::move(description)),
      m_columns(std::move(columns)),
      m_encodings(encodings),
      m_keep(std::move(keep)),
      m_skipped(std::move(skipped)) {
    const auto n = m_columns.person.size();
    const auto& c = m_columns;
    if (c.photos.size() != n || c.photo_hashes.size() != n || c.boxes.size() != n || c.scores.size() != n ||
        c.origins.size() != n || c.times.size() != n || m_encodings.size() != n * m_description.contract.dim) {
        throw Error(ErrorCode::store_corrupt, "the columns of the records differ in length");
    }
    const auto people = c.people.size();
    if (std::any_of(c.person.begin(), c.person.end(), [people](std::uint32_t p) { return p >= people; })) {
        throw Error(ErrorCode::store_corrupt, "a record belongs to a person who is not in the table");
    }
    if (std::any_of(c.origins.begin(), c.origins.end(),
                    [](std::uint8_t o) { return o > static_cast<std::uint8_t>(Origin::import); })) {
        throw Error(ErrorCode::store_corrupt, "a record's origin is not known");
    }
}

RecordView Gallery::record(std::size_t index) const {
    const auto& c = m_columns;
    const std::size_t dim = contract().dim;
    return {record_id(c.photo_hashes[index], c.boxes[index]),
            c.people[c.person[index]],
            c.photos[index],
            c.photo_hashes[index],
            c.boxes[index],
            c.scores[index],
            static_cast<Origin>(c.origins[index]),
            c.times[index],
            m_encodings.subspan(index * dim, dim)};
}

}  // namespace mien::gallery
