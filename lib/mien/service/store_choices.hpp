// SPDX-License-Identifier: MIT
#pragma once

#include <mien/gallery/gallery.hpp>
#include <mien/pipeline/pipeline.hpp>

namespace mien::service {

/// What "auto" means beside a store: as it was built. A store keeps its encoder; its detector and landmarks too, as
/// long as they are present on this machine, because encodings compare best when faces are cut out alike.
pipeline::Options as_built(const gallery::Gallery& store, pipeline::Options options, const models::Finder& finder);

/// The tools that made a store's encodings, for making more of them.
/// throws: Error{model_missing}; Error{model_mismatch} where the weights here are not those of the store
pipeline::Blueprint blueprint_of_store(const gallery::Gallery& store, pipeline::Options options,
                                       const models::Finder& finder);

/// What a store of such encodings says of itself.
gallery::Description description_of(const pipeline::Blueprint& blueprint, pipeline::Faces faces = pipeline::Faces::one);

}  // namespace mien::service
