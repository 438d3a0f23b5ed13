// SPDX-License-Identifier: MIT
#include <mien/models/models.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace mien::models {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_dlib_files = "https://github.com/davisking/dlib-models/raw/master/";
// The repository keeps its networks in Git LFS: the plain raw address would give a pointer file of 130 bytes.
constexpr const char* k_opencv_files = "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/";

/// Nobody has measured the distances: even odds at the threshold, 99 in 100 at six tenths of it.
Decision around(double threshold) {
    constexpr double k_log_odds_99 = 4.6;
    return {threshold, threshold, k_log_odds_99 / (0.4 * threshold), false};
}

/// middle and slope as the "curve" of mien evaluate --pairs: on as many pairs of one person as of strangers. A probe is
/// compared with a whole gallery, so the odds are taken against one right person among a hundred.
Decision measured(double threshold, double middle, double slope) {
    constexpr double k_log_odds_gallery = 4.605;  // ln(100)
    return {threshold, middle - k_log_odds_gallery / slope, slope, true};
}

Card yunet() {
    Card card;
    card.name = "yunet";
    card.kind = Kind::detector;
    card.about = "YuNet (2023): a small network that gives boxes and five points; the default where it is present";
    card.licence = "MIT";
    card.accuracy = "WIDER Face validation AP, as published: 0.884 easy, 0.866 medium, 0.750 hard";
    card.file = "face_detection_yunet_2023mar.onnx";
    card.url = k_opencv_files + ("face_detection_yunet/" + card.file);
    card.sha256 = {"8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"};
    return card;
}

Card cnn() {
    Card card;
    card.name = "cnn";
    card.kind = Kind::detector;
    card.about = "dlib's max-margin CNN detector: finds turned faces that hog misses; slow without a GPU";
    card.licence = "public domain (CC0)";
    card.accuracy = "no figures published";
    card.file = "mmod_human_face_detector.dat";
    card.url = k_dlib_files + card.file + ".bz2";
    // Two builds of the same detector are in circulation under this name, both from its author.
    card.sha256 = {"be467b1a76f482693de3b0f6a1ff91d092319be71523d4d4b0628f6a53fcb87a",
                   "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6"};
    card.packed_sha256 = "db9e9e40f092c118d5eb3e643935b216838170793559515541c56a2b50d9fc84";
    return card;
}

Card hog() {
    Card card;
    card.name = "hog";
    card.kind = Kind::detector;
    card.about = "dlib's frontal face detector (HOG and a linear classifier), compiled in: always there";
    card.licence = "Boost Software License 1.0";
    card.accuracy = "no figures published; misses faces below 80 pixels and turned ones";
    return card;
}

Card dlib68() {
    Card card;
    card.name = "dlib68";
    card.kind = Kind::landmarks;
    card.about = "dlib's predictor of 68 points; Debian ships it in libdlib-data";
    card.licence = "public domain (CC0) as a file, but trained on iBUG 300-W, whose licence excludes commercial use";
    card.accuracy = "no figures published";
    card.file = "shape_predictor_68_face_landmarks.dat";
    card.url = k_dlib_files + card.file + ".bz2";
    card.sha256 = {"fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f"};
    card.packed_sha256 = "7d6637b8f34ddb0c1363e09a4628acb34314019ec3566fd66b80c04dda6980f5";
    return card;
}

Card dlib5() {
    Card card;
    card.name = "dlib5";
    card.kind = Kind::landmarks;
    card.about =
        "dlib's predictor of 5 points (eye corners and nose), trained on its author's own 7,198 annotated faces";
    card.licence = "public domain (CC0)";
    card.accuracy = "no figures published";
    card.file = "shape_predictor_5_face_landmarks.dat";
    card.url = k_dlib_files + card.file + ".bz2";
    card.sha256 = {"c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888"};
    card.packed_sha256 = "6e787bbebf5c9efdb793f6cd1f023230c4413306605f24f299f12869f95aa472";
    return card;
}

Card starter5() {
    Card card;
    card.name = "starter5";
    card.kind = Kind::landmarks;
    card.about = "the project's own predictor of 5 points, compiled in: always there";
    card.licence = "MIT";
    card.accuracy =
        "mean error 3.9 % of the distance between the eyes against dlib68, on LFW photos of people it never saw, for "
        "boxes of hog, cnn and yunet alike; about 7 % on turned faces of video frames";
    return card;
}

