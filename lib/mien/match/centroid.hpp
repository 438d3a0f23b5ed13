// SPDX-License-Identifier: MIT
#pragma once

#include <mien/match/matcher.hpp>

namespace mien::match {

/// Each person is the mean of their encodings, of unit length again where the metric is cosine.
std::unique_ptr<Matcher> make_centroid(std::shared_ptr<const gallery::Gallery> gallery);

}  // namespace mien::match
