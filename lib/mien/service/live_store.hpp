// SPDX-License-Identifier: MIT
#pragma once

/// A store as a server sees it: always the newest state, whoever changed it.

#include <mien/service/identify.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
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
    ~LiveStore();
    LiveStore(const LiveStore&) = delete;
    LiveStore& operator=(const LiveStore&) = delete;

    [[nodiscard]] std::shared_ptr<const LiveState> current() const;

    /// Takes over what is on disk now, if that is not what is served; a change that was just made is served when this
    /// returns. A store that cannot be read is said once, and the last good state stays.
    void refresh();

    /// Loads the models anew, and the store with them; with other options where they are given.
    /// throws: as the constructor; then everything stays as it was
    void reload(LiveOptions options);

    /// Looks for changes a few times a second on a thread of its own, until the object goes.
    void watch();

private:
    struct Stamp {
        std::uint64_t inode{};
        std::int64_t size{-1};
        std::int64_t seconds{};
        std::int64_t nanoseconds{};
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    [[nodiscard]] static Stamp stamp_of(const std::filesystem::path& path);
    [[nodiscard]] std::shared_ptr<const LiveState> load(const LiveOptions& options,
                                                        std::shared_ptr<const pipeline::Blueprint> tools) const;

    models::Finder m_finder;
    std::mutex m_refreshing;  ///< one refresh at a time
    LiveOptions m_options;    ///< guarded by m_refreshing
    Stamp m_stamp;            ///< guarded by m_refreshing
    mutable std::mutex m_mutex;
    std::shared_ptr<const LiveState> m_current;  ///< guarded by m_mutex
    std::jthread m_watcher;
};

}  // namespace mien::service
