// SPDX-License-Identifier: MIT
#include <mien/exchange/formats.hpp>
#include <mien/exchange/pickle.hpp>
#include <mien/exchange/python_text.hpp>

#include <mien/core/text.hpp>

#include <zip.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>

namespace mien::exchange {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");

constexpr std::string_view k_magic = "\x93NUMPY";
constexpr std::size_t k_longest_header = 65536;
// Encodings hardly shrink, so that honest files never come near.
constexpr std::uint64_t k_most_inflation = 100;
constexpr std::uint64_t k_inflation_allowance = 64ULL << 20U;
constexpr std::uint64_t k_largest_text_array = 4ULL << 30U;

using Archive = std::unique_ptr<zip_t, decltype(&zip_discard)>;
using Member = std::unique_ptr<zip_file_t, decltype(&zip_fclose)>;

struct ZipError {
    ZipError() { zip_error_init(&error); }
    ~ZipError() { zip_error_fini(&error); }
    ZipError(const ZipError&) = delete;
    ZipError& operator=(const ZipError&) = delete;
    [[nodiscard]] std::string what() { return zip_error_strerror(&error); }
    zip_error_t error{};
};

// --- reading ---

/// One .npy file: its bytes, and what its header says of them.
struct Array {
    std::string bytes;
    Dtype dtype;
    std::vector<std::uint64_t> shape;
    bool fortran{false};
    std::size_t data_at{};

    [[nodiscard]] std::string_view data() const { return std::string_view(bytes).substr(data_at); }
};

/// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 128), }
class HeaderParser {
public:
    HeaderParser(std::string_view text, Array& array) : m_rest(text), m_array(array) {}

    void run() {
        bool descr = false;
        bool order = false;
        bool shape = false;
        expect('{');
        while (!next_is('}')) {
            const auto key = quoted();
            expect(':');
            if (key == "descr") {
                descr = parse_dtype(quoted(), m_array.dtype) && m_array.dtype.kind != 'O';
                if (!descr) {
                    bad("arrays of this type are not read (objects could run code)");
                }
            } else if (key == "fortran_order") {
                m_array.fortran = word() == "True";
                order = true;
            } else if (key == "shape") {
                read_shape();
                shape = true;
            } else {
                broken();
            }
            if (!next_is('}')) {
                expect(',');
            }
        }
        if (!descr || !order || !shape) {
            broken();
        }
    }

private:
    [[noreturn]] static void broken() { bad("the array's header is damaged"); }
    void skip_blanks() { m_rest.remove_prefix(std::min(m_rest.find_first_not_of(" \n"), m_rest.size())); }
    bool next_is(char wanted) {
        skip_blanks();
        return m_rest.starts_with(wanted);
    }
    void expect(char wanted) {
        if (!next_is(wanted)) {
            broken();
        }
        m_rest.remove_prefix(1);
    }
    std::string_view quoted() {
        if (next_is('[')) {
            bad("arrays of structured types are not read");
        }
        expect('\'');
        const auto end = m_rest.find('\'');
        if (end == std::string_view::npos) {
            broken();
        }
        const auto text = m_rest.substr(0, end);
        m_rest.remove_prefix(end + 1);
        return text;
    }
    std::string_view word() {
        skip_blanks();
        const auto end = std::min(m_rest.find_first_of(",}"), m_rest.size());
        const auto text = m_rest.substr(0, end);
        m_rest.remove_prefix(end);
        return text;
    }
    void read_shape() {
        expect('(');
        while (!next_is(')')) {
            std::uint64_t extent{};
            const auto [end, error] = std::from_chars(m_rest.data(), m_rest.data() + m_rest.size(), extent);
            if (error != std::errc() || m_array.shape.size() == 2) {
                bad("arrays of more than two dimensions are not read");
            }
            m_rest.remove_prefix(static_cast<std::size_t>(end - m_rest.data()));
            m_array.shape.push_back(extent);
            if (!next_is(')')) {
                expect(',');
            }
        }
        expect(')');
    }

