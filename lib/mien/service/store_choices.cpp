// SPDX-License-Identifier: MIT
#include <mien/service/store_choices.hpp>

#include <mien/core/error.hpp>

namespace mien::service {

pipeline::Options as_built(const gallery::Gallery& store, pipeline::Options options, const models::Finder& finder) {
    const auto settings = Json::parse(store.description().settings, nullptr, false);
    const auto text = [&settings](const char* key) {
        return settings.is_object() && settings.contains(key) && settings[key].is_string()
                   ? settings[key].get<std::string>()
                   : std::string();
    };
    if (options.encoder == "auto") {
        const auto encoder = text("encoder");
        options.encoder = encoder.empty() ? store.contract().encoder : encoder;
    }
    const auto detector = text("detector");
    if (options.detector == "auto" && !detector.empty() && finder.has(models::card(models::Kind::detector, detector))) {
        options.detector = detector;
    }
    return options;
}

}  // namespace mien::service