Card sface() {
    Card card;
    card.name = "sface";
    card.about = "SFace (2021), from the OpenCV Zoo";
    card.licence = "Apache-2.0";
    card.accuracy = "LFW 0.9940, as published";
    card.file = "face_recognition_sface_2021dec.onnx";
    card.url = k_opencv_files + ("face_recognition_sface/" + card.file);
    card.sha256 = {"0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79"};
    card.dim = 128;
    card.metric = Metric::cosine;
    card.chip = {ChipFrame::arcface, 112, 0.0F};
    // As OpenCV's FaceRecognizerSF feeds it: RGB, 0..255 as they are (the network scales them itself).
    card.preprocessing = {true, {0.0F, 0.0F, 0.0F}, {1.0F, 1.0F, 1.0F}};
    card.decision = around(1.0 - 0.363);  // published as a cosine similarity
    return card;
}

Card dlib_resnet() {
    Card card;
    card.name = "dlib";
    card.about =
        "dlib's face ResNet with 29 layers (2017), the encoder of the face_recognition package; "
        "trained on FaceScrub, VGG-Face and photos from the web";
    card.licence = "public domain (CC0)";
    card.accuracy = "LFW 0.9938 ± 0.0027, as published";
    card.file = "dlib_face_recognition_resnet_model_v1.dat";
    card.url = k_dlib_files + card.file + ".bz2";
    card.sha256 = {"55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"};
    card.packed_sha256 = "abb1f61041e434465855ce81c2bd546e830d28bcbed8d27ffbe5bb408b11553a";
    card.dim = 128;
    card.metric = Metric::l2;
    card.chip = {ChipFrame::dlib, 150, 0.25F};
    card.decision = around(0.6);
    return card;
}

Card mobilefacenet() {
    Card card;
    card.name = "mobilefacenet";
    card.about =
        "MobileFaceNet with ArcFace loss, trained on refined MS-Celeb-1M. No address is published for this ONNX "
        "file: put it into a model folder, or fetch it with --mirror";
    card.licence = "Apache-2.0";
    card.accuracy =
        "10-fold accuracy 0.993 ± 0.004 on 4,200 LFW pairs, TAR 0.989 at FAR 0.001, end to end with yunet; "
        "at the threshold one pair of strangers in 10,000 is taken for one person (8.1 million pairs); with one photo "
        "of "
        "each person known, the right one comes first for 0.968 of the photos, and 0.067 are missed where 1 % of "
        "strangers are taken for somebody";
    card.file = "mobilefacenet_ms1m.onnx";
    card.sha256 = {"1040555900213268bebc4378e4846f140f1020279461f09d02726fc593e59659"};
    card.dim = 128;
    card.metric = Metric::cosine;
    card.chip = {ChipFrame::arcface, 112, 0.0F};
    // ImageNet's mean and deviation, stated on 0..255.
    card.preprocessing = {true, {123.675F, 116.28F, 103.53F}, {58.395F, 57.12F, 57.375F}};
    card.decision = measured(0.6, 0.7269, 30.25);
    return card;
}

Card dlib_densenet() {
    Card card;
    card.name = "dlib-densenet";
    card.about = "dlib DenseNet from the BAREL project (2023): 2.6 MB beside dlib's 22.5 MB, less accurate";
    card.licence = "MIT";
    card.accuracy =
        "10-fold accuracy 0.951 ± 0.011 on 4,200 LFW pairs, TAR 0.879 at FAR 0.01, end to end with hog; at the "
        "threshold about 4 pairs of strangers in 1,000 are taken for one person";
    card.file = "face_recognition_densenet_model_v1.dat";
    card.url = k_dlib_files + card.file + ".bz2";
    card.sha256 = {"c6a6418ea119126046e204e010127d24dc79a41dd613a9d3961d1856b5df6535"};
    card.packed_sha256 = "b822cb530a850538b10ee47265f38b1c49f8dc113add2f389fe8c2cd72ec78db";
    card.dim = 128;
    card.metric = Metric::l2;
    card.chip = {ChipFrame::dlib, 150, 0.25F};
    card.decision = measured(0.5, 0.6047, 32.42);
    return card;
}

Card starter() {
    Card card;
    card.name = "starter";
    card.about =
        "the project's own small network, compiled in: always there. Not for access control, nor for large galleries: "
        "'mien models fetch sface' gets a stronger one";
    card.licence = "MIT";
    card.accuracy =
        "10-fold accuracy 0.967 ± 0.010 on 3,160 LFW pairs of people it never saw, TAR 0.94 at FAR 0.01, end to "
        "end with hog; at the threshold one pair of strangers in 10,000 is taken for one person";
    card.dim = 128;
    card.metric = Metric::cosine;
    card.chip = {ChipFrame::arcface, 112, 0.0F};
    card.preprocessing = {true, {127.5F, 127.5F, 127.5F}, {128.0F, 128.0F, 128.0F}};
    card.mirror = true;
    card.decision = measured(0.53, 0.7202, 24.80);
    return card;
}

