// SPDX-License-Identifier: MIT
#include <mien/gallery/archive.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/gallery/archive_1.hpp>
#include <mien/gallery/columns.hpp>
#include <mien/gallery/payload.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <thread>

namespace mien::gallery {
namespace {

// The first byte is no text, and the line ends and the ^Z show a transfer that took the file for text.
constexpr std::array<char, 8> k_magic{'\x89', 'M', 'I', 'E', 'N', '\r', '\n', '\x1a'};

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
    std::uint64_t table_length;
    std::uint64_t table_checksum;
    std::uint64_t body_length;
    std::uint64_t predecessor;
    std::uint64_t last_change;
    std::uint32_t chunk;  ///< bytes that have a checksum of their own; 0: k_largest_chunk
    std::uint32_t zero;
    std::uint64_t places_checksum;  ///< of the table's places; 0: none, the table is whole or of no use
    std::array<std::uint8_t, 64> reserved;
    std::uint64_t header_checksum;  ///< of all bytes before it
};
static_assert(sizeof(Header) == k_header_size && std::is_trivially_copyable_v<Header>);

/// What the body holds, in this order.
enum Part : std::size_t {
    k_encodings,
    k_persons,
    k_photo_offsets,
    k_photo_bytes,
    k_photo_hashes,
    k_boxes,
    k_scores,
    k_qualities,
    k_origins,
    k_times,
    k_by_photo,
    k_label_offsets,
    k_label_bytes,
    k_rest,  ///< cereal: what is no column
    k_parts
};

/// A part's place; offset from the start of the body.
struct Place {
    std::uint64_t offset;
    std::uint64_t length;
};

constexpr std::uint32_t k_largest_dim = 16384;
constexpr std::size_t k_alignment = 64;
// A damaged chunk costs what lies in it, so small; each costs a checksum, so not too small, and not too many.
constexpr std::size_t k_smallest_chunk = k_alignment;  // no chunk reaches from one column into the next
constexpr std::size_t k_largest_chunk = std::size_t{64} << 10U;
constexpr std::size_t k_many_chunks = 4096;
// Less than this is checked faster than a thread starts.
constexpr std::size_t k_worth_a_thread = std::size_t{8} << 20U;
constexpr unsigned k_most_threads = 4;                 // memory is read no faster by more
constexpr std::size_t k_step = std::size_t{4} << 20U;  // bytes that a thread takes at a time

constexpr std::size_t aligned(std::size_t size) { return (size + k_alignment - 1) / k_alignment * k_alignment; }
constexpr std::size_t chunks_of(std::size_t length, std::size_t chunk) { return (length + chunk - 1) / chunk; }

constexpr std::size_t chunk_for(std::size_t length) {
    auto chunk = k_smallest_chunk;
    while (chunk < k_largest_chunk && chunks_of(length, chunk) > k_many_chunks) {
        chunk *= 2;
    }
    return chunk;
}

[[noreturn]] void corrupt(const std::string& what, std::size_t offset) {
    throw Error(ErrorCode::store_corrupt, what + " (at byte " + std::to_string(offset) + ")");
}

std::uint64_t header_checksum(const Header& header) {
    return xxh3(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, header_checksum)));
}

// Writing

/// The body's pieces in order, with the zeros that align the parts.
class Body {
public:
    explicit Body(const Gallery& gallery) {
        gather(gallery);
        add_encodings(gallery);
        add(k_persons, m_columns.persons);
        add(k_photo_offsets, m_columns.photos.view().offsets());
        add(k_photo_bytes, m_columns.photos.view().blob());
        add(k_photo_hashes, m_columns.photo_hashes);
        add(k_boxes, m_columns.boxes);
        add(k_scores, m_columns.scores);
        add(k_qualities, m_columns.qualities);
        add(k_origins, m_columns.origins);
        add(k_times, m_columns.times);
        add(k_by_photo, m_columns.by_photo);
        add(k_label_offsets, m_columns.people.view().offsets());
        add(k_label_bytes, m_columns.people.view().blob());
        write_rest(gallery);
        add(k_rest, m_rest);
    }

    [[nodiscard]] const std::array<Place, k_parts>& places() const { return m_places; }
    [[nodiscard]] std::uint64_t length() const { return m_length; }
    [[nodiscard]] const std::vector<Bytes>& pieces() const { return m_pieces; }

