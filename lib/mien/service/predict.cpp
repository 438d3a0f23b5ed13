// SPDX-License-Identifier: MIT
#include <mien/service/predict.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/log.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/image/decode.hpp>
#include <mien/image/encode.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/store_choices.hpp>

#include <chrono>
#include <cmath>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

constexpr int k_distance_places = 4;

pipeline::Blueprint blueprint_for(const gallery::Gallery& gallery, const PredictOptions& options,
                                  const models::Finder& finder) {
    auto wanted = options.pipeline;
    wanted.encoder = "auto";  // the store decides
    wanted = as_built(gallery, wanted, finder);
    const auto start = std::chrono::steady_clock::now();
    pipeline::Blueprint blueprint(wanted, finder);
    log::debug("models loaded in {:.1f} ms",
               std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    if (*blueprint.contract() != gallery.contract()) {
        throw Error(ErrorCode::model_mismatch,
                    "the store was built with " + gallery.contract().encoder + " (weights " +
                        gallery.contract().weights.substr(0, 12) + "…), but the file here is " +
                        blueprint.contract()->encoder + " (weights " + blueprint.contract()->weights.substr(0, 12) +
                        "…); bring back the old weights, or build the store anew with 'mien train'");
    }
    return blueprint;
}

std::string describe(const FaceAnswer& face) {
    return face.verdict == Verdict::known ? face.label : std::string("unknown");
}

}  // namespace

std::string_view confidence_kind(const models::Decision& decision) { return decision.measured ? "model" : "nominal"; }

Predictor::Predictor(const PredictOptions& options, const models::Finder& finder)
    : m_options(options),
      m_gallery(gallery::load_store(options.store)),
      m_matcher(m_gallery),
      m_blueprint((pipeline::Blueprint::set_workers(options.jobs), blueprint_for(*m_gallery, options, finder))),
      m_threshold(options.tolerance.value_or(m_blueprint.encoder().decision.threshold)) {}

void Predictor::predict(std::span<const fs::path> photos, const std::function<void(const PhotoAnswer&)>& take) const {
    const bool several = photos.size() > 1;
    if (!m_options.draw.empty() && several) {
        fs::create_directories(m_options.draw);
    }
    const auto make_work = [&]() -> std::function<PhotoAnswer(std::size_t)> {
        return [&, worker = std::shared_ptr<pipeline::Worker>(m_blueprint.make_worker())](std::size_t i) {
            return answer(photos[i], *worker);
        };
    };
    const auto taken = pipeline::run_in_order<PhotoAnswer>(photos.size(), m_options.jobs, make_work,
                                                           [&](std::size_t, PhotoAnswer&& photo) { take(photo); });
    if (taken < photos.size()) {
        throw Error(ErrorCode::interrupted,
                    "interrupted after " + std::to_string(taken) + " of " + std::to_string(photos.size()) + " photos");
    }
}

PhotoAnswer Predictor::answer(const fs::path& photo, pipeline::Worker& worker) const {
    PhotoAnswer answer;
    answer.photo = photo.native();
    std::vector<std::byte> bytes;
    try {
        bytes = read_file(photo, k_largest_photo_file);
    } catch (const Error& error) {
        answer.reason = error.what();
        return answer;
    }
    answer.hash = sha256(bytes);
    auto result = worker.process(bytes, pipeline::Faces::all);
    answer.verdict = result.verdict;
    answer.reason = std::move(result.reason);
    answer.width = result.width;
    answer.height = result.height;
    answer.ms = result.ms;

    const auto start = std::chrono::steady_clock::now();
    std::vector<Encoding> probes;
    for (auto& face : result.faces) {
        probes.push_back(std::move(face.encoding));
    }
    auto ranks = m_matcher.rank(probes, std::max<std::size_t>(m_options.top, 1));
    for (std::size_t i = 0; i < result.faces.size(); ++i) {
        FaceAnswer face{
            result.faces[i].box, result.faces[i].score, result.faces[i].quality, Verdict::unknown, {}, {}, 0,
            std::move(ranks[i])};
        decide(face);
        answer.faces.push_back(std::move(face));
    }
    if (!answer.faces.empty()) {
        answer.verdict = Verdict::unknown;
        for (const auto& face : answer.faces) {
            if (face.verdict == Verdict::known) {
                answer.verdict = Verdict::known;
            }
        }
    }
    answer.match_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    if (!m_options.draw.empty() && answer.verdict != Verdict::unreadable) {
        draw(photo, bytes, answer, fs::is_directory(m_options.draw));
    }
    return answer;
}

