// SPDX-License-Identifier: MIT
#include <mien/exchange/formats.hpp>

#include <mien/core/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>

namespace mien::exchange {
namespace {

constexpr std::array k_formats{Format::jsonl, Format::csv, Format::npz, Format::pickle};
constexpr std::size_t k_longest_path = 4096;
constexpr std::uint32_t k_largest_dim = 16384;
constexpr UnixTime k_last_time = 253402300799;   // 9999-12-31T23:59:59Z
constexpr UnixTime k_first_time = -62135596800;  // 0001-01-01T00:00:00Z
// No honest file needs as much: what a record costs beyond its text is about two hundred bytes.
constexpr std::uint64_t k_memory_factor = 16;
constexpr std::uint64_t k_memory_allowance = 64ULL << 20U;

/// Not a bad record, which could be left out.
class TooLarge : public Error {
    using Error::Error;
};

void check_photo(const std::string& photo) {
    if (photo.size() > k_longest_path || photo.find('\0') != std::string::npos) {
        bad("the photo's name is no path");
    }
}

void check_box(const Box& box) {
    if (box.width < 0 || box.height < 0) {
        bad("the box has a negative size");
    }
}

void check_time(UnixTime time) {
    if (time < k_first_time || time > k_last_time) {
        bad("the time is not between the years 1 and 9999");
    }
}

template <class Value, std::size_t n>
Value value_from(std::string_view text, const std::array<Value, n>& all, const char* what) {
    const auto found = std::find_if(all.begin(), all.end(), [text](Value value) { return to_string(value) == text; });
    if (found == all.end()) {
        bad(std::string("there is no ") + what + " " + shell_quoted(printable(text)));
    }
    return *found;
}

}  // namespace

std::string_view to_string(Format format) {
    switch (format) {
        case Format::jsonl: return "jsonl";
        case Format::csv: return "csv";
        case Format::npz: return "npz";
        case Format::pickle: return "pickle";
    }
    return "jsonl";
}

Format format_from(std::string_view name) {
    for (const auto format : k_formats) {
        if (to_string(format) == name) {
            return format;
        }
    }
    throw Error(ErrorCode::usage,
                "there is no format " + shell_quoted(printable(name)) + "; there are jsonl, csv, npz and pickle");
}

Format sniff(Bytes bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min<std::size_t>(bytes.size(), 4096));
    if (text.starts_with("PK")) {
        return Format::npz;
    }
    // Protocol 2 and later; a dict or a list of protocol 1, and of protocol 0.
    constexpr std::array<std::string_view, 5> k_pickles{"\x80", "}", "]", "(d", "(l"};
    if (std::any_of(k_pickles.begin(), k_pickles.end(), [text](auto start) { return text.starts_with(start); })) {
        return Format::pickle;
    }
    const auto first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    return first != std::string_view::npos && text[first] == '{' ? Format::jsonl : Format::csv;
}

std::string place_of(Format format, std::uint64_t number) {
    return (format == Format::jsonl || format == Format::csv ? "line " : "record ") + std::to_string(number);
}

Collection read(Bytes bytes, Format format, const ReadOptions& options) {
    switch (format) {
        case Format::jsonl: return read_jsonl(bytes, options);
        case Format::csv: return read_csv(bytes, options);
        case Format::npz: return read_npz(bytes, options);
        case Format::pickle: return read_pickle(bytes, options);
    }
    return {};
}

void write(const Contents& contents, Format format, const Sink& write) {
    switch (format) {
        case Format::jsonl: write_jsonl(contents, write); break;
        case Format::csv: write_csv(contents, write); break;
        case Format::npz: write_npz(contents, write); break;
        case Format::pickle: write_pickle(contents, write); break;
    }
}

Collector::Collector(Format format, std::uint64_t source_bytes, const ReadOptions& options)
    : m_options(options), m_budget(source_bytes * k_memory_factor + k_memory_allowance) {
    collection.format = format;
}

void Collector::contract(const ModelContract& contract) {
    if (contract.encoder.empty() || contract.encoder.size() > 64 || !is_utf8(contract.encoder) || contract.dim == 0 ||
        contract.dim > k_largest_dim) {
        throw Error(ErrorCode::runtime, "what it says of its model makes no sense");
    }
    static_cast<void>(sha256_from_hex(contract.weights));
    if (collection.contract && *collection.contract != contract) {
        throw Error(
            ErrorCode::model_mismatch,
            "it mixes encodings of " + printable(collection.contract->encoder) + " and " + printable(contract.encoder) +
                (collection.contract->encoder == contract.encoder ? ", of the same name but of other weights" : "") +
                ", which can't be compared; split the file");
    }
    if (m_dim != 0 && m_dim != contract.dim) {
        throw Error(ErrorCode::runtime, "it has encodings of " + std::to_string(m_dim) + " numbers, its model of " +
                                            std::to_string(contract.dim));
    }
    collection.contract = contract;
    m_dim = contract.dim;
}

