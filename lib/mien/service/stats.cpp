// SPDX-License-Identifier: MIT
#include <mien/service/stats.hpp>

#include <mien/core/error.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/service/store_choices.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace mien::service {
namespace {

bool is_bad(std::span<const float> encoding, Metric metric) {
    double sum = 0;
    for (const float value : encoding) {
        sum += static_cast<double>(value) * static_cast<double>(value);
    }
    constexpr double k_unit_slack = 1e-3;
    return !std::isfinite(sum) || sum == 0 || (metric == Metric::cosine && std::abs(std::sqrt(sum) - 1) > k_unit_slack);
}

}  // namespace

StoreStats stats(const std::filesystem::path& store, bool verify) {
    const gallery::StoreReader reader(store);
    const auto gallery = reader.gallery();
    StoreStats result;
    result.store = store;
    result.change = reader.last_change();
    for (const auto& file : {reader.files().archive, reader.files().journal}) {
        struct stat status {};
        if (::stat(file.c_str(), &status) == 0) {
            result.bytes += static_cast<std::uint64_t>(status.st_size);
            result.changed = std::max<UnixTime>(result.changed, status.st_mtim.tv_sec);
        }
    }
    result.contract = gallery->contract();
    const auto settings = Json::parse(gallery->description().settings, nullptr, false);
    if (settings.is_object()) {
        result.detector = settings.value("detector", std::string());
    }
    result.calibration = eval::calibration_of(*gallery);
    result.pair_calibration = eval::pair_calibration_of(*gallery);
    const auto decision = decision_of_model(*gallery);
    result.threshold_from = result.calibration ? "calibration" : "model";
    result.threshold = result.calibration ? result.calibration->threshold
                       : decision         ? decision->threshold
                                          : std::nan("");
    result.encodings = gallery->size();
    result.skipped = gallery->skipped().size();
    result.denials = gallery->denials().size();
    for (std::size_t i = 0; i < gallery->people(); ++i) {
        result.people.push_back({std::string(gallery->label(i)), 0});
    }
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_id;
    for (std::size_t row = 0; row < gallery->rows(); ++row) {
        if (!gallery->is_vacant(row)) {
            ++result.people[gallery->persons()[row]].encodings;
            by_id[gallery->record(row).id].push_back(row);
        }
    }
    for (const auto& [id, rows] : by_id) {
        if (rows.size() > 1) {
            std::vector<std::string> photos;
            for (const auto row : rows) {
                photos.emplace_back(gallery->photo(row));
            }
            result.duplicates.push_back(std::move(photos));
        }
    }
    std::sort(result.duplicates.begin(), result.duplicates.end());
    result.verified = verify;
    for (std::size_t row = 0; verify && row < gallery->rows(); ++row) {
        if (!gallery->is_vacant(row)) {
            result.bad_encodings += is_bad(gallery->encoding(row), result.contract.metric) ? 1U : 0U;
        }
    }
    return result;
}

Json to_json(const StoreStats& stats) {
    Json people = Json::object();
    for (const auto& person : stats.people) {
        people[person.label] = person.encodings;
    }
    Json json{{"store", stats.store.native()},
              {"bytes", stats.bytes},
              {"changed", to_iso8601(stats.changed)},
              {"change", stats.change},
              {"integrity", "ok"},
              {"people", stats.people.size()},
              {"encodings", stats.encodings},
              {"skipped_photos", stats.skipped},
              {"denials", stats.denials},
              {"encoder", stats.contract.encoder},
              {"weights", stats.contract.weights},
              {"dim", stats.contract.dim},
              {"metric", to_string(stats.contract.metric)},
              {"detector", stats.detector},
              {"threshold", std::isnan(stats.threshold) ? Json(nullptr) : Json(rounded(stats.threshold, 4))},
              {"threshold_from", stats.threshold_from},
              {"calibration", stats.calibration ? eval::to_json(*stats.calibration) : Json(nullptr)},
              {"pair_calibration", stats.pair_calibration ? eval::to_json(*stats.pair_calibration) : Json(nullptr)},
              {"encodings_by_person", std::move(people)},
              {"duplicates", stats.duplicates}};
    if (stats.verified) {
        json["bad_encodings"] = stats.bad_encodings;
    }
    return json;
}

}  // namespace mien::service
