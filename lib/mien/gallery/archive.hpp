// SPDX-License-Identifier: MIT
#pragma once

/// The bytes of train.mien; man mien-store.5 specifies them.

#include <mien/core/hash.hpp>
#include <mien/gallery/gallery.hpp>

#include <functional>
#include <memory>

namespace mien::gallery {

inline constexpr std::uint32_t k_format_version = 1;
inline constexpr std::size_t k_header_size = 256;

/// Hands the archive to `write` piece by piece. The same gallery gives the same bytes.
void write_archive(const Gallery& gallery, const std::function<void(Bytes)>& write);

/// Checks and opens an archive. The encodings are not copied: `keep` must own the bytes.
/// throws: Error{store_corrupt} that says what is wrong and at which offset; never reads past the bytes nor allocates
///         more than a small multiple of them
std::shared_ptr<const Gallery> read_archive(Bytes bytes, std::shared_ptr<const void> keep);

}  // namespace mien::gallery