void Collector::record(std::uint64_t number, const std::function<Entry()>& make) {
    attempt(number, [&] {
        auto entry = make();
        auto& record = entry.record;
        record.label = to_label(record.label);
        check_photo(record.photo);
        check_box(record.box);
        check_time(record.time);
        if (!std::isfinite(record.score)) {
            bad("the score is no number");
        }
        if (!std::isnan(record.quality) && !(record.quality >= 0 && record.quality <= 1)) {
            bad("the quality is not between 0 and 1");
        }
        check_encoding(record.encoding);
        entry.number = number;
        charge(sizeof(Entry) + record.label.size() + record.photo.size() + record.encoding.size() * sizeof(float));
        collection.entries.push_back(std::move(entry));
    });
}

void Collector::denial(std::uint64_t number, const std::function<gallery::Denial()>& make) {
    attempt(number, [&] {
        auto denial = make();
        if (!denial.label.empty()) {
            denial.label = to_label(denial.label);
        }
        check_photo(denial.photo);
        check_box(denial.box);
        check_time(denial.time);
        if (!denial.encoding.empty()) {
            check_encoding(denial.encoding);
        }
        charge(sizeof(denial) + denial.photo.size() + denial.encoding.size() * sizeof(float));
        collection.denials.push_back(std::move(denial));
    });
}

void Collector::skipped(std::uint64_t number, const std::function<gallery::SkippedPhoto()>& make) {
    attempt(number, [&] {
        auto photo = make();
        check_photo(photo.photo);
        charge(sizeof(photo) + photo.photo.size() + photo.reason.size());
        collection.skipped.push_back(std::move(photo));
    });
}

void Collector::extra(std::uint64_t number, const std::function<std::pair<std::string, std::string>()>& make) {
    attempt(number, [&] {
        const auto [name, piece] = make();
        const bool named = !name.empty() && name.size() <= 64 &&
                           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
        if (!named) {
            bad("an extra has no proper name");
        }
        auto& blob = collection.extras[name];
        if (blob.size() + piece.size() > gallery::k_largest_extra) {
            bad("the extra " + name + " is too large");
        }
        charge(sizeof(std::string) + piece.size());
        blob += piece;
    });
}

void Collector::attempt(std::uint64_t number, const std::function<void()>& take) {
    try {
        take();
    } catch (const TooLarge&) {
        throw;
    } catch (const Error& error) {
        const auto place = place_of(collection.format, number);
        if (!m_options.skip_bad) {
            throw Error(ErrorCode::runtime,
                        place + ": " + error.what() + "; nothing was taken over (--skip-bad leaves such records out)");
        }
        charge(sizeof(BadEntry) + place.size());
        collection.bad.push_back({place, error.what()});
    }
}

void Collector::charge(std::uint64_t bytes) {
    if (bytes > m_budget) {
        throw TooLarge(ErrorCode::runtime,
                       "it unfolds to more than " + std::to_string(k_memory_factor) + " times its own size");
    }
    m_budget -= bytes;
}

void Collector::check_encoding(const std::vector<float>& encoding) {
    if (encoding.empty() || encoding.size() > k_largest_dim) {
        bad("an encoding of " + std::to_string(encoding.size()) + " numbers");
    }
    if (!std::all_of(encoding.begin(), encoding.end(), [](float value) { return std::isfinite(value); })) {
        bad("the encoding holds a number that is not finite");
    }
    if (m_dim != 0 && encoding.size() != m_dim) {
        bad("an encoding of " + std::to_string(encoding.size()) + " numbers where " + std::to_string(m_dim) +
            " are due");
    }
    m_dim = static_cast<std::uint32_t>(encoding.size());
}

void bad(const std::string& reason) { throw Error(ErrorCode::runtime, reason); }

Metric metric_from(std::string_view text) { return value_from(text, std::array{Metric::l2, Metric::cosine}, "metric"); }

Origin origin_from(std::string_view text) {
    return value_from(text, std::array{Origin::train, Origin::confirm, Origin::enroll, Origin::import}, "origin");
}

gallery::Outcome outcome_from(std::string_view text) {
    using gallery::Outcome;
    return value_from(text, std::array{Outcome::no_face, Outcome::several_faces, Outcome::unreadable}, "outcome");
}

UnixTime time_from(std::string_view text) {
    std::tm parts{};
    const std::string copy(text);
    const char* end = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    // Written again it must be the same, so that there is no 30th of February.
    if (end == nullptr || *end != '\0' || to_iso8601(::timegm(&parts)) != text) {
        bad("the time is not like 2026-01-31T09:00:00Z: " + shell_quoted(printable(text)));
    }
    return ::timegm(&parts);
}

std::int32_t pixels_from(double value) {
    if (!(value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) ||
        value != std::floor(value)) {
        bad("the box is not in whole pixels");
    }
    return static_cast<std::int32_t>(value);
}

void append_number(std::string& text, float value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    text.append(digits.data(), end);
    if (value == 0 && std::signbit(value)) {
        text += ".0";  // "-0" is an integer to readers of JSON, and has no sign
    }
}

}  // namespace mien::exchange
