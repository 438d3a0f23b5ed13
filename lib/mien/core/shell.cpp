// SPDX-License-Identifier: MIT
#include <mien/core/shell.hpp>

#include <mien/core/text.hpp>

namespace mien {

std::string shell_path(std::string_view path) {
    return shell_quoted(std::string(path.starts_with('-') ? "./" : "").append(path));
}

std::string shell_option(std::string_view option, std::string_view value) {
    return std::string(option).append(value.starts_with('-') ? "=" : " ").append(shell_quoted(value));
}

}  // namespace mien
