// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <mien/models/models.hpp>

#include <set>

namespace mien::models {
namespace {

namespace fs = std::filesystem;
using test::error_of;

TEST(catalogue, cards_are_complete) {
    std::set<std::string> names;
    std::set<std::string> files;
    for (const auto& card : catalogue()) {
        SCOPED_TRACE(card.name);
        EXPECT_TRUE(names.insert(card.name).second) << "`fetch NAME` needs names that are unique among all kinds";
        EXPECT_FALSE(card.about.empty());
        EXPECT_FALSE(card.licence.empty());
        EXPECT_FALSE(card.accuracy.empty());
        if (card.file.empty()) {
            EXPECT_TRUE(card.url.empty());
            EXPECT_TRUE(card.sha256.empty());
        } else {
            EXPECT_TRUE(files.insert(card.file).second);
            EXPECT_FALSE(card.sha256.empty());
            for (const auto& digest : card.sha256) {
                EXPECT_EQ(to_hex(sha256_from_hex(digest)), digest);
            }
        }
        if (!card.url.empty()) {
            const bool packed = card.url.ends_with(".bz2");
            EXPECT_TRUE(card.url.starts_with("https://"));
            EXPECT_TRUE(card.url.ends_with("/" + card.file + (packed ? ".bz2" : "")));
            EXPECT_EQ(packed, !card.packed_sha256.empty());
        }
        if (card.kind == Kind::encoder) {
            EXPECT_GE(card.dim, 64U);
            EXPECT_GE(card.chip.size, 112);
            EXPECT_GT(card.decision.threshold, 0.0);
            EXPECT_GT(card.decision.middle, 0.0);
            EXPECT_GT(card.decision.slope, 0.0);
            for (const float scale : card.preprocessing.scale) {
                EXPECT_GT(scale, 0.0F);
            }
        } else {
            EXPECT_EQ(card.dim, 0U);
        }
    }
}

TEST(catalogue, order_is_the_order_of_preference) {
    std::vector<std::string> encoders;
    std::vector<std::string> detectors;
    for (const auto& card : catalogue()) {
        if (card.kind == Kind::encoder) {
            encoders.push_back(card.name);
        } else if (card.kind == Kind::detector) {
            detectors.push_back(card.name);
        }
    }
    EXPECT_EQ(encoders, (std::vector<std::string>{"sface", "dlib", "mobilefacenet", "dlib-densenet", "starter"}));
    EXPECT_EQ(detectors, (std::vector<std::string>{"yunet", "cnn", "hog"}));
}

TEST(catalogue, an_unknown_name_lists_the_known_ones) {
    EXPECT_EQ(card(Kind::encoder, "dlib").dim, 128U);
    const auto error = error_of([] { (void)card(Kind::encoder, "yunet"); });
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_HOLDS(error.what(), "\"yunet\"");
    EXPECT_HOLDS(error.what(), "mobilefacenet");
    EXPECT_HOLDS(error.what(), "onnx:FILE");
}

TEST(catalogue, shared_files_are_the_published_ones) {
    MIEN_NEEDS(mien::test::shared_models());
    const mien::test::TemporaryFolder cache;
    const test::Environment environment("XDG_CACHE_HOME", cache.path());
    const Finder finder({{mien::test::shared_models()}, false});
    std::size_t present = 0;
    for (const auto& card : catalogue()) {
        if (!card.file.empty() && fs::exists(mien::test::shared_models() / card.file)) {
            EXPECT_NO_THROW((void)finder.require(card)) << card.name;
            ++present;
        }
    }
    EXPECT_GE(present, 4U);
}

class OnnxCard : public testing::Test {
protected:
    void SetUp() override { test::write(m_folder.path() / "net.onnx", "weights"); }

    Card read(const std::string& json) {
        test::write(m_folder.path() / "net.json", json);
        return read_onnx_card(m_folder.path() / "net.onnx");
    }

    void refused(const std::string& json, const std::string& part) {
        SCOPED_TRACE(json);
        const auto error = error_of([&] { read(json); });
        EXPECT_EQ(error.code(), ErrorCode::usage);
        EXPECT_HOLDS(error.what(), "net.json");
        EXPECT_HOLDS(error.what(), part);
    }

    /// A good card with one field replaced, added or (empty) left out.
    static std::string with(const std::string& field, const std::string& value) {
        std::string text;
        bool replaced = false;
        for (auto [name, content] : std::initializer_list<std::pair<std::string, std::string>>{{"dim", "256"},
                                                                                               {"size", "112"},
                                                                                               {"metric", "\"cosine\""},
                                                                                               {"colour", "\"rgb\""},
                                                                                               {"mean", "127.5"},
                                                                                               {"scale", "128"},
                                                                                               {"threshold", "0.6"}}) {
            if (name == field) {
                replaced = true;
                content = value;
            }
            if (!content.empty()) {
                text += (text.empty() ? "{\"" : ", \"") + name + "\": " + content;
            }
        }
        return text + (replaced ? "" : ", \"" + field + "\": " + value) + "}";
    }

