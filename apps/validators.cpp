// SPDX-License-Identifier: MIT
#include <validators.hpp>

#include <mien/core/text.hpp>

#include <charconv>

namespace mien::app {

CLI::Validator whole_number_from(std::uint64_t least) {
    return {[least](const std::string& text) -> std::string {
                std::uint64_t number{};
                const auto* end = text.data() + text.size();
                const auto read = std::from_chars(text.data(), end, number);
                return read.ec == std::errc() && read.ptr == end && number >= least
                           ? std::string()
                           : "must be a whole number from " + std::to_string(least) + ", not " + shell_quoted(text);
            },
            {}};
}

}  // namespace mien::app
