// SPDX-License-Identifier: MIT
#pragma once

/// Arguments of commands that are printed, so that they can be pasted; beside shell_quoted() of text.hpp.

#include <string>
#include <string_view>

namespace mien {

/// A path as an argument of a command: quoted, and never taken for an option ("./-a.jpg").
std::string shell_path(std::string_view path);

/// "--label Ada"; where the value could be taken for an option, "--label=-a".
std::string shell_option(std::string_view option, std::string_view value);

}  // namespace mien
