// SPDX-License-Identifier: MIT
#include <mien/service/import.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/user_file.hpp>
#include <mien/encode/encoder.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/service/faces.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <memory>
#include <unordered_map>
#include <unordered_set>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using exchange::Entry;
using gallery::Gallery;
using gallery::Record;

constexpr std::uint64_t k_largest_file = 64ULL << 30U;

exchange::Collection read_collection(const ImportOptions& options) {
    const bool piped = options.file == "-";
    const auto name = piped ? std::string("standard input") : printable(options.file.native());
    const auto bytes = read_input(options.file, k_largest_file);
    try {
        auto format = options.format.value_or(exchange::sniff(bytes));
        // Some pickles of protocol 0 begin like a table; what calls itself a pickle is read as one.
        const auto extension = options.file.extension();
        if (!options.format && format == exchange::Format::csv && (extension == ".pickle" || extension == ".pkl")) {
            format = exchange::Format::pickle;
        }
        return exchange::read(bytes, format, {options.skip_bad});
    } catch (const Error& error) {
        throw Error(error.code(), name + ": " + error.what());
    }
}

/// The promise that an encoder's encodings carry. Its weights need not be here: their digest is published.
ModelContract contract_of(const std::string& encoder, const models::Finder& finder) {
    if (!encoder.starts_with("onnx:")) {
        const auto& card = models::card(models::Kind::encoder, encoder);
        if (!finder.has(card) && !card.sha256.empty()) {
            return {card.name, card.sha256.front(), card.dim, card.metric};
        }
    }
    return *encode::make_encoder(encoder, finder)->contract();
}

double length_of(const std::vector<float>& encoding) {
    double sum = 0;
    for (const float value : encoding) {
        sum += static_cast<double>(value) * static_cast<double>(value);
    }
    return std::sqrt(sum);
}

/// What numbers can say about whose they are: their count, and whether they are unit vectors.
void check_plausible(const exchange::Collection& collection, const ModelContract& contract) {
    constexpr double k_unit_slack = 1e-3;
    std::size_t units = 0;
    for (const auto& entry : collection.entries) {
        if (entry.record.encoding.size() != contract.dim) {
            throw Error(ErrorCode::model_mismatch, "encodings of " + std::to_string(entry.record.encoding.size()) +
                                                       " numbers do not come from " + contract.encoder +
                                                       ", whose encodings have " + std::to_string(contract.dim));
        }
        const bool unit = std::abs(length_of(entry.record.encoding) - 1) <= k_unit_slack;
        units += unit ? 1U : 0U;
        if (contract.metric == Metric::cosine && !unit) {
            throw Error(ErrorCode::model_mismatch, place_of(collection.format, entry.number) +
                                                       " is no vector of length 1, so not from " + contract.encoder +
                                                       "; name the right one with --encoder");
        }
    }
    // dlib's network does not scale its vectors; those of other networks are scaled before anybody keeps them.
    constexpr std::size_t k_no_accident = 3;
    if (contract.encoder == "dlib" && units == collection.entries.size() && units >= k_no_accident) {
        throw Error(ErrorCode::model_mismatch,
                    "all encodings have length 1, as those of dlib's network have not; name the right encoder");
    }
}

ModelContract decide_contract(const exchange::Collection& collection, const ImportOptions& options,
                              const Gallery* store, const models::Finder& finder) {
    if (collection.contract) {
        if (!options.encoder.empty() && options.encoder != collection.contract->encoder) {
            throw Error(ErrorCode::model_mismatch, "it says that its encodings come from " +
                                                       printable(collection.contract->encoder) + ", not from " +
                                                       printable(options.encoder));
        }
        return *collection.contract;
    }
    if (options.encoder.empty()) {
        throw Error(ErrorCode::usage,
                    "it does not say which encoder made its encodings; say it with --encoder NAME (the old services "
                    "used dlib's network: --encoder dlib)");
    }
    const auto contract = store != nullptr && store->contract().encoder == options.encoder
                              ? store->contract()
                              : contract_of(options.encoder, finder);
    check_plausible(collection, contract);
    return contract;
}

template <class Value>
void append_bytes(std::vector<std::byte>& bytes, const Value& value) {
    const auto raw = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
}

