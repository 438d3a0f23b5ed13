// SPDX-License-Identifier: MIT
#include <mien/gallery/archive.hpp>

#include <mien/core/error.hpp>

#include <cereal/archives/portable_binary.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <istream>
#include <ostream>
#include <sstream>
#include <streambuf>

namespace mien::gallery {
namespace {

static_assert(std::endian::native == std::endian::little, "the encodings block is written as it lies in memory");
static_assert(sizeof(Sha256) == 32 && sizeof(Box) == 16, "columns are written as blocks");

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

/// A stream over bytes that are there already.
class MemoryBuffer : public std::streambuf {
public:
    explicit MemoryBuffer(Bytes bytes) {
        // streambuf wants char*, but a get area is only read.
        auto* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
        setg(begin, begin, begin + bytes.size());
    }
    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(egptr() - gptr()); }
};

/// Reads columns with cereal, but never allocates for more elements than there are bytes left.
class PayloadReader {
public:
    explicit PayloadReader(Bytes bytes) : m_buffer(bytes), m_stream(&m_buffer), m_archive(m_stream) {}

    template <class Element>
    void read(std::vector<Element>& column) {
        column.resize(read_count(sizeof(Element)));
        m_archive(cereal::binary_data(scalars(column.data()), column.size() * sizeof(Element)));
    }
    void read(std::string& text) {
        text.resize(read_count(1));
        m_archive(cereal::binary_data(text.data(), text.size()));
    }
    Texts read_texts() {
        std::vector<std::uint64_t> offsets;
        std::string blob;
        read(offsets);
        read(blob);
        return {std::move(offsets), std::move(blob)};
    }
    [[nodiscard]] bool at_end() const { return m_buffer.left() == 0; }

    /// Classes of plain bytes or of 32-bit numbers go through cereal as those, so that it can swap them where needed.
    /// By cast, not by member: an empty column has no first element to look into.
    template <class Element>
    static auto* scalars(Element* data) {
        using Plain = std::remove_const_t<Element>;
        using Scalar = std::conditional_t<std::is_same_v<Plain, Sha256>, std::uint8_t,
                                          std::conditional_t<std::is_same_v<Plain, Box>, std::int32_t, Plain>>;
        using Pointer = std::conditional_t<std::is_const_v<Element>, const Scalar*, Scalar*>;
        return reinterpret_cast<Pointer>(data);
    }

private:
    std::size_t read_count(std::size_t element_size) {
        cereal::size_type count{};
        m_archive(cereal::make_size_tag(count));
        if (count > m_buffer.left() / element_size) {
            throw Error(ErrorCode::store_corrupt, "a column claims more than the file holds");
        }
        return static_cast<std::size_t>(count);
    }

    MemoryBuffer m_buffer;
    std::istream m_stream;
    cereal::PortableBinaryInputArchive m_archive;
};

class PayloadWriter {
public:
    PayloadWriter() : m_archive(m_stream, cereal::PortableBinaryOutputArchive::Options::LittleEndian()) {}

    template <class Element>
    void write(const std::vector<Element>& column) {
        write_block(PayloadReader::scalars(column.data()), column.size(), sizeof(Element));
    }
    void write(const std::string& text) { write_block(text.data(), text.size(), 1); }
    void write(const Texts& texts) {
        write(texts.offsets());
        write(texts.blob());
    }
    std::string finish() { return std::move(m_stream).str(); }

private:
    template <class Scalar>
    void write_block(const Scalar* data, std::size_t count, std::size_t element_size) {
        m_archive(cereal::make_size_tag(static_cast<cereal::size_type>(count)));
        m_archive(cereal::binary_data(data, count * element_size));
    }

