// SPDX-License-Identifier: MIT
#pragma once

/// What becomes of a new photo of somebody who has as many as are kept; for settings, which know no pixels.

#include <string_view>

namespace mien::service {

enum class OnLimit {
    oldest,  ///< the oldest enrolled one goes
    worst,   ///< the one of the lowest quality goes, if the new one is better; else the new one is refused
    reject,  ///< the new one is refused
};

std::string_view to_string(OnLimit on_limit);
/// throws: Error{usage} that lists the names
OnLimit on_limit_from(std::string_view name);

}  // namespace mien::service
