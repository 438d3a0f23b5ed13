// SPDX-License-Identifier: MIT
#include <mien/service/verify.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/match/distance.hpp>
#include <mien/service/people.hpp>
#include <mien/service/store_choices.hpp>
#include <mien/service/workspace.hpp>

#include <algorithm>

namespace mien::service {
namespace {

constexpr int k_places = 4;

}  // namespace

VerifyAnswer verify(const Identifier& identifier, const std::optional<std::string>& user,
                    pipeline::PhotoResult result) {
    VerifyAnswer verified;
    verified.threshold = user ? identifier.pair_threshold() : identifier.threshold();
    verified.confidence_kind = user ? identifier.pair_confidence_kind() : identifier.confidence_kind();
    verified.label = user.value_or("");
    if (user) {
        static_cast<void>(require_person(identifier.gallery(), *user));
    }
    if (result.verdict == Verdict::known && result.faces.size() > 1) {
        result.verdict = Verdict::several_faces;
        result.reason = "there are " + std::to_string(result.faces.size()) + " faces; show one";
    }
    verified.verdict = result.verdict;
    verified.reason = result.reason;
    if (result.verdict != Verdict::known) {
        return verified;
    }
    const auto seen = result.faces.front();
    const auto answer = identifier.answer(std::move(result));
    verified.face = identifier.to_json(answer.faces.front());
    const auto face = user ? identifier.compare(seen, {}, *user) : answer.faces.front();
    verified.verdict = face.verdict;
    verified.label = user.value_or(face.label);
    verified.distance = face.distance;
    verified.confidence = face.confidence;
    return verified;
}

VerifyAnswer verify(const VerifyOptions& options, const models::Finder& finder, const std::filesystem::path& photo) {
    const auto gallery = gallery::load_store(options.store);
    if (options.user) {
        require_person(*gallery, *options.user);  // before the models are loaded
    }
    const auto blueprint = blueprint_of_store(*gallery, options.pipeline, finder);
    const Identifier identifier(gallery, blueprint.encoder(), options.identify);
    const auto bytes = read_file(photo, k_largest_photo_file);
    auto answer = verify(identifier, options.user, blueprint.make_worker()->process(bytes, pipeline::Faces::one));
    answer.photo = photo.native();
    answer.hash = sha256(bytes);
    return answer;
}

Json to_json(const VerifyAnswer& answer) {
    Json json{{"photo", answer.photo}};
    if (answer.hash != Sha256{}) {
        json["sha256"] = to_hex(answer.hash);
    }
    json["verdict"] = to_string(answer.verdict);
    if (!answer.reason.empty()) {
        json["reason"] = answer.reason;
    }
    json["label"] = answer.label.empty() ? Json(nullptr) : Json(answer.label);
    json["distance"] = answer.distance ? Json(rounded(*answer.distance, k_places)) : Json(nullptr);
    json["confidence"] = rounded(answer.confidence, k_places);
    json["confidence_kind"] = answer.confidence_kind;
    json["threshold"] = rounded(answer.threshold, k_places);
    json["face"] = answer.face;
    return json;
}

CompareAnswer compare(const CompareOptions& options, const models::Finder& finder, const std::filesystem::path& a,
                      const std::filesystem::path& b) {
    const pipeline::Blueprint blueprint(options.pipeline, finder);
    const auto& decision = blueprint.encoder().decision;
    CompareAnswer answer;
    answer.a = a.native();
    answer.b = b.native();
    answer.encoder = blueprint.contract()->encoder;
    answer.threshold = options.tolerance.value_or(decision.threshold);
    answer.confidence_kind = decision.measured ? "model" : "nominal";
    const auto worker = blueprint.make_worker();
    const auto faces = options.largest ? pipeline::Faces::largest : pipeline::Faces::one;
    const auto first = worker->process(read_file(a, k_largest_photo_file), faces);
    const auto second = worker->process(read_file(b, k_largest_photo_file), faces);
    for (const auto* photo : {&first, &second}) {
        if (photo->verdict != Verdict::known) {
            answer.verdict = photo->verdict;
            answer.reason = (photo == &first ? answer.a : answer.b) + ": " + photo->reason;
            return answer;
        }
    }
    const auto& contract = *blueprint.contract();
    answer.distance = static_cast<double>(
        match::distance(contract.metric, first.faces.front().encoding.values, second.faces.front().encoding.values));
    answer.confidence = decision.confidence(*answer.distance);
    answer.verdict = *answer.distance <= answer.threshold ? Verdict::known : Verdict::unknown;
    return answer;
}

Json to_json(const CompareAnswer& answer) {
    Json json{{"a", answer.a}, {"b", answer.b}};
    const bool compared = answer.distance.has_value();
    json["verdict"] = !compared                          ? std::string(to_string(answer.verdict))
                      : answer.verdict == Verdict::known ? "same"
                                                         : "different";
    if (!answer.reason.empty()) {
        json["reason"] = answer.reason;
    }
    json["distance"] = compared ? Json(rounded(*answer.distance, k_places)) : Json(nullptr);
    json["confidence"] = rounded(answer.confidence, k_places);
    json["confidence_kind"] = answer.confidence_kind;
    json["threshold"] = rounded(answer.threshold, k_places);
    json["encoder"] = answer.encoder;
    return json;
}

}  // namespace mien::service
