// SPDX-License-Identifier: MIT
#pragma once

/// `doctor --gallery`: labels that look wrong, each with the command that mends it.

#include <mien/core/json.hpp>
#include <mien/eval/gallery_review.hpp>
#include <mien/service/workspace.hpp>

#include <functional>
#include <string>
#include <vector>

namespace mien::service {

struct GalleryFinding {
    std::string kind;  ///< mislabel, odd_one, one_person, two_people, near_identical, same_photo, weak
    std::string label;
    std::string other;                ///< the other label, where there is one
    std::vector<std::string> photos;  ///< as the store names them
    double strength{};                ///< natural logarithm of the odds; larger is surer
    std::string detail;               ///< for people, with what to look at first
    /// A command for a shell that mends it; of what a command cannot mend (weak), one that shows it.
    std::string remedy;
};

struct GalleryReviewOptions {
    Workspace workspace;
    std::string workspace_option;  ///< as a user gave it, for the remedies; empty: not given
    std::string store_option;      ///< the same
    int jobs{1};
};

/// Compares all faces of a store with each other. Nothing is changed.
/// progress: called on this thread with the faces that are done, of how many
/// throws: Error{store_missing, store_corrupt, interrupted}
std::vector<GalleryFinding> review_gallery(const GalleryReviewOptions& options,
                                           const std::function<void(std::size_t, std::size_t)>& progress);

Json to_json(const GalleryFinding& finding);

}  // namespace mien::service
