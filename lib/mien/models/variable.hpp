// SPDX-License-Identifier: MIT
#pragma once

namespace mien::models {

/// Folders with models, colon-separated; see Finder.
inline constexpr const char* k_folders_variable = "MIEN_MODELS";

}  // namespace mien::models
