// SPDX-License-Identifier: MIT
#include <mien/service/gallery_review.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/photo_files.hpp>
#include <mien/service/store_choices.hpp>

#include <algorithm>
#include <memory>
#include <set>

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

/// Commands for a shell, about the store and the workspace that the user named.
class Remedies {
public:
    Remedies(const gallery::Gallery& gallery, const GalleryReviewOptions& options)
        : m_gallery(gallery), m_options(options) {}

    [[nodiscard]] std::string command(const std::string& verb, const std::vector<std::string>& operands,
                                      const std::string& flags = {}) const {
        return mien(verb, "--store") + flags + words(operands);
    }

    [[nodiscard]] std::string move(const eval::LabelFinding& found, const GalleryFinding& finding,
                                   const std::string& to) const {
        // A photo that shows several people needs to be told whose face is meant.
        const bool shared = std::any_of(found.rows.begin(), found.rows.end(), [this](std::size_t row) {
            return m_gallery.rows_of_photo(m_gallery.photo_hash(row)).size() > 1;
        });
        return command("move", finding.photos, (shared ? option("--from", finding.label) : "") + option("--to", to));
    }

    /// A label that nobody has, for photos of somebody who has no name yet.
    [[nodiscard]] std::string new_label(const std::string& label) {
        for (int number = 2;; ++number) {
            const auto wanted = label + "_" + std::to_string(number);
            if (!m_gallery.find_person(wanted) && m_given.insert(wanted).second) {
                return wanted;
            }
        }
    }

    /// Takes photos away that training learned, save the first; nothing where there are none.
    [[nodiscard]] std::string remove(const std::vector<std::size_t>& rows) const {
        std::vector<std::string> files;
        for (std::size_t i = 1; i < rows.size(); ++i) {
            add_file(rows[i], files);
        }
        if (files.empty()) {
            add_file(rows.front(), files);
        }
        return files.empty() ? std::string() : "rm" + words(files) + " && " + mien("train", "--output");
    }

private:
    static std::string option(const std::string& name, const std::string& value) {
        return " " + name + (value.starts_with('-') ? "=" : " ") + shell_quoted(value);
    }

    static std::string words(const std::vector<std::string>& operands) {
        const bool dash =
            std::any_of(operands.begin(), operands.end(), [](const auto& word) { return word.starts_with('-'); });
        std::string text = dash ? " --" : "";
        for (const auto& word : operands) {
            text += ' ';
            text += shell_quoted(word);
        }
        return text;
    }

    [[nodiscard]] std::string mien(const std::string& verb, const std::string& store) const {
        std::string text = "mien";
        if (!m_options.workspace_option.empty()) {
            text += option("--workspace", m_options.workspace_option);
        }
        text += " " + verb;
        if (!m_options.store_option.empty()) {
            text += option(store, m_options.store_option);
        }
        return text;
    }

    /// Where the photo is a file that training reads, for this record alone.
    void add_file(std::size_t row, std::vector<std::string>& files) const {
        const auto file = (m_options.workspace.root / m_gallery.photo(row)).lexically_normal();
        if (m_gallery.origin(row) == Origin::train && lies_in(file, m_options.workspace.training()) &&
            m_gallery.rows_of_photo(m_gallery.photo_hash(row)).size() == 1) {
            files.push_back(file.native());
        }
    }

    const gallery::Gallery& m_gallery;
    const GalleryReviewOptions& m_options;
    std::set<std::string> m_given;
};

void describe(const eval::LabelFinding& found, Remedies& remedies, GalleryFinding& finding) {
    const auto count = std::to_string(finding.photos.size());
    const auto& first = finding.photos.front();
    switch (found.suspicion) {
        case Suspicion::mislabel:
            finding.detail = first + " is labelled " + finding.label + " and looks like " + finding.other;
            finding.remedy = remedies.move(found, finding, finding.other);
            break;
        case Suspicion::odd_one:
            finding.detail = first + " looks like none of the others of " + finding.label +
                             ", and like nobody else; look at it before it gets a name of its own";
            finding.remedy = remedies.move(found, finding, remedies.new_label(finding.label));
            break;
        case Suspicion::one_person:
            finding.detail = finding.label + " and " + finding.other + " look like one person";
            finding.remedy = remedies.command("rename", {finding.label, finding.other}, " --merge");
            break;
        case Suspicion::two_people:
            finding.detail = "the photos of " + finding.label + " fall into two people; " + count +
                             " are unlike the rest; look at them before they get a name of their own";
            finding.remedy = remedies.move(found, finding, remedies.new_label(finding.label));
            break;
        case Suspicion::near_identical:
            finding.detail = "to the encoder " + (finding.photos.size() == 2 ? "two" : count) + " photos of " +
                             finding.label + " are nearly the same: ";
            for (std::size_t i = 0; i < finding.photos.size(); ++i) {
                finding.detail += (i == 0 ? "" : i + 1 == finding.photos.size() ? " and " : ", ") + finding.photos[i];
            }
            finding.detail += "; look at them: of one moment one photo says as much";
            finding.remedy = remedies.remove(found.rows);
            break;
        case Suspicion::same_photo:
            finding.detail = finding.label + " and " + finding.other +
                             " have photos that are nearly the same to the encoder: " + first + " and " +
                             finding.photos[1] + "; look at them: the second is less like the others of its label";
            finding.remedy = remedies.remove(found.rows);
            break;
        case Suspicion::weak:
            finding.detail =
                (finding.photos.size() < 2 ? finding.label + " has one photo only"
                                           : "all " + count + " photos of " + finding.label + " are poor") +
                "; put more photos into dataset_training/" + finding.label + " and run 'mien train'";
            break;
    }
    if (finding.remedy.empty()) {
        finding.remedy = remedies.command("show", {finding.label});
    }
}

}  // namespace

std::vector<GalleryFinding> review_gallery(const GalleryReviewOptions& options,
                                           const std::function<void(std::size_t, std::size_t)>& progress) {
    const auto gallery = gallery::load_store(options.workspace.store(options.store_option));
    const auto evidence = evidence_for(*gallery);
    eval::NearLists near(gallery->rows());
    const auto make_work = [&]() -> std::function<std::vector<eval::Near>(std::size_t)> {
        return [&, scratch = std::make_shared<std::vector<float>>(gallery->rows())](std::size_t row) {
            return eval::near_rows(*gallery, row, evidence.threshold, *scratch);
        };
    };
    const auto taken = pipeline::run_in_order<std::vector<eval::Near>>(
        gallery->rows(), options.jobs, make_work, [&](std::size_t row, std::vector<eval::Near>&& rows) {
            near[row] = std::move(rows);
            progress(row + 1, gallery->rows());
        });
    if (taken < gallery->rows()) {
        throw Error(ErrorCode::interrupted, "interrupted");
    }
    std::vector<GalleryFinding> findings;
    Remedies remedies(*gallery, options);
    for (const auto& found : eval::review_labels(*gallery, near, evidence)) {
        GalleryFinding finding;
        finding.kind = to_string(found.suspicion);
        finding.label = gallery->label(found.person);
        finding.other = found.other == gallery::k_nobody ? std::string() : std::string(gallery->label(found.other));
        for (const auto row : found.rows) {
            finding.photos.emplace_back(gallery->photo(row));
        }
        finding.strength = found.strength;
        describe(found, remedies, finding);
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
