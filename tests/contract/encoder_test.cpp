// SPDX-License-Identifier: MIT

/// What every Encoder promises. Runs on the published networks that are here, the starter, and a user's own network.

#include <mien/align/chip.hpp>
#include <mien/align/landmarker.hpp>
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/detect/detector.hpp>
#include <mien/encode/encoder.hpp>
#include <mien/image/decode.hpp>
#include <mien/match/distance.hpp>

#include <support/shared.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

namespace mien::encode {
namespace {

/// mobileface_v2.onnx with a card beside it, as a user brings a network.
class OwnNetwork {
public:
    OwnNetwork() {
        std::filesystem::create_symlink(std::filesystem::absolute(test::shared_models() / "mobileface_v2.onnx"),
                                        file());
        std::ofstream(m_folder.path() / "own.json")
            << R"({"name":"own","dim":256,"size":112,"metric":"cosine","colour":"rgb","mean":0,"scale":1,"threshold":0.6})";
    }
    [[nodiscard]] std::filesystem::path file() const { return m_folder.path() / "own.onnx"; }

private:
    test::TemporaryFolder m_folder;
};

class EncoderContract : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        const models::Finder finder({{test::shared_models()}, false});
        if (GetParam() == "onnx") {
            if (!std::filesystem::exists(test::shared_models() / "mobileface_v2.onnx")) {
                GTEST_SKIP() << "needs ../shared/models";
            }
            m_own.emplace();
            m_encoder = make_encoder("onnx:" + m_own->file().native(), finder);
            return;
        }
        const auto& card = models::card(models::Kind::encoder, GetParam());
        if (!card.file.empty() && !finder.find(card)) {
            GTEST_SKIP() << GetParam() << "'s weights are not here";
        }
        m_encoder = make_encoder(GetParam(), finder);
    }

    /// The face of a photo of tests/data/photos, cut out as the encoder asks, found with what the program brings along.
    [[nodiscard]] cv::Mat chip_of(const std::string& name) const {
        const models::Finder finder({{}, false});
        const auto bytes = read_file(test::source_dir() / "tests/data/photos" / name, 1 << 24);
        const auto photo = image::decode(bytes, {}).bgr;
        const auto found = detect::make_detector("hog", finder)->detect(photo);
        const auto landmarks = align::Landmarker("starter5", finder).predict(photo, found.at(0).box);
        return align::extract_chip(photo, landmarks, m_encoder->card().chip);
    }

    std::optional<OwnNetwork> m_own;
    std::unique_ptr<Encoder> m_encoder;
};

TEST_P(EncoderContract, ItsContractAgreesWithItsCard) {
    const auto contract = m_encoder->contract();
    EXPECT_EQ(contract->encoder, m_encoder->card().name);
    EXPECT_EQ(contract->dim, m_encoder->card().dim);
    EXPECT_EQ(contract->metric, m_encoder->card().metric);
    EXPECT_EQ(contract->weights.size(), 64U);
}

TEST_P(EncoderContract, NoChipsGiveNoEncodings) { EXPECT_TRUE(m_encoder->encode({}).empty()); }

TEST_P(EncoderContract, EncodingsHaveTheirLengthAndKnowTheirModel) {
    const std::vector<cv::Mat> chips{chip_of("exif_1.jpg")};
    const auto encodings = m_encoder->encode(chips);
    ASSERT_EQ(encodings.size(), 1U);
    EXPECT_EQ(encodings[0].values.size(), m_encoder->card().dim);
    EXPECT_EQ(*encodings[0].model, *m_encoder->contract());
    double sum = 0;
    for (const float value : encodings[0].values) {
        ASSERT_TRUE(std::isfinite(value));
        sum += static_cast<double>(value) * static_cast<double>(value);
    }
    if (m_encoder->contract()->metric == Metric::cosine) {
        EXPECT_NEAR(sum, 1, 1e-4);
    }
}

TEST_P(EncoderContract, AChipsBitsDoNotDependOnItsCompany) {
    const auto one = chip_of("exif_1.jpg");
    const auto other = chip_of("stranger_1.jpg");
    const auto alone = m_encoder->encode(std::vector{one});
    const auto together = m_encoder->encode(std::vector{other, one, other});
    ASSERT_EQ(together.size(), 3U);
    EXPECT_EQ(alone[0].values, together[1].values);
    EXPECT_EQ(together[0].values, together[2].values);
}

TEST_P(EncoderContract, TwoPhotosOfAPersonAreNearerThanTwoPeople) {
    const auto ada = m_encoder->encode(
        std::vector{chip_of("ada_held_out_1.jpg"), chip_of("ada_held_out_2.jpg"), chip_of("stranger_1.jpg")});
    const auto metric = m_encoder->contract()->metric;
    EXPECT_LT(match::distance(metric, ada[0].values, ada[1].values),
              match::distance(metric, ada[0].values, ada[2].values));
}

INSTANTIATE_TEST_SUITE_P(Every, EncoderContract,
                         testing::Values("sface", "dlib", "mobilefacenet", "dlib-densenet", "starter", "onnx"),
                         [](const auto& tested) {
                             return tested.param == "dlib-densenet" ? "dlib_densenet" : tested.param;
                         });

TEST(EncoderFactory, UnknownNamesMissingWeightsAndMissingCardsSaySo) {
    const test::TemporaryFolder empty;
    const models::Finder finder({{empty.path()}, false});
    EXPECT_THROW(make_encoder("clever", finder), Error);
    EXPECT_THROW(make_encoder("onnx:" + (empty.path() / "absent.onnx").native(), finder), Error);
    std::ofstream(empty.path() / "bad.onnx") << "no network";
    std::ofstream(empty.path() / "bad.json")
        << R"({"name":"bad","dim":8,"size":112,"metric":"l2","colour":"rgb","mean":0,"scale":1,"threshold":1})";
    try {
        make_encoder("onnx:" + (empty.path() / "bad.onnx").native(), finder);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::model_missing);
    }
}

}  // namespace
}  // namespace mien::encode
