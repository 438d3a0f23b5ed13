// SPDX-License-Identifier: MIT
#include <validators.hpp>

#include <mien/core/text.hpp>

#include <charconv>
#include <cmath>

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

CLI::Validator finite_range(double low, double high) {
    CLI::Range range(low, high);
    const auto is_in_range = range;
    range.operation([is_in_range, low, high](std::string& input) {
        double value{};
        if (CLI::detail::lexical_cast(input, value) && std::isnan(value)) {
            return "Value " + input + " not in range " + std::to_string(low) + " to " + std::to_string(high);
        }
        return is_in_range(input);
    });
    return range;
}

}  // namespace mien::app
