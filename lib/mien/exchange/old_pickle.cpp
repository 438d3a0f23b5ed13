// SPDX-License-Identifier: MIT

/// The store of the old services: {"encodings": [{"imagePath", "loc", "encoding", "label"}, …],
/// "label_encoder": {"classes_": […]}}. A label is the number of a class or the class itself; loc is top, right,
/// bottom, left. Beside these, which is all that they look at, we write what else a record has.

#include <mien/exchange/formats.hpp>
#include <mien/exchange/pickle.hpp>
#include <mien/exchange/python_text.hpp>

#include <mien/core/text.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

namespace mien::exchange {
namespace {

using Kind = Plain::Kind;

// --- reading ---

/// Entries have four fields, ours ten. One that has many is no entry, and one that is found often would cost much.
constexpr std::size_t k_most_fields = 64;

class OldStore {
public:
    OldStore(const Pickle& pickle, Collector& collector) : m_pickle(pickle), m_collector(collector) {}

    void read() {
        const auto& root = m_pickle.root();
        const Plain* entries = root.is(Kind::dict) ? m_pickle.find(root, "encodings") : &root;
        if (entries == nullptr || !(entries->is(Kind::list) || entries->is(Kind::tuple))) {
            bad("it holds no list of encodings as the old services wrote it");
        }
        if (const auto* encoder = m_pickle.find(root, "label_encoder")) {
            read_classes(*encoder);
        }
        if (const auto* ours = m_pickle.find(root, "mien")) {
            m_ours = true;
            m_collector.contract({text(*ours, "encoder"), text(*ours, "weights"),
                                  static_cast<std::uint32_t>(number(*ours, "dim")),
                                  metric_from(text(*ours, "metric"))});
            m_collector.collection.settings = text(*ours, "settings");
            m_collector.collection.fingerprint = text(*ours, "fingerprint");
        }
        const auto items = m_pickle.items(*entries);
        for (std::size_t i = 0; i < items.size(); ++i) {
            m_collector.record(i, [&] { return entry(items[i]); });
        }
    }

private:
    void read_classes(const Plain& encoder) {
        const auto* classes = m_pickle.find(encoder, "classes_");
        if (classes == nullptr) {
            return;
        }
        const auto items = m_pickle.items(*classes);
        std::size_t total = 0;
        const auto add = [&](std::string name) {
            constexpr std::size_t k_longest = 4096;
            total += name.size();
            // A class that is in the list again and again would cost more than its bytes.
            if (name.size() > k_longest || total > Pickle::k_memory_allowance) {
                bad("the names of its classes are too long");
            }
            m_classes.push_back(std::move(name));
        };
        if (classes->is(Kind::array)) {
            const auto& array = m_pickle.array(*classes);
            if (array.shape.size() != 1 || (array.dtype.size == 0 && array.shape[0] != 0)) {
                bad("its classes are no list");
            }
            for (std::size_t i = 0; i < array.size(); ++i) {
                add(array.dtype.kind == 'O' ? name_of(array.objects[i]) : element(array, i));
            }
        } else {
            for (const auto& item : items) {
                add(name_of(item));
            }
        }
    }

    /// An element of an array as a name: a text, or a whole number's digits.
    static std::string element(const PlainArray& array, std::size_t index) {
        std::string name;
        if (text_at(array.dtype, array.data, index, name)) {
            return name;
        }
        double value{};
        if (!number_at(array.dtype, array.data, index, value) || value != std::floor(value) || std::abs(value) > 1e15) {
            bad("a label is neither a text nor a whole number");
        }
        return std::to_string(static_cast<std::int64_t>(value));
    }

    [[nodiscard]] std::string name_of(const Plain& value) const {
        switch (value.kind()) {
            case Kind::text:
            case Kind::bytes: return std::string(m_pickle.text(value));
            case Kind::integer: return std::to_string(value.integer());
            case Kind::array:
                if (const auto& array = m_pickle.array(value); array.shape.empty() && array.dtype.kind != 'O') {
                    return element(array, 0);
                }
                break;
            default: break;
        }
        bad("a label is neither a text nor a whole number");
    }

    [[nodiscard]] double number_of(const Plain& value) const {
        double number{};
        switch (value.kind()) {
            case Kind::boolean:
            case Kind::integer: return static_cast<double>(value.integer());
            case Kind::real: return value.real();
            case Kind::array:
                if (const auto& array = m_pickle.array(value);
                    array.size() == 1 && number_at(array.dtype, array.data, 0, number)) {
                    return number;
                }
                break;
            default: break;
        }
        bad("something else stands where a number is due");
    }

    [[nodiscard]] const Plain& field(const Plain& dict, std::string_view name) const {
        const auto* value = m_pickle.find(dict, name);
        if (value == nullptr) {
            bad("there is no " + std::string(name));
        }
        return *value;
    }
    [[nodiscard]] std::string text(const Plain& dict, std::string_view name) const {
        const auto& value = field(dict, name);
        if (!value.is(Kind::text) && !value.is(Kind::bytes)) {
            bad(std::string(name) + " is no text");
        }
        return std::string(m_pickle.text(value));
    }
    [[nodiscard]] double number(const Plain& dict, std::string_view name) const { return number_of(field(dict, name)); }

