// SPDX-License-Identifier: MIT
#include <mien/pipeline/pipeline.hpp>

#include <mien/align/chip.hpp>
#include <mien/align/landmarker.hpp>
#include <mien/core/error.hpp>
#include <mien/detect/detector.hpp>
#include <mien/encode/encoder.hpp>
#include <mien/image/decode.hpp>
#include <mien/pipeline/augment.hpp>
#include <mien/quality/quality.hpp>

#include <opencv2/core/utility.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <utility>

namespace mien::pipeline {
namespace {

/// Raised whenever our own code changes what comes out of the same photo and models.
constexpr int k_revision = 2;

/// A JPEG is decoded to at least this many times the size at which it is searched: enough for most faces' chips.
constexpr int k_decode_reserve = 2;

class Stopwatch {
public:
    /// Milliseconds since the last call.
    double lap() {
        const auto now = std::chrono::steady_clock::now();
        return std::chrono::duration<double, std::milli>(now - std::exchange(m_start, now)).count();
    }

private:
    std::chrono::steady_clock::time_point m_start{std::chrono::steady_clock::now()};
};

float area(const detect::Detection& detection) { return detection.box.width * detection.box.height; }

/// Which predictor finds the points, or nothing where the detector's own serve.
/// dlib's encoders were trained on chips cut by dlib's points; the ArcFace family on five points like YuNet's and ours.
std::optional<std::string> choose_landmarks(const std::string& asked, ChipFrame frame, bool detector_gives_points,
                                            const models::Finder& finder) {
    if (asked == "detector") {
        if (!detector_gives_points) {
            throw Error(ErrorCode::usage, "this detector gives no landmarks; name a predictor with --landmarks");
        }
        return std::nullopt;
    }
    if (asked != "auto") {
        return asked;
    }
    if (frame == ChipFrame::dlib) {
        for (const char* name : {"dlib68", "dlib5"}) {
            if (finder.has(models::card(models::Kind::landmarks, name))) {
                return name;
            }
        }
    }
    if (detector_gives_points) {
        return std::nullopt;
    }
    return "starter5";
}

}  // namespace

struct Blueprint::Impl {
    Options options;
    models::Finder finder;
    std::shared_ptr<const align::Landmarker> landmarker;  ///< null: the detector's own points
    Json settings;
    // Made to learn their names and digests; the first worker takes them over.
    std::unique_ptr<detect::Detector> detector;
    std::unique_ptr<encode::Encoder> encoder;
    std::mutex mutex;
    models::Card card;
    ContractPtr contract;
    std::string detector_name;
};

namespace {

class PhotoWorker : public Worker {
public:
    PhotoWorker(const Options& options, std::shared_ptr<const align::Landmarker> landmarker,
                std::unique_ptr<detect::Detector> detector, std::unique_ptr<encode::Encoder> encoder)
        : m_options(options),
          m_landmarker(std::move(landmarker)),
          m_detector(std::move(detector)),
          m_encoder(std::move(encoder)) {}

    PhotoResult process(Bytes bytes, Faces wanted) override {
        PhotoResult result;
        Stopwatch watch;
        image::Photo photo;
        try {
            photo = image::decode(bytes, {m_options.max_pixels, enough()});
        } catch (const Error& error) {
            if (error.code() != ErrorCode::unreadable) {
                throw;
            }
            result.verdict = Verdict::unreadable;
            result.reason = error.what();
            return result;
        }
        result.width = photo.width;
        result.height = photo.height;
        result.ms.decode = watch.lap();

        auto found = detect::search(*m_detector, photo.bgr, {m_options.detect_size, m_options.upsample});
        result.ms.detect = watch.lap();
        if (found.empty()) {
            result.verdict = Verdict::no_face;
            result.reason = "no face was found";
            return result;
        }
        if (wanted == Faces::one && found.size() > 1) {
            result.verdict = Verdict::several_faces;
            result.reason = std::to_string(found.size()) + " faces were found";
            return result;
        }
        if (wanted == Faces::largest) {
            std::swap(found.front(), *std::max_element(found.begin(), found.end(),
                                                       [](const auto& a, const auto& b) { return area(a) < area(b); }));
            found.resize(1);
        }
        std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
            return std::pair(a.box.left, a.box.top) < std::pair(b.box.left, b.box.top);
        });
        encode(bytes, photo, found, result);
        result.ms.encode = watch.lap();
        return result;
    }

private:
    /// How large a photo must be decoded at least, long side; 0: whole.
    [[nodiscard]] int enough() const {
        if (m_options.upsample > 0) {
            return 0;
        }
        return k_decode_reserve * (m_options.detect_size > 0 ? m_options.detect_size : m_detector->default_size());
    }

    [[nodiscard]] Landmarks points_of(const cv::Mat& bgr, const detect::Detection& detection) const {
        return m_landmarker ? m_landmarker->predict(bgr, detection.box) : *detection.landmarks;
    }