/// Names a face where its photo's content is not known, so that importing the same file twice adds it once.
Sha256 stand_in(std::string_view photo, const Box& box, std::span<const float> encoding) {
    std::vector<std::byte> bytes;
    for (const std::string_view text : {std::string_view("mien import"), photo}) {
        append_bytes(bytes, text.size());
        const auto raw = std::as_bytes(std::span(text));
        bytes.insert(bytes.end(), raw.begin(), raw.end());
    }
    append_bytes(bytes, box);
    const auto numbers = std::as_bytes(encoding);
    bytes.insert(bytes.end(), numbers.begin(), numbers.end());
    return sha256(bytes);
}

/// Finds out which photos the records are of that do not say it.
class PhotoHashes {
public:
    explicit PhotoHashes(fs::path root) : m_root(std::move(root)) {}

    /// The content of the photo of that name in the workspace; nothing where there is none.
    const std::optional<Sha256>& find(const std::string& name) {
        const auto [found, fresh] = m_known.try_emplace(name);
        std::error_code ignored;
        if (fresh && is_inside(name) && fs::is_regular_file(m_root / name, ignored)) {
            throw_if_interrupted();
            try {
                found->second = sha256(read_file(m_root / name, k_largest_photo_file));
            } catch (const Error&) {
                // It can't be read, so its content is not known.
            }
        }
        return found->second;
    }

private:
    static bool is_inside(const fs::path& name) {
        return !name.empty() && name.is_relative() &&
               std::none_of(name.begin(), name.end(), [](const fs::path& part) { return part == ".."; });
    }

    fs::path m_root;
    std::unordered_map<std::string, std::optional<Sha256>> m_known;
};

/// The store's record of the face; detectors draw its box a little differently.
std::optional<std::size_t> row_of(const Gallery& store, const Record& record) {
    if (const auto row = store.find(record.key())) {
        return row;
    }
    const auto known = settled(store, record.photo_hash, record.box);
    return known ? known->row : std::nullopt;
}

struct KeyHash {
    std::size_t operator()(const gallery::RecordKey& key) const noexcept {
        return gallery::record_id(key.photo_hash, key.box);
    }
};

bool same_denial(const gallery::Denial& a, const gallery::Denial& b) {
    return a.label == b.label && a.photo_hash == b.photo_hash && a.box == b.box;
}

/// What the import adds to a store.
struct Plan {
    std::vector<Record> records;
    std::vector<gallery::Denial> denials;
    std::vector<gallery::SkippedPhoto> skipped;
    gallery::Extras extras;
};

Plan make_plan(exchange::Collection& collection, const ImportOptions& options, const Gallery* store,
               ImportSummary& summary) {
    Plan plan;
    PhotoHashes hashes(options.workspace.root);
    std::unordered_map<gallery::RecordKey, std::string, KeyHash> fresh;
    const auto now = static_cast<UnixTime>(std::time(nullptr));
    for (auto& [record, number, has_hash, has_time] : collection.entries) {
        bool known_photo = has_hash;
        const auto made_up = has_hash ? Sha256{} : stand_in(record.photo, record.box, record.encoding);
        if (!has_hash) {
            // Imported before the photo was here?
            const auto& found = hashes.find(record.photo);
            known_photo = found && !(store != nullptr && store->find({made_up, record.box}));
            record.photo_hash = known_photo ? *found : made_up;
        }
        if (!has_time) {
            record.time = now;
        }
        const auto row = store != nullptr ? row_of(*store, record) : std::nullopt;
        const auto [first, is_new] = fresh.try_emplace(record.key(), record.label);
        if (row || !is_new) {
            const bool same = row ? store->record(*row).label == record.label : first->second == record.label;
            ++(same ? summary.present : summary.differing);
            continue;
        }
        summary.without_photo += known_photo ? 0U : 1U;
        plan.records.push_back(std::move(record));
    }
    for (auto& denial : collection.denials) {
        const auto is_it = [&denial](const gallery::Denial& other) { return same_denial(denial, other); };
        const bool there = store != nullptr && std::any_of(store->denials().begin(), store->denials().end(), is_it);
        if (!there && std::none_of(plan.denials.begin(), plan.denials.end(), is_it)) {
            plan.denials.push_back(std::move(denial));
        }
    }
    // Photos without a face, calibration and matcher belong to a whole store.
    if (store == nullptr) {
        plan.skipped = std::move(collection.skipped);
        plan.extras = std::move(collection.extras);
    }
    summary.added = plan.records.size();
    summary.denials = plan.denials.size();
    return plan;
}

