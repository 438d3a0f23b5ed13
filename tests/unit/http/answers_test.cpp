// SPDX-License-Identifier: MIT
#include <mien/http/answers.hpp>

#include <gtest/gtest.h>

namespace mien::http {
namespace {

TEST(Confidence, DlibsOwnDistancesAreTakenAsTheyAre) {
    EXPECT_EQ(dlib_confidence(0.0, 0.6, 2), 1.0);
    EXPECT_EQ(dlib_confidence(0.08, 0.6, 2), 0.92);
    EXPECT_EQ(dlib_confidence(0.1457, 0.6, 4), 0.8543);
    EXPECT_EQ(dlib_confidence(0.6, 0.6, 2), 0.4);
    EXPECT_EQ(dlib_confidence(1.3, 0.6, 2), 0.0);
}

TEST(Confidence, AnotherEncodersThresholdIsTheSameBoundary) {
    for (const double usual : {0.3, 0.53, 1.1}) {
        EXPECT_EQ(dlib_confidence(usual, usual, 4), 0.4) << usual;
        EXPECT_EQ(similarity(usual, usual), 0.5) << usual;
        EXPECT_EQ(similarity(0, usual), 1.0) << usual;
        EXPECT_EQ(similarity(3 * usual, usual), 0.0) << usual;
    }
}

/// What a setting of the old services means and what is answered must be each other's inverse.
TEST(Confidence, FitsTheThresholdsOfTheConfiguration) {
    constexpr double usual = 0.53;
    for (const double tolerance : {0.3, 0.45, 0.6}) {
        const auto distance = Threshold{Threshold::Scale::dlib, tolerance}.distance(usual);
        EXPECT_NEAR(dlib_confidence(distance, usual, 4), 1 - tolerance, 1e-4) << tolerance;
    }
    for (const double least : {0.2, 0.5, 0.9}) {
        const auto distance = Threshold{Threshold::Scale::similarity, least}.distance(usual);
        EXPECT_NEAR(similarity(distance, usual), least, 1e-4) << least;
    }
}

TEST(UserIds, IntegersAndTheirDigitsAreOnePerson) {
    EXPECT_EQ(user_key(123), "123");
    EXPECT_EQ(user_key("123"), "123");
    EXPECT_EQ(user_key(-5), "-5");
    EXPECT_EQ(user_key(" Zo\u00e9 "), "Zo\u00e9");
    EXPECT_EQ(user_key("\u00e9quipe 7/Zo\u00eb"), "\u00e9quipe 7/Zo\u00eb");
}

TEST(UserIds, WhatCannotBeANameIsNone) {
    for (const Json& wrong : {Json(nullptr), Json(1.5), Json(true), Json::array(), Json::object(), Json(""), Json(" "),
                              Json("a\nb"), Json(std::string(300, 'a')), Json("\xff")}) {
        EXPECT_EQ(user_key(wrong), std::nullopt) << wrong.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
}

TEST(UserIds, OnlyIntegersInDigitsComeBackAsIntegers) {
    EXPECT_EQ(user_id_of("123"), Json(123));
    EXPECT_TRUE(user_id_of("123").is_number_integer());
    EXPECT_EQ(user_id_of("-5"), Json(-5));
    for (const char* text : {"007", "12a", "", "1.5", "+3", "99999999999999999999", "ada"}) {
        EXPECT_EQ(user_id_of(text), Json(text));
    }
}

TEST(Complaints, AreFastApisArray) {
    demand_valid({});
    try {
        demand_valid({{"body", "file"}, {"header", "user-id", "value_error", "not a name"}});
        FAIL() << "nothing was thrown";
    } catch (const Refusal& refusal) {
        EXPECT_EQ(refusal.status(), 422);
        EXPECT_EQ(refusal.code(), "invalid_fields");
        const auto& detail = refusal.extra().at("detail");
        ASSERT_EQ(detail.size(), 2U);
        EXPECT_EQ(detail[0].dump(), R"({"type":"missing","loc":["body","file"],"msg":"Field required"})");
        EXPECT_EQ(detail[1]["loc"], Json::array({"header", "user-id"}));
    }
}

TEST(Refusals, BeginWithTheDialectsOwnKeys) {
    const Refusal refusal(404, "person_missing", "nobody is called that");
    EXPECT_EQ(refusal_body(refusal, "Endpoint", {"success", "message", "detail"}).dump(),
              R"({"success":false,"message":"Endpoint","detail":"Endpoint","code":"person_missing"})");
    EXPECT_EQ(refusal_body(refusal, "x", {"message", "detail", "success"}).begin().key(), "message");
}

TEST(Rights, WithTokensUsersChangeNobodyButThemselves) {
    Config config;
    Request request;
    request.claims = {true, true, "user-1", Role::user, {}};
    EXPECT_NO_THROW(demand_own(request, config, "user-2")) << "no tokens are looked at";
    config.auth = AuthMode::jwt;
    EXPECT_NO_THROW(demand_own(request, config, "user-1"));
    EXPECT_THROW(demand_own(request, config, "user-2"), Refusal);
    EXPECT_THROW(demand_own(request, config, ""), Refusal);
    request.claims.role = Role::admin;
    EXPECT_NO_THROW(demand_own(request, config, "user-2"));
}

TEST(Answers, TheBestFaceIsTheNearestOfTheKnownOnes) {
    service::PhotoAnswer answer;
    EXPECT_EQ(best_face(answer), nullptr);
    answer.faces.resize(3);
    answer.faces[0].distance = 0.2;  // near, but denied: not known
    answer.faces[1].distance = 0.4;
    answer.faces[1].verdict = Verdict::known;
    EXPECT_EQ(best_face(answer), &answer.faces[1]);
    answer.faces[2].distance = 0.3;
    answer.faces[2].verdict = Verdict::known;
    EXPECT_EQ(best_face(answer), &answer.faces[2]);
    EXPECT_EQ(verdict_of_one(answer), Verdict::several_faces);
}

TEST(Times, AreLocalAndNameNoZone) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    EXPECT_EQ(naive_time(0), "1970-01-01T00:00:00");
    EXPECT_EQ(naive_time(1704103200), "2024-01-01T10:00:00");
}

}  // namespace
}  // namespace mien::http
