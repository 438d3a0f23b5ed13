// SPDX-License-Identifier: MIT
#include <mien/encode/dlib_encoder.hpp>

#include <mien/align/chip.hpp>
#include <mien/align/landmarker.hpp>
#include <mien/core/error.hpp>
#include <mien/detect/engines.hpp>
#include <mien/encode/dlib_nets.hpp>

#include <support/shared.hpp>

#include <dlib/image_io.h>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
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

cv::Mat to_bgr(const dlib::matrix<dlib::rgb_pixel>& pixels) {
    cv::Mat bgr(static_cast<int>(pixels.nr()), static_cast<int>(pixels.nc()), CV_8UC3);
    for (int row = 0; row < bgr.rows; ++row) {
        for (int column = 0; column < bgr.cols; ++column) {
            const auto& pixel = pixels(row, column);
            bgr.at<cv::Vec3b>(row, column) = {pixel.blue, pixel.green, pixel.red};
        }
    }
    return bgr;
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
            difference =
                std::max(difference, std::abs(reference(j) - encodings[i].values[static_cast<std::size_t>(j)]));
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

TEST(DlibEncoder, PhotosOfOnePersonAreCloserThanOfTwo) {
    const auto file = mien::test::shared_models() / "face_recognition_densenet_model_v1.dat";
    const auto lfw = mien::test::shared_faces() / "lfw";
    MIEN_NEEDS(file);
    MIEN_NEEDS(lfw);
    MIEN_NEEDS("/usr/share/dlib/shape_predictor_68_face_landmarks.dat");
    mien::models::FinderOptions options;
    options.folders = {"/usr/share/dlib"};
    const mien::align::Landmarker landmarker("dlib68", mien::models::Finder(options));
    const auto detector = mien::detect::make_hog();
    const auto encoder = make_dlib_encoder(card_of("dlib-densenet"), file, std::string(64, 'b'));

    // the first people of the folder with at least three photos, three photos each
    std::vector<std::filesystem::path> people;
    for (const auto& person : std::filesystem::directory_iterator(lfw)) {
        people.push_back(person.path());
    }
    std::sort(people.begin(), people.end());
    std::vector<std::pair<std::size_t, std::vector<float>>> faces;
    std::size_t chosen = 0;
    for (std::size_t person = 0; person < people.size() && chosen < 12; ++person) {
        std::vector<std::filesystem::path> photos;
        for (const auto& photo : std::filesystem::directory_iterator(people[person])) {
            photos.push_back(photo.path());
        }
        if (photos.size() < 3) {
            continue;
        }
        std::sort(photos.begin(), photos.end());
        ++chosen;
        for (std::size_t i = 0; i < 3; ++i) {
            dlib::matrix<dlib::rgb_pixel> pixels;
            dlib::load_image(pixels, photos[i].native());
            const auto bgr = to_bgr(pixels);
            const auto found = detector->detect(bgr);
            if (!found.empty()) {
                const auto points = landmarker.predict(bgr, found.front().box);
                const auto chip = mien::align::extract_chip(bgr, points, encoder->card().chip);
                faces.emplace_back(person, encoder->encode(std::vector<cv::Mat>{chip})[0].values);
            }
        }
    }
    ASSERT_GT(faces.size(), 24U);
    std::size_t same = 0, same_close = 0, other = 0, other_far = 0;
    for (std::size_t i = 0; i < faces.size(); ++i) {
        for (std::size_t j = i + 1; j < faces.size(); ++j) {
            const double distance = cv::norm(faces[i].second, faces[j].second);
            if (faces[i].first == faces[j].first) {
                ++same;
                same_close += distance < 0.6 ? 1U : 0U;
            } else {
                ++other;
                other_far += distance > 0.55 ? 1U : 0U;
            }
        }
    }
    EXPECT_GE(static_cast<double>(same_close), 0.85 * static_cast<double>(same));
    EXPECT_GE(static_cast<double>(other_far), 0.9 * static_cast<double>(other));
    RecordProperty("same", std::to_string(same_close) + " of " + std::to_string(same));
    RecordProperty("other", std::to_string(other_far) + " of " + std::to_string(other));
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
        std::ofstream(cut, std::ios::binary)
            << whole.substr(0, static_cast<std::size_t>(part * static_cast<double>(whole.size())));
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