void Predictor::decide(FaceAnswer& face) const {
    if (face.candidates.empty()) {
        return;
    }
    const auto& nearest = face.candidates.front();
    face.distance = static_cast<double>(nearest.distance);
    const auto& decision = m_blueprint.encoder().decision;
    face.confidence = 1 / (1 + std::exp(decision.slope * (*face.distance - decision.middle)));
    if (*face.distance <= m_threshold) {
        face.verdict = Verdict::known;
        face.label = nearest.label;
    }
}

void Predictor::draw(const fs::path& photo, Bytes bytes, const PhotoAnswer& answer, bool several) const {
    auto decoded = image::decode(bytes, {m_options.pipeline.max_pixels, 0});
    std::vector<image::Mark> marks;
    for (const auto& face : answer.faces) {
        marks.push_back({face.box, describe(face), face.verdict == Verdict::known});
    }
    image::draw(decoded.bgr, marks);
    const auto target = several ? m_options.draw / photo.filename() : m_options.draw;
    AtomicFile out(target, 0644);
    out.write(image::encode(decoded.bgr, target.extension().native()));
    out.commit();
}

Json Predictor::to_json(const PhotoAnswer& answer) const {
    Json json{{"photo", answer.photo}};
    if (answer.hash != Sha256{}) {
        json["sha256"] = to_hex(answer.hash);
    }
    json["verdict"] = to_string(answer.verdict);
    if (!answer.reason.empty()) {
        json["reason"] = answer.reason;
    }
    if (answer.verdict != Verdict::unreadable) {
        json["width"] = answer.width;
        json["height"] = answer.height;
    }
    json["faces"] = Json::array();
    for (const auto& face : answer.faces) {
        Json entry{{"box", mien::to_json(face.box)},
                   {"score", rounded(static_cast<double>(face.score), k_distance_places)},
                   {"quality", rounded(static_cast<double>(face.quality.score), k_distance_places)},
                   {"verdict", to_string(face.verdict)},
                   {"label", face.verdict == Verdict::known ? Json(face.label) : Json(nullptr)},
                   {"distance", face.distance ? Json(rounded(*face.distance, k_distance_places)) : Json(nullptr)},
                   {"confidence", rounded(face.confidence, k_distance_places)},
                   {"confidence_kind", confidence_kind(m_blueprint.encoder().decision)},
                   {"candidates", Json::array()}};
        if (const auto reasons = quality::reasons(face.quality); !reasons.empty()) {
            entry["quality_reasons"] = reasons;
        }
        for (std::size_t i = 0; i < std::min(face.candidates.size(), m_options.top); ++i) {
            const auto& candidate = face.candidates[i];
            entry["candidates"].push_back(
                {{"label", candidate.label},
                 {"distance", rounded(static_cast<double>(candidate.distance), k_distance_places)}});
        }
        json["faces"].push_back(std::move(entry));
    }
    json["detector"] = m_blueprint.detector();
    json["encoder"] = m_blueprint.contract()->encoder;
    json["threshold"] = rounded(m_threshold, k_distance_places);
    json["ms"] = {{"decode", rounded(answer.ms.decode, 2)},
                  {"detect", rounded(answer.ms.detect, 2)},
                  {"encode", rounded(answer.ms.encode, 2)},
                  {"match", rounded(answer.match_ms, 2)}};
    return json;
}

}  // namespace mien::service
