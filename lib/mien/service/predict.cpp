// SPDX-License-Identifier: MIT
#include <mien/service/predict.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/text.hpp>
#include <mien/core/user_file.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/image/decode.hpp>
#include <mien/image/encode.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/pending.hpp>
#include <mien/service/store_choices.hpp>

#include <algorithm>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

std::string describe(const FaceAnswer& face) {
    return face.verdict == Verdict::known ? face.label : std::string("unknown");
}

}  // namespace

Predictor::Predictor(const PredictOptions& options, const models::Finder& finder)
    : Predictor(options, gallery::load_store(options.store), finder) {}

Predictor::Predictor(const PredictOptions& options, std::shared_ptr<const gallery::Gallery> gallery,
                     const models::Finder& finder)
    : m_options(options),
      m_blueprint(
          (pipeline::Blueprint::set_workers(options.jobs), blueprint_of_store(*gallery, options.pipeline, finder))),
      m_identifier(std::move(gallery), m_blueprint.encoder(), options.identify) {}

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
    std::vector<std::byte> bytes;
    try {
        bytes = read_file(photo, k_largest_photo_file);
    } catch (const Error& error) {
        PhotoAnswer unread;
        unread.photo = photo.native();
        unread.reason = error.what();
        return unread;
    }
    auto answer = m_identifier.answer(worker.process(bytes, pipeline::Faces::all));
    answer.photo = photo.native();
    answer.hash = sha256(bytes);
    const bool unknown = std::any_of(answer.faces.begin(), answer.faces.end(),
                                     [](const FaceAnswer& face) { return face.verdict == Verdict::unknown; });
    if (m_options.remember && unknown) {
        answer.remembered = remember(*m_options.remember, m_identifier.gallery().description(),
                                     photo.filename().native(), bytes, answer);
    }
    if (!m_options.draw.empty() && answer.verdict != Verdict::unreadable) {
        draw(photo, bytes, answer, fs::is_directory(m_options.draw));
    }
    return answer;
}

void Predictor::draw(const fs::path& photo, Bytes bytes, const PhotoAnswer& answer, bool several) const {
    auto decoded = image::decode(bytes, {m_options.pipeline.max_pixels, 0});
    std::vector<image::Mark> marks;
    for (const auto& face : answer.faces) {
        marks.push_back({face.box, describe(face), face.verdict == Verdict::known});
    }
    image::draw(decoded.bgr, marks);
    const auto target = several ? m_options.draw / photo.filename() : m_options.draw;
    OutputFile out(target, 0644);
    out.write(image::encode(decoded.bgr, target.extension().native()));
    out.commit();
}

Json Predictor::to_json(const PhotoAnswer& answer) const {
    return m_identifier.to_json(answer, m_blueprint.detector());
}

}  // namespace mien::service