gallery::Description description_of(const exchange::Collection& collection, const ModelContract& contract,
                                    const std::string& encoder) {
    auto settings = collection.settings;
    if (settings.empty()) {
        settings = to_line({{"encoder", encoder.empty() ? contract.encoder : encoder}});
    }
    return {contract, settings, collection.fingerprint};
}

}  // namespace

ImportSummary import_records(const ImportOptions& options, const models::Finder& finder) {
    ImportSummary summary;
    summary.file = options.file;
    summary.store = options.workspace.store(options.store);
    auto collection = read_collection(options);
    summary.format = collection.format;
    summary.records = collection.entries.size() + collection.bad.size();
    summary.bad = std::move(collection.bad);

    std::unique_ptr<gallery::StoreWriter> writer;
    std::shared_ptr<const Gallery> store;
    if (!options.dry_run) {
        writer = std::make_unique<gallery::StoreWriter>(summary.store,
                                                        gallery::WriterOptions{"import", options.wait_seconds, {}});
        store = writer->gallery();
    } else if (fs::exists(summary.store)) {
        store = gallery::load_store(summary.store);
    }
    summary.created = !store;
    const auto contract = [&] {
        try {
            return decide_contract(collection, options, store.get(), finder);
        } catch (const Error& error) {
            throw Error(error.code(), printable(options.file.native()) + ": " + error.what());
        }
    }();
    if (store && store->contract() != contract) {
        throw Error(ErrorCode::model_mismatch,
                    printable(summary.store.native()) + " holds encodings of " + store->contract().encoder + ", " +
                        printable(options.file.native()) + " of " + printable(contract.encoder) +
                        (store->contract().encoder == contract.encoder ? " with other weights" : "") +
                        "; they can't be compared. Import into a store of its own with --store FILE");
    }
    summary.encoder = contract.encoder;

    auto plan = make_plan(collection, options, store.get(), summary);
    const auto title = std::to_string(summary.added) + " imported from " +
                       (options.file == "-" ? "standard input" : printable(options.file.filename().native()));
    summary.changed = !options.dry_run && (summary.added > 0 || summary.denials > 0);
    if (summary.changed && !store) {
        std::stable_sort(plan.records.begin(), plan.records.end(),
                         [](const Record& a, const Record& b) { return a.photo < b.photo; });
        const auto made = Gallery::build(description_of(collection, contract, options.encoder), plan.records,
                                         std::move(plan.skipped), std::move(plan.denials), std::move(plan.extras));
        store = writer->replace(*made, title);
    } else if (summary.changed) {
        std::vector<gallery::Operation> operations;
        operations.reserve(plan.records.size() + plan.denials.size());
        for (auto& record : plan.records) {
            operations.emplace_back(gallery::Add{std::move(record)});
        }
        for (auto& denial : plan.denials) {
            operations.emplace_back(gallery::Deny{std::move(denial)});
        }
        store = writer->commit(title, std::move(operations));
        writer->compact_if_it_pays();
    }
    summary.people = store ? store->people() : 0;
    summary.encodings = store ? store->size() : 0;
    return summary;
}

bool goes_by_name(const gallery::RecordView& record) {
    return record.origin == Origin::import && record.photo_hash == stand_in(record.photo, record.box, record.encoding);
}

Json to_json(const ImportSummary& summary) {
    Json bad = Json::array();
    for (const auto& entry : summary.bad) {
        bad.push_back({{"place", entry.place}, {"reason", entry.reason}});
    }
    return {{"summary",
             {{"file", summary.file.native()},
              {"format", to_string(summary.format)},
              {"records", summary.records},
              {"added", summary.added},
              {"present", summary.present},
              {"differing", summary.differing},
              {"bad", std::move(bad)},
              {"denials", summary.denials},
              {"without_photo", summary.without_photo},
              {"encoder", summary.encoder},
              {"store", summary.store.native()},
              {"people", summary.people},
              {"encodings", summary.encodings},
              {"created", summary.created},
              {"changed", summary.changed}}}};
}

}  // namespace mien::service
