// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace mien::app {

/// Before something is destroyed: asks "question [y/N]" on the terminal. yes: what --yes said; then nothing is asked.
/// throws: Error{usage} where nobody can be asked, with the option to add
bool may_go_on(const std::string& question, bool yes);

}  // namespace mien::app