    void encode(Bytes bytes, image::Photo& photo, std::vector<detect::Detection>& found, PhotoResult& result) {
        const auto& spec = m_encoder->card().chip;
        std::vector<Landmarks> points;
        for (const auto& detection : found) {
            points.push_back(points_of(photo.bgr, detection));
        }
        const auto enlarges = [&spec](const Landmarks& landmarks) {
            const auto matrix = align::chip_transform(landmarks, spec);
            return std::hypot(matrix(0, 0), matrix(1, 0)) > 1;
        };
        if (photo.scale < 1 && std::any_of(points.begin(), points.end(), enlarges)) {
            // A face is smaller in the reduced photo than its chip: fetch the pixels that were left out.
            const float factor = 1 / photo.scale;
            photo = image::decode(bytes, {m_options.max_pixels, 0});
            points.clear();
            for (auto& detection : found) {
                scale(detection, factor);
                points.push_back(points_of(photo.bgr, detection));
            }
        }
        std::vector<cv::Mat> chips;
        for (const auto& landmarks : points) {
            chips.push_back(align::extract_chip(photo.bgr, landmarks, spec));
        }
        auto encodings = m_encoder->encode(chips);
        std::vector<std::vector<Encoding>> augmented(found.size());
        if (m_options.augment > 0) {
            const auto photo_hash = sha256(bytes);
            for (std::size_t i = 0; i < found.size(); ++i) {
                augmented[i] =
                    m_encoder->encode(altered_chips(photo.bgr, points[i], spec, photo_hash, i, m_options.augment));
            }
        }
        const auto looked_at = quality::chip_spec();
        // Only YuNet's scores have a scale that quality knows.
        const bool has_scale = m_detector->name() == "yunet";
        const float factor = 1 / photo.scale;
        for (std::size_t i = 0; i < found.size(); ++i) {
            const auto chip = spec == looked_at ? chips[i] : align::extract_chip(photo.bgr, points[i], looked_at);
            scale(found[i], factor);
            for (auto& point : points[i].points) {
                point = {point.x * factor, point.y * factor};
            }
            const auto score = has_scale ? std::optional(found[i].score) : std::nullopt;
            const auto quality = quality::assess({chip, points[i], found[i].box, result.width, result.height, score});
            result.faces.push_back({to_box(found[i].box), found[i].score, std::move(points[i]), std::move(encodings[i]),
                                    quality, std::move(augmented[i])});
        }
    }

    Options m_options;
    std::shared_ptr<const align::Landmarker> m_landmarker;
    std::unique_ptr<detect::Detector> m_detector;
    std::unique_ptr<encode::Encoder> m_encoder;
};

}  // namespace

Blueprint::Blueprint(const Options& options, const models::Finder& finder)
    : m_impl(new Impl{options, finder, nullptr, {}, nullptr, nullptr, {}, {}, nullptr, {}}) {
    auto& impl = *m_impl;
    impl.options.detector = detect::resolve_detector(options.detector, finder);
    impl.options.encoder = encode::resolve_encoder(options.encoder, finder);
    impl.detector = detect::make_detector(impl.options.detector, finder);
    impl.encoder = encode::make_encoder(impl.options.encoder, finder, options.flip);
    impl.card = impl.encoder->card();
    impl.contract = impl.encoder->contract();
    impl.detector_name = impl.detector->name();
    const bool gives_points = impl.detector_name == "yunet";
    const auto landmarks = choose_landmarks(options.landmarks, impl.card.chip.frame, gives_points, finder);
    if (landmarks) {
        impl.landmarker = std::make_shared<const align::Landmarker>(*landmarks, finder);
    }
    const int size = options.detect_size > 0 ? options.detect_size : impl.detector->default_size();
    impl.settings = {{"revision", k_revision},
                     {"detector", impl.detector_name},
                     {"detector_weights", impl.detector->weights()},
                     {"detect_size", size},
                     {"upsample", options.upsample},
                     {"landmarks", landmarks ? *landmarks : "detector"},
                     {"landmarks_weights", landmarks ? impl.landmarker->weights() : ""},
                     {"encoder", impl.options.encoder},
                     {"encoder_weights", impl.contract->weights},
                     {"flip", options.flip.value_or(impl.card.mirror)},
                     {"max_pixels", options.max_pixels}};
}

Blueprint::~Blueprint() = default;
Blueprint::Blueprint(Blueprint&&) noexcept = default;
Blueprint& Blueprint::operator=(Blueprint&&) noexcept = default;

std::unique_ptr<Worker> Blueprint::make_worker() const {
    std::unique_ptr<detect::Detector> detector;
    std::unique_ptr<encode::Encoder> encoder;
    {
        const std::lock_guard lock(m_impl->mutex);
        detector = std::move(m_impl->detector);
        encoder = std::move(m_impl->encoder);
    }
    if (!detector) {
        detector = detect::make_detector(m_impl->options.detector, m_impl->finder);
        encoder = encode::make_encoder(m_impl->options.encoder, m_impl->finder, m_impl->options.flip);
    }
    return std::make_unique<PhotoWorker>(m_impl->options, m_impl->landmarker, std::move(detector), std::move(encoder));
}

const models::Card& Blueprint::encoder() const { return m_impl->card; }
ContractPtr Blueprint::contract() const { return m_impl->contract; }
std::string Blueprint::detector() const { return m_impl->detector_name; }
Json Blueprint::settings() const { return m_impl->settings; }

std::string Blueprint::fingerprint(Faces faces) const {
    auto settings = m_impl->settings;
    settings["faces"] = static_cast<int>(faces);
    return to_hex(sha256(to_line(settings)));
}

void Blueprint::set_workers(int workers) {
    // With several workers each runs its networks on one thread; a lone one may use them all.
    cv::setNumThreads(workers > 1 ? 1 : -1);
}

}  // namespace mien::pipeline
