// SPDX-License-Identifier: MIT
#include <mien/service/augment.hpp>

#include <mien/core/error.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/gallery/draft.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/faces.hpp>
#include <mien/service/photo_finder.hpp>

#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mien::service {
namespace {

using gallery::Gallery;

/// The faces of one photo that want copies.
struct Task {
    std::string photo;
    Sha256 hash;
    std::vector<std::size_t> rows;
};

/// Sets extras in a gallery's draft, as far as they differ.
class Extras {
public:
    explicit Extras(std::shared_ptr<const Gallery> gallery) : m_gallery(std::move(gallery)) {}

    void set(const std::string& name, std::string after) {
        std::string before(m_gallery->extra(name));
        if (before != after) {
            m_operations.emplace_back(gallery::SetExtra{name, std::move(before), std::move(after)});
        }
    }

    [[nodiscard]] std::shared_ptr<const Gallery> finish() const {
        if (m_operations.empty()) {
            return m_gallery;
        }
        gallery::Draft draft(m_gallery);
        for (const auto& operation : m_operations) {
            draft.apply(operation);
        }
        return draft.finish();
    }

private:
    std::shared_ptr<const Gallery> m_gallery;
    std::vector<gallery::Operation> m_operations;
};

void drop_orphans(const Gallery& gallery, Extras& extras) {
    if (!gallery::keeps_augmented(gallery)) {
        return;
    }
    std::set<std::string> present;
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        if (!gallery.is_vacant(row)) {
            present.insert(gallery::augmented_name(gallery.record(row).key()));
        }
    }
    for (const auto& [name, blob] : gallery.extras()) {
        if (name.starts_with(gallery::k_augmented_prefix) && !present.contains(name)) {
            extras.set(name, {});
        }
    }
}

/// Cuts off the copies that are too many. returns: the photos of faces that have too few
std::vector<Task> too_few(const Gallery& gallery, std::size_t copies, Extras& extras) {
    const std::size_t wanted = copies * gallery.contract().dim;
    std::vector<Task> tasks;
    std::unordered_map<Sha256, std::size_t, Sha256Hash> numbers;
    for (std::size_t row = 0; row < gallery.rows(); ++row) {
        if (gallery.is_vacant(row)) {
            continue;
        }
        const auto record = gallery.record(row);
        const auto there = gallery::augmented_of(gallery, record.key());
        if (there.size() >= wanted) {
            extras.set(gallery::augmented_name(record.key()), gallery::augmented_bytes(std::span(there).first(wanted)));
            continue;
        }
        const auto [place, is_new] = numbers.try_emplace(record.photo_hash, tasks.size());
        if (is_new) {
            tasks.push_back({std::string(record.photo), record.photo_hash, {}});
        }
        tasks[place->second].rows.push_back(row);
    }
    return tasks;
}

}  // namespace

Augmented augment(std::shared_ptr<const Gallery> gallery, const AugmentOptions& options, const models::Finder& finder) {
    Augmented answer;
    Extras extras(gallery);
    drop_orphans(*gallery, extras);
    if (!options.copies) {
        answer.gallery = extras.finish();
        return answer;
    }
    const auto tasks = too_few(*gallery, *options.copies, extras);
    if (tasks.empty()) {  // then no network is loaded
        answer.gallery = extras.finish();
        return answer;
    }
    auto pipeline = options.pipeline;
    pipeline.augment = *options.copies;
    const pipeline::Blueprint blueprint(pipeline, finder);
    PhotoFinder photos(options.workspace);
    const auto make_work = [&]() -> std::function<pipeline::PhotoResult(std::size_t)> {
        return [&, worker = std::shared_ptr<pipeline::Worker>(blueprint.make_worker())](std::size_t i) {
            const auto bytes = photos.read(tasks[i].photo, tasks[i].hash);
            return bytes ? worker->process(*bytes, pipeline::Faces::all) : pipeline::PhotoResult{};
        };
    };
    const auto take = [&](std::size_t i, pipeline::PhotoResult&& result) {
        for (const auto row : tasks[i].rows) {
            const auto key = gallery->record(row).key();
            const auto* face = face_at(result, key.box);
            std::vector<float> encodings;
            for (std::size_t copy = 0; face != nullptr && copy < face->augmented.size(); ++copy) {
                const auto& values = face->augmented[copy].values;
                encodings.insert(encodings.end(), values.begin(), values.end());
                ++answer.made;
            }
            answer.lost += face == nullptr ? 1U : 0U;
            extras.set(gallery::augmented_name(key), gallery::augmented_bytes(encodings));
        }
    };
    if (pipeline::run_in_order<pipeline::PhotoResult>(tasks.size(), options.jobs, make_work, take) < tasks.size()) {
        throw Error(ErrorCode::interrupted,
                    "interrupted while altered copies were encoded; the store is as it was, run the same command to "
                    "go on");
    }
    answer.gallery = extras.finish();
    return answer;
}

}  // namespace mien::service