    std::ostringstream m_stream{std::ios::binary};
    cereal::PortableBinaryOutputArchive m_archive;
};

/// The skipped photos in columns, as they are stored.
struct SkippedColumns {
    Texts photos;
    std::vector<Sha256> hashes;
    std::vector<std::uint8_t> outcomes;
    Texts reasons;
};

std::string write_payload(const Gallery& gallery) {
    SkippedColumns skipped;
    for (const auto& photo : gallery.skipped()) {
        skipped.photos.add(photo.photo);
        skipped.hashes.push_back(photo.photo_hash);
        skipped.outcomes.push_back(static_cast<std::uint8_t>(photo.outcome));
        skipped.reasons.add(photo.reason);
    }
    const auto& columns = gallery.columns();
    PayloadWriter writer;
    writer.write(gallery.description().settings);
    writer.write(gallery.description().fingerprint);
    writer.write(columns.people);
    writer.write(columns.person);
    writer.write(columns.photos);
    writer.write(columns.photo_hashes);
    writer.write(columns.boxes);
    writer.write(columns.scores);
    writer.write(columns.origins);
    writer.write(columns.times);
    writer.write(skipped.photos);
    writer.write(skipped.hashes);
    writer.write(skipped.outcomes);
    writer.write(skipped.reasons);
    return writer.finish();
}

struct Payload {
    std::string settings;
    std::string fingerprint;
    Columns columns;
    std::vector<SkippedPhoto> skipped;
};

Payload read_payload(Bytes bytes) {
    Payload payload;
    PayloadReader reader(bytes);
    auto& columns = payload.columns;
    reader.read(payload.settings);
    reader.read(payload.fingerprint);
    columns.people = reader.read_texts();
    reader.read(columns.person);
    columns.photos = reader.read_texts();
    reader.read(columns.photo_hashes);
    reader.read(columns.boxes);
    reader.read(columns.scores);
    reader.read(columns.origins);
    reader.read(columns.times);
    SkippedColumns skipped;
    skipped.photos = reader.read_texts();
    reader.read(skipped.hashes);
    reader.read(skipped.outcomes);
    skipped.reasons = reader.read_texts();
    const auto n = skipped.photos.size();
    if (!reader.at_end() || skipped.hashes.size() != n || skipped.outcomes.size() != n || skipped.reasons.size() != n) {
        throw Error(ErrorCode::store_corrupt, "the table of skipped photos does not fit");
    }
    for (std::size_t i = 0; i < n; ++i) {
        if (skipped.outcomes[i] > static_cast<std::uint8_t>(Outcome::unreadable)) {
            throw Error(ErrorCode::store_corrupt, "the outcome of a skipped photo is not known");
        }
        payload.skipped.push_back({std::string(skipped.photos[i]), skipped.hashes[i],
                                   static_cast<Outcome>(skipped.outcomes[i]), std::string(skipped.reasons[i])});
    }
    return payload;
}

Header read_header(Bytes bytes) {
    if (bytes.size() < k_header_size) {
        corrupt("the file is shorter than a store's header", bytes.size());
    }
    Header header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.magic != k_magic) {
        corrupt("this is not a mien store", 0);
    }
    if (header.version != k_format_version) {
        throw Error(ErrorCode::store_corrupt, "the store has format " + std::to_string(header.version) +
                                                  "; this mien reads format " + std::to_string(k_format_version));
    }
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

void write_archive(const Gallery& gallery, const std::function<void(Bytes)>& write) {
    const auto& contract = gallery.contract();
    const std::string payload = write_payload(gallery);
    const auto encodings = std::as_bytes(gallery.encodings());

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
    header.encodings_offset = k_header_size;
    header.encodings_length = encodings.size();
    header.payload_offset = k_header_size + encodings.size();
    header.payload_length = payload.size();
    header.encodings_checksum = xxh3(encodings);
    header.payload_checksum = xxh3(std::as_bytes(std::span(payload)));
    header.header_checksum = header_checksum(header);

    write(std::as_bytes(std::span(&header, 1)));
    write(encodings);
    write(std::as_bytes(std::span(payload)));
}

std::shared_ptr<const Gallery> read_archive(Bytes bytes, std::shared_ptr<const void> keep) {
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
    // The block starts 256 bytes into a page-aligned or freshly allocated buffer: aligned for floats.
    const std::span<const float> floats(reinterpret_cast<const float*>(encodings.data()),
                                        encodings.size() / sizeof(float));
    return std::make_shared<const Gallery>(std::move(description), std::move(payload.columns), floats, std::move(keep),
                                           std::move(payload.skipped));
}

}  // namespace mien::gallery
