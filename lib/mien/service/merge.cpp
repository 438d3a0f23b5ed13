// SPDX-License-Identifier: MIT
#include <mien/service/merge.hpp>

#include <mien/core/error.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/gallery/file_store.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using gallery::Gallery;
using gallery::RecordKey;

struct KeyHash {
    std::size_t operator()(const RecordKey& key) const noexcept { return gallery::record_id(key.photo_hash, key.box); }
};

/// Where a record or denial came from.
struct Place {
    std::size_t store{};
    std::size_t index{};  ///< row, or index into the denials
};

std::string denied(const gallery::Denial& denial) {
    return denial.label.empty() ? "not a face" : "not " + denial.label;
}

class Merger {
public:
    Merger(const MergeOptions& options, MergeSummary& summary) : m_options(options), m_summary(summary) {
        for (const auto& file : options.stores) {
            m_stores.push_back(gallery::load_store(file));
            const auto& first = m_stores.front()->contract();
            const auto& now = m_stores.back()->contract();
            if (now != first) {
                throw Error(ErrorCode::model_mismatch,
                            printable(options.stores.front().native()) + " holds encodings of " + first.encoder + ", " +
                                printable(file.native()) + " of " + now.encoder +
                                (now.encoder == first.encoder ? " with other weights" : "") +
                                "; they can't be compared. Bring one to the other's model with 'mien reencode'");
            }
        }
    }

    std::shared_ptr<const Gallery> run() {
        merge_records();
        merge_denials();
        std::vector<gallery::Record> records;
        records.reserve(m_kept.size());
        for (const auto& [key, place] : m_kept) {
            records.push_back(m_stores[place.store]->record(place.index).copy());
        }
        std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
            return std::tuple(std::string_view(a.photo), a.photo_hash, a.box.left, a.box.top, a.box.width,
                              a.box.height) < std::tuple(std::string_view(b.photo), b.photo_hash, b.box.left, b.box.top,
                                                         b.box.width, b.box.height);
        });
        auto description = m_stores.front()->description();
        auto skipped = merge_skipped(description.fingerprint);
        return Gallery::build(description, records, std::move(skipped), std::move(m_denials), merge_extras());
    }

