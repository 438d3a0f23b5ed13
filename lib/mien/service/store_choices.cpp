// SPDX-License-Identifier: MIT
#include <mien/service/store_choices.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>

namespace mien::service {
namespace {

constexpr const char* k_faces_setting = "faces";
constexpr const char* k_largest_faces = "largest";

}  // namespace

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
    if (!options.flip && options.encoder == text("encoder") && settings.contains("flip") &&
        settings["flip"].is_boolean()) {
        options.flip = settings["flip"].get<bool>();
    }
    const auto detector = text("detector");
    if (options.detector == "auto" && !detector.empty() && finder.has(models::card(models::Kind::detector, detector))) {
        options.detector = detector;
    }
    return options;
}

pipeline::Blueprint blueprint_of_store(const gallery::Gallery& store, pipeline::Options options,
                                       const models::Finder& finder) {
    options.encoder = "auto";  // the store decides
    options = as_built(store, options, finder);
    pipeline::Blueprint blueprint(options, finder);
    if (*blueprint.contract() != store.contract() && options.remote) {
        log::debug("the server's encoder is not the store's: the models are loaded here");
        options.remote = nullptr;
        blueprint = pipeline::Blueprint(options, finder);
    }
    if (*blueprint.contract() != store.contract()) {
        throw Error(ErrorCode::model_mismatch,
                    "the store was built with " + store.contract().encoder + " (weights " +
                        store.contract().weights.substr(0, 12) + "…), but the file here is " +
                        blueprint.contract()->encoder + " (weights " + blueprint.contract()->weights.substr(0, 12) +
                        "…); bring back the old weights, or build the store anew with 'mien train'");
    }
    return blueprint;
}

pipeline::Faces trained_faces(const gallery::Gallery& store) {
    const auto settings = Json::parse(store.description().settings, nullptr, false);
    const bool largest =
        settings.is_object() && settings.contains(k_faces_setting) && settings[k_faces_setting] == k_largest_faces;
    return largest ? pipeline::Faces::largest : pipeline::Faces::one;
}

gallery::Description description_of(const pipeline::Blueprint& blueprint, pipeline::Faces faces) {
    auto settings = blueprint.settings();
    if (faces == pipeline::Faces::largest) {
        settings[k_faces_setting] = k_largest_faces;
    }
    return {*blueprint.contract(), to_line(settings), blueprint.fingerprint(faces)};
}

std::optional<models::Decision> decision_of_model(const gallery::Gallery& store) {
    for (const auto& card : models::catalogue()) {
        if (card.kind == models::Kind::encoder && card.name == store.contract().encoder) {
            return card.decision;
        }
    }
    const auto settings = Json::parse(store.description().settings, nullptr, false);
    const auto encoder = settings.is_object() ? settings.value("encoder", std::string()) : std::string();
    if (!encoder.starts_with("onnx:")) {
        return std::nullopt;
    }
    try {
        return models::read_onnx_card(encoder.substr(5)).decision;
    } catch (const Error&) {
        return std::nullopt;  // the store is as good as before
    }
}

}  // namespace mien::service
