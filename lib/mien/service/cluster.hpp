// SPDX-License-Identifier: MIT
#pragma once

/// `cluster`: groups the faces of photos without labels into people.

#include <mien/core/json.hpp>
#include <mien/eval/cluster.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/encode_photos.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mien::service {

struct ClusterOptions {
    std::filesystem::path folder;
    pipeline::Options pipeline;
    EncodeOptions encode{Subject::all, 1, {}};
    std::optional<double> threshold;  ///< largest distance between neighbours; nothing: the encoder's
    std::uint64_t seed{1};
    bool score{false};  ///< the folder is LABEL/PHOTO: say how well the groups agree with that
    /// Where a folder for each group is made; empty: nowhere. It must not exist, or be empty.
    std::filesystem::path output;
    bool link{false};  ///< symbolic links instead of copies
};

struct GroupedFace {
    std::size_t photo{};  ///< index into ClusterResult::photos
    Box box;
};

struct ClusterResult {
    std::vector<std::filesystem::path> photos;
    std::vector<std::vector<GroupedFace>> groups;  ///< the largest first; equal ones in the order of their first photos
    std::size_t faces{};
    std::size_t no_face{};
    std::size_t unreadable{};
    double threshold{};
    std::string detector;
    std::string encoder;
    std::optional<eval::ClusterQuality> quality;
    double seconds{};
};

struct ClusterEvents {
    std::function<void(std::size_t photos)> started;
    std::function<void(std::size_t done)> photo;
};

/// Chinese whispers over the faces' nearness; two faces of one photo are never one person. The same groups for the
/// same photos, seed and settings, whatever the number of jobs.
/// throws: Error{usage} where the output folder is in use, Error{runtime}, Error{model_missing}, Error{interrupted}
ClusterResult cluster(const ClusterOptions& options, const models::Finder& finder, const ClusterEvents& events);

/// One line a group: {"group":1,"size":2,"faces":[{"photo":…,"box":…}]}
Json group_to_json(const ClusterResult& result, std::size_t group);
/// {"summary":…}
Json to_json(const ClusterResult& result);

}  // namespace mien::service
