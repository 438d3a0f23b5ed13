// SPDX-License-Identifier: MIT
#include <mien/exchange/pickle.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/exchange/python_text.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>

namespace mien::exchange {
namespace {

/// What the names on the list stand for. Whatever is not here is refused.
enum class Known : std::uint8_t {
    reconstruct,    ///< makes an empty array, which BUILD fills
    scalar,         ///< one element of an array
    frombuffer,     ///< an array of protocol 5
    ndarray,        ///< only named, as an argument of reconstruct
    dtype,          ///< the type of an array's elements
    encode,         ///< how protocols 0 to 2 write bytes
    bytes,          ///< how they write empty bytes
    label_encoder,  ///< scikit-learn's, whose attributes are data
    reconstructor,  ///< how protocols 0 and 1 write objects
    object,         ///< only named, as an argument of reconstructor
};

struct KnownGlobal {
    std::string_view module;
    std::string_view name;
    Known known;
};

// numpy 2 calls numpy.core numpy._core; Python 2 calls builtins and copyreg otherwise; scikit-learn 0.22 moved its
// files.
constexpr std::array k_globals{
    KnownGlobal{"numpy.core.multiarray", "_reconstruct", Known::reconstruct},
    KnownGlobal{"numpy._core.multiarray", "_reconstruct", Known::reconstruct},
    KnownGlobal{"numpy.core.multiarray", "scalar", Known::scalar},
    KnownGlobal{"numpy._core.multiarray", "scalar", Known::scalar},
    KnownGlobal{"numpy.core.numeric", "_frombuffer", Known::frombuffer},
    KnownGlobal{"numpy._core.numeric", "_frombuffer", Known::frombuffer},
    KnownGlobal{"numpy", "ndarray", Known::ndarray},
    KnownGlobal{"numpy", "dtype", Known::dtype},
    KnownGlobal{"_codecs", "encode", Known::encode},
    KnownGlobal{"builtins", "bytes", Known::bytes},
    KnownGlobal{"__builtin__", "bytes", Known::bytes},
    KnownGlobal{"sklearn.preprocessing._label", "LabelEncoder", Known::label_encoder},
    KnownGlobal{"sklearn.preprocessing.label", "LabelEncoder", Known::label_encoder},
    KnownGlobal{"copyreg", "_reconstructor", Known::reconstructor},
    KnownGlobal{"copy_reg", "_reconstructor", Known::reconstructor},
    KnownGlobal{"builtins", "object", Known::object},
    KnownGlobal{"__builtin__", "object", Known::object},
};

std::string shortened(std::string_view text) {
    constexpr std::size_t k_shown = 120;
    return printable(text.substr(0, k_shown)) + (text.size() > k_shown ? "…" : "");
}

template <class Number>
Number load(const char* at, bool big_endian) {
    std::array<char, sizeof(Number)> raw{};
    std::memcpy(raw.data(), at, raw.size());
    if (big_endian) {
        std::reverse(raw.begin(), raw.end());
    }
    return std::bit_cast<Number>(raw);
}

double half_to_double(std::uint16_t half) {
    const int exponent = (half >> 10) & 0x1F;
    const int mantissa = half & 0x3FF;
    constexpr int k_special = 0x1F;
    double value = exponent == 0           ? std::ldexp(mantissa, -24)
                   : exponent != k_special ? std::ldexp(mantissa + 0x400, exponent - 25)
                   : mantissa == 0         ? std::numeric_limits<double>::infinity()
                                           : std::numeric_limits<double>::quiet_NaN();
    return (half & 0x8000) != 0 ? -value : value;
}

}  // namespace

bool parse_dtype(std::string_view text, Dtype& dtype) {
    dtype = {};
    if (!text.empty() && std::string_view("<>|=").find(text.front()) != std::string_view::npos) {
        dtype.big_endian = text.front() == '>';
        text.remove_prefix(1);
    }
    if (text.empty()) {
        return false;
    }
    dtype.kind = text.front() == '?' ? 'b' : text.front();
    dtype.size = dtype.kind == 'b' ? 1 : dtype.kind == 'O' ? 8 : 0;
    if (text.size() > 1) {
        const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), dtype.size);
        if (error != std::errc() || end != text.data() + text.size()) {
            return false;
        }
    }
    const auto size = dtype.size;
    switch (dtype.kind) {
        case 'b': return size == 1;
        case 'i':
        case 'u': return size == 1 || size == 2 || size == 4 || size == 8;
        case 'f': return size == 2 || size == 4 || size == 8;
        case 'S': return text.size() > 1;
        case 'U': {
            constexpr std::uint32_t k_longest = std::numeric_limits<std::uint32_t>::max() / 4;
            dtype.size = size * 4;
            return text.size() > 1 && size <= k_longest;
        }
        case 'O': return size == 8 || size == 4;
        default: return false;
    }
}