    [[nodiscard]] std::vector<std::uint64_t> checksums(std::size_t size) const {
        std::vector<std::uint64_t> sums;
        std::vector<std::byte> chunk;  // one that is made of several pieces
        chunk.reserve(size);
        for (auto piece : m_pieces) {
            while (!piece.empty()) {
                const auto taken = piece.first(std::min(piece.size(), size - chunk.size()));
                piece = piece.subspan(taken.size());
                if (taken.size() == size) {
                    sums.push_back(xxh3(taken));
                    continue;
                }
                chunk.insert(chunk.end(), taken.begin(), taken.end());
                if (chunk.size() == size) {
                    sums.push_back(xxh3(chunk));
                    chunk.clear();
                }
            }
        }
        if (!chunk.empty()) {
            sums.push_back(xxh3(chunk));
        }
        return sums;
    }

private:
    /// Copies the columns without the vacant rows; the encodings, which are most of it, stay where they are.
    void gather(const Gallery& gallery) {
        for (std::size_t person = 0; person < gallery.people(); ++person) {
            m_columns.people.add(gallery.label(person));
        }
        auto& c = m_columns;
        for (std::size_t row = 0; row < gallery.rows(); ++row) {
            if (gallery.is_vacant(row)) {
                continue;
            }
            c.persons.push_back(gallery.persons()[row]);
            c.photos.add(gallery.photo(row));
            c.photo_hashes.push_back(gallery.photo_hash(row));
            c.boxes.push_back(gallery.box(row));
            c.scores.push_back(gallery.score(row));
            c.qualities.push_back(gallery.quality(row));
            c.origins.push_back(static_cast<std::uint8_t>(gallery.origin(row)));
            c.times.push_back(gallery.time(row));
        }
        c.sort_by_photo();
    }

    void add_encodings(const Gallery& gallery) {
        const std::size_t dim = gallery.contract().dim;
        for (const auto& block : gallery.blocks()) {
            const auto end = block.first_row + block.encodings.size() / dim;
            for (auto row = block.first_row; row < end;) {
                auto run = row;
                while (run < end && !gallery.is_vacant(run)) {
                    ++run;
                }
                push(k_encodings,
                     std::as_bytes(block.encodings.subspan((row - block.first_row) * dim, (run - row) * dim)));
                row = run + 1;
            }
        }
        pad();
    }

    void write_rest(const Gallery& gallery) {
        PayloadWriter out;
        out.write(gallery.description().settings);
        out.write(gallery.description().fingerprint);
        out.write_count(gallery.skipped().size());
        for (const auto& photo : gallery.skipped()) {
            write_members(out, photo);
        }
        out.write_count(gallery.denials().size());
        for (const auto& denial : gallery.denials()) {
            write_members(out, denial);
        }
        out.write_count(gallery.extras().size());
        for (const auto& [name, blob] : gallery.extras()) {
            out.write(name);
            out.write(blob);
        }
        m_rest = out.finish();
    }

    template <class Column>
    void add(Part part, const Column& column) {
        m_places[part].offset = m_length;
        push(part, std::as_bytes(std::span(column)));
        pad();
    }
    void push(Part part, Bytes piece) {
        if (!piece.empty()) {
            m_pieces.push_back(piece);
            m_places[part].length += piece.size();
            m_length += piece.size();
        }
    }
    void pad() {
        static constexpr std::array<std::byte, k_alignment> k_zeros{};
        const auto size = aligned(m_length) - m_length;
        if (size > 0) {
            m_pieces.push_back(Bytes(k_zeros).first(size));
            m_length += size;
        }
    }

    OwnedColumns m_columns;
    std::string m_rest;
    std::array<Place, k_parts> m_places{};
    std::vector<Bytes> m_pieces;
    std::uint64_t m_length{};
};

// Reading

