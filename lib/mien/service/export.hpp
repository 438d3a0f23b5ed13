// SPDX-License-Identifier: MIT
#pragma once

/// `export`: a store as a file for other programs.

#include <mien/core/json.hpp>
#include <mien/exchange/collection.hpp>

#include <filesystem>
#include <functional>
#include <string_view>

namespace mien::service {

struct ExportOptions {
    std::filesystem::path store;
    exchange::Format format{exchange::Format::jsonl};
    std::filesystem::path
        output;  ///< empty: `write` gets the bytes; else a file that is replaced atomically, mode 0600
    std::function<void(std::string_view)> write;
};

struct ExportSummary {
    std::filesystem::path store;
    std::filesystem::path output;
    exchange::Format format{};
    std::size_t people{};
    std::size_t encodings{};
    std::size_t denials{};  ///< in the file: jsonl only
};

/// Writes one state of the store. The same state gives the same bytes.
/// throws: Error{store_missing, store_corrupt, runtime}, and what write throws
ExportSummary export_records(const ExportOptions& options);

Json to_json(const ExportSummary& summary);

}  // namespace mien::service