private:
    bool last_wins() const { return m_options.on_conflict == OnConflict::last; }

    void conflict(const gallery::RecordView& record, std::string first, std::size_t first_store, std::string last,
                  std::size_t last_store) {
        m_summary.conflicts.push_back({std::string(record.photo), record.box, std::move(first), std::move(last),
                                       m_options.stores[first_store], m_options.stores[last_store]});
    }

    void merge_records() {
        for (std::size_t number = 0; number < m_stores.size(); ++number) {
            throw_if_interrupted();
            const auto& store = *m_stores[number];
            m_summary.records += store.size();
            for (std::size_t row = 0; row < store.rows(); ++row) {
                if (store.is_vacant(row)) {
                    continue;
                }
                const auto record = store.record(row);
                const auto [found, is_new] = m_kept.try_emplace(record.key(), Place{number, row});
                if (is_new) {
                    continue;
                }
                ++m_summary.duplicates;
                auto& place = found->second;
                const auto before = m_stores[place.store]->record(place.index);
                if (before.label != record.label) {
                    conflict(record, std::string(before.label), place.store, std::string(record.label), number);
                    place = last_wins() ? Place{number, row} : place;
                }
            }
        }
    }

    /// A denial goes against a record where one store says that the face is somebody and another that it is not.
    void merge_denials() {
        std::set<std::tuple<std::string, Sha256, std::int32_t, std::int32_t, std::int32_t, std::int32_t>> seen;
        for (std::size_t number = 0; number < m_stores.size(); ++number) {
            for (const auto& denial : m_stores[number]->denials()) {
                const auto& box = denial.box;
                if (!seen.emplace(denial.label, denial.photo_hash, box.left, box.top, box.width, box.height).second) {
                    continue;
                }
                const auto found = m_kept.find({denial.photo_hash, denial.box});
                if (found != m_kept.end() && found->second.store != number) {
                    const auto place = found->second;
                    const auto record = m_stores[place.store]->record(place.index);
                    if (denial.label.empty() || denial.label == record.label) {
                        const bool record_first = place.store < number;
                        if (record_first) {
                            conflict(record, std::string(record.label), place.store, denied(denial), number);
                        } else {
                            conflict(record, denied(denial), number, std::string(record.label), place.store);
                        }
                        if (record_first != last_wins()) {
                            continue;  // the record stays
                        }
                        m_kept.erase(found);
                    }
                }
                m_denials.push_back(denial);
            }
        }
    }

    /// Photos that gave no record are known only as far as all stores were built alike.
    std::vector<gallery::SkippedPhoto> merge_skipped(std::string& fingerprint) const {
        const bool alike = std::all_of(m_stores.begin(), m_stores.end(), [&](const auto& store) {
            return store->description().fingerprint == fingerprint;
        });
        if (!alike) {
            fingerprint.clear();
            return {};
        }
        std::unordered_set<Sha256, Sha256Hash> with_face;
        for (const auto& [key, place] : m_kept) {
            with_face.insert(key.photo_hash);
        }
        std::map<std::pair<std::string, Sha256>, gallery::SkippedPhoto> all;
        for (const auto& store : m_stores) {
            for (const auto& photo : store->skipped()) {
                if (!with_face.contains(photo.photo_hash)) {
                    all.try_emplace({photo.photo, photo.photo_hash}, photo);
                }
            }
        }
        std::vector<gallery::SkippedPhoto> skipped;
        for (auto& [name, photo] : all) {
            skipped.push_back(std::move(photo));
        }
        return skipped;
    }

    /// What was fitted to one store's records fits the merged ones only if all stores have the same. Encodings of
    /// altered copies of a face come with its record.
    gallery::Extras merge_extras() {
        gallery::Extras extras;
        for (const auto& [key, place] : m_kept) {
            const auto& store = *m_stores[place.store];
            if (gallery::keeps_augmented(store)) {
                const auto name = gallery::augmented_name(key);
                if (const auto blob = store.extra(name); !blob.empty()) {
                    extras.emplace(name, blob);
                }
            }
        }
        std::set<std::string> dropped;
        for (const auto& store : m_stores) {
            for (const auto& [name, blob] : store->extras()) {
                if (name.starts_with(gallery::k_augmented_prefix)) {
                    continue;
                }
                const bool everywhere = std::all_of(m_stores.begin(), m_stores.end(),
                                                    [&](const auto& other) { return other->extra(name) == blob; });
                if (everywhere) {
                    extras.emplace(name, blob);
                } else {
                    dropped.insert(name);
                }
            }
        }
        m_summary.dropped.assign(dropped.begin(), dropped.end());
        return extras;
    }

    const MergeOptions& m_options;
    MergeSummary& m_summary;
    std::vector<std::shared_ptr<const Gallery>> m_stores;
    std::unordered_map<RecordKey, Place, KeyHash> m_kept;
    std::vector<gallery::Denial> m_denials;
};

}  // namespace

MergeSummary merge_stores(const MergeOptions& options) {
    if (options.stores.empty()) {
        throw Error(ErrorCode::usage, "name the stores to merge");
    }
    MergeSummary summary;
    summary.stores = options.stores;
    summary.output = options.output;
    if (fs::exists(options.output) && !fs::is_regular_file(options.output)) {
        throw Error(ErrorCode::usage,
                    printable(options.output.native()) + " is no regular file; a store is one: name another file");
    }
    if (!options.force && fs::exists(options.output)) {
        throw Error(ErrorCode::usage,
                    printable(options.output.native()) + " exists; name another file, or replace it with --force");
    }
    Merger merger(options, summary);
    const auto merged = merger.run();
    summary.people = merged->people();
    summary.encodings = merged->size();
    const bool refused = options.on_conflict == OnConflict::refuse && !summary.conflicts.empty();
    if (!refused && !options.dry_run) {
        gallery::StoreWriter writer(options.output, {"merge", options.wait_seconds, {}});
        if (writer.gallery() && !options.force) {
            throw Error(ErrorCode::usage, printable(options.output.native()) + " was made meanwhile");
        }
        writer.replace(*merged, std::to_string(options.stores.size()) + " stores merged");
        summary.changed = true;
    }
    return summary;
}

Json to_json(const MergeConflict& conflict) {
    return {{"photo", conflict.photo},
            {"box", mien::to_json(conflict.box)},
            {"outcome", "conflict"},
            {"first", conflict.first},
            {"first_store", conflict.first_store.native()},
            {"last", conflict.last},
            {"last_store", conflict.last_store.native()}};
}

Json to_json(const MergeSummary& summary) {
    std::vector<std::string> stores;
    for (const auto& store : summary.stores) {
        stores.push_back(store.native());
    }
    return {{"summary",
             {{"stores", stores},
              {"records", summary.records},
              {"duplicates", summary.duplicates},
              {"conflicts", summary.conflicts.size()},
              {"dropped", summary.dropped},
              {"output", summary.output.native()},
              {"people", summary.people},
              {"encodings", summary.encodings},
              {"changed", summary.changed}}}};
}

}  // namespace mien::service