    /// Calls use(i, number) for the numbers of a list, a tuple or an array of one row.
    template <class Use>
    void each_number(const Plain& values, std::size_t most, const Use& use) const {
        if (values.is(Kind::array)) {
            const auto& array = m_pickle.array(values);
            const bool one_row = array.shape.size() == 1 || (array.shape.size() == 2 && array.shape[0] == 1);
            if (!one_row || array.size() > most) {
                bad("an array is not one row of numbers");
            }
            for (std::size_t i = 0; i < array.size(); ++i) {
                double value{};
                if (array.dtype.kind == 'O') {
                    value = number_of(array.objects[i]);
                } else if (!number_at(array.dtype, array.data, i, value)) {
                    bad("an array holds no numbers");
                }
                use(value);
            }
            return;
        }
        const auto items = m_pickle.items(values);
        if (!(values.is(Kind::list) || values.is(Kind::tuple)) || items.size() > most) {
            bad("something else stands where a list of numbers is due");
        }
        for (const auto& item : items) {
            use(number_of(item));
        }
    }

    [[nodiscard]] std::string label_of(const Plain& value) const {
        const bool text = value.is(Kind::text) || value.is(Kind::bytes);
        const bool text_scalar = value.is(Kind::array) &&
                                 (m_pickle.array(value).dtype.kind == 'U' || m_pickle.array(value).dtype.kind == 'S');
        if (text || text_scalar || m_classes.empty()) {
            return name_of(value);
        }
        const double index = number_of(value);
        if (!(index >= 0 && index < static_cast<double>(m_classes.size())) || index != std::floor(index)) {
            bad("label " + name_of(value) + " is none of the " + std::to_string(m_classes.size()) + " classes");
        }
        return m_classes[static_cast<std::size_t>(index)];
    }

    [[nodiscard]] Box box_of(const Plain& loc) const {
        std::vector<double> sides;
        each_number(loc, 4, [&sides](double side) { sides.push_back(side); });
        if (sides.size() != 4) {
            bad("loc is not top, right, bottom, left");
        }
        return {pixels_from(sides[3]), pixels_from(sides[0]), pixels_from(sides[1] - sides[3]),
                pixels_from(sides[2] - sides[0])};
    }

    [[nodiscard]] Entry entry(const Plain& dict) const {
        if (!dict.is(Kind::dict) || m_pickle.entries(dict).size() > k_most_fields) {
            bad("it is no dict of imagePath, loc, encoding and label");
        }
        Entry entry;
        auto& record = entry.record;
        record.label = label_of(field(dict, "label"));
        if (const auto* path = m_pickle.find(dict, "imagePath")) {
            if (m_pickle.text(*path).size() > 4 * 4096) {
                bad("imagePath is no path");
            }
            record.photo = from_python(m_pickle.text(*path));
            if (!m_ours) {
                record.photo = name_in_workspace(std::move(record.photo));
            }
        }
        constexpr std::size_t k_most_numbers = 16384;
        each_number(field(dict, "encoding"), k_most_numbers,
                    [&record](double value) { record.encoding.push_back(static_cast<float>(value)); });
        if (const auto* loc = m_pickle.find(dict, "loc"); loc != nullptr && !loc->is(Kind::none)) {
            record.box = box_of(*loc);
        }
        entry.has_hash = m_pickle.find(dict, "sha256") != nullptr;
        if (entry.has_hash) {
            record.photo_hash = sha256_from_hex(text(dict, "sha256"));
        }
        if (m_pickle.find(dict, "score") != nullptr) {
            record.score = static_cast<float>(number(dict, "score"));
        }
        if (m_pickle.find(dict, "quality") != nullptr) {
            record.quality = static_cast<float>(number(dict, "quality"));
        }
        record.origin = m_pickle.find(dict, "origin") != nullptr ? origin_from(text(dict, "origin")) : Origin::import;
        entry.has_time = m_pickle.find(dict, "time") != nullptr;
        if (entry.has_time) {
            record.time = time_from(text(dict, "time"));
        }
        return entry;
    }

    /// The old services ran beside or above their folders, on Windows too: what counts is the path from the folder on.
    static std::string name_in_workspace(std::string path) {
        std::replace(path.begin(), path.end(), '\\', '/');
        for (const std::string_view folder : {"dataset_training/", "dataset/"}) {
            for (auto at = path.rfind(folder); at != std::string::npos && at > 0; at = path.rfind(folder, at - 1)) {
                if (path[at - 1] == '/') {
                    return path.substr(at);
                }
            }
        }
        while (path.starts_with("./") || path.starts_with("../")) {
            path.erase(0, path.find('/') + 1);
        }
        return path;
    }

