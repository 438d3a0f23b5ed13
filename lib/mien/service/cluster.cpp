// SPDX-License-Identifier: MIT
#include <mien/service/cluster.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/workspace.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

struct Faces {
    std::vector<GroupedFace> faces;
    std::vector<float> rows;
    std::vector<eval::Apart> apart;
};

Faces faces_of(const std::vector<EncodedPhoto>& photos) {
    Faces all;
    for (std::size_t photo = 0; photo < photos.size(); ++photo) {
        const auto first = static_cast<std::uint32_t>(all.faces.size());
        for (const auto& face : photos[photo].result.faces) {
            const auto number = static_cast<std::uint32_t>(all.faces.size());
            for (auto other = first; other < number; ++other) {
                all.apart.emplace_back(other, number);
            }
            all.faces.push_back({photo, face.box});
            all.rows.insert(all.rows.end(), face.encoding.begin(), face.encoding.end());
        }
    }
    return all;
}

eval::NeighbourGraph graph_of(const Faces& all, const ModelContract& contract, double threshold, int jobs) {
    eval::NeighbourGraph graph(all.faces.size());
    const auto make_work = [&]() -> std::function<std::vector<eval::Neighbour>(std::size_t)> {
        return [&](std::size_t face) {
            return eval::neighbours_of(face, contract.metric, contract.dim, all.rows, threshold);
        };
    };
    const auto taken = pipeline::run_in_order<std::vector<eval::Neighbour>>(
        graph.size(), jobs, make_work,
        [&](std::size_t face, std::vector<eval::Neighbour>&& near) { graph[face] = std::move(near); });
    if (taken < graph.size()) {
        throw Error(ErrorCode::interrupted, "interrupted; the encodings are kept");
    }
    return graph;
}

eval::ClusterQuality quality_of(const ClusterOptions& options, const ClusterResult& result, const Faces& all,
                                const std::vector<std::uint32_t>& groups) {
    std::map<std::string, std::uint32_t> labels;
    std::vector<std::uint32_t> people;
    for (const auto& face : all.faces) {
        const auto inside = result.photos[face.photo].lexically_relative(options.folder);
        const bool flat = std::distance(inside.begin(), inside.end()) == 1;
        const auto label = flat ? inside.stem().native() : inside.begin()->native();
        people.push_back(labels.try_emplace(label, static_cast<std::uint32_t>(labels.size())).first->second);
    }
    return eval::cluster_quality(groups, people);
}

void refuse_used(const fs::path& output) {
    if (fs::exists(output) && !(fs::is_directory(output) && fs::is_empty(output))) {
        throw Error(ErrorCode::usage,
                    printable(output.native()) + " is there already; name a folder that is new or empty with --output");
    }
}

/// OUTPUT/person_001/PHOTO …, and OUTPUT/alone for faces that are like no other.
void write_folders(const ClusterOptions& options, const ClusterResult& result) {
    for (std::size_t group = 0; group < result.groups.size(); ++group) {
        std::array<char, 32> name{};
        std::snprintf(name.data(), name.size(), "person_%03zu", group + 1);
        const auto folder = options.output / (result.groups[group].size() > 1 ? name.data() : "alone");
        fs::create_directories(folder);
        std::set<std::size_t> written;
        for (const auto& face : result.groups[group]) {
            const auto& photo = result.photos[face.photo];
            if (!written.insert(face.photo).second) {
                continue;
            }
            auto target = folder / photo.filename();
            for (int number = 2; fs::exists(fs::symlink_status(target)); ++number) {
                target = folder / (photo.stem().native() + "_" + std::to_string(number) + photo.extension().native());
            }
            if (options.link) {
                fs::create_symlink(fs::absolute(photo), target);
            } else {
                fs::copy_file(photo, target);
            }
        }
    }
}

}  // namespace

ClusterResult cluster(const ClusterOptions& options, const models::Finder& finder, const ClusterEvents& events) {
    const auto started = std::chrono::steady_clock::now();
    if (!options.output.empty()) {
        refuse_used(options.output);
    }
    ClusterResult result;
    result.photos = photos_in(options.folder);
    if (result.photos.empty()) {
        throw Error(ErrorCode::runtime, "there are no photos in " + printable(options.folder.native()));
    }
    pipeline::Blueprint::set_workers(options.encode.jobs);
    const pipeline::Blueprint blueprint(options.pipeline, finder);
    result.threshold = options.threshold.value_or(blueprint.encoder().decision.threshold);
    result.detector = blueprint.detector();
    result.encoder = blueprint.contract()->encoder;
    if (events.started) {
        events.started(result.photos.size());
    }
    const auto encoded = encode_photos(result.photos, blueprint, options.encode, [&](std::size_t done) {
        if (events.photo) {
            events.photo(done);
        }
    });
    for (const auto& photo : encoded) {
        result.no_face += photo.result.verdict == Verdict::no_face ? 1U : 0U;
        result.unreadable += photo.result.verdict == Verdict::unreadable ? 1U : 0U;
    }
    const auto all = faces_of(encoded);
    result.faces = all.faces.size();
    const auto graph = graph_of(all, *blueprint.contract(), result.threshold, options.encode.jobs);
    const auto groups = eval::chinese_whispers(graph, all.apart, options.seed);
    for (std::size_t face = 0; face < groups.size(); ++face) {
        result.groups.resize(std::max<std::size_t>(result.groups.size(), groups[face] + 1));
        result.groups[groups[face]].push_back(all.faces[face]);
    }
    std::stable_sort(result.groups.begin(), result.groups.end(),
                     [](const auto& a, const auto& b) { return a.size() > b.size(); });
    if (options.score) {
        result.quality = quality_of(options, result, all, groups);
    }
    if (!options.output.empty()) {
        try {
            write_folders(options, result);
        } catch (const fs::filesystem_error& error) {
            throw Error(ErrorCode::runtime,
                        "cannot write " +
                            printable(error.path2().empty() ? error.path1().native() : error.path2().native()) + ": " +
                            error.code().message());
        }
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return result;
}

Json group_to_json(const ClusterResult& result, std::size_t group) {
    Json json{{"group", group + 1}, {"size", result.groups[group].size()}, {"faces", Json::array()}};
    for (const auto& face : result.groups[group]) {
        json["faces"].push_back({{"photo", result.photos[face.photo].native()}, {"box", mien::to_json(face.box)}});
    }
    return json;
}

Json to_json(const ClusterResult& result) {
    const auto alone =
        std::count_if(result.groups.begin(), result.groups.end(), [](const auto& group) { return group.size() == 1; });
    Json json{{"photos", result.photos.size()},
              {"faces", result.faces},
              {"groups", result.groups.size()},
              {"alone", alone},
              {"no_face", result.no_face},
              {"unreadable", result.unreadable},
              {"threshold", rounded(result.threshold, 4)},
              {"detector", result.detector},
              {"encoder", result.encoder},
              {"seconds", rounded(result.seconds, 2)}};
    if (result.quality) {
        const auto& q = *result.quality;
        json["quality"] = {{"pair_precision", rounded(q.pair_precision, 4)},
                           {"pair_recall", rounded(q.pair_recall, 4)},
                           {"pair_f1", rounded(q.pair_f1, 4)},
                           {"bcubed_precision", rounded(q.bcubed_precision, 4)},
                           {"bcubed_recall", rounded(q.bcubed_recall, 4)},
                           {"bcubed_f", rounded(q.bcubed_f, 4)}};
    }
    return {{"summary", std::move(json)}};
}

}  // namespace mien::service
