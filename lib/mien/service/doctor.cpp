// SPDX-License-Identifier: MIT
#include <mien/service/doctor.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/text.hpp>
#include <mien/detect/detector.hpp>
#include <mien/encode/encoder.hpp>
#include <mien/eval/calibration.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/image/encode.hpp>

#include <opencv2/core/utility.hpp>
#include <opencv2/core/version.hpp>

#include <unistd.h>

#include <optional>
#include <thread>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

Finding processor() {
    std::string features;
    bool fast = false;
#if defined(__x86_64__)
    fast = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    features = fast ? "AVX2 and FMA" : "no AVX2";
    if (__builtin_cpu_supports("avx512f") != 0) {
        features += ", AVX-512";
    }
#else
    features = "no x86-64 processor: generic code";
#endif
    const auto cores = std::to_string(std::thread::hardware_concurrency()) + " cores, " + features;
    return fast ? Finding{Health::good, "processor", cores, {}}
                : Finding{Health::warning, "processor", cores,
                          "nothing needs mending; detection is slower without AVX2"};
}

Finding library_opencv() {
    const auto used = cv::getVersionString();
    if (used != CV_VERSION) {
        return {Health::warning, "library", "OpenCV " + used + " runs, but mien was built with " CV_VERSION,
                "build mien again, or install the OpenCV it was built with"};
    }
    return {Health::good, "library", "OpenCV " + used, {}};
}

/// The codecs are loaded on demand: try them.
Finding codecs() {
    try {
        image::encode(cv::Mat::zeros(2, 2, CV_8UC3), ".png");
        return {Health::good, "library", "image codecs (PNG, WebP, BMP, TIFF, PNM)", {}};
    } catch (const Error& error) {
        return {Health::bad, "library", error.what(), "install mien again; its module folder is incomplete"};
    }
}

Finding model(const models::Card& card, const models::Finder& finder) {
    const std::string subject = "model " + card.name;
    const auto kind = std::string(models::to_string(card.kind));
    if (card.file.empty()) {
        return {Health::good, subject, kind + ", part of the program", {}};
    }
    const auto file = finder.find(card);
    if (!file) {
        return {Health::warning, subject, kind + ", not on this machine",
                card.url.empty() ? "put " + card.file + " into " + printable(finder.fetch_folder().native())
                                 : "mien models fetch " + card.name};
    }
    try {
        static_cast<void>(finder.require(card));
        return {Health::good, subject, kind + ", " + printable(file->native()), {}};
    } catch (const Error& error) {
        return {Health::bad, subject, error.what(), "remove " + shell_quoted(file->native())};
    }
}

Finding choices(const models::Finder& finder) {
    try {
        return {Health::good,
                "choice",
                "a new store would use detector " + detect::resolve_detector("auto", finder) + " and encoder " +
                    encode::resolve_encoder("auto", finder),
                {}};
    } catch (const Error& error) {
        return {Health::bad, "choice", error.what(), "mien models fetch dlib"};
    }
}

Finding folder(const Workspace& workspace) {
    const auto name = printable(workspace.root.native());
    if (!fs::is_directory(workspace.root)) {
        return {Health::bad, "workspace", "there is no folder " + name,
                "mkdir -p " + shell_quoted(workspace.root.native())};
    }
    if (::access(workspace.root.c_str(), W_OK | X_OK) != 0) {
        return {Health::bad, "workspace", name + " cannot be written",
                "chmod u+wx " + shell_quoted(workspace.root.native())};
    }
    if (!fs::is_directory(workspace.training())) {
        return {Health::warning, "workspace", name + " has no dataset_training",
                "mkdir " + shell_quoted(workspace.training().native()) + " and put photos in LABEL/PHOTO.jpg"};
    }
    return {Health::good, "workspace", name, {}};
}

