// SPDX-License-Identifier: MIT
#include <mien/encode/dlib_encoder.hpp>

#include <mien/core/error.hpp>
#include <mien/encode/dlib_nets.hpp>

#include <support/shared.hpp>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace {

using mien::encode::make_dlib_encoder;
namespace nets = mien::encode::dlib_nets;

mien::models::Card card_of(const std::string& name) {
    mien::models::Card card;
    card.name = name;
    card.dim = 128;
    card.metric = mien::Metric::l2;
    card.chip = {mien::ChipFrame::dlib, 150, 0.25F};
    return card;
}

/// Something with edges and colours, so that every layer has work.
cv::Mat picture(int seed) {
    cv::Mat chip(150, 150, CV_8UC3);
    cv::RNG random(static_cast<std::uint64_t>(seed));
    random.fill(chip, cv::RNG::UNIFORM, 0, 256);
    cv::GaussianBlur(chip, chip, {0, 0}, 3);
    cv::normalize(chip, chip, 0, 255, cv::NORM_MINMAX);
    return chip;
}

dlib::matrix<dlib::rgb_pixel> to_dlib(const cv::Mat& chip) {
    dlib::matrix<dlib::rgb_pixel> pixels(chip.rows, chip.cols);
    for (int row = 0; row < chip.rows; ++row) {
        for (int column = 0; column < chip.cols; ++column) {
            const auto& pixel = chip.at<cv::Vec3b>(row, column);
            pixels(row, column) = dlib::rgb_pixel(pixel[2], pixel[1], pixel[0]);
        }
    }
    return pixels;
}

/// The largest difference to what dlib itself computes, and the largest number, over a few pictures.
template <typename Network>
void expect_same_as_dlib(Network& network, mien::encode::Encoder& encoder) {
    std::vector<cv::Mat> chips;
    for (int seed = 1; seed <= 3; ++seed) {
        chips.push_back(picture(seed));
    }
    const auto encodings = encoder.encode(chips);
    ASSERT_EQ(encodings.size(), chips.size());
    for (std::size_t i = 0; i < chips.size(); ++i) {
        const dlib::matrix<float, 0, 1> reference = network(to_dlib(chips[i]));
        ASSERT_EQ(encodings[i].values.size(), 128U);
        float difference = 0;
        float largest = 0;
        for (long j = 0; j < 128; ++j) {
            difference = std::max(difference, std::abs(reference(j) - encodings[i].values[static_cast<std::size_t>(j)]));
            largest = std::max(largest, std::abs(reference(j)));
        }
        EXPECT_GT(largest, 0.01F);
        EXPECT_LT(largest, 1000.0F);
        EXPECT_LT(difference, 1e-5F * std::max(1.0F, largest));
        ::testing::Test::RecordProperty("difference", std::to_string(difference) + " of " + std::to_string(largest));
    }
}

TEST(DlibEncoder, RunsTheResidualNetworkAsDlibDoes) {
    const mien::test::TemporaryFolder folder;
    const auto file = folder.path() / "resnet.dat";
    const auto network = std::make_unique<nets::ResNet>();
    nets::randomise(*network, 7);
    network->clean();
    dlib::serialize(file.native()) << *network;

    const auto encoder = make_dlib_encoder(card_of("dlib"), file, std::string(64, 'a'));
    EXPECT_EQ(encoder->contract()->encoder, "dlib");
    EXPECT_EQ(encoder->contract()->weights, std::string(64, 'a'));
    EXPECT_EQ(encoder->contract()->dim, 128U);
    expect_same_as_dlib(*network, *encoder);
}

TEST(DlibEncoder, RunsTheDenseNetworkAsDlibDoes) {
    const auto file = mien::test::shared_models() / "face_recognition_densenet_model_v1.dat";
    MIEN_NEEDS(file);
    const auto network = std::make_unique<nets::DenseNet>();
    dlib::deserialize(file.native()) >> *network;
    const auto encoder = make_dlib_encoder(card_of("dlib-densenet"), file, std::string(64, 'b'));
    expect_same_as_dlib(*network, *encoder);
}

TEST(DlibEncoder, SameChipSameBitsInAnyBatch) {
    const auto file = mien::test::shared_models() / "face_recognition_densenet_model_v1.dat";
    MIEN_NEEDS(file);
    const auto encoder = make_dlib_encoder(card_of("dlib-densenet"), file, std::string(64, 'b'));
    const std::vector<cv::Mat> chips{picture(1), picture(2), picture(3), picture(1)};
    const auto together = encoder->encode(chips);
    EXPECT_EQ(together[0].values, together[3].values);
    for (std::size_t i = 0; i < chips.size(); ++i) {
        EXPECT_EQ(encoder->encode(std::vector<cv::Mat>{chips[i]})[0].values, together[i].values);
    }
    EXPECT_TRUE(encoder->encode({}).empty());
}

TEST(DlibEncoder, TellsPeopleApart) {
    const auto file = mien::test::shared_models() / "face_recognition_densenet_model_v1.dat";
    MIEN_NEEDS(file);
    const auto encoder = make_dlib_encoder(card_of("dlib-densenet"), file, std::string(64, 'b'));
    // Far-apart pictures are not faces, but must not fall on one point either.
    const auto encodings = encoder->encode(std::vector<cv::Mat>{picture(1), picture(2)});
    EXPECT_NE(encodings[0].values, encodings[1].values);
}

TEST(DlibEncoder, RefusesChipsOfAnotherSize) {
    const auto file = mien::test::shared_models() / "face_recognition_densenet_model_v1.dat";
    MIEN_NEEDS(file);
    const auto encoder = make_dlib_encoder(card_of("dlib-densenet"), file, std::string(64, 'b'));
    EXPECT_THROW((void)encoder->encode(std::vector<cv::Mat>{cv::Mat(112, 112, CV_8UC3)}), mien::Error);
}

TEST(DlibEncoder, TruncatedFilesAreErrors) {
    const auto file = mien::test::shared_models() / "face_recognition_densenet_model_v1.dat";
    MIEN_NEEDS(file);
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    const std::string whole = text.str();
    const mien::test::TemporaryFolder folder;
    const auto cut = folder.path() / "cut.dat";
    for (const double part : {0.0, 0.00001, 0.001, 0.3, 0.9, 0.9999}) {
        std::ofstream(cut, std::ios::binary) << whole.substr(0, static_cast<std::size_t>(part * static_cast<double>(whole.size())));
        for (const char* name : {"dlib", "dlib-densenet"}) {
            try {
                (void)make_dlib_encoder(card_of(name), cut, "");
                ADD_FAILURE() << name << " cut at " << part << " was accepted";
            } catch (const mien::Error& error) {
                EXPECT_EQ(error.code(), mien::ErrorCode::model_missing);
                EXPECT_NE(std::string(error.what()).find("cut.dat"), std::string::npos) << error.what();
            }
        }
    }
    // One network's file is not the other's.
    EXPECT_THROW((void)make_dlib_encoder(card_of("dlib"), file, ""), mien::Error);
    EXPECT_THROW((void)make_dlib_encoder(card_of("dlib"), folder.path() / "absent.dat", ""), mien::Error);
}

}  // namespace
