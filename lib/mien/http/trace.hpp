// SPDX-License-Identifier: MIT
#pragma once

/// W3C Trace Context (level 2): which trace a request belongs to.

#include <mien/http/message.hpp>

namespace mien::http {

/// The trace of a request as it goes on: the parent as it came, in the form of version 00; its state where it can be
/// read, entries beyond 512 characters left out. A parent that cannot be read begins a trace of its own, without a
/// state. Empty where no parent was sent.
Trace read_trace(const Fields& headers);

}  // namespace mien::http