    const Pickle& m_pickle;
    Collector& m_collector;
    std::vector<std::string> m_classes;
    bool m_ours{false};
};

// --- writing ---

/// Protocol 4 without frames and with a memo for the keys only, which Python 3.4 and later read.
class PickleWriter {
public:
    explicit PickleWriter(const Sink& write) : m_write(write) { m_bytes = "\x80\x04"; }

    void op(char opcode) { m_bytes += opcode; }
    void text(std::string_view value) {
        if (value.size() <= 0xFF) {
            op('\x8c');
            m_bytes += static_cast<char>(value.size());
        } else {
            op('X');
            number(static_cast<std::uint32_t>(value.size()));
        }
        m_bytes += value;
    }
    /// A text that comes often: written once, then recalled.
    void key(std::string_view name) {
        if (const auto found = m_keys.find(name); found != m_keys.end()) {
            op('h');
            m_bytes += static_cast<char>(found->second);
            return;
        }
        text(name);
        op('\x94');
        m_keys.emplace(name, static_cast<std::uint8_t>(m_keys.size()));
    }
    void integer(std::int64_t value) {
        if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
            op('J');
            number(static_cast<std::int32_t>(value));
        } else {
            op('\x8a');
            m_bytes += '\x08';
            number(value);
        }
    }
    void real(double value) {
        op('G');
        const auto bits = std::bit_cast<std::uint64_t>(value);
        for (unsigned shift = 64; shift > 0; shift -= 8) {
            m_bytes += static_cast<char>((bits >> (shift - 8)) & 0xFFU);
        }
    }
    /// Hands on what has gathered.
    void flush() {
        m_write(m_bytes);
        m_bytes.clear();
    }

private:
    template <class Number>
    void number(Number value) {
        const auto raw = std::bit_cast<std::array<char, sizeof(Number)>>(value);
        m_bytes.append(raw.data(), raw.size());
    }

    const Sink& m_write;
    std::string m_bytes;
    std::map<std::string, std::uint8_t, std::less<>> m_keys;
};

}  // namespace

Collection read_pickle(Bytes bytes, const ReadOptions& options) {
    Collector collector(Format::pickle, bytes.size(), options);
    const Pickle pickle(bytes);
    OldStore(pickle, collector).read();
    return std::move(collector.collection);
}

void write_pickle(const Contents& contents, const Sink& write) {
    const auto& [contract, settings, fingerprint] = contents.description;
    std::map<std::string_view, std::int64_t> classes;
    for (std::size_t i = 0; i < contents.size; ++i) {
        classes.emplace(contents.record(i).label, 0);
    }
    std::int64_t next = 0;
    for (auto& [label, number] : classes) {
        number = next++;
    }
    PickleWriter pickle(write);
    pickle.op('}');
    pickle.op('(');
    pickle.key("encodings");
    pickle.op(']');
    pickle.op('(');
    for (std::size_t i = 0; i < contents.size; ++i) {
        const auto record = contents.record(i);
        pickle.op('}');
        pickle.op('(');
        pickle.key("imagePath");
        pickle.text(to_python(record.photo));
        pickle.key("loc");
        pickle.op('(');
        pickle.integer(record.box.top);
        pickle.integer(std::int64_t{record.box.left} + record.box.width);
        pickle.integer(std::int64_t{record.box.top} + record.box.height);
        pickle.integer(record.box.left);
        pickle.op('t');
        pickle.key("encoding");
        pickle.op(']');
        pickle.op('(');
        for (const float value : record.encoding) {
            pickle.real(static_cast<double>(value));
        }
        pickle.op('e');
        pickle.key("label");
        pickle.integer(classes.at(record.label));
        pickle.key("sha256");
        pickle.text(to_hex(record.photo_hash));
        pickle.key("score");
        pickle.real(static_cast<double>(record.score));
        if (!std::isnan(record.quality)) {
            pickle.key("quality");
            pickle.real(static_cast<double>(record.quality));
        }
        pickle.key("origin");
        pickle.key(to_string(record.origin));
        pickle.key("time");
        pickle.text(to_iso8601(record.time));
        pickle.op('u');
        pickle.flush();
    }
    pickle.op('e');
    pickle.key("label_encoder");
    pickle.op('}');
    pickle.key("classes_");
    pickle.op(']');
    pickle.op('(');
    for (const auto& [label, number] : classes) {
        pickle.text(label);
    }
    pickle.op('e');
    pickle.op('s');
    pickle.key("mien");
    pickle.op('}');
    pickle.op('(');
    for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>{"encoder", contract.encoder},
                                      {"weights", contract.weights},
                                      {"metric", to_string(contract.metric)},
                                      {"settings", settings},
                                      {"fingerprint", fingerprint}}) {
        pickle.key(name);
        pickle.text(value);
    }
    pickle.key("dim");
    pickle.integer(contract.dim);
    pickle.op('u');
    pickle.op('u');
    pickle.op('.');
    pickle.flush();
}

}  // namespace mien::exchange
