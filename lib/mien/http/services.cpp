// SPDX-License-Identifier: MIT
#include <mien/http/services.hpp>

#include <mien/core/error.hpp>
#include <mien/image/decode.hpp>
#include <mien/service/workspace.hpp>

#include <algorithm>

namespace mien::http {
namespace {

service::LiveOptions live_options(const Config& config) {
    service::LiveOptions options;
    options.store = config.store_file();
    options.pipeline.detector = config.detector;
    options.pipeline.max_pixels = config.max_pixels;
    if (config.threshold) {
        options.threshold = [threshold = *config.threshold](const models::Decision& decision) {
            return threshold.distance(decision.threshold);
        };
    }
    return options;
}

void demand_protection(const Config& config) {
    if (config.auth != AuthMode::none || config.allow_unauthenticated) {
        return;
    }
    const auto open = std::find_if(config.hosts.begin(), config.hosts.end(),
                                   [](const std::string& host) { return !is_loopback(host); });
    if (open != config.hosts.end()) {
        throw Error(ErrorCode::usage, "with --auth none everybody who reaches " + *open +
                                          " may read and change the store; use --auth token or --auth jwt, or say "
                                          "--allow-unauthenticated where something in front of it asks for passwords");
    }
}

/// A server of a mistyped folder would start with nobody, and fail at the first change.
void demand_folders(const Config& config) {
    if (!std::filesystem::is_directory(config.workspace)) {
        throw Error(ErrorCode::usage, "there is no folder " + config.workspace.native() +
                                          "; --workspace names the one with dataset_training and train.mien");
    }
    const auto folder = std::filesystem::absolute(config.store_file()).parent_path();
    if (!std::filesystem::is_directory(folder)) {
        throw Error(ErrorCode::usage, "there is no folder " + folder.native() +
                                          " for the store; make it, or name "
                                          "another with --store");
    }
}

void demand_place_for_photos(const Config& config) {
    if (config.keep_photos && config.store_file().lexically_normal() != service::Workspace{config.workspace}.store()) {
        throw Error(ErrorCode::usage,
                    "--keep-photos keeps them in the workspace's dataset_training, which belongs to "
                    "its own train.mien; serve that one, or do without");
    }
}

}  // namespace

Policy::Policy(Config from)
    : config(std::move(from)), authenticator(make_authenticator(config)), trusted(config.trusted_proxies) {
    demand_protection(config);
    demand_folders(config);
    demand_place_for_photos(config);
}

Services::Services(Config config, models::Finder finder)
    : m_finder(std::move(finder)),
      m_policy(std::make_shared<const Policy>(std::move(config))),
      m_store(live_options(m_policy->config), m_finder),
      m_system(m_policy->config.workspace) {}

std::shared_ptr<const Policy> Services::policy() const {
    const std::lock_guard lock(m_mutex);
    return m_policy;
}

std::shared_ptr<const Config> Services::config() const {
    auto held = policy();
    return {held, &held->config};
}

double Services::uptime_seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_started).count();
}

pipeline::PhotoResult Services::process(Tools& tools, Bytes photo, pipeline::Faces faces) {
    try {
        const auto header = image::read_header(photo);
        const auto pixels = static_cast<std::int64_t>(header.width) * header.height;
        if (pixels > config()->max_pixels) {
            throw Refusal(413, "too_many_pixels",
                          "the photo has " + std::to_string(pixels) + " pixels; " +
                              std::to_string(config()->max_pixels) + " are allowed");
        }
    } catch (const Error&) {
        // process() says the same in its answer
    }
    auto result = tools.worker.process(photo, faces);
    m_metrics.observe(Stage::decode, result.ms.decode / 1000);
    if (result.verdict != Verdict::unreadable) {
        m_metrics.observe(Stage::detect, result.ms.detect / 1000);
    }
    if (!result.faces.empty()) {
        m_metrics.observe(Stage::encode, result.ms.encode / 1000);
    }
    return result;
}

service::PhotoAnswer Services::identify(Tools& tools, Bytes photo, std::optional<Threshold> threshold) {
    std::optional<double> tolerance;
    if (threshold) {
        tolerance = threshold->distance(tools.state->tools->encoder().decision.threshold);
    }
    auto answer = tools.state->people.answer(process(tools, photo, pipeline::Faces::all), tolerance);
    answer.hash = sha256(photo);
    if (!answer.faces.empty()) {
        m_metrics.observe(Stage::match, answer.match_ms / 1000);
    }
    m_metrics.count_verdict(answer.verdict);
    return answer;
}

void Services::reload(Config config) {
    auto policy = std::make_shared<const Policy>(std::move(config));
    m_store.reload(live_options(policy->config));
    const std::lock_guard lock(m_mutex);
    m_policy = std::move(policy);
}

}  // namespace mien::http
