// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/user_file.hpp>
#include <mien/image/decode.hpp>
#include <mien/image/encode.hpp>
#include <mien/image/sheet.hpp>
#include <mien/service/pending.hpp>
#include <mien/service/photo_files.hpp>

#include <opencv2/core.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace mien::service {
namespace {

namespace fs = std::filesystem;

std::string percent(double share) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%.0f%%", share * 100);
    return text.data();
}

std::string heading_of(const WaitingCluster& cluster) {
    auto text =
        cluster.id + ": " + std::to_string(cluster.faces.size()) + (cluster.faces.size() == 1 ? " face" : " faces");
    if (cluster.suggestion) {
        text += ", perhaps " + cluster.suggestion->label + " (" + percent(cluster.suggestion->confidence) + ")";
    }
    return text;
}

/// The face cut out of its photo; empty where that is gone or cannot be read.
cv::Mat cut_out(const WaitingFace& face, const Workspace& workspace, std::int64_t max_pixels, int side) {
    try {
        const auto bytes = read_file(workspace.root / face.photo, k_largest_photo_file);
        if (sha256(bytes) != face.photo_hash) {
            return {};
        }
        const auto photo = image::decode(bytes, {max_pixels, 0});
        const cv::Rect box(face.box.left, face.box.top, face.box.width, face.box.height);
        return image::crop_around(photo.bgr, box, static_cast<double>(photo.scale), side);
    } catch (const Error&) {
        return {};
    }
}

fs::path page_name(const fs::path& out, std::size_t page) {
    if (page == 1) {
        return out;
    }
    auto name = out.stem();
    name += "-";
    name += std::to_string(page);
    name += out.extension();
    return out.parent_path() / name;
}

}  // namespace

std::vector<fs::path> draw_sheets(const Pending& pending, const Workspace& workspace, std::int64_t max_pixels,
                                  const fs::path& out) {
    std::vector<image::SheetGroup> groups;
    for (const auto& cluster : pending.clusters) {
        image::SheetGroup group{heading_of(cluster), {}};
        for (const auto face : cluster.faces) {
            group.captions.push_back(fs::path(pending.faces[face].photo).filename().native());
        }
        groups.push_back(std::move(group));
    }
    constexpr int k_side = 160;
    std::vector<fs::path> pages;
    image::draw_sheets(
        groups,
        [&](std::size_t group, std::size_t index) {
            return cut_out(pending.faces[pending.clusters[group].faces[index]], workspace, max_pixels, k_side);
        },
        [&](const cv::Mat& page) {
            pages.push_back(page_name(out, pages.size() + 1));
            OutputFile file(pages.back(), 0600);
            file.write(image::encode(page, out.extension().native()));
            file.commit();
        });
    return pages;
}

Thumbnail thumbnail(const WaitingFace& face, const Workspace& workspace, std::int64_t max_pixels, int side) {
    const auto bgr = cut_out(face, workspace, max_pixels, side);
    Thumbnail small{bgr.cols, bgr.rows, {}};
    small.rgb.reserve(bgr.total() * 3);
    for (int y = 0; y < bgr.rows; ++y) {
        for (int x = 0; x < bgr.cols; ++x) {
            const auto& pixel = bgr.at<cv::Vec3b>(y, x);
            small.rgb.insert(small.rgb.end(), {pixel[2], pixel[1], pixel[0]});
        }
    }
    return small;
}

std::optional<std::vector<std::byte>> face_picture(const Workspace& workspace, std::string_view photo,
                                                   const Sha256& photo_hash, const Box& box, std::int64_t max_pixels,
                                                   int side) {
    const auto file = workspace.root / photo;
    if (!lies_in(file, workspace.inbox()) && !lies_in(file, workspace.training()) &&
        !lies_in(file, workspace.reserve())) {
        return std::nullopt;
    }
    try {
        const auto bytes = read_file(file, k_largest_photo_file);
        if (sha256(bytes) != photo_hash) {
            return std::nullopt;
        }
        // A large photo need not be decoded whole for a small picture.
        const auto header = image::read_header(bytes);
        const auto face = std::max({1, box.width, box.height});
        const auto enough = std::int64_t{std::max(header.width, header.height)} * side / face;
        const auto whole =
            image::decode(bytes, {max_pixels, static_cast<int>(std::min<std::int64_t>(enough, 1 << 16))});
        const auto picture = image::crop_around(whole.bgr, {box.left, box.top, box.width, box.height},
                                                static_cast<double>(whole.scale), side);
        if (picture.empty()) {
            return std::nullopt;
        }
        return image::encode(picture, ".jpg", 85);
    } catch (const Error&) {
        return std::nullopt;
    }
}

}  // namespace mien::service
