// SPDX-License-Identifier: MIT
#include <mien/core/log.hpp>

#include <spdlog/sinks/stdout_color_sinks.h>

namespace mien::log {

void start(Level level) {
    auto logger = std::make_shared<spdlog::logger>("mien", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    logger->set_pattern("mien: %^%l%$: %v");
    switch (level) {
        case Level::error: logger->set_level(spdlog::level::err); break;
        case Level::warning: logger->set_level(spdlog::level::warn); break;
        case Level::info: logger->set_level(spdlog::level::info); break;
        case Level::debug: logger->set_level(spdlog::level::debug); break;
    }
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace mien::log
