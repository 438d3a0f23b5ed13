// SPDX-License-Identifier: MIT
#pragma once

/// `stats`: what a store holds.

#include <mien/core/json.hpp>
#include <mien/core/types.hpp>
#include <mien/eval/calibration.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mien::service {

struct PersonStats {
    std::string label;
    std::size_t encodings{};
};

struct StoreStats {
    std::filesystem::path store;
    std::uint64_t bytes{};   ///< of archive and journal
    std::uint64_t change{};  ///< the number of the last change
    UnixTime changed{};
    ModelContract contract;
    std::string detector;
    double threshold{};
    std::string threshold_from;  ///< calibration, model
    std::optional<eval::Calibration> calibration;
    std::optional<eval::PairCalibration> pair_calibration;  ///< for 1:1
    std::size_t encodings{};
    std::vector<PersonStats> people;  ///< by label
    std::size_t skipped{};            ///< training photos that gave no encoding
    std::size_t denials{};            ///< "not NAME" and "not a face"
    /// records of the same photo content and place: groups of photo names
    std::vector<std::vector<std::string>> duplicates;
    /// with verify: rows that are no unit vectors (cosine) or hold numbers that are not finite
    bool verified{};
    std::size_t bad_encodings{};
};

/// Opens the store, which checks all its checksums. verify: also looks at every number.
/// throws: Error{store_missing, store_corrupt}
StoreStats stats(const std::filesystem::path& store, bool verify);

Json to_json(const StoreStats& stats);

}  // namespace mien::service