// ---- onnx:FILE --------------------------------------------------------------------------------------------------

/// Reads one card's fields and complains by name.
class CardReader {
public:
    CardReader(fs::path path, const Json& json) : m_path(std::move(path)), m_json(json) {}

    [[noreturn]] void refuse(const std::string& field, const std::string& why) const {
        throw Error(ErrorCode::usage, "model card " + printable(m_path.native()) + ": \"" + field + "\" " + why +
                                          " (see man mien-models)");
    }

    [[nodiscard]] bool has(const std::string& field) const { return m_json.contains(field); }

    [[nodiscard]] const Json& at(const std::string& field) const {
        if (!has(field)) {
            refuse(field, "is missing");
        }
        return m_json.at(field);
    }

    [[nodiscard]] std::string text(const std::string& field, const std::string& fallback) const {
        if (!has(field)) {
            return fallback;
        }
        if (!at(field).is_string()) {
            refuse(field, "must be text");
        }
        return at(field).get<std::string>();
    }

    [[nodiscard]] std::string one_of(const std::string& field, const std::string& first,
                                     const std::string& second) const {
        const auto& value = at(field);
        if (!value.is_string() || (value != first && value != second)) {
            refuse(field, "must be \"" + first + "\" or \"" + second + "\"");
        }
        return value.get<std::string>();
    }

    [[nodiscard]] double number(const std::string& field, const Json& value, double least, double most) const {
        if (!value.is_number()) {
            refuse(field, "must be a number");
        }
        const auto number = value.get<double>();
        if (!(number >= least && number <= most)) {
            refuse(field, "must lie between " + plain(least) + " and " + plain(most));
        }
        return number;
    }

    [[nodiscard]] int whole(const std::string& field, int least, int most) const {
        if (!at(field).is_number_integer()) {
            refuse(field, "must be a whole number");
        }
        return static_cast<int>(number(field, at(field), least, most));
    }

    /// A number for all channels, or three in the order red, green, blue … of `colour`.
    [[nodiscard]] std::array<float, 3> channels(const std::string& field, double least, double most) const {
        const auto& value = at(field);
        std::array<float, 3> result{};
        if (value.is_number()) {
            result.fill(static_cast<float>(number(field, value, least, most)));
            return result;
        }
        if (!value.is_array() || value.size() != result.size()) {
            refuse(field, "must be a number or a list of three");
        }
        for (std::size_t i = 0; i < result.size(); ++i) {
            result.at(i) = static_cast<float>(number(field, value.at(i), least, most));
        }
        return result;
    }

private:
    static std::string plain(double value) { return Json(value).dump(); }

    fs::path m_path;
    const Json& m_json;
};

Json parse_card(const fs::path& path) {
    constexpr std::uint64_t k_largest_card = 64 * 1024;
    std::vector<std::byte> bytes;
    try {
        bytes = read_file(path, k_largest_card);
    } catch (const Error& error) {
        throw Error(ErrorCode::usage,
                    std::string("an ONNX encoder needs a card beside it: ") + error.what() + " (see man mien-models)");
    }
    const auto* first = reinterpret_cast<const char*>(bytes.data());
    // The library would silently take the last of two fields with one name.
    std::set<std::string> seen;
    std::string twice;
    const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
        if (event == Json::parse_event_t::key && depth == 1 && !seen.insert(value.get<std::string>()).second) {
            twice = value.get<std::string>();
        }
        return true;
    };
    Json json;
    try {
        json = Json::parse(first, first + bytes.size(), watch);
    } catch (const Json::exception& error) {
        throw Error(ErrorCode::usage,
                    "model card " + printable(path.native()) + " is not JSON: " + printable(error.what()));
    }
    if (!json.is_object()) {
        throw Error(ErrorCode::usage, "model card " + printable(path.native()) + " must be a JSON object");
    }
    if (!twice.empty()) {
        CardReader(path, json).refuse(printable(twice), "stands there twice");
    }
    return json;
}

