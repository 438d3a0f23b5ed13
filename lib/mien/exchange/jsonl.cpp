// SPDX-License-Identifier: MIT
#include <mien/exchange/formats.hpp>

#include <mien/core/hex.hpp>
#include <mien/core/json.hpp>

#include <algorithm>
#include <cmath>

namespace mien::exchange {
namespace {

// A line's tree takes up to a hundred times its bytes while it is looked at, so lines are bounded: a record of 16,384
// numbers, the most that an encoding may have, is far shorter.
constexpr std::size_t k_longest_line = std::size_t{1} << 20U;
constexpr std::size_t k_extra_piece = std::size_t{1} << 17U;
constexpr int k_version = 1;

// --- reading ---

const Json& field(const Json& line, const char* name) {
    const auto found = line.find(name);
    if (found == line.end()) {
        bad(std::string("there is no ") + name);
    }
    return *found;
}

std::string text(const Json& line, const char* name) {
    const auto& value = field(line, name);
    if (!value.is_string()) {
        bad(std::string(name) + " is no text");
    }
    return value.get<std::string>();
}

double number(const Json& line, const char* name) {
    const auto& value = field(line, name);
    if (!value.is_number()) {
        bad(std::string(name) + " is no number");
    }
    return value.get<double>();
}

int hex_digit(char digit) {
    constexpr std::string_view k_digits = "0123456789abcdef";
    const auto value = k_digits.find(digit);
    return value == std::string_view::npos ? -1 : static_cast<int>(value);
}

std::string from_hex(const std::string& digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        const int high = hex_digit(digits[i]);
        const int low = hex_digit(digits[i + 1]);
        if (high < 0 || low < 0) {
            bad("bytes that are not in hexadecimal digits");
        }
        bytes += static_cast<char>(high * 16 + low);
    }
    if (digits.size() % 2 != 0) {
        bad("bytes that are not in hexadecimal digits");
    }
    return bytes;
}

/// A path is a text under its name, or, where it is not UTF-8, bytes under name_hex.
std::string path(const Json& line, const std::string& name) {
    const auto exact = name + "_hex";
    return line.contains(exact) ? from_hex(text(line, exact.c_str())) : text(line, name.c_str());
}

Box box(const Json& line) {
    const auto& value = field(line, "box");
    if (!value.is_object()) {
        bad("box is no object");
    }
    return {pixels_from(number(value, "left")), pixels_from(number(value, "top")), pixels_from(number(value, "width")),
            pixels_from(number(value, "height"))};
}

std::vector<float> encoding(const Json& line) {
    const auto& value = field(line, "encoding");
    if (!value.is_array() || !std::all_of(value.begin(), value.end(), [](const Json& n) { return n.is_number(); })) {
        bad("encoding is no list of numbers");
    }
    std::vector<float> numbers;
    numbers.reserve(value.size());
    for (const auto& number : value) {
        // The shortest digits of a float, read as a double, round to that float again.
        numbers.push_back(static_cast<float>(number.get<double>()));
    }
    return numbers;
}

Entry entry(const Json& line) {
    Entry entry;
    auto& record = entry.record;
    record.label = text(line, "label");
    record.encoding = encoding(line);
    if (line.contains("photo") || line.contains("photo_hex")) {
        record.photo = path(line, "photo");
    }
    if (line.contains("box")) {
        record.box = box(line);
    }
    entry.has_hash = line.contains("sha256");
    if (entry.has_hash) {
        record.photo_hash = sha256_from_hex(text(line, "sha256"));
    }
    if (line.contains("score")) {
        record.score = static_cast<float>(number(line, "score"));
    }
    if (line.contains("quality") && !line["quality"].is_null()) {
        record.quality = static_cast<float>(number(line, "quality"));
    }
    record.origin = line.contains("origin") ? origin_from(text(line, "origin")) : Origin::import;
    entry.has_time = line.contains("time");
    if (entry.has_time) {
        record.time = time_from(text(line, "time"));
    }
    return entry;
}

gallery::Denial denial(const Json& line) {
    return {text(line, "denied"), sha256_from_hex(text(line, "sha256")), box(line),
            path(line, "photo"),  time_from(text(line, "time")),         encoding(line)};
}

gallery::SkippedPhoto skipped(const Json& line) {
    return {path(line, "skipped"), sha256_from_hex(text(line, "sha256")), outcome_from(text(line, "outcome")),
            text(line, "reason")};
}

void head(const Json& line, Collector& collector) {
    const double version = number(line, "mien");
    if (version != k_version) {
        throw Error(ErrorCode::runtime, "it is of version " + Json(version).dump() +
                                            " of this format, which this mien does not know; get a newer one");
    }
    const double dim = number(line, "dim");
    if (!(dim >= 1 && dim <= 1e6)) {
        bad("dim is out of range");
    }
    collector.contract({text(line, "encoder"), text(line, "weights"), static_cast<std::uint32_t>(dim),
                        metric_from(text(line, "metric"))});
    collector.collection.settings = text(line, "settings");
    collector.collection.fingerprint = text(line, "fingerprint");
}

// --- writing ---

void append_text(std::string& line, std::string_view name, std::string_view value) {
    (((line += ",\"") += name) += "\":") += to_line(Json(value));
}

void append_path(std::string& line, const std::string& name, std::string_view value) {
    append_text(line, name, value);
    if (!is_utf8(value)) {
        append_text(line, name + "_hex", to_hex(value));
    }
}

void append_box(std::string& line, const Box& box) { (line += ",\"box\":") += to_line(to_json(box)); }

void append_encoding(std::string& line, std::span<const float> encoding) {
    line += ",\"encoding\":[";
    for (std::size_t i = 0; i < encoding.size(); ++i) {
        if (i > 0) {
            line += ',';
        }
        append_number(line, encoding[i]);
    }
    line += ']';
}

void append_field(std::string& line, std::string_view name, float value) {
    ((line += ",\"") += name) += "\":";
    append_number(line, value);
}

/// Every line starts with a comma so far: it becomes the brace.
void finish(std::string& line) {
    line.front() = '{';
    line += "}\n";
}

}  // namespace

