// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace mien::image {

/// What OpenCV's fonts can show: ASCII. Accents go, some letters are spelled out, everything else becomes '?'.
std::string to_plain_letters(std::string_view text);

}  // namespace mien::image