std::string checked_name(const CardReader& reader, const std::string& name) {
    constexpr std::size_t k_longest_name = 64;
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    if (name.empty() || name.size() > k_longest_name || !std::all_of(name.begin(), name.end(), fits)) {
        reader.refuse("name", "must be 1 to 64 letters, digits, dots, hyphens or underscores");
    }
    const auto cards = catalogue();
    if (std::any_of(cards.begin(), cards.end(), [&](const Card& card) { return card.name == name; })) {
        reader.refuse("name", "is taken by a published model: " + name);
    }
    return name;
}

Card read_card_of(const fs::path& model_file) {
    const auto path = fs::path(model_file).replace_extension(".json");
    const auto json = parse_card(path);
    const CardReader reader(path, json);

    static const std::set<std::string> k_fields{"name",  "dim",   "size",    "metric",    "colour",  "mean",
                                                "scale", "frame", "padding", "threshold", "licence", "about"};
    for (const auto& [field, value] : json.items()) {
        if (!k_fields.contains(field)) {
            reader.refuse(printable(field), "is not a field of a model card");
        }
    }

    Card card;
    card.kind = Kind::encoder;
    card.name = checked_name(reader, reader.has("name") ? reader.text("name", "") : model_file.stem().native());
    card.about = reader.text("about", "an ONNX network with a card of its own");
    card.licence = reader.text("licence", "not stated");
    card.accuracy = "not stated";
    card.file = model_file.native();
    card.dim = static_cast<std::uint32_t>(reader.whole("dim", 2, 16384));
    card.metric = reader.one_of("metric", "cosine", "l2") == "cosine" ? Metric::cosine : Metric::l2;
    card.chip.size = reader.whole("size", 16, 1024);
    if (reader.has("frame")) {
        card.chip.frame = reader.one_of("frame", "arcface", "dlib") == "dlib" ? ChipFrame::dlib : ChipFrame::arcface;
    }
    if (card.chip.frame == ChipFrame::arcface) {
        if (reader.has("padding")) {
            reader.refuse("padding", "belongs to the frame \"dlib\" only");
        }
        card.chip.padding = 0.0F;
    } else if (reader.has("padding")) {
        card.chip.padding = static_cast<float>(reader.number("padding", reader.at("padding"), 0.0, 2.0));
    }
    // No defaults for these: a network fed with the wrong numbers works, badly, and nobody notices.
    card.preprocessing.rgb = reader.one_of("colour", "rgb", "bgr") == "rgb";
    card.preprocessing.mean = reader.channels("mean", -1000.0, 1000.0);
    card.preprocessing.scale = reader.channels("scale", 1e-6, 1e6);
    const double largest = card.metric == Metric::cosine ? 2.0 : 1e6;
    card.decision = around(reader.number("threshold", reader.at("threshold"), 1e-6, largest));
    return card;
}

}  // namespace

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::detector: return "detector";
        case Kind::landmarks: return "landmarks";
        case Kind::encoder: break;
    }
    return "encoder";
}

std::span<const Card> catalogue() {
    static const std::array k_cards{yunet(), cnn(),         hog(),           dlib68(),        dlib5(),  starter5(),
                                    sface(), dlib_resnet(), mobilefacenet(), dlib_densenet(), starter()};
    return k_cards;
}

const Card& card(Kind kind, std::string_view name) {
    std::string known;
    for (const auto& card : catalogue()) {
        if (card.kind == kind) {
            if (card.name == name) {
                return card;
            }
            known += (known.empty() ? "" : ", ") + card.name;
        }
    }
    if (kind == Kind::encoder) {
        known += ", onnx:FILE";
    }
    throw Error(ErrorCode::usage, "no " + std::string(to_string(kind)) + (kind == Kind::landmarks ? " model" : "") +
                                      " is called \"" + printable(name) + "\"; there are: " + known);
}

Card read_onnx_card(const fs::path& model_file) {
    if (!fs::is_regular_file(model_file)) {
        throw Error(ErrorCode::model_missing, "no such model file: " + printable(model_file.native()));
    }
    return read_card_of(fs::absolute(model_file).lexically_normal());
}

Card read_onnx_card(const fs::path& model_file, const Finder& finder) {
    const auto found = finder.find_file(model_file);
    if (!found) {
        std::string folders;
        for (const auto& folder : finder.folders()) {
            folders += ", " + printable(folder.native());
        }
        throw Error(ErrorCode::model_missing, "no such model file: " + printable(model_file.native()) +
                                                  " (looked in the current folder" + folders + ")");
    }
    return read_onnx_card(*found);
}

double Decision::confidence(double distance) const { return 1 / (1 + std::exp(slope * (distance - middle))); }

}  // namespace mien::models
