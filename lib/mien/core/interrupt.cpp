// SPDX-License-Identifier: MIT
#include <mien/core/interrupt.hpp>

#include <mien/core/error.hpp>

#include <csignal>

namespace mien {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

void on_signal(int) { g_interrupted = 1; }

}  // namespace

void catch_interrupts() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept { return g_interrupted != 0; }

void throw_if_interrupted() {
    if (interrupted()) {
        throw Error(ErrorCode::interrupted, "interrupted");
    }
}

}  // namespace mien