    std::string_view m_rest;
    Array& m_array;
};

void parse_npy(Array& array) {
    const std::string_view bytes(array.bytes);
    const auto at = [bytes](std::size_t index) {
        return static_cast<std::size_t>(static_cast<unsigned char>(bytes[index]));
    };
    if (bytes.size() < 12 || !bytes.starts_with(k_magic) || at(6) < 1 || at(6) > 3) {
        bad("it is no array of numpy's format 1, 2 or 3");
    }
    const std::size_t length_size = at(6) == 1 ? 2 : 4;
    std::size_t length = 0;
    for (std::size_t i = length_size; i-- > 0;) {
        length = (length << 8U) | at(8 + i);
    }
    array.data_at = 8 + length_size + length;
    if (length > k_longest_header || array.data_at > bytes.size()) {
        bad("the array's header is damaged");
    }
    HeaderParser(bytes.substr(8 + length_size, length), array).run();
    std::uint64_t count = 1;
    for (const auto extent : array.shape) {
        if (extent != 0 && count > bytes.size() / extent) {
            bad("the array is cut short");
        }
        count *= extent;
    }
    const auto size = array.data().size();
    const std::uint64_t each = array.dtype.size;
    if (each == 0 ? size != 0 : size % each != 0 || size / each != count) {
        bad("the array's bytes do not fit its shape");
    }
}

/// The members that are there, read one by one.
class NpzReader {
public:
    explicit NpzReader(Bytes bytes) : m_budget(bytes.size() * k_most_inflation + k_inflation_allowance) {
        ZipError error;
        auto* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error.error);
        if (source != nullptr) {
            m_archive.reset(zip_open_from_source(source, ZIP_RDONLY, &error.error));
            if (!m_archive) {
                zip_source_free(source);
            }
        }
        if (!m_archive) {
            bad("it is no .npz file: " + error.what());
        }
    }

    [[nodiscard]] std::uint64_t read_bytes() const { return m_read; }

    /// An array, or nothing where there is none of that name.
    std::optional<Array> find(const std::string& name) {
        const auto index = zip_name_locate(m_archive.get(), (name + ".npy").c_str(), ZIP_FL_ENC_RAW);
        if (index < 0) {
            return std::nullopt;
        }
        try {
            return read(static_cast<zip_uint64_t>(index));
        } catch (const Error& error) {
            bad("array " + name + ": " + error.what());
        }
    }

private:
    Array read(zip_uint64_t index) {
        zip_stat_t status;
        zip_stat_init(&status);
        if (zip_stat_index(m_archive.get(), index, 0, &status) != 0 || (status.valid & ZIP_STAT_SIZE) == 0 ||
            status.size > m_budget) {
            bad("its size is not known, or it unfolds to more than " + std::to_string(k_most_inflation) +
                " times the file's size");
        }
        m_budget -= status.size;
        m_read += status.size;
        const Member member(zip_fopen_index(m_archive.get(), index, 0), &zip_fclose);
        if (!member) {
            bad(zip_strerror(m_archive.get()));
        }
        Array array;
        array.bytes.resize(status.size);
        std::size_t filled = 0;
        while (filled < array.bytes.size()) {
            const auto got = zip_fread(member.get(), array.bytes.data() + filled, array.bytes.size() - filled);
            if (got <= 0) {
                bad(got < 0 ? std::string("damaged: ") + zip_file_strerror(member.get()) : "it is cut short");
            }
            filled += static_cast<std::size_t>(got);
        }
        char behind{};
        if (zip_fread(member.get(), &behind, 1) != 0) {  // reading up to the end also checks the checksum
            bad(std::string("damaged: ") + zip_file_strerror(member.get()));
        }
        parse_npy(array);
        return array;
    }

    Archive m_archive{nullptr, &zip_discard};
    std::uint64_t m_budget;
    std::uint64_t m_read{};
};

