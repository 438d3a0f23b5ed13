// SPDX-License-Identifier: MIT
#pragma once

/// Encodings of altered copies of a record's face (mirrored, lighter, blurred, turned), for a matcher that learns.
///
/// They are no records: nothing is nearest to them, nothing lists or counts them. A store keeps them as extras, one for
/// each record, named by the record's key; so they follow a face that gets another label, and go and come back with
/// the record.

#include <mien/gallery/change.hpp>
#include <mien/gallery/gallery.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mien::gallery {

inline constexpr std::string_view k_augmented_prefix = "augmented.";
/// Copies of one face.
inline constexpr std::size_t k_most_augmented = 100;

/// The name of the extra.
std::string augmented_name(const RecordKey& key);

/// encodings: n × dim. returns: the extra's bytes
std::string augmented_bytes(std::span<const float> encodings);

/// returns: n × dim; empty where the record has none
/// throws: Error{store_corrupt} where the extra can't be that
std::vector<float> augmented_of(const Gallery& gallery, const RecordKey& key);

/// Whether any record has some.
bool keeps_augmented(const Gallery& gallery);

/// How many copies each record has; the most where they differ. 0: none has any.
std::size_t augmented_copies(const Gallery& gallery);

/// What takes the extras of records away that the operations remove for good.
std::vector<Operation> without_augmented(const Gallery& gallery, std::span<const Operation> operations);

}  // namespace mien::gallery
