// SPDX-License-Identifier: MIT
#pragma once

/// Options that every verb understands, before or behind its name, and the options of the pipeline.

#include <mien/match/matcher.hpp>
#include <mien/models/models.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/encode_photos.hpp>
#include <mien/service/workspace.hpp>

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace mien::app {

struct SharedOptions {
    std::string workspace{"."};
    std::vector<std::string> models;
    bool trust_models{false};
    bool no_server{false};
    bool json{false};
    bool quiet{false};
    bool verbose{false};

    [[nodiscard]] service::Workspace make_workspace() const { return {workspace}; }
    [[nodiscard]] models::Finder make_finder() const;

    /// The options, with a server for the photos where one is named or listens in the workspace: for verbs that look at
    /// few photos.
    [[nodiscard]] pipeline::Options with_server(pipeline::Options options) const;
};

void add_shared_options(CLI::App& app, SharedOptions& options);

/// Detector, its size, upsampling, the pixel budget.
void add_pipeline_options(CLI::App& verb, pipeline::Options& options);

/// --matcher, --vote and those of the svm, for a verb that fits or asks. The name that options have is the default;
/// where it is "stored", there is a store, and that may be asked for.
void add_matcher_options(CLI::App& verb, match::MatcherOptions& options);
/// In the verb's callback: notes whether those of the svm are from the command line, where another matcher makes them
/// an error. In the environment they are for whatever svm there is.
void note_svm_options(const CLI::App& verb, match::MatcherOptions& options);

void add_jobs_option(CLI::App& verb, int& jobs);

/// --store FILE, and where it is not given, train.mien in the workspace.
void add_store_option(CLI::App& verb, std::string& store);
std::filesystem::path store_of(const std::string& store, const SharedOptions& shared);

/// --wait SECONDS for another writer.
void add_wait_option(CLI::App& verb, double& seconds);

/// --yes and --dry-run of a verb that takes something away.
struct Consent {
    bool yes{false};
    bool dry_run{false};
};
void add_consent_options(CLI::App& verb, Consent& consent);

/// Which faces, the cache of encodings, --jobs: for verbs that encode whole folders.
struct EncodingArguments {
    std::string subject{"largest"};
    std::string cache;
    std::size_t cache_megabytes{1024};
    bool no_cache{false};
    int jobs{1};

    /// subjects: what --subject may be; empty: there is no such option
    void add(CLI::App& verb, const std::vector<std::string>& subjects = {"largest", "central"});
    [[nodiscard]] service::EncodeOptions make() const;
};

/// How many workers are used where nobody says.
int default_jobs();

}  // namespace mien::app
