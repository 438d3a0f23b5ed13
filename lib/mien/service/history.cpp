// SPDX-License-Identifier: MIT
#include <mien/service/history.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/change_log.hpp>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

ToldChange tell(const gallery::Change& change) {
    return {change.number, change.time, change.user, change.verb, change.summary, change.operations.size()};
}

std::uint64_t bytes_of_store(const fs::path& store) {
    std::uint64_t bytes = 0;
    const auto add = [&bytes](const fs::path& path) {
        std::error_code ignored;
        const auto size = fs::file_size(path, ignored);
        bytes += ignored ? 0 : size;
    };
    for (const auto& path : gallery::files_of_store(store)) {
        if (fs::is_directory(fs::symlink_status(path))) {
            for (const auto& entry : fs::recursive_directory_iterator(path)) {
                add(entry.path());
            }
        } else {
            add(path);
        }
    }
    return bytes;
}

/// Seconds since 1970 of an ISO date or time.
UnixTime parse_time(const std::string& text) {
    std::tm parts{};
    for (const char* format :
         {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
        parts = {};
        const char* end = ::strptime(text.c_str(), format, &parts);
        if (end != nullptr && std::string_view(end) == "Z") {
            return ::timegm(&parts);
        }
        if (end != nullptr && *end == '\0') {
            parts.tm_isdst = -1;
            return std::mktime(&parts);
        }
    }
    throw Error(ErrorCode::usage, "'" + text + "' is no time like 2026-01-31T09:00:00Z and no number of a change");
}

/// The last change up to the time.
std::uint64_t change_at(UnixTime time, const gallery::ChangeLog& log) {
    auto number = log.last();
    while (number >= log.first() && number > 0 && log.read(number).time > time) {
        --number;
    }
    return number;
}

WentBack describe(const gallery::StoreReader& reader, std::uint64_t to) {
    const gallery::ChangeLog log(reader);
    WentBack went_back;
    went_back.change = reader.last_change() + 1;
    went_back.to = to;
    for (auto number = log.last(); number > to; --number) {
        const auto change = log.read(number);
        (change.operations.empty() ? went_back.kept : went_back.undone).push_back(tell(change));
    }
    if (went_back.undone.empty() && !went_back.kept.empty()) {
        throw Error(ErrorCode::runtime, "change " + std::to_string(went_back.kept.front().number) + " (" +
                                            printable(went_back.kept.front().summary) +
                                            ") cannot be undone: nothing of it is left; nothing was changed; "
                                            "'mien log' shows what came before it");
    }
    const auto past = gallery::state_after(to, log, reader.gallery(), reader.files());
    went_back.encodings = past.gallery->size();
    went_back.people = past.gallery->people();
    return went_back;
}

std::uint64_t before_last(std::uint64_t changes, std::uint64_t last) {
    if (changes == 0 || changes > last) {
        throw Error(ErrorCode::runtime, "there are no " + std::to_string(changes) +
                                            " changes to undo; the last has the number " + std::to_string(last));
    }
    return last - changes;
}

}  // namespace

std::vector<ToldChange> log(const fs::path& store, std::size_t count) {
    const gallery::StoreReader reader(store);
    const gallery::ChangeLog changes(reader);
    std::vector<ToldChange> told;
    for (auto number = changes.last(); number >= changes.first() && number > 0; --number) {
        if (count > 0 && told.size() == count) {
            break;
        }
        told.push_back(tell(changes.read(number)));
    }
    return told;
}

WentBack undo(const HistoryOptions& options, std::uint64_t changes) {
    if (options.dry_run) {
        const gallery::StoreReader reader(options.store);
        return describe(reader, before_last(changes, reader.last_change()));
    }
    gallery::StoreReader reader(options.store);
    gallery::StoreWriter writer(reader, {"undo", options.wait_seconds, {}});
    auto went_back = describe(reader, before_last(changes, reader.last_change()));
    writer.undo(changes);
    return went_back;
}

WentBack restore(const HistoryOptions& options, const std::string& at) {
    std::uint64_t number{};
    const auto* end = at.data() + at.size();
    const bool is_number = std::from_chars(at.data(), end, number) == std::from_chars_result{end, std::errc()};
    const auto time = is_number ? UnixTime{} : parse_time(at);
    const auto target = [&](const gallery::StoreReader& reader) {
        const auto wanted = is_number ? number : change_at(time, gallery::ChangeLog(reader));
        if (wanted > reader.last_change()) {
            throw Error(ErrorCode::runtime, "there is no change " + std::to_string(wanted) + " yet; the last is " +
                                                std::to_string(reader.last_change()));
        }
        return wanted;
    };
    gallery::StoreReader reader(options.store);
    if (options.dry_run) {
        return describe(reader, target(reader));
    }
    gallery::StoreWriter writer(reader, {"restore", options.wait_seconds, {}});
    auto went_back = describe(reader, target(reader));
    writer.restore(went_back.to);
    return went_back;
}

Compacted compact(const HistoryOptions& options, bool forget_history) {
    Compacted result;
    if (fs::exists(options.store)) {
        result.bytes_before = bytes_of_store(options.store);
    }
    gallery::StoreReader reader(options.store);
    gallery::StoreWriter writer(reader, {"compact", options.wait_seconds, {}});
    if (forget_history) {
        writer.forget_history();
    } else {
        writer.compact();
    }
    result.bytes_after = bytes_of_store(options.store);
    result.encodings = writer.gallery()->size();
    result.forgot = forget_history;
    return result;
}

Json to_json(const ToldChange& change) {
    return {{"change", change.number}, {"time", to_iso8601(change.time)}, {"user", change.user},
            {"verb", change.verb},     {"summary", change.summary},       {"operations", change.operations}};
}

Json to_json(const WentBack& went_back) {
    Json undone = Json::array();
    for (const auto& change : went_back.undone) {
        undone.push_back(to_json(change));
    }
    Json kept = Json::array();
    for (const auto& change : went_back.kept) {
        kept.push_back(to_json(change));
    }
    return {{"change", went_back.change}, {"to", went_back.to},         {"undone", std::move(undone)},
            {"kept", std::move(kept)},    {"people", went_back.people}, {"encodings", went_back.encodings}};
}

Json to_json(const Compacted& compacted) {
    return {{"encodings", compacted.encodings},
            {"bytes_before", compacted.bytes_before},
            {"bytes_after", compacted.bytes_after},
            {"forgot_history", compacted.forgot}};
}

}  // namespace mien::service
