// SPDX-License-Identifier: MIT
#include <mien/exchange/formats.hpp>

#include <mien/core/csv.hpp>
#include <mien/core/text.hpp>

#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace mien::exchange {
namespace {

constexpr std::size_t k_absent = std::numeric_limits<std::size_t>::max();

/// Where each column is.
struct Header {
    std::size_t label{k_absent};
    std::size_t photo{k_absent};
    std::size_t sha256{k_absent};
    std::size_t left{k_absent};
    std::size_t top{k_absent};
    std::size_t width{k_absent};
    std::size_t height{k_absent};
    std::size_t score{k_absent};
    std::size_t quality{k_absent};
    std::size_t origin{k_absent};
    std::size_t time{k_absent};
    std::size_t encoder{k_absent};
    std::size_t weights{k_absent};
    std::size_t metric{k_absent};
    std::vector<std::size_t> encoding;
    std::size_t fields{};
};

Header read_header(const CsvRow& row) {
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < row.fields.size(); ++i) {
        if (!places.try_emplace(row.fields[i], i).second && !row.fields[i].empty()) {
            bad("line 1: there are two columns " + shell_quoted(printable(row.fields[i])));
        }
    }
    const auto place = [&places](std::string_view name) {
        const auto found = places.find(name);
        return found == places.end() ? k_absent : found->second;
    };
    Header header{place("label"),   place("photo"),   place("sha256"),  place("left"),    place("top"),
                  place("width"),   place("height"),  place("score"),   place("quality"), place("origin"),
                  place("time"),    place("encoder"), place("weights"), place("metric"),  {},
                  row.fields.size()};
    for (std::size_t i = place("e0"); i != k_absent;
         i = place(std::string("e").append(std::to_string(header.encoding.size())))) {
        header.encoding.push_back(i);
    }
    if (header.label == k_absent || header.encoding.empty()) {
        bad("line 1: it names no columns label and e0, e1, …; the first line says what the columns are");
    }
    return header;
}

/// A field; empty where there is no such column.
class Fields {
public:
    Fields(const Header& header, const CsvRow& row) : m_row(row) {
        if (row.fields.size() != header.fields) {
            bad(std::to_string(row.fields.size()) + " fields where the first line has " +
                std::to_string(header.fields));
        }
    }
    [[nodiscard]] std::string_view text(std::size_t column) const {
        return column == k_absent ? std::string_view() : std::string_view(m_row.fields[column]);
    }
    template <class Number>
    [[nodiscard]] Number number(std::size_t column, const char* what) const {
        const auto digits = text(column);
        Number value{};
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
            bad(std::string(what) + " is no number: " + shell_quoted(printable(digits.substr(0, 40))));
        }
        return value;
    }

private:
    const CsvRow& m_row;
};

Entry entry(const Header& header, const CsvRow& row) {
    const Fields fields(header, row);
    Entry entry;
    auto& record = entry.record;
    record.label = fields.text(header.label);
    record.photo = fields.text(header.photo);
    entry.has_hash = !fields.text(header.sha256).empty();
    if (entry.has_hash) {
        record.photo_hash = sha256_from_hex(fields.text(header.sha256));
    }
    if (header.left != k_absent) {
        record.box = {fields.number<std::int32_t>(header.left, "left"), fields.number<std::int32_t>(header.top, "top"),
                      fields.number<std::int32_t>(header.width, "width"),
                      fields.number<std::int32_t>(header.height, "height")};
    }
    if (!fields.text(header.score).empty()) {
        record.score = fields.number<float>(header.score, "score");
    }
    if (!fields.text(header.quality).empty()) {
        record.quality = fields.number<float>(header.quality, "quality");
    }
    const auto origin = fields.text(header.origin);
    record.origin = origin.empty() ? Origin::import : origin_from(origin);
    entry.has_time = !fields.text(header.time).empty();
    if (entry.has_time) {
        record.time = time_from(fields.text(header.time));
    }
    record.encoding.reserve(header.encoding.size());
    for (const auto column : header.encoding) {
        record.encoding.push_back(fields.number<float>(column, "the encoding"));
    }
    return entry;
}

/// What a line says of its model; nothing where it does not, or is no proper line.
std::optional<ModelContract> contract(const Header& header, const CsvRow& row) {
    if (row.fields.size() != header.fields || header.encoder == k_absent || header.weights == k_absent ||
        header.metric == k_absent || row.fields[header.encoder].empty()) {
        return std::nullopt;
    }
    return ModelContract{row.fields[header.encoder], row.fields[header.weights],
                         static_cast<std::uint32_t>(header.encoding.size()), metric_from(row.fields[header.metric])};
}

}  // namespace

Collection read_csv(Bytes bytes, const ReadOptions& options) {
    Collector collector(Format::csv, bytes.size(), options);
    CsvReader reader({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    CsvRow row;
    if (!reader.next(row)) {
        bad("it is empty; the first line must say what the columns are");
    }
    const auto header = read_header(row);
    for (bool more = true; more;) {
        std::string problem;
        try {
            more = reader.next(row);
        } catch (const Error& error) {
            problem = error.what();  // the reader goes on with the next line
        }
        if (!more) {
            break;
        }
        try {
            if (const auto said = contract(header, row); problem.empty() && said) {
                collector.contract(*said);
            }
        } catch (const Error& error) {
            throw Error(error.code(), place_of(Format::csv, row.line) + ": " + error.what());
        }
        collector.record(row.line, [&] {
            if (!problem.empty()) {
                bad(problem);
            }
            return entry(header, row);
        });
    }
    return std::move(collector.collection);
}

void write_csv(const Contents& contents, const Sink& write) {
    const auto& contract = contents.description.contract;
    std::string line = "label,photo,sha256,left,top,width,height,score,quality,origin,time,encoder,weights,metric";
    for (std::uint32_t i = 0; i < contract.dim; ++i) {
        (line += ",e") += std::to_string(i);
    }
    write(line + "\r\n");
    const auto model =
        csv_field(contract.encoder) + "," + contract.weights + "," + std::string(to_string(contract.metric));
    for (std::size_t i = 0; i < contents.size; ++i) {
        const auto record = contents.record(i);
        line = csv_field(record.label);
        const auto add = [&line](std::string_view field) { (line += ',') += field; };
        add(csv_field(record.photo));
        add(to_hex(record.photo_hash));
        for (const auto pixels : {record.box.left, record.box.top, record.box.width, record.box.height}) {
            add(std::to_string(pixels));
        }
        line += ',';
        append_number(line, record.score);
        line += ',';
        if (!std::isnan(record.quality)) {
            append_number(line, record.quality);
        }
        add(to_string(record.origin));
        add(to_iso8601(record.time));
        add(model);
        for (const float value : record.encoding) {
            line += ',';
            append_number(line, value);
        }
        write(line += "\r\n");
    }
}

}  // namespace mien::exchange
