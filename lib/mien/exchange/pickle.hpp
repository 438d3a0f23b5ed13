// SPDX-License-Identifier: MIT
#pragma once

/// Python's pickles as plain data. A pickle is a program for a small machine that may call any function; this reader
/// is that machine without the calls: it knows the instructions that build data, and of functions and classes only
/// those on a short list, whose results it makes up itself. Nothing else is imported, called or constructed.

#include <mien/core/hash.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mien::exchange {

class Pickle;

/// Anything that a pickle holds: 16 bytes, valid as long as its Pickle. Containers may hold themselves, so whoever
/// walks through one must bound the depth.
class Plain {
public:
    enum class Kind : std::uint8_t {
        none,
        boolean,
        integer,  ///< fits 64 bits; larger ones are refused
        real,
        text,   ///< UTF-8; lone surrogates as three bytes each, as Python writes them
        bytes,  ///< also the strings of Python 2
        list,
        tuple,
        dict,
        array,   ///< numpy.ndarray or, without dimensions, a scalar
        dtype,   ///< numpy.dtype
        object,  ///< an object of a class on the list: its attributes as a dict
        global,  ///< a function or class on the list, not called
    };

    Plain() = default;

    [[nodiscard]] Kind kind() const { return m_kind; }
    [[nodiscard]] bool is(Kind kind) const { return m_kind == kind; }
    [[nodiscard]] std::int64_t integer() const { return m_payload.integer; }  ///< of integer and boolean
    [[nodiscard]] double real() const { return m_payload.real; }

private:
    friend class Pickle;
    friend class PickleMachine;
    Kind m_kind{Kind::none};
    union {
        std::int64_t integer;
        double real;
        std::uint64_t index;  ///< into the pickle's table for that kind
    } m_payload{};
};

/// One type of numpy's arrays.
struct Dtype {
    /// 'b' bool, 'i', 'u', 'f', 'U' (text, 4 bytes a character), 'S' (bytes), 'O' (any objects)
    char kind{'f'};
    std::uint32_t size{8};  ///< bytes an element
    bool big_endian{false};
    friend bool operator==(const Dtype&, const Dtype&) = default;
};

/// Reads "f8", "<U12", ">i4", "|S3", "b1", "?", "O" and the like.
/// returns: false if it is another type
bool parse_dtype(std::string_view text, Dtype& dtype);

/// numpy.ndarray, its sizes checked against its bytes.
struct PlainArray {
    Dtype dtype;
    std::vector<std::uint32_t> shape;  ///< empty: a scalar
    bool fortran{false};               ///< first index runs fastest
    std::string_view data;             ///< product of shape × dtype.size bytes; empty for 'O'
    std::vector<Plain> objects;        ///< of 'O': as many as the product of shape

    [[nodiscard]] std::size_t size() const;
};

/// Element of an array's bytes as a number; bool, integers and floats of 2, 4 and 8 bytes.
/// returns: false for other types
bool number_at(const Dtype& dtype, std::string_view data, std::size_t index, double& value);

/// Element of an array of 'U' or 'S' as UTF-8 (lone surrogates as three bytes each), trailing zeros removed.
/// returns: false for other types and for what is no text
bool text_at(const Dtype& dtype, std::string_view data, std::size_t index, std::string& value);

/// A whole pickle as data; owns everything except the bytes it was read from.
class Pickle {
public:
    /// Reads protocols 0 to 5. Memory is at most k_memory_factor times the bytes, plus k_memory_allowance.
    /// bytes: must outlive the result
    /// throws: Error{runtime} with the opcode or global and its byte offset, if it wants anything that is not data,
    ///         is damaged or does not fit its lengths
    explicit Pickle(Bytes bytes);

    static constexpr std::uint64_t k_memory_factor = 16;
    static constexpr std::uint64_t k_memory_allowance = 64ULL << 20U;

    [[nodiscard]] const Plain& root() const { return m_root; }
    [[nodiscard]] std::string_view text(const Plain& value) const;         ///< of text and bytes
    [[nodiscard]] std::span<const Plain> items(const Plain& value) const;  ///< of list and tuple
    /// Of dict and object, in the order in which they were set; a key that was set twice is there twice, and the last
    /// one counts.
    [[nodiscard]] std::span<const std::pair<Plain, Plain>> entries(const Plain& value) const;
    [[nodiscard]] const PlainArray& array(const Plain& value) const;
    [[nodiscard]] std::string_view global_name(const Plain& value) const;  ///< of global and object: "module.name"
    /// What a dict or object has under a key; nothing: nullptr.
    [[nodiscard]] const Plain* find(const Plain& value, std::string_view key) const;

private:
    friend class PickleMachine;
    struct Object {
        std::uint8_t global{};
        std::vector<std::pair<Plain, Plain>> attributes;
    };
    Plain m_root;
    std::deque<std::string> m_owned;  ///< texts that do not lie in the bytes as they are
    std::vector<std::string_view> m_texts;
    std::deque<std::vector<Plain>> m_sequences;
    std::deque<std::vector<std::pair<Plain, Plain>>> m_dicts;
    std::deque<PlainArray> m_arrays;
    std::vector<Dtype> m_dtypes;
    std::deque<Object> m_objects;
};

}  // namespace mien::exchange
