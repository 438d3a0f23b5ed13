// SPDX-License-Identifier: MIT
#include <mien/pipeline/pipeline.hpp>

#include <mien/align/chip.hpp>
#include <mien/align/landmarker.hpp>
#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/detect/detector.hpp>
#include <mien/encode/encoder.hpp>
#include <mien/image/decode.hpp>
#include <mien/pipeline/augment.hpp>
#include <mien/pipeline/remote.hpp>
#include <mien/quality/quality.hpp>

#include <opencv2/core/utility.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <mutex>
#include <optional>
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
    models::Card card;
    std::optional<std::string> landmarks;  ///< nothing: the detector's own points
    bool remote{};                         ///< photos go to options.remote
    // Made to learn their names and digests, or when the remote one fails; the first worker takes them over.
    std::mutex mutex;
    std::shared_ptr<const align::Landmarker> landmarker;
    std::unique_ptr<detect::Detector> detector;
    std::unique_ptr<encode::Encoder> encoder;
    ContractPtr contract;
    Json settings;

    [[nodiscard]] bool is_meant(const Offer& offer) const;
    std::unique_ptr<Worker> make_local_worker();
    void load();
};

namespace {

/// Whether a file of that digest is the model's here. Without a file of our own the other one's will do.
bool is_same_file(const models::Card& card, const Json& digest, const models::Finder& finder) {
    const auto file = card.file.empty() ? std::nullopt : finder.find(card);
    return !file || digest == finder.digest(*file);
}

/// The photos go elsewhere, and to tools of our own only when they come back.
class RemoteWorker : public Worker {
public:
    RemoteWorker(std::shared_ptr<Remote> remote, ContractPtr contract, std::function<std::string(Faces)> fingerprint,
                 std::function<std::unique_ptr<Worker>()> make_local)
        : m_remote(std::move(remote)),
          m_contract(std::move(contract)),
          m_fingerprint(std::move(fingerprint)),
          m_make_local(std::move(make_local)) {}

