// SPDX-License-Identifier: MIT
#pragma once

/// `doctor --gallery`: labels that look wrong, each with the command that mends it.

#include <mien/core/json.hpp>
#include <mien/eval/gallery_review.hpp>

#include <filesystem>
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
    std::string detail;               ///< for people
    std::string remedy;               ///< a command
};

/// Compares all faces of a store with each other. Nothing is changed.
/// progress: called on this thread with the faces that are done, of how many
/// throws: Error{store_missing, store_corrupt, interrupted}
std::vector<GalleryFinding> review_gallery(const std::filesystem::path& store, int jobs,
                                           const std::function<void(std::size_t, std::size_t)>& progress);

Json to_json(const GalleryFinding& finding);

}  // namespace mien::service
