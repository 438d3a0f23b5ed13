// SPDX-License-Identifier: MIT
#pragma once

#include <mien/gallery/gallery.hpp>
#include <mien/models/models.hpp>
#include <mien/pipeline/pipeline.hpp>

#include <optional>

namespace mien::service {

/// What "auto" means beside a store: as it was built. A store keeps its encoder and whether it flips; its detector too,
/// as long as it is present on this machine, because encodings compare best when faces are cut out alike.
pipeline::Options as_built(const gallery::Gallery& store, pipeline::Options options, const models::Finder& finder);

/// The tools that made a store's encodings, for making more of them.
/// throws: Error{model_missing}; Error{model_mismatch} where the weights here are not those of the store
pipeline::Blueprint blueprint_of_store(const gallery::Gallery& store, pipeline::Options options,
                                       const models::Finder& finder);

/// Which faces of its photos a store was trained from.
pipeline::Faces trained_faces(const gallery::Gallery& store);

/// What a store of such encodings says of itself.
gallery::Description description_of(const pipeline::Blueprint& blueprint, pipeline::Faces faces = pipeline::Faces::one);

/// From the card of the store's encoder, of the catalogue or the user's own; nothing where that card is gone.
std::optional<models::Decision> decision_of_model(const gallery::Gallery& store);

}  // namespace mien::service
