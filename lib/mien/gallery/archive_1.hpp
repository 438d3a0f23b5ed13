// SPDX-License-Identifier: MIT
#pragma once

/// The first format of train.mien: read, no longer written.

#include <mien/gallery/archive.hpp>

namespace mien::gallery {

/// bytes: at least a header's, with the right magic and version
/// throws: Error{store_corrupt}
Archive read_archive_1(Bytes bytes, std::shared_ptr<const void> keep);

}  // namespace mien::gallery
