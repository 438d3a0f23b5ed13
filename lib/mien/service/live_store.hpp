// SPDX-License-Identifier: MIT
#pragma once

/// A store as a server sees it: always the newest state, whoever changed it.

#include <mien/gallery/file_store.hpp>
#include <mien/service/identify.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace mien::service {

struct LiveOptions {
    std::filesystem::path store;
    pipeline::Options pipeline;
    std::size_t top{3};
    /// The largest distance that counts as known; absent: the encoder's own threshold.
    std::function<double(const models::Decision&)> threshold;
};

/// One state of a store and the tools that make encodings for it; immutable, threads share it.
struct LiveState {
    std::shared_ptr<const pipeline::Blueprint> tools;
    Identifier people;
};

/// Thread-safe. Whoever holds a state keeps it; the next one takes its place beside.
class LiveStore {
public:
    /// A store that is absent has nobody in it yet: the best encoder that is present will be its encoder.
    /// throws: Error{store_corrupt, model_missing, model_mismatch, usage}
    LiveStore(LiveOptions options, models::Finder finder);

    [[nodiscard]] std::shared_ptr<const LiveState> current() const;

    /// For a StoreWriter: what is committed over it is served after the next refresh(). Null while there is no store.
    [[nodiscard]] std::shared_ptr<gallery::StoreReader> reader() const;

    /// Takes over what is on disk now, if that is not what is served; a change that was just made is served when this
    /// returns. A store that cannot be read is said once, and the last good state stays.
    void refresh();

    /// Loads the models anew, and the store with them; with other options where they are given.
    /// throws: as the constructor; then everything stays as it was
    void reload(LiveOptions options);

    /// Waits for changes on a thread of its own, until the object goes.
    void watch();

private:
    struct Opened {
        std::shared_ptr<gallery::StoreReader> reader;
        std::shared_ptr<const LiveState> state;
    };
    [[nodiscard]] Opened open(const LiveOptions& options, std::shared_ptr<const pipeline::Blueprint> tools) const;
    /// before: the state whose place it takes, to share its work
    [[nodiscard]] std::shared_ptr<const LiveState> make_state(std::shared_ptr<const gallery::Gallery> people,
                                                              const LiveOptions& options,
                                                              std::shared_ptr<const pipeline::Blueprint> tools,
                                                              const Identifier* before = nullptr) const;
    void publish(Opened opened);

    models::Finder m_finder;
    std::mutex m_refreshing;  ///< one refresh at a time
    LiveOptions m_options;    ///< guarded by m_refreshing
    std::string m_complaint;  ///< guarded by m_refreshing; what was said last
    mutable std::mutex m_mutex;
    Opened m_current;  ///< guarded by m_mutex
    std::jthread m_watcher;
};

}  // namespace mien::service
