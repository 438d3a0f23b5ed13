// SPDX-License-Identifier: MIT
#pragma once

/// Downloads a published model: HTTPS (or a mirror's address), resume, digest check, unpacking.

#include <mien/models/models.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace mien::models {

struct FetchOptions {
    std::filesystem::path folder;
    std::string mirror;  ///< address of a folder with the same file names, in the place of each card's own
    /// bytes so far and in all (0: not known); return false to stop
    std::function<bool(std::uint64_t, std::uint64_t)> progress;
};

/// Leaves the file in options.folder, complete and checked, or leaves what was there before. An interrupted download
/// goes on from its .part file.
/// A file that is there already, with the published digest, is not fetched again.
/// returns: the file's place
/// throws: Error{runtime} (network, disk), Error{model_missing} on a digest that is not the published one,
///         or where no address is known, Error{usage} (compiled in, or no http address), Error{interrupted}
std::filesystem::path fetch(const Card& card, const FetchOptions& options);

}  // namespace mien::models