std::size_t PlainArray::size() const {
    std::size_t count = 1;
    for (const auto extent : shape) {
        count *= extent;
    }
    return count;
}

bool number_at(const Dtype& dtype, std::string_view data, std::size_t index, double& value) {
    const char* at = data.data() + index * dtype.size;
    const bool big = dtype.big_endian;
    switch (dtype.kind) {
        case 'b': value = *at != 0 ? 1 : 0; return true;
        case 'f':
            value = dtype.size == 8   ? load<double>(at, big)
                    : dtype.size == 4 ? static_cast<double>(load<float>(at, big))
                                      : half_to_double(load<std::uint16_t>(at, big));
            return true;
        case 'i':
            value = dtype.size == 8   ? static_cast<double>(load<std::int64_t>(at, big))
                    : dtype.size == 4 ? load<std::int32_t>(at, big)
                    : dtype.size == 2 ? load<std::int16_t>(at, big)
                                      : load<std::int8_t>(at, big);
            return true;
        case 'u':
            value = dtype.size == 8   ? static_cast<double>(load<std::uint64_t>(at, big))
                    : dtype.size == 4 ? load<std::uint32_t>(at, big)
                    : dtype.size == 2 ? load<std::uint16_t>(at, big)
                                      : load<std::uint8_t>(at, big);
            return true;
        default: return false;
    }
}

bool text_at(const Dtype& dtype, std::string_view data, std::size_t index, std::string& value) {
    auto element = data.substr(index * dtype.size, dtype.size);
    value.clear();
    if (dtype.kind == 'S') {
        while (!element.empty() && element.back() == '\0') {
            element.remove_suffix(1);
        }
        value = element;
        return true;
    }
    if (dtype.kind != 'U') {
        return false;
    }
    std::size_t length = element.size() / 4;
    while (length > 0 && load<std::uint32_t>(element.data() + (length - 1) * 4, false) == 0) {
        --length;
    }
    for (std::size_t i = 0; i < length; ++i) {
        const auto code = load<std::uint32_t>(element.data() + i * 4, dtype.big_endian);
        constexpr std::uint32_t k_last_code = 0x10FFFF;
        if (code > k_last_code) {
            return false;
        }
        append_utf8(value, code);
    }
    return true;
}

/// The machine that a pickle is a program for: a stack of values, marks in it, and a memo.
class PickleMachine {
public:
    PickleMachine(Pickle& pickle, Bytes bytes)
        : m_pickle(pickle),
          m_begin(reinterpret_cast<const char*>(bytes.data())),
          m_size(bytes.size()),
          m_budget(bytes.size() * Pickle::k_memory_factor + Pickle::k_memory_allowance) {}

