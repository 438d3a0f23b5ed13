// SPDX-License-Identifier: MIT
#pragma once

/// cereal's portable binary form of plain values, with bounds. For gallery/ itself.

#include <mien/core/error.hpp>
#include <mien/gallery/gallery.hpp>
#include <mien/gallery/record.hpp>

#include <cereal/archives/portable_binary.hpp>

#include <bit>
#include <cstring>
#include <istream>
#include <ostream>
#include <sstream>
#include <streambuf>
#include <tuple>
#include <type_traits>

namespace mien::gallery {

static_assert(std::endian::native == std::endian::little, "columns are written as they lie in memory");
static_assert(sizeof(Sha256) == 32 && sizeof(Box) == 16, "columns are written as blocks");

/// Classes of plain bytes or of 32-bit numbers go through cereal as those, so that it can swap them where needed.
/// By cast, not by member: an empty column has no first element to look into.
template <class Element>
auto* scalars(Element* data) {
    using Plain = std::remove_const_t<Element>;
    using Scalar = std::conditional_t<std::is_same_v<Plain, Sha256>, std::uint8_t,
                                      std::conditional_t<std::is_same_v<Plain, Box>, std::int32_t, Plain>>;
    using Pointer = std::conditional_t<std::is_const_v<Element>, const Scalar*, Scalar*>;
    return reinterpret_cast<Pointer>(data);
}

// The last value of the enumerations that records hold.
constexpr Origin last_of(Origin) { return Origin::import; }
constexpr Metric last_of(Metric) { return Metric::cosine; }
constexpr Outcome last_of(Outcome) { return Outcome::unreadable; }

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

/// Never allocates for more elements than there are bytes left. Throws cereal::Exception at the end of the bytes.
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
    template <class Value>
    requires std::is_arithmetic_v<Value>
    void read(Value& value) { m_archive(value); }
    void read(Sha256& digest) { m_archive(cereal::binary_data(digest.bytes.data(), digest.bytes.size())); }
    void read(Box& box) { m_archive(box.left, box.top, box.width, box.height); }
    /// An enumeration of one byte, at most `last`.
    template <class Value>
    requires std::is_enum_v<Value>
    void read(Value& value, Value last) {
        std::uint8_t number{};
        read(number);
        if (number > static_cast<std::uint8_t>(last)) {
            throw Error(ErrorCode::store_corrupt, "a value is not one of those that it can have");
        }
        value = static_cast<Value>(number);
    }
    template <class Value>
    requires std::is_enum_v<Value>
    void read(Value& value) { read(value, last_of(value)); }
    /// How many elements follow, of at least element_size bytes each.
    std::size_t read_count(std::size_t element_size) {
        cereal::size_type count{};
        m_archive(cereal::make_size_tag(count));
        if (count > m_buffer.left() / element_size) {
            throw Error(ErrorCode::store_corrupt, "a list claims more than the file holds");
        }
        return static_cast<std::size_t>(count);
    }
    [[nodiscard]] bool at_end() const { return m_buffer.left() == 0; }

private:
    MemoryBuffer m_buffer;
    std::istream m_stream;
    cereal::PortableBinaryInputArchive m_archive;
};

class PayloadWriter {
public:
    PayloadWriter() : m_archive(m_stream, cereal::PortableBinaryOutputArchive::Options::LittleEndian()) {}

    template <class Element>
    void write(const std::vector<Element>& column) {
        write_block(scalars(column.data()), column.size(), sizeof(Element));
    }
    void write(const std::string& text) { write_block(text.data(), text.size(), 1); }
    template <class Value>
    requires(std::is_arithmetic_v<Value> || std::is_enum_v<Value>) void write(Value value) {
        if constexpr (std::is_enum_v<Value>) {
            m_archive(static_cast<std::uint8_t>(value));
        } else {
            m_archive(value);
        }
    }
    void write(const Sha256& digest) { m_archive(cereal::binary_data(digest.bytes.data(), digest.bytes.size())); }
    void write(const Box& box) { m_archive(box.left, box.top, box.width, box.height); }
    void write_count(std::size_t count) { m_archive(cereal::make_size_tag(static_cast<cereal::size_type>(count))); }
    std::string finish() { return std::move(m_stream).str(); }

private:
    template <class Scalar>
    void write_block(const Scalar* data, std::size_t count, std::size_t element_size) {
        write_count(count);
        m_archive(cereal::binary_data(data, count * element_size));
    }

    std::ostringstream m_stream{std::ios::binary};
    cereal::PortableBinaryOutputArchive m_archive;
};

// Values that both the archive and the journal hold: their members in the order in which they are stored.

template <class Value, class Plain>
concept MaybeConst = std::is_same_v<std::remove_const_t<Value>, Plain>;

template <MaybeConst<Record> Value>
auto members(Value& record) {
    return std::tie(record.label, record.photo, record.photo_hash, record.box, record.score, record.quality,
                    record.origin, record.time, record.encoding);
}

template <MaybeConst<SkippedPhoto> Value>
auto members(Value& photo) {
    return std::tie(photo.photo, photo.photo_hash, photo.outcome, photo.reason);
}
inline constexpr std::size_t k_smallest_skipped = 8 + 32 + 1 + 8;

template <MaybeConst<Denial> Value>
auto members(Value& denial) {
    return std::tie(denial.label, denial.photo_hash, denial.box, denial.photo, denial.time, denial.encoding);
}
inline constexpr std::size_t k_smallest_denial = 8 + 32 + 16 + 8 + 8 + 8;

template <MaybeConst<Description> Value>
auto members(Value& description) {
    auto& contract = description.contract;
    return std::tie(contract.encoder, contract.weights, contract.dim, contract.metric, description.settings,
                    description.fingerprint);
}

template <class Value>
void write_members(PayloadWriter& out, const Value& value) {
    std::apply([&out](const auto&... member) { (out.write(member), ...); }, members(value));
}

template <class Value>
Value read_members(PayloadReader& in) {
    Value value;
    std::apply([&in](auto&... member) { (in.read(member), ...); }, members(value));
    return value;
}

}  // namespace mien::gallery