Collection read_jsonl(Bytes bytes, const ReadOptions& options) {
    Collector collector(Format::jsonl, bytes.size(), options);
    std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (rest.starts_with("\xEF\xBB\xBF")) {
        rest.remove_prefix(3);
    }
    for (std::uint64_t line_number = 1; !rest.empty(); ++line_number) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto characters = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (characters.find_first_not_of(" \t\r") == std::string_view::npos) {
            continue;
        }
        Json line;
        if (characters.size() <= k_longest_line) {
            line = Json::parse(characters, nullptr, false);
        }
        if (line.is_object() && line.contains("mien")) {
            try {
                head(line, collector);
            } catch (const Error& error) {
                throw Error(error.code(), place_of(Format::jsonl, line_number) + ": " + error.what());
            }
        } else if (line.is_object() && line.contains("denied")) {
            collector.denial(line_number, [&line] { return denial(line); });
        } else if (line.is_object() && line.contains("skipped")) {
            collector.skipped(line_number, [&line] { return skipped(line); });
        } else if (line.is_object() && line.contains("extra")) {
            collector.extra(line_number,
                            [&line] { return std::pair(text(line, "extra"), from_hex(text(line, "hex"))); });
        } else {
            collector.record(line_number, [&] {
                if (characters.size() > k_longest_line) {
                    bad("the line is longer than a megabyte");
                }
                if (!line.is_object()) {
                    bad("the line is no JSON object");
                }
                return entry(line);
            });
        }
    }
    return std::move(collector.collection);
}

void write_jsonl(const Contents& contents, const Sink& write) {
    const auto& [contract, settings, fingerprint] = contents.description;
    write(to_line({{"mien", k_version},
                   {"encoder", contract.encoder},
                   {"weights", contract.weights},
                   {"dim", contract.dim},
                   {"metric", to_string(contract.metric)},
                   {"settings", settings},
                   {"fingerprint", fingerprint}}) +
          "\n");
    std::string line;
    for (std::size_t i = 0; i < contents.size; ++i) {
        const auto record = contents.record(i);
        line.clear();
        append_text(line, "label", record.label);
        append_path(line, "photo", record.photo);
        append_box(line, record.box);
        append_encoding(line, record.encoding);
        append_text(line, "origin", to_string(record.origin));
        append_text(line, "time", to_iso8601(record.time));
        append_text(line, "sha256", to_hex(record.photo_hash));
        append_field(line, "score", record.score);
        if (!std::isnan(record.quality)) {
            append_field(line, "quality", record.quality);
        }
        finish(line);
        write(line);
    }
    for (const auto& denial : contents.denials) {
        line.clear();
        append_text(line, "denied", denial.label);
        append_path(line, "photo", denial.photo);
        append_box(line, denial.box);
        append_encoding(line, denial.encoding);
        append_text(line, "time", to_iso8601(denial.time));
        append_text(line, "sha256", to_hex(denial.photo_hash));
        finish(line);
        write(line);
    }
    for (const auto& photo : contents.skipped) {
        line.clear();
        append_path(line, "skipped", photo.photo);
        append_text(line, "outcome", to_string(photo.outcome));
        append_text(line, "reason", photo.reason);
        append_text(line, "sha256", to_hex(photo.photo_hash));
        finish(line);
        write(line);
    }
    if (contents.extras != nullptr) {
        for (const auto& [name, blob] : *contents.extras) {
            for (std::size_t at = 0; at < blob.size(); at += k_extra_piece) {
                line.clear();
                append_text(line, "extra", name);
                append_text(line, "hex", to_hex(std::string_view(blob).substr(at, k_extra_piece)));
                finish(line);
                write(line);
            }
        }
    }
}

}  // namespace mien::exchange
