// SPDX-License-Identifier: MIT
#pragma once

/// Encodings of altered copies of the faces of a store, for the svm. A part of `train`.

#include <mien/gallery/gallery.hpp>
#include <mien/models/models.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/workspace.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace mien::service {

struct AugmentOptions {
    Workspace workspace;
    pipeline::Options pipeline;         ///< as the records were encoded
    std::optional<std::size_t> copies;  ///< of each face; nothing: none are made, those that are there stay
    int jobs{1};
};

struct Augmented {
    std::shared_ptr<const gallery::Gallery> gallery;
    std::size_t made{};  ///< copies that were encoded; those that were there already are not
    std::size_t lost{};  ///< records without copies: their photo is gone or shows no face in its place
};

/// The gallery with so many copies of each record's face as extras, and none of records that it does not have. The
/// same for any number of jobs; what more copies are made later does not change the first ones.
/// throws: Error{interrupted}; as pipeline::Blueprint
Augmented augment(std::shared_ptr<const gallery::Gallery> gallery, const AugmentOptions& options,
                  const models::Finder& finder);

}  // namespace mien::service
