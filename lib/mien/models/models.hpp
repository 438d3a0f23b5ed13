// SPDX-License-Identifier: MIT
#pragma once

/// The models that mien knows: what they are, where they come from, how good they are, and where they lie on this
/// machine. Nothing here runs a network.

#include <mien/core/hash.hpp>
#include <mien/core/types.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mien::models {

enum class Kind { detector, landmarks, encoder };

std::string_view to_string(Kind kind);

/// How an ONNX encoder wants its pixels: (value - mean) / scale per channel, on 0..255.
struct Preprocessing {
    bool rgb{true};  ///< channel order of the network's input
    std::array<float, 3> mean{};
    std::array<float, 3> scale{1.0F, 1.0F, 1.0F};
};

/// What turns a distance into a verdict and a probability where a store has no calibration of its own.
struct Decision {
    double threshold{};  ///< known at or below this distance
    /// P(same person | distance) = 1 / (1 + exp(slope * (distance - middle))), one right person among a hundred
    double middle{};
    double slope{};
    bool measured{};  ///< false: middle and slope are a guess around the published threshold

    /// P(same person | distance), 0..1
    [[nodiscard]] double confidence(double distance) const;
    /// Where that comes from: "model" (measured) or "nominal".
    [[nodiscard]] std::string_view confidence_kind() const { return measured ? "model" : "nominal"; }
};

/// One model. `file` is its name in the model folders; empty: compiled into the binary.
struct Card {
    std::string name;
    Kind kind{Kind::encoder};
    std::string about;
    std::string licence;
    std::string accuracy;  ///< one sentence with its measured figures
    std::string file;
    std::string url;                  ///< where `fetch` gets it; ".bz2" is unpacked
    std::vector<std::string> sha256;  ///< of the unpacked file; any of them will do
    std::string packed_sha256;        ///< of the .bz2, where there is one
    // encoders only
    std::uint32_t dim{};
    Metric metric{Metric::cosine};
    ChipSpec chip;
    Preprocessing preprocessing;
    bool mirror{};  ///< encode the mirrored chip too and add both: twice the time, fewer errors
    Decision decision;
};

/// All published models, strongest encoder first, best detector first.
std::span<const Card> catalogue();

/// throws: Error{usage} that lists the names of that kind
const Card& card(Kind kind, std::string_view name);

/// `onnx:FILE`: the card is FILE with ".json" in the place of its extension (man mien-models). `file` of the card that
/// comes back is absolute, and no digest is published for it.
/// throws: Error{model_missing} if there is no such file; Error{usage} if its card is absent or says nonsense
Card read_onnx_card(const std::filesystem::path& model_file);

class Finder;

/// The same; a name that is not in the current folder is looked for in the model folders.
Card read_onnx_card(const std::filesystem::path& model_file, const Finder& finder);

struct FinderOptions {
    std::vector<std::filesystem::path> folders;  ///< asked first, in order (--models)
    bool trust_digests{false};                   ///< take files whose digest is not the published one
};

/// Looks in the given folders, MIEN_MODELS (colon-separated), the user's data folder, the system's.
/// Thread-safe: const functions only read, and the note of checked files is replaced atomically.
class Finder {
public:
    explicit Finder(FinderOptions options);

    /// Where the model's file lies; nothing if it is absent. Does not check the digest.
    [[nodiscard]] std::optional<std::filesystem::path> find(const Card& card) const;

    /// Whether the model can be used: part of the program, or its file found.
    [[nodiscard]] bool has(const Card& card) const { return card.file.empty() || find(card).has_value(); }

    /// Where a file of that name lies: as it is (absolute, or below the current folder), else in the model folders.
    [[nodiscard]] std::optional<std::filesystem::path> find_file(const std::filesystem::path& file) const;

    /// Where the model's file lies, its digest checked (once per file; noted in the user's cache folder).
    /// throws: Error{model_missing} with the command that gets it, or that names both digests
    [[nodiscard]] std::filesystem::path require(const Card& card) const;

    /// sha256 of the file as 64 hexadecimal digits, from the note of checked files where path, size, time and inode
    /// agree.
    [[nodiscard]] std::string digest(const std::filesystem::path& file) const;

    [[nodiscard]] const std::vector<std::filesystem::path>& folders() const { return m_folders; }

    /// Where `fetch` puts files: the first given folder, else the user's data folder.
    [[nodiscard]] std::filesystem::path fetch_folder() const;

private:
    std::vector<std::filesystem::path> m_folders;
    bool m_explicit_folder{};
    bool m_trust_digests{};
};

}  // namespace mien::models