Finding store(const Workspace& workspace) {
    const auto file = workspace.store();
    if (!fs::exists(file)) {
        return {Health::warning, "store", "there is no " + printable(file.native()), "mien train"};
    }
    try {
        const auto gallery = gallery::load_store(file);
        const auto mode = fs::status(file).permissions();
        if ((mode & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none) {
            return {Health::warning, "store",
                    printable(file.native()) + " can be read by others; encodings are personal data",
                    "chmod 600 " + shell_quoted(file.native())};
        }
        return {Health::good,
                "store",
                std::to_string(gallery->people()) + " people, " + std::to_string(gallery->size()) + " encodings of " +
                    gallery->contract().encoder,
                {}};
    } catch (const Error& error) {
        return {Health::bad, "store", error.what(), "mien train --rebuild"};
    }
}

/// Nothing where there is no calibration to speak of.
std::optional<Finding> calibration(const Workspace& workspace) {
    try {
        const auto gallery = gallery::load_store(workspace.store());
        if (gallery->extra(eval::k_calibration_name).empty()) {
            return std::nullopt;
        }
        const auto calibration = eval::calibration_of(*gallery);
        if (!calibration) {
            return Finding{Health::warning, "calibration",
                           "it is of another model, other settings or another matcher and is not used",
                           "mien calibrate"};
        }
        if (eval::has_outgrown(*calibration, gallery->people())) {
            return Finding{Health::warning, "calibration",
                           "the store has grown from " + std::to_string(calibration->gallery_people) + " to " +
                               std::to_string(gallery->people()) +
                               " people since; strangers meet more people than was measured",
                           "mien calibrate"};
        }
        return Finding{Health::good,
                       "calibration",
                       "for " + Json(rounded(100 * calibration->fpir, 4)).dump() + " % false alarms among " +
                           std::to_string(calibration->gallery_people) + " people",
                       {}};
    } catch (const Error& error) {
        if (error.code() == ErrorCode::store_corrupt && fs::exists(workspace.store())) {
            return Finding{Health::bad, "calibration", error.what(), "mien calibrate"};
        }
        return std::nullopt;
    }
}

std::optional<Finding> pair_calibration(const Workspace& workspace) {
    try {
        const auto gallery = gallery::load_store(workspace.store());
        const auto calibration = eval::pair_calibration_of(*gallery);
        if (calibration) {
            return Finding{Health::good,
                           "calibration 1:1",
                           "for " + Json(rounded(100 * calibration->far, 6)).dump() + " % false accepts",
                           {}};
        }
        if (!gallery->extra(eval::k_pair_calibration_name).empty()) {
            return Finding{Health::warning, "calibration 1:1",
                           "it is of another model or other settings and is not used", "mien calibrate --far RATE"};
        }
    } catch (const Error& error) {
        if (error.code() == ErrorCode::store_corrupt) {
            return Finding{Health::bad, "calibration 1:1", error.what(), "mien calibrate --far RATE"};
        }
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Health health) {
    return health == Health::good ? "ok" : health == Health::warning ? "warning" : "bad";
}

std::vector<Finding> examine(const Workspace& workspace, const models::Finder& finder) {
    std::vector<Finding> findings{processor(), library_opencv(), codecs()};
    for (const auto& card : models::catalogue()) {
        findings.push_back(model(card, finder));
    }
    findings.push_back(choices(finder));
    findings.push_back(folder(workspace));
    findings.push_back(store(workspace));
    if (findings.back().health != Health::bad) {  // a damaged store was reported already
        for (auto& finding : {calibration(workspace), pair_calibration(workspace)}) {
            if (finding) {
                findings.push_back(*finding);
            }
        }
    }
    return findings;
}

Json to_json(const Finding& finding) {
    Json json{{"health", to_string(finding.health)}, {"subject", finding.subject}, {"detail", finding.detail}};
    if (!finding.remedy.empty()) {
        json["remedy"] = finding.remedy;
    }
    return json;
}

}  // namespace mien::service
