// SPDX-License-Identifier: MIT
#include <mien/core/log.hpp>

#include <spdlog/sinks/stdout_color_sinks.h>

namespace mien::log {
namespace {

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::error: return spdlog::level::err;
        case Level::warning: return spdlog::level::warn;
        case Level::debug: return spdlog::level::debug;
        case Level::info: break;
    }
    return spdlog::level::info;
}

}  // namespace

void start(Level level) {
    auto logger = std::make_shared<spdlog::logger>("mien", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    logger->set_pattern("mien: %^%l%$: %v");
    logger->set_level(level_of(level));
    spdlog::set_default_logger(std::move(logger));
}

void set_level(Level level) { spdlog::default_logger_raw()->set_level(level_of(level)); }

}  // namespace mien::log
