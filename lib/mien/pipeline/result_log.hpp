// SPDX-License-Identifier: MIT
#pragma once

/// What long work has finished so far, so that it can go on after Ctrl-C, a kill or a power cut.

#include <mien/core/file.hpp>
#include <mien/core/hash.hpp>
#include <mien/core/types.hpp>
#include <mien/pipeline/pipeline.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace mien::pipeline {

/// What is worth keeping of a PhotoResult.
struct FinishedFace {
    Box box;
    float score{};
    float quality{};
    std::vector<float> encoding;
};

struct FinishedPhoto {
    Verdict verdict{};
    std::string reason;
    std::vector<FinishedFace> faces;
};

FinishedPhoto to_finished(PhotoResult&& result);

/// An append-only file of checksummed entries, named by the photos' content. Mode 0600. Not thread-safe.
class ResultLog {
public:
    /// Opens or creates the log. Entries of another fingerprint, and what follows a torn or damaged entry, are dropped.
    /// throws: Error{runtime} if the file cannot be read or written
    ResultLog(std::filesystem::path file, const std::string& fingerprint, std::uint32_t dim);

    [[nodiscard]] const FinishedPhoto* find(const Sha256& photo) const;
    void append(const Sha256& photo, const FinishedPhoto& result);
    [[nodiscard]] std::size_t size() const { return m_entries.size(); }

    /// The work is done and durable elsewhere.
    void remove();

private:
    std::uint64_t load(Bytes bytes, std::uint32_t dim);

    std::filesystem::path m_file;
    std::string m_header;
    std::unordered_map<Sha256, FinishedPhoto, Sha256Hash> m_entries;
    std::optional<AppendFile> m_out;
};

}  // namespace mien::pipeline
