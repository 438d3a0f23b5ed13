// SPDX-License-Identifier: MIT
#include <mien/pipeline/remote.hpp>

#include <mien/core/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace mien::pipeline {
namespace {

constexpr std::array k_faces{Faces::all, Faces::one, Faces::largest};
constexpr std::array k_verdicts{Verdict::known, Verdict::no_face, Verdict::several_faces, Verdict::unreadable};
constexpr std::array k_schemes{LandmarkScheme::arcface5, LandmarkScheme::dlib5, LandmarkScheme::dlib68};

/// JSON knows no NaN.
Json numbers(const auto& values) {
    Json json = Json::array();
    for (const float value : values) {
        json.push_back(std::isnan(value) ? Json(nullptr) : Json(value));
    }
    return json;
}

float number(const Json& json) {
    return json.is_null() ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(json.get<double>());
}

[[noreturn]] void refuse() { throw Error(ErrorCode::runtime, "the server's answer makes no sense"); }

void read_numbers(const Json& json, std::span<float> into) {
    if (!json.is_array() || json.size() != into.size()) {
        refuse();
    }
    std::transform(json.begin(), json.end(), into.begin(), number);
}

template <class Value, std::size_t count>
Value one_of(const std::array<Value, count>& values, const Json& name) {
    const auto text = name.get<std::string>();
    const auto found =
        std::find_if(values.begin(), values.end(), [&](Value value) { return to_string(value) == text; });
    if (found == values.end()) {
        refuse();
    }
    return *found;
}

Json to_json(const Face& face) {
    Json points = Json::array();
    for (const auto& point : face.landmarks.points) {
        points.push_back({point.x, point.y});
    }
    return {{"box", mien::to_json(face.box)},
            {"score", face.score},
            {"landmarks", {{"scheme", static_cast<int>(face.landmarks.scheme)}, {"points", std::move(points)}}},
            {"quality",
             {{"score", face.quality.score},
              {"parts", numbers(face.quality.parts)},
              {"measures", numbers(face.quality.measures)}}},
            {"encoding", numbers(face.encoding.values)}};
}

Face face_from(const Json& json, std::uint32_t dim) {
    Face face;
    const auto& box = json.at("box");
    face.box = {box.at("left").get<std::int32_t>(), box.at("top").get<std::int32_t>(),
                box.at("width").get<std::int32_t>(), box.at("height").get<std::int32_t>()};
    face.score = number(json.at("score"));
    const auto& landmarks = json.at("landmarks");
    const auto scheme = landmarks.at("scheme").get<std::size_t>();
    if (scheme >= k_schemes.size()) {
        refuse();
    }
    face.landmarks.scheme = k_schemes[scheme];
    for (const auto& point : landmarks.at("points")) {
        face.landmarks.points.push_back({number(point.at(0)), number(point.at(1))});
    }
    const auto& quality = json.at("quality");
    face.quality.score = number(quality.at("score"));
    read_numbers(quality.at("parts"), face.quality.parts);
    read_numbers(quality.at("measures"), face.quality.measures);
    face.encoding.values.resize(dim);
    read_numbers(json.at("encoding"), face.encoding.values);
    if (!std::all_of(face.encoding.values.begin(), face.encoding.values.end(),
                     [](float value) { return std::isfinite(value); })) {
        refuse();
    }
    return face;
}

}  // namespace

std::string_view to_string(Faces faces) {
    switch (faces) {
        case Faces::all: break;
        case Faces::one: return "one";
        case Faces::largest: return "largest";
    }
    return "all";
}

std::optional<Faces> faces_from(std::string_view name) {
    const auto found =
        std::find_if(k_faces.begin(), k_faces.end(), [name](Faces faces) { return to_string(faces) == name; });
    return found == k_faces.end() ? std::nullopt : std::optional(*found);
}

Json to_json(const Offer& offer) {
    return {{"settings", offer.settings},
            {"chosen_size", offer.chosen_size},
            {"model",
             {{"encoder", offer.contract.encoder},
              {"weights", offer.contract.weights},
              {"dim", offer.contract.dim},
              {"metric", to_string(offer.contract.metric)}}}};
}

Json to_json(const PhotoResult& result) {
    Json json{{"verdict", to_string(result.verdict)},
              {"reason", result.reason},
              {"width", result.width},
              {"height", result.height},
              {"faces", Json::array()},
              {"ms", {{"decode", result.ms.decode}, {"detect", result.ms.detect}, {"encode", result.ms.encode}}}};
    for (const auto& face : result.faces) {
        json["faces"].push_back(to_json(face));
    }
    return json;
}

Offer offer_from(const Json& json) {
    try {
        Offer offer;
        offer.settings = json.at("settings");
        offer.chosen_size = json.at("chosen_size").get<bool>();
        const auto& model = json.at("model");
        offer.contract = {model.at("encoder").get<std::string>(), model.at("weights").get<std::string>(),
                          model.at("dim").get<std::uint32_t>(),
                          one_of(std::array{Metric::l2, Metric::cosine}, model.at("metric"))};
        if (!offer.settings.is_object()) {
            refuse();
        }
        return offer;
    } catch (const Json::exception&) {
        refuse();
    }
}

PhotoResult result_from(const Json& json, std::uint32_t dim) {
    try {
        PhotoResult result;
        result.verdict = one_of(k_verdicts, json.at("verdict"));
        result.reason = json.at("reason").get<std::string>();
        result.width = json.at("width").get<int>();
        result.height = json.at("height").get<int>();
        for (const auto& face : json.at("faces")) {
            result.faces.push_back(face_from(face, dim));
        }
        const auto& ms = json.at("ms");
        result.ms = {ms.at("decode").get<double>(), ms.at("detect").get<double>(), ms.at("encode").get<double>()};
        if ((result.verdict == Verdict::known) == result.faces.empty()) {
            refuse();
        }
        return result;
    } catch (const Json::exception&) {
        refuse();
    }
}

}  // namespace mien::pipeline
