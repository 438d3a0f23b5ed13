// SPDX-License-Identifier: MIT
#include <mien/service/gallery_review.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/store_choices.hpp>

#include <cmath>
#include <memory>

namespace mien::service {
namespace {

using eval::Suspicion;

/// What the encoder's card says of distances. Its curve is for one right person among a hundred; between two photos the
/// odds are even to begin with.
eval::Evidence evidence_for(const gallery::Gallery& gallery) {
    constexpr double k_log_odds_gallery = 4.605;  // ln(100), as in the cards
    const auto decision = decision_of_model(gallery);
    if (!decision) {
        throw Error(ErrorCode::model_missing, "the card of the store's encoder " + gallery.contract().encoder +
                                                  " is gone, so nobody knows what its distances mean; bring it back");
    }
    if (decision->measured) {
        return {decision->threshold, decision->middle + k_log_odds_gallery / decision->slope, decision->slope};
    }
    // Of the measured encoders the even distance lies 1.2 to 1.4 times as far as the threshold.
    return {decision->threshold, 1.25 * decision->threshold, 15 / decision->threshold};
}

std::string quoted_photos(const GalleryFinding& finding) {
    constexpr std::size_t k_shown = 8;
    std::string text;
    for (std::size_t i = 0; i < std::min(k_shown, finding.photos.size()); ++i) {
        text += ' ';
        text += shell_quoted(finding.photos[i]);
    }
    return text;
}

void describe(Suspicion suspicion, GalleryFinding& finding) {
    const auto count = std::to_string(finding.photos.size());
    const auto& first = finding.photos.front();
    switch (suspicion) {
        case Suspicion::mislabel:
            finding.detail = first + " is labelled " + finding.label + " and looks like " + finding.other;
            finding.remedy = "mien move " + shell_quoted(first) + " --to " + shell_quoted(finding.other);
            break;
        case Suspicion::odd_one:
            finding.detail = first + " looks like none of the others of " + finding.label + ", and like nobody else";
            finding.remedy = "look at it, then: mien move " + shell_quoted(first) + " --to NAME";
            break;
        case Suspicion::one_person:
            finding.detail = finding.label + " and " + finding.other + " look like one person";
            finding.remedy = "mien rename " + shell_quoted(finding.label) + " " + shell_quoted(finding.other);
            break;
        case Suspicion::two_people:
            finding.detail =
                "the photos of " + finding.label + " fall into two people; " + count + " are unlike the rest";
            finding.remedy = "mien move" + quoted_photos(finding) + " --to NAME";
            break;
        case Suspicion::near_identical:
            finding.detail = "to the encoder two photos of " + finding.label + " are nearly the same: " + first +
                             " and " + finding.photos[1];
            finding.remedy =
                "look at them; if they show one moment: rm " + shell_quoted(finding.photos[1]) + " && mien train";
            break;
        case Suspicion::same_photo:
            finding.detail = finding.label + " and " + finding.other +
                             " have photos that are nearly the same to the encoder: " + first + " and " +
                             finding.photos[1];
            finding.remedy = "look at them, then remove the wrong one and run mien train";
            break;
        case Suspicion::weak:
            finding.detail = finding.photos.size() < 2 ? finding.label + " has one photo only"
                                                       : "all " + count + " photos of " + finding.label + " are poor";
            finding.remedy = "put more photos into dataset_training/" + finding.label + " and run mien train";
            break;
    }
}

}  // namespace

std::vector<GalleryFinding> review_gallery(const std::filesystem::path& store, int jobs,
                                           const std::function<void(std::size_t, std::size_t)>& progress) {
    const auto gallery = gallery::load_store(store);
    const auto evidence = evidence_for(*gallery);
    eval::NearLists near(gallery->rows());
    const auto make_work = [&]() -> std::function<std::vector<eval::Near>(std::size_t)> {
        return [&, scratch = std::make_shared<std::vector<float>>(gallery->rows())](std::size_t row) {
            return eval::near_rows(*gallery, row, evidence.threshold, *scratch);
        };
    };
    const auto taken = pipeline::run_in_order<std::vector<eval::Near>>(
        gallery->rows(), jobs, make_work, [&](std::size_t row, std::vector<eval::Near>&& rows) {
            near[row] = std::move(rows);
            progress(row + 1, gallery->rows());
        });
    if (taken < gallery->rows()) {
        throw Error(ErrorCode::interrupted, "interrupted");
    }
    std::vector<GalleryFinding> findings;
    for (const auto& found : eval::review_labels(*gallery, near, evidence)) {
        GalleryFinding finding;
        finding.kind = to_string(found.suspicion);
        finding.label = gallery->label(found.person);
        finding.other = found.other == gallery::k_nobody ? std::string() : std::string(gallery->label(found.other));
        for (const auto row : found.rows) {
            finding.photos.emplace_back(gallery->photo(row));
        }
        finding.strength = found.strength;
        describe(found.suspicion, finding);
        findings.push_back(std::move(finding));
    }
    return findings;
}

Json to_json(const GalleryFinding& finding) {
    Json json{{"kind", finding.kind}, {"label", finding.label}};
    if (!finding.other.empty()) {
        json["other"] = finding.other;
    }
    json["photos"] = finding.photos;
    json["strength"] = rounded(finding.strength, 2);
    json["detail"] = finding.detail;
    json["remedy"] = finding.remedy;
    return json;
}

}  // namespace mien::service
