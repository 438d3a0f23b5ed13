// SPDX-License-Identifier: MIT
#pragma once

/// Checks of options whose messages say what is expected.

#include <CLI/CLI.hpp>

#include <cstdint>

namespace mien::app {

/// A whole number from `least` on, as far as 64 bits reach.
CLI::Validator whole_number_from(std::uint64_t least);

/// A check for options that are numbers: what CLI::Range() says, and "nan" is refused, which lies in every range of
/// CLI.
CLI::Validator finite_range(double low, double high);

}  // namespace mien::app