/// A column of rows × columns elements; absent ones have no rows and are not asked.
class Column {
public:
    Column(NpzReader& reader, const std::string& name, std::uint64_t rows, std::uint64_t columns = 1)
        : m_array(reader.find(name)), m_rows(rows), m_columns(columns) {
        if (!m_array) {
            return;
        }
        const bool flat = columns == 1 && m_array->shape == std::vector{rows};
        if (!flat && m_array->shape != std::vector{rows, columns}) {
            bad("array " + name + " does not have " + std::to_string(rows) + " rows of " + std::to_string(columns));
        }
    }

    [[nodiscard]] bool is_there() const { return m_array.has_value(); }
    [[nodiscard]] double number(std::uint64_t row, std::uint64_t column = 0) const {
        double value{};
        if (!number_at(m_array->dtype, m_array->data(), place(row, column), value)) {
            bad("a text stands where a number is due");
        }
        return value;
    }
    [[nodiscard]] std::string text(std::uint64_t row) const {
        std::string value;
        if (!text_at(m_array->dtype, m_array->data(), place(row, 0), value)) {
            bad("a number stands where a text is due");
        }
        return value;
    }

private:
    [[nodiscard]] std::size_t place(std::uint64_t row, std::uint64_t column) const {
        return m_array->fortran ? column * m_rows + row : row * m_columns + column;
    }

    std::optional<Array> m_array;
    std::uint64_t m_rows;
    std::uint64_t m_columns;
};

std::optional<std::string> scalar_text(NpzReader& reader, const std::string& name) {
    const auto array = reader.find(name);
    if (!array) {
        return std::nullopt;
    }
    std::string value;
    if (!array->shape.empty() || !text_at(array->dtype, array->data(), 0, value)) {
        bad("array " + name + " is not one text");
    }
    return value;
}

// --- writing ---

std::string npy(const std::string& descr, std::span<const std::uint64_t> shape, std::string_view data) {
    std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (";
    for (const auto extent : shape) {
        header += std::to_string(extent) + ",";
    }
    header += "), }";
    // The data begins at a multiple of 64, as numpy has it.
    constexpr std::size_t k_alignment = 64;
    constexpr std::size_t k_before = 10;
    header.append(k_alignment - (k_before + header.size() + 1) % k_alignment, ' ');
    header += '\n';
    std::string bytes(k_magic);
    bytes += '\x01';
    bytes += '\0';
    bytes += static_cast<char>(header.size() & 0xFFU);
    bytes += static_cast<char>(header.size() >> 8U);
    bytes += header;
    bytes += data;
    return bytes;
}

void append_raw(std::string& data, const auto& value) {
    const auto raw = std::bit_cast<std::array<char, sizeof(value)>>(value);
    data.append(raw.data(), raw.size());
}

/// An array of texts: all as long as the longest, four bytes a character.
std::string text_array(std::uint64_t count, const std::function<std::string(std::uint64_t)>& text,
                       bool scalar = false) {
    const auto each_code = [](const std::string& utf8, const auto& use) {
        std::string_view rest(utf8);
        for (std::uint32_t code{}; next_code(rest, code);) {
            use(code);
        }
    };
    std::uint64_t longest = 1;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t length = 0;
        each_code(text(i), [&length](std::uint32_t) { ++length; });
        longest = std::max(longest, length);
    }
    if (longest > k_largest_text_array / 4 / std::max<std::uint64_t>(count, 1)) {
        throw Error(ErrorCode::runtime, "numpy gives every text the room of the longest, of " +
                                            std::to_string(longest) +
                                            " characters, which is too much here; export as jsonl");
    }
    std::string data;
    data.reserve(count * longest * 4);
    for (std::uint64_t i = 0; i < count; ++i) {
        each_code(text(i), [&data](std::uint32_t code) { append_raw(data, code); });
        data.resize((i + 1) * longest * 4, '\0');
    }
    const std::array shape{count};
    return npy("<U" + std::to_string(longest), std::span(shape).first(scalar ? 0 : 1), data);
}

