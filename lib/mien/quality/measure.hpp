// SPDX-License-Identifier: MIT
#pragma once

#include <mien/quality/quality.hpp>

namespace mien::quality {

/// Everything NaN where the landmarks are not usable or the chip is not as chip_spec() says.
Measures measure(const View& view);

}  // namespace mien::quality