Header read_header(Bytes bytes) {
    Header header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.header_checksum != header_checksum(header)) {
        corrupt("the header is damaged", 0);
    }
    // The checksum finds accidents; what follows holds for files that were made to harm.
    if (header.header_size != k_header_size || header.dim == 0 || header.dim > k_largest_dim || header.metric > 1 ||
        header.encoder.back() != '\0') {
        corrupt("the header says something impossible", offsetof(Header, header_size));
    }
    header.chunk = header.chunk == 0 ? k_largest_chunk : header.chunk;
    if (header.chunk < k_smallest_chunk || header.chunk > k_largest_chunk || header.chunk % k_alignment != 0) {
        corrupt("the header says something impossible", offsetof(Header, chunk));
    }
    const auto rest = bytes.size() - k_header_size;
    if (header.table_length > rest || header.body_length != rest - header.table_length ||
        header.table_length !=
            aligned(k_parts * sizeof(Place) + chunks_of(header.body_length, header.chunk) * sizeof(std::uint64_t))) {
        corrupt("the file's length is not what its header says; it may be cut short", bytes.size());
    }
    return header;
}

struct Table {
    std::array<Place, k_parts> places;
    std::span<const std::uint64_t> checksums;
};

/// damaged: also one of which only the places are whole. Its checksums are of use: chunks that have theirs are whole.
Table read_table(Bytes bytes, const Header& header, bool damaged = false) {
    const auto raw = bytes.subspan(k_header_size, header.table_length);
    const bool whole_places = header.places_checksum == xxh3(raw.first(sizeof Table::places));
    if (xxh3(raw) != header.table_checksum && !(damaged && whole_places)) {
        corrupt("the table of contents is damaged", k_header_size);
    }
    Table table{};
    std::memcpy(table.places.data(), raw.data(), sizeof table.places);
    table.checksums = {reinterpret_cast<const std::uint64_t*>(raw.data() + sizeof table.places),
                       chunks_of(header.body_length, header.chunk)};
    std::uint64_t end = 0;
    for (const auto& place : table.places) {
        // Parts follow one another: none lies on another, and none reaches beyond the body.
        if (place.offset != end || place.length > header.body_length - place.offset) {
            corrupt("the table of contents says something impossible", k_header_size);
        }
        end = aligned(place.offset + place.length);
        if (end > header.body_length) {
            corrupt("the table of contents says something impossible", k_header_size);
        }
    }
    if (end != header.body_length) {
        corrupt("the table of contents says something impossible", k_header_size);
    }
    return table;
}

/// A body, as its chunks vouch for it.
struct Chunks {
    Bytes body;
    std::span<const std::uint64_t> sums;
    std::size_t size;

    /// The first chunk of [first, last) that is damaged, or last.
    [[nodiscard]] std::size_t first_damaged(std::size_t first, std::size_t last) const {
        for (auto i = first; i < last; ++i) {
            if (xxh3(body.subspan(i * size, std::min(size, body.size() - i * size))) != sums[i]) {
                return i;
            }
        }
        return last;
    }
};

/// Compares all checksums, in several threads where that pays: a store of a million opens as fast as it can be read.
void check_body(const Chunks& chunks, std::size_t body_offset) {
    const auto& body = chunks.body;
    const auto n = chunks.sums.size();
    const auto step = k_step / chunks.size;
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> damaged{n};
    const auto work = [&] {
        for (auto first = next.fetch_add(step); first < n; first = next.fetch_add(step)) {
            const auto last = std::min(n, first + step);
            const auto begin = first * chunks.size;
            expect_reading(body.subspan(begin, std::min(body.size(), last * chunks.size) - begin));
            const auto found = chunks.first_damaged(first, last);
            auto least = damaged.load();
            while (found < last && found < least && !damaged.compare_exchange_weak(least, found)) {
            }
        }
    };
    std::vector<std::jthread> helpers;
    if (body.size() >= k_worth_a_thread) {
        const auto threads = std::min(k_most_threads, std::thread::hardware_concurrency());
        for (unsigned i = 1; i < threads; ++i) {
            helpers.emplace_back(work);
        }
    }
    work();
    helpers.clear();
    if (damaged < n) {
        corrupt("the records are damaged", body_offset + damaged * chunks.size);
    }
}

struct Rest {
    Description description;
    std::vector<SkippedPhoto> skipped;
    std::vector<Denial> denials;
    Extras extras;
};

