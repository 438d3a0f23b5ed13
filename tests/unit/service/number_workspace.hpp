// SPDX-License-Identifier: MIT
#pragma once

/// A workspace whose faces are made from numbers: each person is an axis, so that people are far apart and photos of
/// one person close. No photo is ever decoded, so files may hold anything.

#include <mien/core/file.hpp>
#include <mien/gallery/file_store.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/service/identify.hpp>
#include <mien/service/pending.hpp>
#include <mien/service/store_choices.hpp>

#include <support/shared.hpp>
#include <support/synthetic.hpp>

#include <fstream>

namespace mien::service {

inline constexpr Box k_left_face{10, 20, 60, 60};
inline constexpr Box k_right_face{200, 20, 60, 60};

class NumberWorkspace {
public:
    [[nodiscard]] const Workspace& workspace() const { return m_workspace; }
    [[nodiscard]] const std::filesystem::path& root() const { return m_folder.path(); }
    [[nodiscard]] const models::Finder& finder() const { return m_finder; }
    [[nodiscard]] const pipeline::Blueprint& blueprint() const { return m_blueprint; }
    /// What needs no file beside the program.
    [[nodiscard]] static pipeline::Options tools() {
        pipeline::Options options;
        options.detector = "hog";
        options.encoder = "starter";
        options.landmarks = "starter5";
        return options;
    }

    /// A unit vector beside an axis; tilt: how far it leans over to the next one.
    [[nodiscard]] std::vector<float> face(std::size_t axis, float tilt = 0) const {
        std::vector<float> values(m_blueprint.contract()->dim);
        values.at(axis) = 1;
        values.at(axis + 1) = tilt;
        return test::unit(std::move(values));
    }

    /// Writes a file of the workspace whose content says its name, unless another is given.
    Bytes write(const std::string& name, std::string content = {}) {
        if (content.empty()) {
            content = "photo " + name;
        }
        std::filesystem::create_directories((root() / name).parent_path());
        std::ofstream(root() / name, std::ios::binary) << content;
        m_contents.push_back(std::make_unique<std::string>(std::move(content)));
        return std::as_bytes(std::span(*m_contents.back()));
    }
    [[nodiscard]] bool has(const std::string& name) const { return std::filesystem::exists(root() / name); }
    [[nodiscard]] std::string content(const std::string& name) const {
        const auto bytes = read_file(root() / name, 1000);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    /// A record of dataset_training/LABEL/FILE, which is written, too.
    gallery::Record record(const std::string& label, const std::string& file, std::vector<float> encoding,
                           Origin origin = Origin::train, Box box = k_left_face) {
        const auto photo = "dataset_training/" + label + "/" + file;
        const auto hash = sha256(write(photo));
        return {label, photo, hash, box, 1, 0.9F, origin, 1'700'000'000, std::move(encoding)};
    }

    void save(const std::vector<gallery::Record>& records, std::vector<gallery::Denial> denials = {}) const {
        gallery::save_store(m_workspace.store(),
                            *gallery::Gallery::build(description_of(m_blueprint), records, {}, std::move(denials)));
    }
    [[nodiscard]] std::shared_ptr<const gallery::Gallery> store() const {
        return gallery::load_store(m_workspace.store());
    }
    /// "label photo" of all records, sorted.
    [[nodiscard]] std::vector<std::string> told() const {
        const auto gallery = store();
        std::vector<std::string> lines;
        for (std::size_t row = 0; row < gallery->rows(); ++row) {
            if (!gallery->is_vacant(row)) {
                lines.push_back(std::string(gallery->record(row).label) + " " + std::string(gallery->photo(row)));
            }
        }
        std::sort(lines.begin(), lines.end());
        return lines;
    }

    [[nodiscard]] Identifier identifier() const { return {store(), m_blueprint.encoder(), {}}; }

    /// What a worker says of a photo with these faces, from the left.
    [[nodiscard]] pipeline::PhotoResult seen(const std::vector<std::vector<float>>& encodings,
                                             float quality = 0.9F) const {
        pipeline::PhotoResult photo;
        for (const auto& encoding : encodings) {
            auto& face = photo.faces.emplace_back();
            face.box = photo.faces.size() == 1 ? k_left_face : k_right_face;
            face.score = 1;
            face.quality.score = quality;
            face.encoding = {m_blueprint.contract(), encoding};
        }
        return photo;
    }

    /// Puts a photo with these unknown faces into dataset/. returns: its name in the workspace
    std::string upload(const std::string& name, const std::vector<std::vector<float>>& encodings) {
        PhotoAnswer answer;
        answer.verdict = Verdict::unknown;
        for (auto& face : seen(encodings).faces) {
            auto& unknown = answer.faces.emplace_back();
            unknown.box = face.box;
            unknown.score = face.score;
            unknown.quality = face.quality;
            unknown.encoding = face.encoding;
        }
        m_contents.push_back(std::make_unique<std::string>("upload " + name));
        return remember(m_workspace, description_of(m_blueprint), name, std::as_bytes(std::span(*m_contents.back())),
                        answer);
    }

    [[nodiscard]] Pending waiting() const { return pending({m_workspace, tools(), {}, 1}, m_finder); }

private:
    test::TemporaryFolder m_folder;
    Workspace m_workspace{m_folder.path()};
    models::Finder m_finder{{}};
    pipeline::Blueprint m_blueprint{tools(), m_finder};
    std::vector<std::unique_ptr<std::string>> m_contents;
};

}  // namespace mien::service
