// SPDX-License-Identifier: MIT
#pragma once

/// Ctrl-C and SIGTERM as a flag that long work asks, so that it can stop between two photos and keep what it has.

namespace mien {

/// From now on SIGINT and SIGTERM set the flag; a second one ends the process at once.
void catch_interrupts();

bool interrupted() noexcept;

/// throws: Error{interrupted} once the flag is set
void throw_if_interrupted();

}  // namespace mien