    PhotoResult process(Bytes photo, Faces faces) override {
        if (auto result = m_remote->process(photo, faces, m_fingerprint(faces))) {
            for (auto& face : result->faces) {
                face.encoding.model = m_contract;
            }
            return std::move(*result);
        }
        if (!m_local) {
            m_local = m_make_local();
        }
        return m_local->process(photo, faces);
    }

private:
    std::shared_ptr<Remote> m_remote;
    ContractPtr m_contract;
    std::function<std::string(Faces)> m_fingerprint;
    std::function<std::unique_ptr<Worker>()> m_make_local;
    std::unique_ptr<Worker> m_local;
};

std::string fingerprint_of(Json settings, Faces faces) {
    settings["faces"] = static_cast<int>(faces);
    return to_hex(sha256(to_line(settings)));
}

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
    : m_impl(new Impl{options, finder, {}, {}, false, {}, nullptr, nullptr, nullptr, nullptr, {}}) {
    auto& impl = *m_impl;
    impl.options.detector = detect::resolve_detector(options.detector, finder);
    impl.options.encoder = encode::resolve_encoder(options.encoder, finder);
    impl.card = encode::encoder_card(impl.options.encoder, finder);
    const bool gives_points = impl.options.detector == "yunet";
    impl.landmarks = choose_landmarks(options.landmarks, impl.card.chip.frame, gives_points, finder);
    if (options.remote && options.augment == 0) {
        if (auto offer = options.remote->offer(); offer && impl.is_meant(*offer)) {
            impl.remote = true;
            impl.contract = std::make_shared<const ModelContract>(std::move(offer->contract));
            impl.settings = std::move(offer->settings);
            return;
        }
    }
    impl.load();
}

/// What is decided here without opening a model agrees with what the other one has loaded.
bool Blueprint::Impl::is_meant(const Offer& offer) const {
    const Json wanted{{"revision", k_revision},          {"detector", options.detector},
                      {"upsample", options.upsample},    {"landmarks", landmarks.value_or("detector")},
                      {"encoder", options.encoder},      {"flip", options.flip.value_or(card.mirror)},
                      {"max_pixels", options.max_pixels}};
    const auto& theirs = offer.settings;
    for (const auto& [name, value] : wanted.items()) {
        if (theirs.value(name, Json()) != value) {
            log::debug("the server's {} is another: the models are loaded here", name);
            return false;
        }
    }
    const bool same_size =
        options.detect_size == 0 ? !offer.chosen_size : theirs.value("detect_size", Json()) == options.detect_size;
    const auto& detector_card = models::card(models::Kind::detector, options.detector);
    const bool same_files = is_same_file(detector_card, theirs.value("detector_weights", Json()), finder) &&
                            is_same_file(card, theirs.value("encoder_weights", Json()), finder) &&
                            (!landmarks || is_same_file(models::card(models::Kind::landmarks, *landmarks),
                                                        theirs.value("landmarks_weights", Json()), finder)) &&
                            theirs.value("encoder_weights", Json()) == offer.contract.weights;
    if (!same_size || !same_files || offer.contract.encoder != card.name || offer.contract.dim != card.dim ||
        offer.contract.metric != card.metric) {
        log::debug("the server's models are others: they are loaded here");
        return false;
    }
    return true;
}

void Blueprint::Impl::load() {
    Stopwatch watch;
    detector = detect::make_detector(options.detector, finder);
    encoder = encode::make_encoder(options.encoder, finder, options.flip);
    contract = encoder->contract();
    if (landmarks) {
        landmarker = std::make_shared<const align::Landmarker>(*landmarks, finder);
    }
    settings = {{"revision", k_revision},
                {"detector", detector->name()},
                {"detector_weights", detector->weights()},
                {"detect_size", options.detect_size > 0 ? options.detect_size : detector->default_size()},
                {"upsample", options.upsample},
                {"landmarks", landmarks.value_or("detector")},
                {"landmarks_weights", landmarks ? landmarker->weights() : ""},
                {"encoder", options.encoder},
                {"encoder_weights", contract->weights},
                {"flip", options.flip.value_or(card.mirror)},
                {"max_pixels", options.max_pixels}};
    log::debug("models loaded in {:.1f} ms", watch.lap());
}

Blueprint::~Blueprint() = default;
Blueprint::Blueprint(Blueprint&&) noexcept = default;
Blueprint& Blueprint::operator=(Blueprint&&) noexcept = default;

std::unique_ptr<Worker> Blueprint::Impl::make_local_worker() {
    std::unique_ptr<detect::Detector> finds;
    std::unique_ptr<encode::Encoder> encodes;
    {
        const std::lock_guard lock(mutex);
        finds = std::move(detector);
        encodes = std::move(encoder);
        if (landmarks && !landmarker) {
            landmarker = std::make_shared<const align::Landmarker>(*landmarks, finder);
        }
    }
    if (!finds) {
        finds = detect::make_detector(options.detector, finder);
        encodes = encode::make_encoder(options.encoder, finder, options.flip);
    }
    if (*encodes->contract() != *contract) {
        throw Error(ErrorCode::model_mismatch, "the server's weights of " + card.name + " are not those here");
    }
    return std::make_unique<PhotoWorker>(options, landmarker, std::move(finds), std::move(encodes));
}

std::unique_ptr<Worker> Blueprint::make_worker() const {
    if (!m_impl->remote) {
        return m_impl->make_local_worker();
    }
    return std::make_unique<RemoteWorker>(
        m_impl->options.remote, m_impl->contract,
        [impl = m_impl](Faces faces) { return fingerprint_of(impl->settings, faces); },
        [impl = m_impl] { return impl->make_local_worker(); });
}

const models::Card& Blueprint::encoder() const { return m_impl->card; }
ContractPtr Blueprint::contract() const { return m_impl->contract; }
std::string Blueprint::detector() const { return m_impl->options.detector; }
Json Blueprint::settings() const { return m_impl->settings; }

Offer Blueprint::offer() const { return {m_impl->settings, m_impl->options.detect_size > 0, *m_impl->contract}; }

std::string Blueprint::fingerprint(Faces faces) const { return fingerprint_of(m_impl->settings, faces); }

void Blueprint::set_workers(int workers) {
    // With several workers each runs its networks on one thread; a lone one may use them all. Said once a process:
    // OpenCV takes its threads apart to change their number, and who uses them meanwhile (a server's workers, while a
    // training begins) can wait for ever.
    static std::once_flag once;
    std::call_once(once, [workers] { cv::setNumThreads(workers > 1 ? 1 : -1); });
}

}  // namespace mien::pipeline
