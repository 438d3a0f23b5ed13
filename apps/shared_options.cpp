// SPDX-License-Identifier: MIT
#include <shared_options.hpp>

#include <thread>

namespace mien::app {

models::Finder SharedOptions::make_finder() const {
    return models::Finder({{models.begin(), models.end()}, trust_models});
}

void add_shared_options(CLI::App& app, SharedOptions& options) {
    app.add_option("--workspace", options.workspace, "Folder with dataset_training and train.mien")
        ->envname("MIEN_WORKSPACE")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_option("--models", options.models, "Look for models here first; repeatable (also MIEN_MODELS)")
        ->type_name("DIR")
        ->allow_extra_args(false);
    app.add_flag("--trust-models", options.trust_models, "Use model files whose digest is not the published one");
    app.add_flag("--json", options.json, "Answer in JSON lines");
    app.add_flag("-q,--quiet", options.quiet, "Say nothing but answers and errors");
    app.add_flag("-v,--verbose", options.verbose, "Say more on stderr");
}

void add_pipeline_options(CLI::App& verb, pipeline::Options& options) {
    verb.add_option("-m,--method", options.detector, "Detector: auto, yunet, hog, cnn")
        ->check(CLI::IsMember({"auto", "yunet", "hog", "cnn"}))
        ->type_name("NAME")
        ->capture_default_str();
    verb.add_option("--landmarks", options.landmarks, "Landmarks: auto, detector, starter5, dlib5, dlib68")
        ->check(CLI::IsMember({"auto", "detector", "starter5", "dlib5", "dlib68"}))
        ->type_name("NAME")
        ->capture_default_str();
    verb.add_option("--detect-size", options.detect_size, "Search photos at this long side; default: the detector's")
        ->check(CLI::Range(32, 16384))
        ->type_name("PIXELS");
    verb.add_option("--upsample", options.upsample, "Double the searched photo this often, to find smaller faces")
        ->check(CLI::Range(0, 4))
        ->type_name("N")
        ->capture_default_str();
    verb.add_option("--max-pixels", options.max_pixels, "Refuse photos with more pixels")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{4'000'000'000}))
        ->type_name("N")
        ->capture_default_str();
}

int default_jobs() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

void add_jobs_option(CLI::App& verb, int& jobs) {
    jobs = default_jobs();
    verb.add_option("-j,--jobs", jobs, "Photos at a time; default: one a core")
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
}

void add_store_option(CLI::App& verb, std::string& store) {
    verb.add_option("--store", store, "Store to work on; default: train.mien in the workspace")->type_name("FILE");
}

std::filesystem::path store_of(const std::string& store, const SharedOptions& shared) {
    return store.empty() ? shared.make_workspace().store() : std::filesystem::path(store);
}

void add_wait_option(CLI::App& verb, double& seconds) {
    verb.add_option("--wait", seconds, "Wait this long for another writer")
        ->check(CLI::NonNegativeNumber)
        ->type_name("SECONDS");
}

void add_consent_options(CLI::App& verb, Consent& consent) {
    auto* yes = verb.add_flag("-y,--yes", consent.yes, "Do not ask");
    verb.add_flag("--dry-run", consent.dry_run, "Say what would be done, and do nothing")->excludes(yes);
}

}  // namespace mien::app
