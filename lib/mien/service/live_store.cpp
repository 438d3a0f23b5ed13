// SPDX-License-Identifier: MIT
#include <mien/service/live_store.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/service/store_choices.hpp>

#include <sys/stat.h>

#include <chrono>
#include <condition_variable>

namespace mien::service {
namespace {

constexpr std::chrono::milliseconds k_look_every{200};

/// Nobody yet: what a store would say that is built with these tools.
std::shared_ptr<const gallery::Gallery> nobody(const pipeline::Blueprint& tools) {
    return gallery::Gallery::build(
        {*tools.contract(), to_line(tools.settings()), tools.fingerprint(pipeline::Faces::one)}, {}, {});
}

}  // namespace

LiveStore::Stamp LiveStore::stamp_of(const std::filesystem::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return {};
    }
    return {status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

LiveStore::LiveStore(LiveOptions options, models::Finder finder)
    : m_finder(std::move(finder)), m_options(std::move(options)) {
    m_stamp = stamp_of(m_options.store);
    m_current = load(m_options, nullptr);
}

LiveStore::~LiveStore() = default;

std::shared_ptr<const LiveState> LiveStore::load(const LiveOptions& options,
                                                 std::shared_ptr<const pipeline::Blueprint> tools) const {
    std::shared_ptr<const gallery::Gallery> people;
    try {
        people = gallery::load_store(options.store);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::store_missing) {
            throw;
        }
    }
    if (!people) {
        tools = tools ? tools : std::make_shared<const pipeline::Blueprint>(options.pipeline, m_finder);
        people = nobody(*tools);
    } else if (!tools || *tools->contract() != people->contract()) {
        tools = std::make_shared<const pipeline::Blueprint>(blueprint_of_store(*people, options.pipeline, m_finder));
    }
    IdentifyOptions identify{std::nullopt, options.top};
    if (options.threshold) {
        identify.tolerance = options.threshold(tools->encoder().decision);
    }
    Identifier identifier(std::move(people), tools->encoder(), identify);
    return std::make_shared<const LiveState>(LiveState{std::move(tools), std::move(identifier)});
}

std::shared_ptr<const LiveState> LiveStore::current() const {
    const std::lock_guard lock(m_mutex);
    return m_current;
}

void LiveStore::refresh() {
    const std::lock_guard refreshing(m_refreshing);
    const auto stamp = stamp_of(m_options.store);
    if (stamp == m_stamp) {
        return;
    }
    m_stamp = stamp;
    try {
        auto next = load(m_options, current()->tools);
        log::info("the store changed: {} people, {} photos", next->people.gallery().people(),
                  next->people.gallery().size());
        const std::lock_guard lock(m_mutex);
        m_current = std::move(next);
    } catch (const Error& error) {
        log::error("the changed store is not taken over, the last one is still served: {}", error.what());
    }
}

void LiveStore::reload(LiveOptions options) {
    const std::lock_guard refreshing(m_refreshing);
    const auto stamp = stamp_of(options.store);
    auto next = load(options, nullptr);
    m_options = std::move(options);
    m_stamp = stamp;
    const std::lock_guard lock(m_mutex);
    m_current = std::move(next);
}

void LiveStore::watch() {
    m_watcher = std::jthread([this](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
            wake.wait_for(lock, stop, k_look_every, [] { return false; });
            if (!stop.stop_requested()) {
                refresh();
            }
        }
    });
}

}  // namespace mien::service
