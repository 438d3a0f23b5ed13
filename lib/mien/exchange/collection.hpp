// SPDX-License-Identifier: MIT
#pragma once

/// Records as files of other programs hold them: JSON lines, CSV, numpy's .npz, and the pickle of the old services.
/// man mien-export says what each keeps.

#include <mien/core/hash.hpp>
#include <mien/core/types.hpp>
#include <mien/gallery/gallery.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mien::exchange {

enum class Format { jsonl, csv, npz, pickle };

std::string_view to_string(Format format);

/// throws: Error{usage} that lists the names
Format format_from(std::string_view name);

/// By the first bytes.
Format sniff(Bytes bytes);

/// A record as a file has it.
struct Entry {
    gallery::Record record;
    std::uint64_t number{};  ///< its line in JSON lines and CSV, else its index from 0
    bool has_hash{true};     ///< false: the file does not say which photo it was, and record.photo_hash is zero
    bool has_time{true};     ///< false: record.time is zero
};

/// A record that was left out.
struct BadEntry {
    std::string place;  ///< "line 17", "record 3"
    std::string reason;
};

/// All that a file says. Beside the records everything may be absent.
struct Collection {
    Format format{Format::jsonl};
    std::optional<ModelContract> contract;
    std::string settings;     ///< as in gallery::Description
    std::string fingerprint;  ///< as in gallery::Description
    std::vector<Entry> entries;
    std::vector<gallery::SkippedPhoto> skipped;
    std::vector<gallery::Denial> denials;
    gallery::Extras extras;
    std::vector<BadEntry> bad;
};

std::string place_of(Format format, std::uint64_t number);

struct ReadOptions {
    bool skip_bad{false};  ///< leave bad records out and list them, instead of stopping at the first
};

/// Everything that is read is checked: labels are labels, encodings have one length and finite numbers, times are
/// times. Memory is a small multiple of the bytes.
/// throws: Error{runtime} with the place, at the first bad record, or where the file itself is damaged or dangerous;
///         Error{model_mismatch} where a file says two models
Collection read(Bytes bytes, Format format, const ReadOptions& options = {});

/// What a store holds, to be written.
struct Contents {
    gallery::Description description;
    std::size_t size{};
    std::function<gallery::RecordView(std::size_t)> record;  ///< of 0 to size - 1
    std::span<const gallery::SkippedPhoto> skipped;
    std::span<const gallery::Denial> denials;
    const gallery::Extras* extras{};
};

/// Hands the file to `write` piece by piece. The same contents give the same bytes.
/// throws: what write throws; Error{runtime} if numpy's form does not have room
void write(const Contents& contents, Format format, const std::function<void(std::string_view)>& write);

}  // namespace mien::exchange