    void run() {
        while (step()) {
        }
        if (m_stack.size() != 1 || !m_marks.empty()) {
            damaged("it ends with " + std::to_string(m_stack.size()) + " values where one is due");
        }
        if (m_at != m_size) {
            fail("there are " + std::to_string(m_size - m_at) +
                 " bytes behind the pickle's end; a file with several pickles is not read");
        }
        m_pickle.m_root = m_stack.front();
    }

private:
    using Kind = Plain::Kind;
    static constexpr std::size_t k_deepest_marks = 1000;
    static constexpr std::size_t k_most_dimensions = 8;
    // What a value costs where a growing vector keeps it: twice its size, because vectors double.
    static constexpr std::uint64_t k_value_cost = 2 * sizeof(Plain);

    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorCode::runtime, "byte " + std::to_string(m_opcode_at) + " of the pickle: " + what);
    }
    [[noreturn]] void damaged(const std::string& what) const { fail("it is damaged: " + what); }
    [[noreturn]] void refuse(const std::string& what) const {
        fail(what + " was refused because it could run code; mien reads pickles of plain data and numpy arrays only");
    }

    void charge(std::uint64_t bytes) {
        m_charged += bytes;
        if (m_charged > m_budget) {
            fail("it unfolds to more than " + std::to_string(Pickle::k_memory_factor) + " times its own size");
        }
    }

    // --- bytes ---

    std::string_view take(std::uint64_t count) {
        if (count > m_size - m_at) {
            damaged("it wants " + std::to_string(count) + " bytes where " + std::to_string(m_size - m_at) +
                    " are left");
        }
        const std::string_view taken(m_begin + m_at, count);
        m_at += count;
        return taken;
    }
    template <class Number>
    Number number() {
        return load<Number>(take(sizeof(Number)).data(), false);
    }
    std::string_view line() {
        const void* end = std::memchr(m_begin + m_at, '\n', m_size - m_at);
        if (end == nullptr) {
            damaged("a line has no end");
        }
        const auto text = take(static_cast<std::size_t>(static_cast<const char*>(end) - (m_begin + m_at)));
        take(1);
        return text;
    }

    // --- values ---

    void push(Plain value) {
        if (m_stack.size() == m_stack_peak) {
            ++m_stack_peak;
            charge(k_value_cost);
        }
        m_stack.push_back(value);
    }
    Plain pop() {
        if (m_stack.size() <= floor()) {
            damaged("it takes a value from an empty stack");
        }
        const auto value = m_stack.back();
        m_stack.pop_back();
        return value;
    }
    [[nodiscard]] const Plain& top() const {
        if (m_stack.size() <= floor()) {
            damaged("it looks at an empty stack");
        }
        return m_stack.back();
    }
    [[nodiscard]] std::size_t floor() const { return m_marks.empty() ? 0 : m_marks.back(); }

    /// The values above the topmost mark, which goes; they stay on the stack until drop(first).
    std::size_t pop_mark() {
        if (m_marks.empty()) {
            damaged("there is no mark");
        }
        const auto first = m_marks.back();
        m_marks.pop_back();
        return first;
    }
    /// What lies right below the mark that pop_mark() gave.
    [[nodiscard]] const Plain& below(std::size_t first) const {
        if (first <= floor()) {
            damaged("it looks at an empty stack");
        }
        return m_stack[first - 1];
    }
    void drop(std::size_t first) { m_stack.resize(first); }
    [[nodiscard]] std::span<const Plain> above(std::size_t first) const { return std::span(m_stack).subspan(first); }

    static Plain made(Kind kind, std::uint64_t index) {
        Plain value;
        value.m_kind = kind;
        value.m_payload.index = index;
        return value;
    }
    static Plain integer(std::int64_t number, Kind kind = Kind::integer) {
        Plain value;
        value.m_kind = kind;
        value.m_payload.integer = number;
        return value;
    }
    static Plain real(double number) {
        Plain value;
        value.m_kind = Kind::real;
        value.m_payload.real = number;
        return value;
    }
    Plain text(std::string_view characters, Kind kind = Kind::text) {
        charge(2 * sizeof(std::string_view));
        m_pickle.m_texts.push_back(characters);
        return made(kind, m_pickle.m_texts.size() - 1);
    }
    Plain owned(std::string characters, Kind kind) {
        charge(sizeof(std::string) + characters.capacity());
        m_pickle.m_owned.push_back(std::move(characters));
        return text(m_pickle.m_owned.back(), kind);
    }
    Plain sequence(Kind kind, std::span<const Plain> items) {
        charge(sizeof(std::vector<Plain>) + items.size() * k_value_cost);
        m_pickle.m_sequences.emplace_back(items.begin(), items.end());
        return made(kind, m_pickle.m_sequences.size() - 1);
    }
    Plain dict() {
        charge(sizeof(std::vector<std::pair<Plain, Plain>>));
        m_pickle.m_dicts.emplace_back();
        return made(Kind::dict, m_pickle.m_dicts.size() - 1);
    }
    Plain array(PlainArray&& made_array) {
        charge(sizeof(PlainArray) + made_array.shape.size() * sizeof(std::uint32_t));
        m_pickle.m_arrays.push_back(std::move(made_array));
        return made(Kind::array, m_pickle.m_arrays.size() - 1);
    }

    [[nodiscard]] std::span<const Plain> items(const Plain& value) const { return m_pickle.items(value); }
    [[nodiscard]] std::span<const Plain> tuple(const Plain& value, const char* whose) const {
        if (!value.is(Kind::tuple)) {
            damaged(std::string("the arguments of ") + whose + " are no tuple");
        }
        return m_pickle.items(value);
    }

    void append(const Plain& list, std::span<const Plain> values) {
        if (!list.is(Kind::list)) {
            refuse("adding to something that is no list");
        }
        charge(values.size() * k_value_cost);
        auto& items = m_pickle.m_sequences[list.m_payload.index];
        items.insert(items.end(), values.begin(), values.end());
    }
    void set_items(const Plain& dict, std::span<const Plain> values) {
        if (!dict.is(Kind::dict)) {
            refuse("setting items of something that is no dict");
        }
        if (values.size() % 2 != 0) {
            damaged("a key has no value");
        }
        charge(values.size() * k_value_cost);
        auto& entries = m_pickle.m_dicts[dict.m_payload.index];
        for (std::size_t i = 0; i < values.size(); i += 2) {
            entries.emplace_back(values[i], values[i + 1]);
        }
    }

    // --- memo ---

    /// Picklers count up, so the memo is a table; whoever does not pays for a map.
    void memoize(std::uint64_t index) {
        const auto value = top();
        if (index < m_memo.size()) {
            m_memo[index] = value;
        } else if (index == m_memo.size()) {
            charge(k_value_cost);
            m_memo.push_back(value);
        } else {
            constexpr std::uint64_t k_node_cost = 64;
            charge(k_node_cost);
            m_far_memo[index] = value;
        }
    }
    void recall(std::uint64_t index) {
        if (index < m_memo.size()) {
            push(m_memo[index]);
        } else if (const auto found = m_far_memo.find(index); found != m_far_memo.end()) {
            push(found->second);
        } else {
            damaged("there is nothing in the memo at " + std::to_string(index));
        }
    }
    std::uint64_t line_number() {
        const auto digits = line();
        std::uint64_t value{};
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size()) {
            damaged("this is no number: " + shortened(digits));
        }
        return value;
    }

    // --- numbers ---

    Plain decimal(std::string_view digits) const {
        std::int64_t value{};
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error == std::errc::result_out_of_range) {
            fail("an integer does not fit 64 bits");
        }
        if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
            damaged("this is no integer: " + shortened(digits));
        }
        return integer(value);
    }
    Plain int_line() {
        const auto digits = line();
        if (digits == "00" || digits == "01") {
            return integer(digits == "01" ? 1 : 0, Kind::boolean);
        }
        return decimal(digits);
    }
    Plain long_line() {
        auto digits = line();
        if (digits.ends_with('L')) {
            digits.remove_suffix(1);
        }
        return decimal(digits);
    }
    Plain float_line() {
        const auto digits = line();
        double value{};
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (digits.empty() || error == std::errc::invalid_argument || end != digits.data() + digits.size()) {
            damaged("this is no number: " + shortened(digits));
        }
        return real(value);
    }
    /// Two's complement, little-endian, any length.
    Plain long_bytes(std::int64_t length) {
        if (length < 0) {
            damaged("an integer of " + std::to_string(length) + " bytes");
        }
        const auto raw = take(static_cast<std::uint64_t>(length));
        if (raw.size() > sizeof(std::int64_t)) {
            fail("an integer does not fit 64 bits");
        }
        std::uint64_t value = !raw.empty() && (raw.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
        for (std::size_t i = raw.size(); i-- > 0;) {
            value = (value << 8U) | static_cast<unsigned char>(raw[i]);
        }
        return integer(static_cast<std::int64_t>(value));
    }

    // --- texts of protocols 0 to 2 ---

    std::uint32_t hexadecimal(std::string_view digits, std::size_t count) const {
        std::uint32_t value{};
        if (digits.size() < count) {
            damaged("a text ends within an escape");
        }
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + count, value, 16);
        if (error != std::errc() || end != digits.data() + count) {
            damaged("a text with a broken escape");
        }
        return value;
    }

    /// 'it\'s' or "it's", with Python's escapes
    Plain quoted_line() {
        const auto quoted = line();
        if (quoted.size() < 2 || quoted.front() != quoted.back() || (quoted.front() != '\'' && quoted.front() != '"')) {
            damaged("a text without its quotes");
        }
        const auto raw = quoted.substr(1, quoted.size() - 2);
        std::string bytes;
        bytes.reserve(raw.size());
        for (std::size_t i = 0; i < raw.size(); ++i) {
            if (raw[i] != '\\') {
                bytes += raw[i];
                continue;
            }
            if (++i == raw.size()) {
                damaged("a text ends within an escape");
            }
            constexpr std::string_view k_letters = "\\'\"abfnrtv";
            constexpr std::string_view k_meanings = "\\'\"\a\b\f\n\r\t\v";
            if (raw[i] == 'x') {
                bytes += static_cast<char>(hexadecimal(raw.substr(i + 1), 2));
                i += 2;
            } else if (const auto letter = k_letters.find(raw[i]); letter != std::string_view::npos) {
                bytes += k_meanings[letter];
            } else if (raw[i] >= '0' && raw[i] <= '7') {
                unsigned value = 0;
                std::size_t digits = 0;
                for (; digits < 3 && i + digits < raw.size() && raw[i + digits] >= '0' && raw[i + digits] <= '7';
                     ++digits) {
                    value = value * 8 + static_cast<unsigned>(raw[i + digits] - '0');
                }
                bytes += static_cast<char>(value & 0xFFU);
                i += digits - 1;
            } else {
                (bytes += '\\') += raw[i];
            }
        }
        return owned(std::move(bytes), Kind::bytes);
    }

    /// Latin-1, with \u and \U escapes
    Plain escaped_line() {
        const auto raw = line();
        std::string characters;
        characters.reserve(raw.size());
        for (std::size_t i = 0; i < raw.size(); ++i) {
            const bool escape = raw[i] == '\\' && i + 1 < raw.size() && (raw[i + 1] == 'u' || raw[i + 1] == 'U');
            if (!escape) {
                append_utf8(characters, static_cast<unsigned char>(raw[i]));
                continue;
            }
            const std::size_t digits = raw[i + 1] == 'u' ? 4 : 8;
            const auto code = hexadecimal(raw.substr(i + 2), digits);
            if (code > 0x10FFFF) {
                damaged("a text with a character that is none");
            }
            append_utf8(characters, code);
            i += 1 + digits;
        }
        return owned(std::move(characters), Kind::text);
    }

    // --- globals ---

    Plain global(std::string_view module, std::string_view name) {
        for (std::size_t i = 0; i < k_globals.size(); ++i) {
            if (k_globals[i].module == module && k_globals[i].name == name) {
                return made(Kind::global, i);
            }
        }
        refuse("the global " + shortened(module) + "." + shortened(name));
    }
    [[nodiscard]] static Known known(const Plain& value) { return k_globals[value.m_payload.index].known; }
    [[nodiscard]] bool is_global(const Plain& value, Known which) const {
        return value.is(Kind::global) && known(value) == which;
    }

    Plain call(const Plain& function, const Plain& arguments) {
        if (!function.is(Kind::global)) {
            refuse("calling something that is no function on the list");
        }
        const auto given = tuple(arguments, "a call");
        const auto wrong = [&] { refuse("calling " + std::string(m_pickle.global_name(function)) + " like this"); };
        switch (known(function)) {
            case Known::reconstruct:
                if (given.size() != 3 || !is_global(given[0], Known::ndarray)) {
                    wrong();
                }
                return array({});
            case Known::scalar: {
                if (given.size() != 2 || !given[0].is(Kind::dtype) || !given[1].is(Kind::bytes)) {
                    wrong();
                }
                PlainArray scalar;
                scalar.dtype = m_pickle.m_dtypes[given[0].m_payload.index];
                scalar.data = m_pickle.text(given[1]);
                check(scalar);
                return array(std::move(scalar));
            }
            case Known::frombuffer: {
                if (given.size() != 4 || !given[0].is(Kind::bytes) || !given[1].is(Kind::dtype) ||
                    !given[2].is(Kind::tuple) || !given[3].is(Kind::text)) {
                    wrong();
                }
                PlainArray whole;
                whole.dtype = m_pickle.m_dtypes[given[1].m_payload.index];
                whole.shape = shape(given[2]);
                whole.fortran = m_pickle.text(given[3]) == "F";
                whole.data = m_pickle.text(given[0]);
                check(whole);
                return array(std::move(whole));
            }
            case Known::dtype: {
                Dtype dtype;
                if (given.empty() || given.size() > 3 || !(given[0].is(Kind::text) || given[0].is(Kind::bytes))) {
                    wrong();
                }
                if (!parse_dtype(m_pickle.text(given[0]), dtype)) {
                    fail("arrays of numpy's type " + shortened(m_pickle.text(given[0])) + " are not read");
                }
                charge(2 * sizeof(Dtype));
                m_pickle.m_dtypes.push_back(dtype);
                return made(Kind::dtype, m_pickle.m_dtypes.size() - 1);
            }
            case Known::encode:
                if (given.size() != 2 || !given[0].is(Kind::text) ||
                    !(m_pickle.text(given[1]) == "latin1" || m_pickle.text(given[1]) == "latin-1")) {
                    wrong();
                }
                return latin1(m_pickle.text(given[0]));
            case Known::bytes:
                if (!given.empty()) {
                    wrong();
                }
                return text({}, Kind::bytes);
            case Known::reconstructor:
                if (given.size() != 3 || !is_global(given[0], Known::label_encoder) ||
                    !is_global(given[1], Known::object) || !given[2].is(Kind::none)) {
                    wrong();
                }
                return object(given[0]);
            case Known::ndarray:
            case Known::label_encoder:
            case Known::object: wrong();
        }
        damaged("a function that is none");
    }

    Plain object(const Plain& of_class) {
        charge(sizeof(Pickle::Object));
        m_pickle.m_objects.push_back({static_cast<std::uint8_t>(of_class.m_payload.index), {}});
        return made(Kind::object, m_pickle.m_objects.size() - 1);
    }

    /// Text whose characters are bytes, as protocols 0 to 2 write bytes.
    Plain latin1(std::string_view characters) {
        std::string bytes;
        bytes.reserve(characters.size());
        for (std::size_t i = 0; i < characters.size(); ++i) {
            const auto byte = static_cast<unsigned char>(characters[i]);
            if (byte < 0x80) {
                bytes += characters[i];
            } else if ((byte & 0xFEU) == 0xC2U && i + 1 < characters.size()) {
                bytes +=
                    static_cast<char>(((byte & 0x03U) << 6U) | (static_cast<unsigned char>(characters[++i]) & 0x3FU));
            } else {
                damaged("bytes with a character that is no byte");
            }
        }
        return owned(std::move(bytes), Kind::bytes);
    }

    std::vector<std::uint32_t> shape(const Plain& extents) const {
        const auto given = tuple(extents, "an array's shape");
        if (given.size() > k_most_dimensions) {
            fail("an array of " + std::to_string(given.size()) + " dimensions is not read");
        }
        std::vector<std::uint32_t> result;
        for (const auto& extent : given) {
            if (!extent.is(Kind::integer) || extent.integer() < 0 ||
                extent.integer() > std::numeric_limits<std::uint32_t>::max()) {
                damaged("an array with an impossible shape");
            }
            result.push_back(static_cast<std::uint32_t>(extent.integer()));
        }
        return result;
    }

    /// Sizes against the bytes that are there; of objects, against their list.
    void check(const PlainArray& array) const {
        std::uint64_t count = 1;
        for (const auto extent : array.shape) {
            if (extent != 0 && count > m_size / extent) {
                damaged("an array is larger than the file");
            }
            count *= extent;
        }
        const std::uint64_t size = array.dtype.size;
        const bool fits = array.dtype.kind == 'O' ? array.objects.size() == count && array.data.empty()
                          : size == 0             ? array.data.empty()
                                                  : array.data.size() % size == 0 && array.data.size() / size == count;
        if (!fits) {
            damaged("an array's bytes do not fit its shape");
        }
    }

    void build(const Plain& target, const Plain& state) {
        if (target.is(Kind::array)) {
            const auto given = tuple(state, "an array's state");
            if (given.size() != 5 || !given[0].is(Kind::integer) || !given[2].is(Kind::dtype) ||
                !(given[3].is(Kind::boolean) || given[3].is(Kind::integer))) {
                damaged("an array's state is not as numpy writes it");
            }
            PlainArray filled;
            filled.shape = shape(given[1]);
            filled.dtype = m_pickle.m_dtypes[given[2].m_payload.index];
            filled.fortran = given[3].integer() != 0;
            if (given[4].is(Kind::list) && filled.dtype.kind == 'O') {
                const auto objects = items(given[4]);
                charge(objects.size() * sizeof(Plain));
                filled.objects.assign(objects.begin(), objects.end());
            } else if (given[4].is(Kind::bytes)) {
                filled.data = m_pickle.text(given[4]);
            } else {
                damaged("an array without its bytes");
            }
            check(filled);
            charge(filled.shape.size() * sizeof(std::uint32_t));
            m_pickle.m_arrays[target.m_payload.index] = std::move(filled);
        } else if (target.is(Kind::dtype)) {
            const auto given = tuple(state, "a dtype's state");
            // Version, order of bytes, then what only structured types have. Python 2 wrote the order as bytes.
            const bool simple = given.size() >= 5 && (given[1].is(Kind::text) || given[1].is(Kind::bytes)) &&
                                std::all_of(given.begin() + 2, given.begin() + 5,
                                            [](const Plain& value) { return value.is(Kind::none); });
            if (!simple) {
                fail("arrays of numpy's structured types are not read");
            }
            m_pickle.m_dtypes[target.m_payload.index].big_endian = m_pickle.text(given[1]) == ">";
        } else if (target.is(Kind::object)) {
            if (!state.is(Kind::dict)) {
                refuse("a state of " + std::string(m_pickle.global_name(target)) + " that is no dict");
            }
            const auto entries = m_pickle.entries(state);
            charge(entries.size() * 2 * k_value_cost);
            auto& attributes = m_pickle.m_objects[target.m_payload.index].attributes;
            attributes.insert(attributes.end(), entries.begin(), entries.end());
        } else {
            refuse("opcode BUILD on something that is no array or object on the list");
        }
    }

    bool step();

    Pickle& m_pickle;
    const char* m_begin;
    std::uint64_t m_size;
    std::uint64_t m_budget;
    std::uint64_t m_at{};
    std::uint64_t m_opcode_at{};
    std::uint64_t m_frame_end{};
    std::uint64_t m_charged{};
    std::vector<Plain> m_stack;
    std::size_t m_stack_peak{};
    std::vector<std::size_t> m_marks;
    std::vector<Plain> m_memo;
    std::unordered_map<std::uint64_t, Plain> m_far_memo;
};

