// SPDX-License-Identifier: MIT
#include <mien/service/encode_photos.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/log.hpp>
#include <mien/core/text.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/workspace.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_extension = ".encodings";

std::string_view name_of(Subject subject) {
    return subject == Subject::largest ? "largest" : subject == Subject::central ? "central" : "all";
}

/// Removes the files that were not used for longest until the rest is within the limit.
void keep_within(const fs::path& folder, std::uint64_t limit) {
    struct Entry {
        fs::path path;
        fs::file_time_type used;
        std::uint64_t size;
    };
    std::vector<Entry> entries;
    std::uint64_t sum = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_regular_file() && entry.path().extension() == k_extension) {
            entries.push_back({entry.path(), entry.last_write_time(), entry.file_size()});
            sum += entries.back().size;
        }
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
    for (const auto& entry : entries) {
        if (sum <= limit) {
            return;
        }
        fs::remove(entry.path);
        sum -= entry.size;
    }
}

/// The file of one way of encoding, held by one process at a time. Without it everything is encoded anew.
class Cache {
public:
    Cache(const CacheOptions& options, const pipeline::Blueprint& blueprint, Subject subject) : m_limit(options.limit) {
        if (!options.use) {
            return;
        }
        const auto user = user_folder("XDG_CACHE_HOME", ".cache");
        if (options.folder.empty() && !user) {
            return;
        }
        m_folder = options.folder.empty() ? *user / "encodings" : options.folder;
        try {
            open(blueprint, subject);
        } catch (const std::exception& error) {
            log::warn("the cache of encodings is not used: {}", error.what());
            m_log.reset();
        }
    }

    ~Cache() {
        if (!m_log) {
            return;
        }
        m_log.reset();
        try {
            fs::last_write_time(m_file, fs::file_time_type::clock::now());  // used now, even if nothing was added
            keep_within(m_folder, m_limit);
        } catch (const fs::filesystem_error& error) {
            log::warn("the cache of encodings could not be tidied: {}", error.code().message());
        }
    }

    Cache(const Cache&) = delete;
    Cache& operator=(const Cache&) = delete;

    /// find() and append() may be called from several threads.
    [[nodiscard]] std::optional<pipeline::FinishedPhoto> find(const Sha256& photo) const {
        const std::lock_guard lock(m_mutex);
        const auto* known = m_log ? m_log->find(photo) : nullptr;
        return known != nullptr ? std::optional(*known) : std::nullopt;
    }

    void append(const Sha256& photo, const pipeline::FinishedPhoto& result) {
        const std::lock_guard lock(m_mutex);
        if (m_log && m_log->find(photo) == nullptr) {
            m_log->append(photo, result);
        }
    }

private:
    void open(const pipeline::Blueprint& blueprint, Subject subject) {
        if (fs::create_directories(m_folder)) {
            fs::permissions(m_folder, fs::perms::owner_all);
        }
        const auto fingerprint =
            to_hex(sha256(blueprint.fingerprint(pipeline::Faces::all) + std::string(name_of(subject))));
        m_file = m_folder / (fingerprint.substr(0, 32) + std::string(k_extension));
        auto lock = m_file;
        lock += ".lock";
        m_lock.emplace(lock, "encode", 0.0);
        std::error_code absent;
        if (const auto size = fs::file_size(m_file, absent); !absent && size > m_limit) {
            fs::remove(m_file);
        }
        m_log.emplace(m_file, fingerprint, blueprint.contract()->dim);
    }

    fs::path m_folder;
    fs::path m_file;
    std::uint64_t m_limit;
    std::optional<FileLock> m_lock;
    std::optional<pipeline::ResultLog> m_log;
    mutable std::mutex m_mutex;
};

void keep_central(pipeline::PhotoResult& result) {
    if (result.faces.size() < 2) {
        return;
    }
    const auto from_centre = [&result](const pipeline::Face& face) {
        return std::hypot(face.box.left + face.box.width / 2.0 - result.width / 2.0,
                          face.box.top + face.box.height / 2.0 - result.height / 2.0);
    };
    std::swap(result.faces.front(),
              *std::min_element(result.faces.begin(), result.faces.end(),
                                [&](const auto& a, const auto& b) { return from_centre(a) < from_centre(b); }));
    result.faces.resize(1);
}

EncodedPhoto encode_one(const fs::path& photo, const Cache& cache, Subject subject,
                        const std::function<pipeline::Worker&()>& worker) {
    EncodedPhoto encoded;
    std::vector<std::byte> bytes;
    try {
        bytes = read_file(photo, k_largest_photo_file);
    } catch (const Error& error) {
        encoded.result = {Verdict::unreadable, error.what(), {}};
        return encoded;
    }
    encoded.hash = sha256(bytes);
    if (auto known = cache.find(encoded.hash)) {
        encoded.result = std::move(*known);
        encoded.reused = true;
        return encoded;
    }
    auto result =
        worker().process(bytes, subject == Subject::largest ? pipeline::Faces::largest : pipeline::Faces::all);
    if (subject == Subject::central) {
        keep_central(result);
    }
    encoded.result = pipeline::to_finished(std::move(result));
    return encoded;
}

}  // namespace

std::vector<EncodedPhoto> encode_photos(std::span<const fs::path> photos, const pipeline::Blueprint& blueprint,
                                        const EncodeOptions& options,
                                        const std::function<void(std::size_t)>& progress) {
    Cache cache(options.cache, blueprint, options.subject);
    std::vector<EncodedPhoto> encoded;
    encoded.reserve(photos.size());
    const auto make_work = [&]() -> std::function<EncodedPhoto(std::size_t)> {
        return [&, worker = std::shared_ptr<pipeline::Worker>()](std::size_t i) mutable {
            return encode_one(photos[i], cache, options.subject, [&]() -> pipeline::Worker& {
                if (!worker) {  // a run that finds everything in the cache loads no network
                    worker = blueprint.make_worker();
                }
                return *worker;
            });
        };
    };
    const auto taken = pipeline::run_in_order<EncodedPhoto>(photos.size(), options.jobs, make_work,
                                                            [&](std::size_t i, EncodedPhoto&& photo) {
                                                                if (!photo.reused && photo.hash != Sha256{}) {
                                                                    cache.append(photo.hash, photo.result);
                                                                }
                                                                encoded.push_back(std::move(photo));
                                                                progress(i + 1);
                                                            });
    if (taken < photos.size()) {
        throw Error(ErrorCode::interrupted, "interrupted: " + std::to_string(taken) + " of " +
                                                std::to_string(photos.size()) +
                                                " photos are encoded; run the same command to go on");
    }
    return encoded;
}

}  // namespace mien::service