/// rest: with the contract. Where it throws, it holds what was read before.
void read_rest(Bytes bytes, Rest& rest) {
    PayloadReader in(bytes);
    std::string settings;
    std::string fingerprint;
    in.read(settings);
    in.read(fingerprint);
    rest.description.settings = std::move(settings);
    rest.description.fingerprint = std::move(fingerprint);
    const auto skipped = in.read_count(k_smallest_skipped);
    for (std::size_t i = 0; i < skipped; ++i) {
        rest.skipped.push_back(read_members<SkippedPhoto>(in));
    }
    const auto denials = in.read_count(k_smallest_denial);
    for (std::size_t i = 0; i < denials; ++i) {
        rest.denials.push_back(read_members<Denial>(in));
    }
    const auto extras = in.read_count(2 * sizeof(std::uint64_t));
    for (std::size_t i = 0; i < extras; ++i) {
        std::string name;
        std::string blob;
        in.read(name);
        in.read(blob);
        rest.extras.insert_or_assign(std::move(name), std::move(blob));
    }
    if (!in.at_end()) {
        throw Error(ErrorCode::store_corrupt, "the last part is longer than what it says");
    }
}

Archive read_archive_2(Bytes bytes, std::shared_ptr<const void> keep) {
    const auto header = read_header(bytes);
    const auto table = read_table(bytes, header);
    const auto body_offset = k_header_size + header.table_length;
    const auto body = bytes.subspan(body_offset);
    check_body({body, table.checksums, header.chunk}, body_offset);

    const auto part = [&](Part which) { return body.subspan(table.places[which].offset, table.places[which].length); };
    const auto column = [&]<class Element>(Part which, std::span<const Element>& elements) {
        const auto raw = part(which);
        if (raw.size() % sizeof(Element) != 0) {
            corrupt("a column's length is impossible", body_offset + table.places[which].offset);
        }
        // The body begins at a multiple of 64 bytes of a page-aligned or freshly allocated buffer.
        elements = {reinterpret_cast<const Element*>(raw.data()), raw.size() / sizeof(Element)};
    };
    const auto texts = [&](Part offsets, Part blob) {
        std::span<const std::uint64_t> places;
        column(offsets, places);
        const auto raw = part(blob);
        return TextsView(places, {reinterpret_cast<const char*>(raw.data()), raw.size()});
    };
    const auto columns = std::make_shared<Columns>();
    column(k_encodings, columns->encodings);
    column(k_persons, columns->persons);
    columns->photos = texts(k_photo_offsets, k_photo_bytes);
    column(k_photo_hashes, columns->photo_hashes);
    column(k_boxes, columns->boxes);
    column(k_scores, columns->scores);
    column(k_qualities, columns->qualities);
    column(k_origins, columns->origins);
    column(k_times, columns->times);
    column(k_by_photo, columns->by_photo);
    columns->people = texts(k_label_offsets, k_label_bytes);
    columns->keep = std::move(keep);
    if (columns->persons.size() != header.count) {
        corrupt("the number of records is not what the header says", offsetof(Header, count));
    }
    try {
        Rest rest;
        rest.description.contract = {std::string(header.encoder.data()), to_hex(header.weights), header.dim,
                                     header.metric == 1 ? Metric::cosine : Metric::l2};
        read_rest(part(k_rest), rest);
        return {std::make_shared<const Gallery>(std::move(rest.description), columns, std::move(rest.skipped),
                                                std::move(rest.denials), std::move(rest.extras)),
                {header.header_checksum, header.predecessor, header.last_change}};
    } catch (const cereal::Exception&) {
        corrupt("the last part ends early", body_offset + table.places[k_rest].offset);
    }
}

}  // namespace