/// Adds members to a zip file in memory, all of the same date, so that the same contents give the same bytes.
class NpzWriter {
public:
    NpzWriter() {
        ZipError error;
        m_source = zip_source_buffer_create(nullptr, 0, 0, &error.error);
        if (m_source != nullptr) {
            m_archive.reset(zip_open_from_source(m_source, ZIP_TRUNCATE, &error.error));
        }
        if (!m_archive) {
            zip_source_free(m_source);
            bad("cannot make a .npz file: " + error.what());
        }
        zip_source_keep(m_source);
    }
    ~NpzWriter() {
        m_archive.reset();
        zip_source_free(m_source);
    }
    NpzWriter(const NpzWriter&) = delete;
    NpzWriter& operator=(const NpzWriter&) = delete;

    void add(const std::string& name, std::string bytes, bool compress) {
        auto& kept = m_members.emplace_back(std::make_unique<std::string>(std::move(bytes)));
        auto* source = zip_source_buffer(m_archive.get(), kept->data(), kept->size(), 0);
        const auto index =
            source == nullptr ? -1 : zip_file_add(m_archive.get(), (name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
        if (index < 0) {
            zip_source_free(source);
            bad(std::string("cannot make a .npz file: ") + zip_strerror(m_archive.get()));
        }
        const auto at = static_cast<zip_uint64_t>(index);
        zip_set_file_compression(m_archive.get(), at, compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
        constexpr zip_uint16_t k_first_of_january_1980 = (1U << 5U) | 1U;
        zip_file_set_dostime(m_archive.get(), at, 0, k_first_of_january_1980, 0);
    }

    void finish(const Sink& write) {
        if (zip_close(m_archive.get()) != 0) {
            bad(std::string("cannot make a .npz file: ") + zip_strerror(m_archive.get()));
        }
        static_cast<void>(m_archive.release());
        if (zip_source_open(m_source) != 0) {
            bad("cannot read the .npz file again");
        }
        std::vector<char> block(std::size_t{1} << 20U);
        for (;;) {
            const auto got = zip_source_read(m_source, block.data(), block.size());
            if (got < 0) {
                bad("cannot read the .npz file again");
            }
            if (got == 0) {
                break;
            }
            write({block.data(), static_cast<std::size_t>(got)});
        }
        zip_source_close(m_source);
    }

private:
    std::vector<std::unique_ptr<std::string>> m_members;
    zip_source_t* m_source{};
    Archive m_archive{nullptr, &zip_discard};
};

}  // namespace

Collection read_npz(Bytes bytes, const ReadOptions& options) {
    NpzReader reader(bytes);
    const auto encodings = reader.find("encodings");
    if (!encodings || encodings->shape.size() != 2 || encodings->shape[1] == 0 ||
        encodings->shape[1] > std::numeric_limits<std::uint32_t>::max()) {
        bad("it has no array encodings of two dimensions, one row a face");
    }
    const auto rows = encodings->shape[0];
    const auto dim = encodings->shape[1];
    const Column labels(reader, "labels", rows);
    if (!labels.is_there()) {
        bad("it has no array labels");
    }
    const Column photos(reader, "photos", rows);
    const Column hashes(reader, "sha256", rows);
    const Column boxes(reader, "boxes", rows, 4);
    const Column scores(reader, "scores", rows);
    const Column qualities(reader, "qualities", rows);
    const Column origins(reader, "origins", rows);
    const Column times(reader, "times", rows);
    const auto encoder = scalar_text(reader, "encoder");
    const auto weights = scalar_text(reader, "weights");
    const auto metric = scalar_text(reader, "metric");
    const auto settings = scalar_text(reader, "settings");
    const auto fingerprint = scalar_text(reader, "fingerprint");

    Collector collector(Format::npz, reader.read_bytes(), options);
    if (encoder && weights && metric) {
        collector.contract({*encoder, *weights, static_cast<std::uint32_t>(dim), metric_from(*metric)});
    }
    collector.collection.settings = settings.value_or("");
    collector.collection.fingerprint = fingerprint.value_or("");
    for (std::uint64_t row = 0; row < rows; ++row) {
        collector.record(row, [&] {
            Entry entry;
            auto& record = entry.record;
            record.label = labels.text(row);
            record.photo = photos.is_there() ? from_python(photos.text(row)) : std::string();
            entry.has_hash = hashes.is_there();
            if (entry.has_hash) {
                record.photo_hash = sha256_from_hex(hashes.text(row));
            }
            if (boxes.is_there()) {
                record.box = {pixels_from(boxes.number(row, 0)), pixels_from(boxes.number(row, 1)),
                              pixels_from(boxes.number(row, 2)), pixels_from(boxes.number(row, 3))};
            }
            if (scores.is_there()) {
                record.score = static_cast<float>(scores.number(row));
            }
            if (qualities.is_there()) {
                record.quality = static_cast<float>(qualities.number(row));
            }
            record.origin = origins.is_there() ? origin_from(origins.text(row)) : Origin::import;
            entry.has_time = times.is_there();
            if (entry.has_time) {
                const double time = times.number(row);
                if (!(std::abs(time) < 1e15)) {
                    bad("the time is out of range");
                }
                record.time = static_cast<UnixTime>(time);
            }
            record.encoding.reserve(dim);
            for (std::uint64_t i = 0; i < dim; ++i) {
                double value{};
                const auto place = encodings->fortran ? i * rows + row : row * dim + i;
                if (!number_at(encodings->dtype, encodings->data(), place, value)) {
                    bad("the encodings are no numbers");
                }
                record.encoding.push_back(static_cast<float>(value));
            }
            return entry;
        });
    }
    return std::move(collector.collection);
}

void write_npz(const Contents& contents, const Sink& write) {
    const auto& [contract, settings, fingerprint] = contents.description;
    const std::uint64_t rows = contents.size;
    std::string encodings;
    std::string boxes;
    std::string scores;
    std::string qualities;
    std::string times;
    encodings.reserve(rows * contract.dim * sizeof(float));
    for (std::uint64_t i = 0; i < rows; ++i) {
        const auto record = contents.record(i);
        encodings.append(reinterpret_cast<const char*>(record.encoding.data()), record.encoding.size_bytes());
        append_raw(boxes, record.box);
        append_raw(scores, record.score);
        append_raw(qualities, record.quality);
        append_raw(times, record.time);
    }
    const std::array column{rows};
    const auto texts = [&](const std::function<std::string(const gallery::RecordView&)>& of) {
        return text_array(rows, [&](std::uint64_t i) { return of(contents.record(i)); });
    };
    const auto scalar = [](std::string_view text) {
        return text_array(
            1, [text](std::uint64_t) { return to_python(text); }, true);
    };
    NpzWriter writer;
    writer.add("encodings", npy("<f4", std::array{rows, std::uint64_t{contract.dim}}, encodings), false);
    writer.add("labels", texts([](const auto& record) { return std::string(record.label); }), true);
    writer.add("photos", texts([](const auto& record) { return to_python(record.photo); }), true);
    writer.add("sha256", texts([](const auto& record) { return to_hex(record.photo_hash); }), true);
    writer.add("boxes", npy("<i4", std::array{rows, std::uint64_t{4}}, boxes), true);
    writer.add("scores", npy("<f4", column, scores), true);
    writer.add("qualities", npy("<f4", column, qualities), true);
    writer.add("origins", texts([](const auto& record) { return std::string(to_string(record.origin)); }), true);
    writer.add("times", npy("<i8", column, times), true);
    writer.add("encoder", scalar(contract.encoder), true);
    writer.add("weights", scalar(contract.weights), true);
    writer.add("metric", scalar(to_string(contract.metric)), true);
    writer.add("settings", scalar(settings), true);
    writer.add("fingerprint", scalar(fingerprint), true);
    writer.finish(write);
}

}  // namespace mien::exchange