    mien::test::TemporaryFolder m_folder;
};

TEST_F(OnnxCard, every_field_arrives) {
    const auto card = read(R"({"name": "my-net", "dim": 256, "size": 150, "metric": "l2", "colour": "bgr",
        "mean": [1, 2.5, 3], "scale": 128, "frame": "dlib", "padding": 0.5, "threshold": 1.1,
        "licence": "MIT", "about": "mine"})");
    EXPECT_EQ(card.kind, Kind::encoder);
    EXPECT_EQ(card.name, "my-net");
    EXPECT_EQ(card.dim, 256U);
    EXPECT_EQ(card.metric, Metric::l2);
    EXPECT_EQ(card.chip, (ChipSpec{ChipFrame::dlib, 150, 0.5F}));
    EXPECT_FALSE(card.preprocessing.rgb);
    EXPECT_EQ(card.preprocessing.mean, (std::array{1.0F, 2.5F, 3.0F}));
    EXPECT_EQ(card.preprocessing.scale, (std::array{128.0F, 128.0F, 128.0F}));
    EXPECT_DOUBLE_EQ(card.decision.threshold, 1.1);
    EXPECT_FALSE(card.decision.measured);
    EXPECT_EQ(card.licence, "MIT");
    EXPECT_EQ(card.about, "mine");
    EXPECT_TRUE(fs::path(card.file).is_absolute());
    EXPECT_TRUE(card.sha256.empty());
}

TEST_F(OnnxCard, name_and_frame_may_be_left_out) {
    const auto card = read(with("threshold", "0.6"));
    EXPECT_EQ(card.name, "net");
    EXPECT_EQ(card.chip.frame, ChipFrame::arcface);
}

TEST_F(OnnxCard, nonsense_is_refused_by_field) {
    for (const std::string field : {"dim", "size", "metric", "colour", "mean", "scale", "threshold"}) {
        refused(with(field, ""), "\"" + field + "\" is missing");
        refused(with(field, "true"), "\"" + field + "\" must be");
        refused(with(field, "null"), "\"" + field + "\" must be");
        refused(with(field, "{}"), "\"" + field + "\" must be");
    }
    refused(with("dim", "1"), "\"dim\"");
    refused(with("dim", "128.5"), "\"dim\"");
    refused(with("dim", "1e9"), "\"dim\"");
    refused(with("dim", "-128"), "\"dim\"");
    refused(with("size", "5000"), "\"size\"");
    refused(with("scale", "0"), "\"scale\"");
    refused(with("scale", "[1, 2]"), "\"scale\"");
    refused(with("scale", "[1, 2, \"3\"]"), "\"scale\"");
    refused(with("mean", "1e30"), "\"mean\"");
    refused(with("threshold", "0"), "\"threshold\"");
    refused(with("threshold", "2.5"), "\"threshold\"");
    refused(with("metric", "\"euclid\""), "\"metric\"");
    refused(with("color", "\"rgb\""), "\"color\"");
    refused(with("name", "\"sface\""), "sface");
    refused(with("name", "\"a b\""), "\"name\"");
    refused(with("name", "\"\""), "\"name\"");
    refused(with("padding", "0.2"), "\"padding\"");
    refused(with("frame", "\"square\""), "\"frame\"");
    refused(with("licence", "1"), "\"licence\"");
    refused(R"({"dim": 2, "dim": 3})", "\"dim\" stands there twice");
    refused("[]", "object");
    refused("", "JSON");
    refused("{\"dim\": ", "JSON");
    refused("\xff\xfe", "JSON");
    refused(std::string(100'000, ' '), "limit");
}

TEST_F(OnnxCard, missing_files_are_told_apart) {
    const auto no_card = error_of([&] { read_onnx_card(m_folder.path() / "net.onnx"); });
    EXPECT_EQ(no_card.code(), ErrorCode::usage);
    EXPECT_HOLDS(no_card.what(), "net.json");
    const auto no_file = error_of([&] { read_onnx_card(m_folder.path() / "other.onnx"); });
    EXPECT_EQ(no_file.code(), ErrorCode::model_missing);
    EXPECT_HOLDS(no_file.what(), "other.onnx");
}

TEST_F(OnnxCard, a_bare_name_is_looked_for_in_the_model_folders) {
    read(with("threshold", "0.6"));
    const Finder finder({{m_folder.path()}, false});
    EXPECT_EQ(read_onnx_card("net.onnx", finder).file, (m_folder.path() / "net.onnx").native());
    const auto error = error_of([&] { read_onnx_card("none.onnx", finder); });
    EXPECT_EQ(error.code(), ErrorCode::model_missing);
    EXPECT_HOLDS(error.what(), m_folder.path().native());
}

}  // namespace
}  // namespace mien::models