bool PickleMachine::step() {
    m_opcode_at = m_at;
    if (m_at > m_frame_end && m_frame_end != 0) {
        damaged("a frame ends within an instruction");
    }
    if (m_at == m_frame_end) {
        m_frame_end = 0;
    }
    const char opcode = take(1).front();
    switch (opcode) {
        case '\x80': {  // PROTO
            const auto protocol = number<std::uint8_t>();
            if (protocol > 5) {
                fail("protocol " + std::to_string(protocol) + " is not known");
            }
            break;
        }
        case '\x95': {  // FRAME
            const auto length = number<std::uint64_t>();
            if (m_frame_end != 0 || length > m_size - m_at) {
                damaged("a frame of " + std::to_string(length) + " bytes does not fit");
            }
            m_frame_end = m_at + length;
            break;
        }
        case '.': return false;  // STOP
        case '(':                // MARK
            if (m_marks.size() == k_deepest_marks) {
                fail("it is nested more than " + std::to_string(k_deepest_marks) + " deep");
            }
            m_marks.push_back(m_stack.size());
            break;
        case '0':  // POP, which takes a mark where one is on top
            if (!m_marks.empty() && m_marks.back() == m_stack.size()) {
                m_marks.pop_back();
            } else {
                pop();
            }
            break;
        case '1': drop(pop_mark()); break;                                             // POP_MARK
        case '2': push(top()); break;                                                  // DUP
        case 'N': push({}); break;                                                     // NONE
        case '\x88': push(integer(1, Kind::boolean)); break;                           // NEWTRUE
        case '\x89': push(integer(0, Kind::boolean)); break;                           // NEWFALSE
        case 'I': push(int_line()); break;                                             // INT
        case 'J': push(integer(number<std::int32_t>())); break;                        // BININT
        case 'K': push(integer(number<std::uint8_t>())); break;                        // BININT1
        case 'M': push(integer(number<std::uint16_t>())); break;                       // BININT2
        case 'L': push(long_line()); break;                                            // LONG
        case '\x8a': push(long_bytes(number<std::uint8_t>())); break;                  // LONG1
        case '\x8b': push(long_bytes(number<std::int32_t>())); break;                  // LONG4
        case 'F': push(float_line()); break;                                           // FLOAT
        case 'G': push(real(load<double>(take(sizeof(double)).data(), true))); break;  // BINFLOAT
        case 'S': push(quoted_line()); break;                                          // STRING
        case 'T': {                                                                    // BINSTRING
            const auto length = number<std::int32_t>();
            if (length < 0) {
                damaged("a text of " + std::to_string(length) + " bytes");
            }
            push(text(take(static_cast<std::uint64_t>(length)), Kind::bytes));
            break;
        }
        case 'U': push(text(take(number<std::uint8_t>()), Kind::bytes)); break;      // SHORT_BINSTRING
        case 'V': push(escaped_line()); break;                                       // UNICODE
        case 'X': push(text(take(number<std::uint32_t>()))); break;                  // BINUNICODE
        case '\x8c': push(text(take(number<std::uint8_t>()))); break;                // SHORT_BINUNICODE
        case '\x8d': push(text(take(number<std::uint64_t>()))); break;               // BINUNICODE8
        case 'B': push(text(take(number<std::uint32_t>()), Kind::bytes)); break;     // BINBYTES
        case 'C': push(text(take(number<std::uint8_t>()), Kind::bytes)); break;      // SHORT_BINBYTES
        case '\x8e':                                                                 // BINBYTES8
        case '\x96': push(text(take(number<std::uint64_t>()), Kind::bytes)); break;  // BYTEARRAY8
        case ']': push(sequence(Kind::list, {})); break;                             // EMPTY_LIST
        case ')': push(sequence(Kind::tuple, {})); break;                            // EMPTY_TUPLE
        case '}': push(dict()); break;                                               // EMPTY_DICT
        case 'a': {                                                                  // APPEND
            const auto value = pop();
            append(top(), {&value, 1});
            break;
        }
        case 'e': {  // APPENDS
            const auto first = pop_mark();
            append(below(first), above(first));
            drop(first);
            break;
        }
        case 'l':    // LIST
        case 't': {  // TUPLE
            const auto first = pop_mark();
            const auto made_sequence = sequence(opcode == 'l' ? Kind::list : Kind::tuple, above(first));
            drop(first);
            push(made_sequence);
            break;
        }
        case '\x85':    // TUPLE1
        case '\x86':    // TUPLE2
        case '\x87': {  // TUPLE3
            const auto count = static_cast<std::size_t>(static_cast<unsigned char>(opcode) - 0x84U);
            if (m_stack.size() < floor() + count) {
                damaged("it takes a value from an empty stack");
            }
            const auto first = m_stack.size() - count;
            const auto tuple = sequence(Kind::tuple, above(first));
            drop(first);
            push(tuple);
            break;
        }
        case 'd': {  // DICT
            const auto first = pop_mark();
            const auto made_dict = dict();
            set_items(made_dict, above(first));
            drop(first);
            push(made_dict);
            break;
        }
        case 's': {  // SETITEM
            const auto value = pop();
            const std::array<Plain, 2> entry{pop(), value};
            set_items(top(), entry);
            break;
        }
        case 'u': {  // SETITEMS
            const auto first = pop_mark();
            set_items(below(first), above(first));
            drop(first);
            break;
        }
        case 'g': recall(line_number()); break;                          // GET
        case 'h': recall(number<std::uint8_t>()); break;                 // BINGET
        case 'j': recall(number<std::uint32_t>()); break;                // LONG_BINGET
        case 'p': memoize(line_number()); break;                         // PUT
        case 'q': memoize(number<std::uint8_t>()); break;                // BINPUT
        case 'r': memoize(number<std::uint32_t>()); break;               // LONG_BINPUT
        case '\x94': memoize(m_memo.size() + m_far_memo.size()); break;  // MEMOIZE
        case 'c': {                                                      // GLOBAL
            const auto module = line();
            push(global(module, line()));
            break;
        }
        case '\x93': {  // STACK_GLOBAL
            const auto name = pop();
            const auto module = pop();
            if (!module.is(Kind::text) || !name.is(Kind::text)) {
                refuse("opcode STACK_GLOBAL with names that are no texts");
            }
            push(global(m_pickle.text(module), m_pickle.text(name)));
            break;
        }
        case 'R': {  // REDUCE
            const auto arguments = pop();
            const auto function = pop();
            push(call(function, arguments));
            break;
        }
        case '\x81': {  // NEWOBJ
            const auto arguments = pop();
            const auto of_class = pop();
            if (!is_global(of_class, Known::label_encoder) || !tuple(arguments, "an object").empty()) {
                refuse("opcode NEWOBJ of a class that is not on the list");
            }
            push(object(of_class));
            break;
        }
        case 'b': {  // BUILD
            const auto state = pop();
            build(top(), state);
            break;
        }
        case 'i': {  // INST
            const auto module = line();
            refuse("opcode INST of " + shortened(module) + "." + shortened(line()));
        }
        case 'o': refuse("opcode OBJ");
        case '\x92': refuse("opcode NEWOBJ_EX");
        case 'P': refuse("opcode PERSID");
        case 'Q': refuse("opcode BINPERSID");
        case '\x82': refuse("opcode EXT1");
        case '\x83': refuse("opcode EXT2");
        case '\x84': refuse("opcode EXT4");
        case '\x97': refuse("opcode NEXT_BUFFER");
        case '\x98': refuse("opcode READONLY_BUFFER");
        case '\x8f':
        case '\x90':
        case '\x91': fail("opcodes of sets are not read; no face store of an old service holds any");
        default: damaged("there is no opcode " + std::to_string(static_cast<unsigned char>(opcode)));
    }
    return true;
}

