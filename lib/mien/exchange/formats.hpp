// SPDX-License-Identifier: MIT
#pragma once

/// The four formats behind collection.hpp, and what they share.

#include <mien/core/error.hpp>
#include <mien/exchange/collection.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace mien::exchange {

using Sink = std::function<void(std::string_view)>;

/// Gathers what a reader finds, and checks it.
class Collector {
public:
    Collector(Format format, std::uint64_t source_bytes, const ReadOptions& options);

    /// What the file says of its model; a second time only the same.
    /// throws: Error{model_mismatch} with both names
    void contract(const ModelContract& contract);

    /// Adds the record that make() gives. What make() throws is a bad record.
    void record(std::uint64_t number, const std::function<Entry()>& make);

    /// Likewise for the rest that a file may hold.
    void denial(std::uint64_t number, const std::function<gallery::Denial()>& make);
    void skipped(std::uint64_t number, const std::function<gallery::SkippedPhoto()>& make);
    /// make: a name and the next piece of its blob
    void extra(std::uint64_t number, const std::function<std::pair<std::string, std::string>()>& make);

    /// Settings and fingerprint, which need no checks.
    Collection collection;

private:
    void attempt(std::uint64_t number, const std::function<void()>& take);
    void charge(std::uint64_t bytes);
    void check_encoding(const std::vector<float>& encoding);

    ReadOptions m_options;
    std::uint64_t m_budget;
    std::uint32_t m_dim{};
};

[[noreturn]] void bad(const std::string& reason);  ///< a bad record

// Fields as texts, the same in every format. What does not fit is a bad record.
Metric metric_from(std::string_view text);
Origin origin_from(std::string_view text);
gallery::Outcome outcome_from(std::string_view text);
UnixTime time_from(std::string_view text);  ///< "2026-01-31T09:00:00Z"
std::int32_t pixels_from(double value);     ///< a whole number of 32 bits

/// The shortest digits that give the same number back.
void append_number(std::string& text, float value);

Collection read_jsonl(Bytes bytes, const ReadOptions& options);
Collection read_csv(Bytes bytes, const ReadOptions& options);
Collection read_npz(Bytes bytes, const ReadOptions& options);
Collection read_pickle(Bytes bytes, const ReadOptions& options);
void write_jsonl(const Contents& contents, const Sink& write);
void write_csv(const Contents& contents, const Sink& write);
void write_npz(const Contents& contents, const Sink& write);
void write_pickle(const Contents& contents, const Sink& write);

}  // namespace mien::exchange
