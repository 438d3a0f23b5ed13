// SPDX-License-Identifier: MIT
#include <mien/pipeline/remote.hpp>

#include <mien/core/error.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mien::pipeline {
namespace {

constexpr std::uint32_t k_dim = 3;

PhotoResult two_faces() {
    PhotoResult result;
    result.width = 640;
    result.height = 480;
    result.ms = {1.25, 2.5, 1.0 / 3};
    for (int i = 0; i < 2; ++i) {
        auto& face = result.faces.emplace_back();
        face.box = {i, -3, 40, 50};
        face.score = 0.1F + static_cast<float>(i);
        face.landmarks = {LandmarkScheme::dlib5, {{1.5F, 0.1F}, {2, 3}}};
        face.quality.score = 1.0F / 3;
        face.quality.parts.fill(0.7F);
        face.quality.measures.fill(std::numeric_limits<float>::quiet_NaN());
        face.encoding.values = {0.1F, -1e-30F, 1.0F / 7};
    }
    return result;
}

/// As it arrives: through text.
PhotoResult received(const PhotoResult& sent) { return result_from(Json::parse(to_line(to_json(sent))), k_dim); }

TEST(Remote, AResultArrivesBitByBit) {
    const auto sent = two_faces();
    const auto got = received(sent);
    EXPECT_EQ(got.verdict, sent.verdict);
    EXPECT_EQ(got.width, sent.width);
    EXPECT_EQ(got.height, sent.height);
    EXPECT_EQ(got.ms.encode, sent.ms.encode);
    ASSERT_EQ(got.faces.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(got.faces[i].box, sent.faces[i].box);
        EXPECT_EQ(got.faces[i].score, sent.faces[i].score);
        EXPECT_EQ(got.faces[i].landmarks.scheme, sent.faces[i].landmarks.scheme);
        EXPECT_EQ(got.faces[i].landmarks.points, sent.faces[i].landmarks.points);
        EXPECT_EQ(got.faces[i].quality.score, sent.faces[i].quality.score);
        EXPECT_EQ(got.faces[i].quality.parts, sent.faces[i].quality.parts);
        EXPECT_TRUE(std::isnan(got.faces[i].quality.measures.back()));
        EXPECT_EQ(got.faces[i].encoding.values, sent.faces[i].encoding.values);
    }
}

TEST(Remote, APhotoWithoutFacesArrivesWithItsReason) {
    PhotoResult sent;
    sent.verdict = Verdict::unreadable;
    sent.reason = "it is cut short";
    const auto got = received(sent);
    EXPECT_EQ(got.verdict, Verdict::unreadable);
    EXPECT_EQ(got.reason, sent.reason);
    EXPECT_TRUE(got.faces.empty());
}

TEST(Remote, AnOfferArrives) {
    const Offer sent{{{"detector", "yunet"}, {"flip", true}}, true, {"starter", std::string(64, 'a'), 128, Metric::l2}};
    const auto got = offer_from(Json::parse(to_line(to_json(sent))));
    EXPECT_EQ(got.settings, sent.settings);
    EXPECT_TRUE(got.chosen_size);
    EXPECT_EQ(got.contract, sent.contract);
}

TEST(Remote, NonsenseIsAnError) {
    for (const char* text : {"null", "[]", "{}", "7", "\"a\"", R"({"settings":[]})"}) {
        EXPECT_THROW(static_cast<void>(offer_from(Json::parse(text))), Error) << text;
        EXPECT_THROW(static_cast<void>(result_from(Json::parse(text), k_dim)), Error) << text;
    }
    const auto good = to_json(two_faces());
    const auto refuses = [&good](const auto& spoil) {
        auto json = good;
        spoil(json);
        EXPECT_THROW(static_cast<void>(result_from(json, k_dim)), Error) << to_line(json);
    };
    refuses([](Json& json) { json["verdict"] = "friendly"; });
    refuses([](Json& json) { json["verdict"] = "no_face"; });  // with faces
    refuses([](Json& json) { json["faces"] = Json::array(); });
    refuses([](Json& json) { json["faces"][0]["encoding"].push_back(1); });
    refuses([](Json& json) { json["faces"][0]["encoding"][0] = nullptr; });
    refuses([](Json& json) { json["faces"][0]["encoding"] = "long"; });
    refuses([](Json& json) { json["faces"][0]["quality"]["parts"].erase(0); });
    refuses([](Json& json) { json["faces"][0]["landmarks"]["scheme"] = 9; });
    refuses([](Json& json) { json["faces"][0]["landmarks"]["points"][0] = Json::array({1}); });
    refuses([](Json& json) { json["faces"][1].erase("box"); });
    refuses([](Json& json) { json["faces"] = 3; });
    EXPECT_THROW(static_cast<void>(result_from(good, k_dim + 1)), Error);
}

}  // namespace
}  // namespace mien::pipeline
