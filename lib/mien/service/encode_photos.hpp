// SPDX-License-Identifier: MIT
#pragma once

/// Many photos to encodings, with a cache: what verbs that measure and group go through.

#include <mien/core/hash.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/pipeline/result_log.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace mien::service {

/// Which faces of a photo are meant.
enum class Subject {
    largest,
    central,  ///< the one whose centre is nearest to the photo's
    all,
};

/// Encodings of photos that were looked at before, in files of mode 0600, one for each way of encoding.
struct CacheOptions {
    bool use{true};
    std::filesystem::path folder;                  ///< empty: mien/encodings in the user's cache folder
    std::uint64_t limit{std::uint64_t{1} << 30U};  ///< bytes of all files; the longest unused go first
};

struct EncodeOptions {
    Subject subject{Subject::largest};
    int jobs{1};
    CacheOptions cache;
};

struct EncodedPhoto {
    Sha256 hash;                     ///< zero where the file could not be read
    pipeline::FinishedPhoto result;  ///< no_face, unreadable, or known with the faces that are meant
    bool reused{};                   ///< from the cache
};

/// Encodes the photos, in order; the same for any number of jobs. Photos that cannot be read are answers.
/// progress: called on this thread with the number of photos that are done
/// throws: Error{interrupted}; what is done is kept in the cache
std::vector<EncodedPhoto> encode_photos(std::span<const std::filesystem::path> photos,
                                        const pipeline::Blueprint& blueprint, const EncodeOptions& options,
                                        const std::function<void(std::size_t)>& progress);

}  // namespace mien::service