std::uint64_t write_archive(const Gallery& gallery, const Lineage& lineage, const std::function<void(Bytes)>& write) {
    const auto& contract = gallery.contract();
    const Body body(gallery);
    const auto chunk = chunk_for(body.length());
    const auto checksums = body.checksums(chunk);
    std::vector<std::byte> table(aligned(sizeof body.places() + checksums.size() * sizeof checksums[0]));
    std::memcpy(table.data(), body.places().data(), sizeof body.places());
    std::memcpy(table.data() + sizeof body.places(), checksums.data(), checksums.size() * sizeof checksums[0]);

    Header header{};
    header.magic = k_magic;
    header.version = k_format_version;
    header.header_size = k_header_size;
    if (contract.encoder.size() >= header.encoder.size()) {
        throw Error(ErrorCode::usage, "the encoder's name is longer than 63 bytes: " + contract.encoder);
    }
    std::copy(contract.encoder.begin(), contract.encoder.end(), header.encoder.begin());
    header.weights = sha256_from_hex(contract.weights);
    header.dim = contract.dim;
    header.metric = contract.metric == Metric::cosine ? 1 : 0;
    header.count = gallery.size();
    header.table_length = table.size();
    header.table_checksum = xxh3(table);
    header.body_length = body.length();
    header.predecessor = lineage.predecessor;
    header.last_change = lineage.last_change;
    header.chunk = static_cast<std::uint32_t>(chunk);
    header.places_checksum = xxh3(std::as_bytes(std::span(body.places())));
    header.header_checksum = header_checksum(header);

    write(std::as_bytes(std::span(&header, 1)));
    write(table);
    for (const auto piece : body.pieces()) {
        write(piece);
    }
    return header.header_checksum;
}

Archive read_archive(Bytes bytes, std::shared_ptr<const void> keep) {
    if (bytes.size() < k_header_size) {
        corrupt("the file is shorter than a store's header", bytes.size());
    }
    if (std::memcmp(bytes.data(), k_magic.data(), k_magic.size()) != 0) {
        corrupt("this is not a mien store", 0);
    }
    std::uint32_t version{};
    std::memcpy(&version, bytes.data() + offsetof(Header, version), sizeof version);
    switch (version) {
        case 1: return read_archive_1(bytes, std::move(keep));
        case 2: return read_archive_2(bytes, std::move(keep));
        default:
            corrupt("the store has format " + std::to_string(version) + "; this mien reads formats 1 to " +
                        std::to_string(k_format_version),
                    offsetof(Header, version));
    }
}

namespace {

/// Which bytes of a body are in a whole chunk.
class Wholeness {
public:
    explicit Wholeness(const Chunks& chunks) : m_chunk(chunks.size) {
        for (std::size_t i = 0; i < chunks.sums.size(); ++i) {
            m_good.push_back(chunks.first_damaged(i, i + 1) == i + 1);
        }
    }
    [[nodiscard]] bool is_good(std::uint64_t offset, std::uint64_t length) const {
        return good_prefix(offset, length) == length;
    }
    /// How many of the bytes come before the first that may be damaged.
    [[nodiscard]] std::uint64_t good_prefix(std::uint64_t offset, std::uint64_t length) const {
        for (auto i = offset / m_chunk; length > 0 && i <= (offset + length - 1) / m_chunk; ++i) {
            if (!m_good[i]) {
                return std::max(offset, i * m_chunk) - offset;
            }
        }
        return length;
    }
    [[nodiscard]] std::string damage(std::size_t body_offset, std::size_t body_length) const {
        std::string text;
        for (std::size_t i = 0; i < m_good.size(); ++i) {
            if (!m_good[i]) {
                const auto begin = i * m_chunk;
                text += (text.empty() ? "damaged are the bytes " : ", ") + std::to_string(body_offset + begin) +
                        " to " + std::to_string(body_offset + std::min(begin + m_chunk, body_length) - 1);
            }
        }
        return text;
    }

private:
    std::size_t m_chunk;
    std::vector<bool> m_good;
};

/// Text i of a table whose bytes may be damaged, if it is whole.
std::optional<std::string_view> whole_text(const Wholeness& whole, Bytes body, const Place& offsets, const Place& blob,
                                           std::size_t i) {
    std::array<std::uint64_t, 2> ends{};
    const auto at = offsets.offset + i * sizeof(std::uint64_t);
    if ((i + 2) * sizeof(std::uint64_t) > offsets.length || !whole.is_good(at, sizeof ends)) {
        return std::nullopt;
    }
    std::memcpy(ends.data(), body.data() + at, sizeof ends);
    if (ends[0] > ends[1] || ends[1] > blob.length || !whole.is_good(blob.offset + ends[0], ends[1] - ends[0])) {
        return std::nullopt;
    }
    return std::string_view(reinterpret_cast<const char*>(body.data()) + blob.offset + ends[0], ends[1] - ends[0]);
}

}  // namespace

