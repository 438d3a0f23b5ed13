// SPDX-License-Identifier: MIT
#pragma once

/// Faces of one photo: which is which, and what the store has said about them.

#include <mien/gallery/gallery.hpp>
#include <mien/pipeline/pipeline.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace mien::service {

/// Boxes of one face differ a little between detectors and sizes; from here on two boxes are the same face.
inline constexpr double k_same_face = 0.5;

/// Intersection over union, 0..1.
double overlap(const Box& a, const Box& b);

/// The face that lies where the box is, and most of it; null where none does.
const pipeline::Face* face_at(const pipeline::PhotoResult& result, const Box& box);

/// What the store knows of exactly this face of this photo.
struct Settled {
    std::optional<std::size_t> row;  ///< its record; nothing: it is no face
    std::string label;               ///< of the record
};

std::optional<Settled> settled(const gallery::Gallery& store, const Sha256& photo_hash, const Box& box);

}  // namespace mien::service
