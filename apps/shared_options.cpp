// SPDX-License-Identifier: MIT
#include <shared_options.hpp>
#include <validators.hpp>

#include <mien/client/server.hpp>
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>

#include <algorithm>
#include <thread>

namespace mien::app {
namespace {

constexpr double k_longest_wait = 1e9;  // seconds: as good as for ever

}  // namespace

models::Finder SharedOptions::make_finder() const {
    return models::Finder({{models.begin(), models.end()}, trust_models});
}

pipeline::Options SharedOptions::with_server(pipeline::Options options) const {
    if (!no_server) {
        options.remote =
            client::find_server({environment(client::k_server_variable).value_or(""), make_workspace().socket(),
                                 environment(client::k_token_variable).value_or("")});
    }
    return options;
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
    app.add_flag("--no-server", options.no_server,
                 "Load models here although a server has them (also MIEN_SERVER=none)");
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
    verb.add_flag_function(
        "--flip,!--no-flip", [&options](std::int64_t count) { options.flip = count > 0; },
        "Encode each face mirrored too and take the mean; default: as the store, else the encoder's card");
    verb.add_option("--max-pixels", options.max_pixels, "Refuse photos with more pixels")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{4'000'000'000}))
        ->type_name("N")
        ->capture_default_str();
}

void add_matcher_options(CLI::App& verb, match::MatcherOptions& options) {
    std::vector<std::string> names(match::k_matchers.begin(), match::k_matchers.end());
    std::string described = "nearest, centroid, label-propagation, svm";
    if (options.name == "stored") {
        names.insert(names.begin(), options.name);
        described += "; stored: what the store keeps, else nearest";
    }
    verb.add_option("--matcher", options.name, described)
        ->check(CLI::IsMember(names))
        ->type_name("NAME")
        ->capture_default_str();
    verb.add_option_function<std::string>(
            "--vote",
            [&options](const std::string& text) {
                try {
                    options.vote = match::parse_vote(text);
                } catch (const Error& error) {
                    throw CLI::ValidationError("--vote", error.what());
                }
            },
            "Distance of nearest: min, mean, or a number of a person's nearest encodings to average")
        ->type_name("RULE");
    verb.add_option_function<std::string>(
            "--svm-kernel",
            [&options](const std::string& name) {
                options.svm.kernel = name == "rbf" ? match::Kernel::rbf : match::Kernel::linear;
            },
            "Kernel of the svm: rbf (default) or linear")
        ->check(CLI::IsMember({"rbf", "linear"}))
        ->envname("SVM_KERNEL")
        ->type_name("NAME");
    verb.add_option("--svm-c", options.svm.c, "C of the svm; default: the best of a grid")
        ->check(finite_range(1e-6, 1e9))
        ->envname("SVM_C")
        ->type_name("NUMBER");
    verb.add_option("--svm-gamma", options.svm.gamma, "Gamma of the svm's rbf kernel; default: the best of a grid")
        ->check(finite_range(1e-9, 1e9))
        ->envname("SVM_GAMMA")
        ->type_name("NUMBER");
}

void note_svm_options(const CLI::App& verb, match::MatcherOptions& options) {
    const auto& given = verb.parse_order();  // what comes from the environment is not in there
    options.only_svm = std::any_of(given.begin(), given.end(),
                                   [](const CLI::Option* option) { return option->get_name().starts_with("--svm-"); });
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
    return shared.make_workspace().store(store);
}

void add_wait_option(CLI::App& verb, double& seconds) {
    verb.add_option("--wait", seconds, "Wait this long for another writer")
        ->check(finite_range(0.0, k_longest_wait))
        ->type_name("SECONDS");
}

void add_consent_options(CLI::App& verb, Consent& consent) {
    auto* yes = verb.add_flag("-y,--yes", consent.yes, "Do not ask");
    verb.add_flag("--dry-run", consent.dry_run, "Say what would be done, and do nothing")->excludes(yes);
}

void EncodingArguments::add(CLI::App& verb, const std::vector<std::string>& subjects) {
    if (!subjects.empty()) {
        verb.add_option("--subject", subject,
                        subjects.size() > 2 ? "Which faces of a photo are meant: all, largest, or central"
                                            : "Which face of a photo is meant: largest, or central")
            ->check(CLI::IsMember(subjects))
            ->type_name("RULE")
            ->capture_default_str();
    }
    auto* folder = verb.add_option("--cache", cache, "Keep encodings here; default: mien/encodings in the user's cache")
                       ->type_name("DIR");
    verb.add_flag("--no-cache", no_cache, "Neither read nor keep encodings")->excludes(folder);
    verb.add_option("--cache-size", cache_megabytes, "Megabytes of encodings to keep; the longest unused go first")
        ->check(CLI::Range(1, 1'000'000))
        ->type_name("N")
        ->capture_default_str();
    add_jobs_option(verb, jobs);
}

service::EncodeOptions EncodingArguments::make() const {
    service::EncodeOptions options;
    options.subject = subject == "central" ? service::Subject::central
                      : subject == "all"   ? service::Subject::all
                                           : service::Subject::largest;
    options.jobs = jobs;
    options.cache = {!no_cache, cache, std::uint64_t{cache_megabytes} * 1'000'000};
    return options;
}

}  // namespace mien::app