std::optional<Salvage> salvage_archive(Bytes bytes) {
    Header header{};
    Table table{};
    try {
        if (bytes.size() < k_header_size || std::memcmp(bytes.data(), k_magic.data(), k_magic.size()) != 0 ||
            bytes[offsetof(Header, version)] != std::byte{k_format_version}) {
            return std::nullopt;
        }
        header = read_header(bytes);
        table = read_table(bytes, header, true);
    } catch (const Error&) {
        return std::nullopt;
    }
    const auto body_offset = k_header_size + header.table_length;
    const auto body = bytes.subspan(body_offset);
    const Wholeness whole({body, table.checksums, header.chunk});
    const auto& places = table.places;

    Salvage salvage;
    salvage.damage = whole.damage(body_offset, body.size());
    Rest rest;
    rest.description.contract = {std::string(header.encoder.data()), to_hex(header.weights), header.dim,
                                 header.metric == 1 ? Metric::cosine : Metric::l2};
    try {
        read_rest(body.subspan(places[k_rest].offset, whole.good_prefix(places[k_rest].offset, places[k_rest].length)),
                  rest);
    } catch (const std::exception&) {
        salvage.rest_lost = true;
    }
    // A value of a column, if it is whole.
    const auto value = [&]<class Element>(Part part, std::size_t row, Element& element) {
        const auto at = places[part].offset + row * sizeof element;
        if ((row + 1) * sizeof element > places[part].length || !whole.is_good(at, sizeof element)) {
            return false;
        }
        std::memcpy(&element, body.data() + at, sizeof element);
        return true;
    };
    std::vector<Record> records;
    const auto rows = std::min(header.count, places[k_persons].length / sizeof(std::uint32_t));
    for (std::size_t row = 0; row < rows; ++row) {
        Record record;
        std::uint32_t person{};
        std::uint8_t origin{};
        const auto photo = whole_text(whole, body, places[k_photo_offsets], places[k_photo_bytes], row);
        const std::size_t size = header.dim * sizeof(float);
        const bool good = photo && value(k_persons, row, person) && value(k_photo_hashes, row, record.photo_hash) &&
                          value(k_boxes, row, record.box) && value(k_scores, row, record.score) &&
                          value(k_qualities, row, record.quality) && value(k_origins, row, origin) &&
                          value(k_times, row, record.time) && (row + 1) * size <= places[k_encodings].length &&
                          whole.is_good(places[k_encodings].offset + row * size, size) &&
                          origin <= static_cast<std::uint8_t>(Origin::import);
        const auto label =
            good ? whole_text(whole, body, places[k_label_offsets], places[k_label_bytes], person) : std::nullopt;
        if (!label || label->empty()) {
            ++salvage.dropped;
            continue;
        }
        record.label = *label;
        record.photo = *photo;
        record.origin = static_cast<Origin>(origin);
        record.encoding.resize(header.dim);
        std::memcpy(record.encoding.data(), body.data() + places[k_encodings].offset + row * size, size);
        records.push_back(std::move(record));
    }
    salvage.archive.gallery = Gallery::build(std::move(rest.description), records, std::move(rest.skipped),
                                             std::move(rest.denials), std::move(rest.extras));
    salvage.archive.lineage = {header.header_checksum, header.predecessor, header.last_change};
    return salvage;
}

std::string check_order(const Gallery& gallery) {
    std::vector<bool> seen(gallery.people());
    for (const auto person : gallery.persons()) {
        if (person != k_nobody) {
            seen[person] = true;
        }
    }
    for (std::size_t i = 0; i < gallery.people(); ++i) {
        if (i > 0 && gallery.label(i - 1) >= gallery.label(i)) {
            return "the labels are not in order";
        }
        if (!seen[i]) {
            return "a person has no record";
        }
    }
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        if (!gallery.is_vacant(row)) {
            // The key must lead to this row: else the index is out of order, or another record has the key.
            if (gallery.find({gallery.photo_hash(row), gallery.box(row)}) != row) {
                return "the index of photos does not lead to record " + std::to_string(row);
            }
        }
    }
    return {};
}

}  // namespace mien::gallery