Pickle::Pickle(Bytes bytes) { PickleMachine(*this, bytes).run(); }

std::string_view Pickle::text(const Plain& value) const {
    return value.is(Plain::Kind::text) || value.is(Plain::Kind::bytes) ? m_texts[value.m_payload.index]
                                                                       : std::string_view();
}

std::span<const Plain> Pickle::items(const Plain& value) const {
    return value.is(Plain::Kind::list) || value.is(Plain::Kind::tuple)
               ? std::span<const Plain>(m_sequences[value.m_payload.index])
               : std::span<const Plain>();
}

std::span<const std::pair<Plain, Plain>> Pickle::entries(const Plain& value) const {
    if (value.is(Plain::Kind::dict)) {
        return m_dicts[value.m_payload.index];
    }
    if (value.is(Plain::Kind::object)) {
        return m_objects[value.m_payload.index].attributes;
    }
    return {};
}

const PlainArray& Pickle::array(const Plain& value) const {
    static const PlainArray k_none{{}, {0}, false, {}, {}};
    return value.is(Plain::Kind::array) ? m_arrays[value.m_payload.index] : k_none;
}

std::string_view Pickle::global_name(const Plain& value) const {
    static const auto k_names = [] {
        std::array<std::string, k_globals.size()> names;
        for (std::size_t i = 0; i < names.size(); ++i) {
            names[i] = std::string(k_globals[i].module) + "." + std::string(k_globals[i].name);
        }
        return names;
    }();
    return value.is(Plain::Kind::global)   ? k_names[value.m_payload.index]
           : value.is(Plain::Kind::object) ? k_names[m_objects[value.m_payload.index].global]
                                           : std::string_view();
}

const Plain* Pickle::find(const Plain& value, std::string_view key) const {
    const auto all = entries(value);
    for (std::size_t i = all.size(); i-- > 0;) {
        if ((all[i].first.is(Plain::Kind::text) || all[i].first.is(Plain::Kind::bytes)) && text(all[i].first) == key) {
            return &all[i].second;
        }
    }
    return nullptr;
}

}  // namespace mien::exchange
