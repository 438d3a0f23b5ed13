// SPDX-License-Identifier: MIT
#include <mien/service/live_store.hpp>

#include <mien/core/error.hpp>
#include <mien/core/log.hpp>
#include <mien/service/store_choices.hpp>

#include <chrono>
#include <condition_variable>
#include <filesystem>

namespace mien::service {
namespace {

/// How often a store that is absent is looked for, and the longest that the watcher waits before it sees its end.
constexpr std::chrono::milliseconds k_look_every{200};

/// Nobody yet: what a store would say that is built with these tools.
std::shared_ptr<const gallery::Gallery> nobody(const pipeline::Blueprint& tools) {
    return gallery::Gallery::build(
        {*tools.contract(), to_line(tools.settings()), tools.fingerprint(pipeline::Faces::one)}, {}, {});
}

}  // namespace

LiveStore::LiveStore(LiveOptions options, models::Finder finder)
    : m_finder(std::move(finder)), m_options(std::move(options)), m_current(open(m_options, nullptr)) {}

LiveStore::Opened LiveStore::open(const LiveOptions& options, std::shared_ptr<const pipeline::Blueprint> tools) const {
    Opened opened;
    try {
        opened.reader = std::make_shared<gallery::StoreReader>(options.store);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::store_missing) {
            throw;
        }
    }
    opened.state = make_state(opened.reader ? opened.reader->gallery() : nullptr, options, std::move(tools));
    return opened;
}

std::shared_ptr<const LiveState> LiveStore::make_state(std::shared_ptr<const gallery::Gallery> people,
                                                       const LiveOptions& options,
                                                       std::shared_ptr<const pipeline::Blueprint> tools,
                                                       const Identifier* before) const {
    if (!people) {
        tools = tools ? tools : std::make_shared<const pipeline::Blueprint>(options.pipeline, m_finder);
        people = nobody(*tools);
    } else if (!tools || *tools->contract() != people->contract()) {
        tools = std::make_shared<const pipeline::Blueprint>(blueprint_of_store(*people, options.pipeline, m_finder));
    }
    IdentifyOptions identify;
    identify.top = options.top;
    if (options.threshold) {
        identify.tolerance = options.threshold(tools->encoder().decision);
    }
    Identifier identifier(std::move(people), tools->encoder(), identify, before);
    return std::make_shared<const LiveState>(LiveState{std::move(tools), std::move(identifier)});
}

std::shared_ptr<const LiveState> LiveStore::current() const {
    const std::lock_guard lock(m_mutex);
    return m_current.state;
}

std::shared_ptr<gallery::StoreReader> LiveStore::reader() const {
    const std::lock_guard lock(m_mutex);
    return m_current.reader;
}

void LiveStore::publish(Opened opened) {
    const auto& people = opened.state->people.gallery();
    log::debug("now served: {} people, {} encodings", people.people(), people.size());
    const std::lock_guard lock(m_mutex);
    m_current = std::move(opened);
}

void LiveStore::refresh() {
    const std::lock_guard refreshing(m_refreshing);
    auto opened = [this] {
        const std::lock_guard lock(m_mutex);
        return m_current;
    }();
    try {
        if (!opened.reader) {
            if (std::filesystem::exists(m_options.store)) {
                publish(open(m_options, opened.state->tools));
            }
        } else {
            opened.reader->refresh();
            // A writer over our reader may have put the new gallery there already.
            if (auto people = opened.reader->gallery(); people.get() != &opened.state->people.gallery()) {
                opened.state = make_state(std::move(people), m_options, opened.state->tools, &opened.state->people);
                publish(std::move(opened));
            }
        }
        m_complaint.clear();
    } catch (const Error& error) {
        if (m_complaint != error.what()) {
            m_complaint = error.what();
            log::error("the changed store is not taken over, the last one is still served: {}", m_complaint);
        }
    }
}

void LiveStore::reload(LiveOptions options) {
    const std::lock_guard refreshing(m_refreshing);
    publish(open(options, nullptr));
    m_options = std::move(options);
}

void LiveStore::watch() {
    m_watcher = std::jthread([this](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        bool blind = false;
        while (!stop.stop_requested()) {
            const auto reader = this->reader();
            try {
                if (reader) {
                    reader->wait_for_change(k_look_every);
                }
            } catch (const Error&) {
                blind = true;  // no more watches to be had: looking now and then does as well
            }
            if (!reader || blind) {
                wake.wait_for(lock, stop, k_look_every, [] { return false; });
            }
            if (!stop.stop_requested()) {
                refresh();
            }
        }
    });
}

}  // namespace mien::service
