// SPDX-License-Identifier: MIT
#pragma once

/// Who is nearest: the exact scan over all encodings.

#include <mien/gallery/gallery.hpp>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mien::match {

/// A person, with the distance of their nearest encoding.
struct Candidate {
    std::string label;
    float distance{};
    std::size_t record{};  ///< which record of the gallery was the nearest
};

class NearestMatcher {
public:
    explicit NearestMatcher(std::shared_ptr<const gallery::Gallery> gallery);

    /// For each probe the k nearest people, nearest first, each once; equal distances in the order of labels.
    /// throws: Error{model_mismatch} with both names if a probe comes from another model
    /// threads: safe
    [[nodiscard]] std::vector<std::vector<Candidate>> rank(std::span<const Encoding> probes, std::size_t k) const;

private:
    std::shared_ptr<const gallery::Gallery> m_gallery;
};

}  // namespace mien::match
