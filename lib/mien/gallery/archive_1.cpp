// SPDX-License-Identifier: MIT
#include <mien/gallery/archive_1.hpp>

#include <mien/core/error.hpp>
#include <mien/gallery/columns.hpp>
#include <mien/gallery/payload.hpp>

#include <array>
#include <cstring>

namespace mien::gallery {
namespace {

/// The header as it lies in the file, little-endian.
struct Header {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t header_size;
    std::array<char, 64> encoder;  ///< NUL-padded
    Sha256 weights;
    std::uint32_t dim;
    std::uint32_t metric;
    std::uint64_t count;
    std::uint64_t encodings_offset;
    std::uint64_t encodings_length;
    std::uint64_t payload_offset;
    std::uint64_t payload_length;
    std::uint64_t encodings_checksum;
    std::uint64_t payload_checksum;
    std::array<std::uint8_t, 72> reserved;
    std::uint64_t header_checksum;  ///< of all bytes before it
};
static_assert(sizeof(Header) == k_header_size && std::is_trivially_copyable_v<Header>);

constexpr std::uint32_t k_largest_dim = 16384;

[[noreturn]] void corrupt(const std::string& what, std::size_t offset) {
    throw Error(ErrorCode::store_corrupt, what + " (at byte " + std::to_string(offset) + ")");
}

std::uint64_t header_checksum(const Header& header) {
    return xxh3(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, header_checksum)));
}

Texts read_texts(PayloadReader& reader) {
    std::vector<std::uint64_t> offsets;
    std::string blob;
    reader.read(offsets);
    reader.read(blob);
    const TextsView view(offsets, blob);
    Texts texts;
    texts.reserve(view.size(), blob.size());
    for (std::size_t i = 0; i < view.size(); ++i) {
        texts.add(view[i]);
    }
    return texts;
}

struct Payload {
    std::string settings;
    std::string fingerprint;
    OwnedColumns columns;
    std::vector<SkippedPhoto> skipped;
};

Payload read_payload(Bytes bytes) {
    Payload payload;
    PayloadReader reader(bytes);
    auto& columns = payload.columns;
    reader.read(payload.settings);
    reader.read(payload.fingerprint);
    columns.people = read_texts(reader);
    reader.read(columns.persons);
    columns.photos = read_texts(reader);
    reader.read(columns.photo_hashes);
    reader.read(columns.boxes);
    reader.read(columns.scores);
    reader.read(columns.origins);
    reader.read(columns.times);
    const auto photos = read_texts(reader);
    std::vector<Sha256> hashes;
    reader.read(hashes);
    std::vector<std::uint8_t> outcomes;
    reader.read(outcomes);
    const auto reasons = read_texts(reader);
    const auto n = photos.size();
    if (!reader.at_end() || hashes.size() != n || outcomes.size() != n || reasons.size() != n) {
        throw Error(ErrorCode::store_corrupt, "the table of skipped photos does not fit");
    }
    for (std::size_t i = 0; i < n; ++i) {
        if (outcomes[i] > static_cast<std::uint8_t>(Outcome::unreadable)) {
            throw Error(ErrorCode::store_corrupt, "the outcome of a skipped photo is not known");
        }
        payload.skipped.push_back({std::string(photos.view()[i]), hashes[i], static_cast<Outcome>(outcomes[i]),
                                   std::string(reasons.view()[i])});
    }
    if (columns.photo_hashes.size() != columns.persons.size()) {
        throw Error(ErrorCode::store_corrupt, "the columns of the records differ in length");
    }
    columns.qualities.assign(columns.persons.size(), k_not_measured);
    columns.sort_by_photo();
    return payload;
}

Header read_header(Bytes bytes) {
    Header header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.header_checksum != header_checksum(header)) {
        corrupt("the header is damaged", offsetof(Header, header_checksum));
    }
    // The checksum finds accidents; what follows holds for files that were made to harm.
    if (header.header_size != k_header_size || header.dim == 0 || header.dim > k_largest_dim || header.metric > 1 ||
        header.encoder.back() != '\0') {
        corrupt("the header says something impossible", offsetof(Header, header_size));
    }
    const std::uint64_t row = header.dim * sizeof(float);
    if (header.encodings_offset != k_header_size || header.encodings_length > bytes.size() - k_header_size ||
        header.encodings_length % row != 0 || header.encodings_length / row != header.count ||
        header.payload_offset != header.encodings_offset + header.encodings_length ||
        header.payload_length != bytes.size() - header.payload_offset) {
        corrupt("the file's length is not what its header says; it may be cut short", bytes.size());
    }
    return header;
}

}  // namespace

Archive read_archive_1(Bytes bytes, std::shared_ptr<const void> keep) {
    const auto header = read_header(bytes);
    const auto encodings = bytes.subspan(header.encodings_offset, header.encodings_length);
    const auto payload_bytes = bytes.subspan(header.payload_offset);
    if (xxh3(payload_bytes) != header.payload_checksum) {
        corrupt("the records are damaged", header.payload_offset);
    }
    if (xxh3(encodings) != header.encodings_checksum) {
        corrupt("the encodings are damaged", header.encodings_offset);
    }
    Payload payload;
    try {
        payload = read_payload(payload_bytes);
    } catch (const cereal::Exception&) {
        corrupt("the records end early", header.payload_offset);
    }
    Description description{{std::string(header.encoder.data()), to_hex(header.weights), header.dim,
                             header.metric == 1 ? Metric::cosine : Metric::l2},
                            std::move(payload.settings),
                            std::move(payload.fingerprint)};
    const auto columns = std::make_shared<Columns>(*OwnedColumns::share(std::move(payload.columns)));
    // The block starts 256 bytes into a page-aligned or freshly allocated buffer: aligned for floats.
    columns->encodings = {reinterpret_cast<const float*>(encodings.data()), encodings.size() / sizeof(float)};
    columns->keep = std::make_shared<const std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>>(
        columns->keep, std::move(keep));
    return {std::make_shared<const Gallery>(std::move(description), columns, std::move(payload.skipped),
                                            std::vector<Denial>(), Extras()),
            {header.header_checksum, 0, 0}};
}

}  // namespace mien::gallery
