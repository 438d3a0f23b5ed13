// SPDX-License-Identifier: MIT
#pragma once

#include <mien/core/types.hpp>

#include <span>

namespace mien::match {

/// Distances of one probe to n rows, in the metric of the encoder: L2, or 1 - cosine similarity.
/// probe: dim floats. rows: n × dim floats, row after row. out: n floats.
/// Cosine rows and probes are unit vectors already (encoders see to it), so 1 - dot product is the answer.
/// threads: safe. AVX2 where the processor has it; a row's distance does not depend on the other rows.
void distances(Metric metric, std::span<const float> probe, std::span<const float> rows, std::span<float> out);

float distance(Metric metric, std::span<const float> a, std::span<const float> b);

}  // namespace mien::match
