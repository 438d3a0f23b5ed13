// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/service/enroll.hpp>

#include "number_workspace.hpp"

namespace mien::service {
namespace {

class EnrollTest : public testing::Test {
protected:
    NumberWorkspace in;
    EnrollRules rules;

    /// photo: names the photo and is its content
    EnrolledPhoto enrol(const std::string& user, const std::string& photo, pipeline::PhotoResult result) {
        gallery::StoreWriter writer(in.workspace().store(), {"enroll"});
        const auto now =
            writer.gallery() ? writer.gallery() : gallery::Gallery::build(description_of(in.blueprint()), {});
        return enroll_face(writer, in.blueprint(), Identifier(now, in.blueprint().encoder(), {}), user, rules, photo,
                           sha256(photo), std::move(result));
    }
};

TEST_F(EnrollTest, TheFirstMakesTheStoreAndTheSameAgainChangesNothing) {
    const auto first = enrol("7", "a.jpg", in.seen({in.face(0)}));
    EXPECT_EQ(first.outcome, "enrolled") << first.reason;
    EXPECT_EQ(first.encodings, 1U);
    EXPECT_EQ(in.store()->origin(0), Origin::enroll);
    const auto again = enrol("7", "a.jpg", in.seen({in.face(0)}));
    EXPECT_EQ(again.outcome, "already");
    EXPECT_TRUE(again.succeeded());
    EXPECT_EQ(in.store()->size(), 1U);
    EXPECT_EQ(enrol("7", "b.jpg", in.seen({in.face(0, 0.1F)})).encodings, 2U);
}

TEST_F(EnrollTest, OneFaceOrNone) {
    EXPECT_EQ(enrol("7", "a.jpg", in.seen({in.face(0), in.face(4)})).outcome, "several_faces");
    pipeline::PhotoResult nobody;
    nobody.verdict = Verdict::no_face;
    nobody.reason = "there is no face in it";
    const auto answer = enrol("7", "a.jpg", nobody);
    EXPECT_EQ(answer.outcome, "no_face");
    EXPECT_EQ(answer.reason, "there is no face in it");
    EXPECT_FALSE(answer.succeeded());
    EXPECT_FALSE(in.has("train.mien"));
}

TEST_F(EnrollTest, PoorPhotosAreRefusedWithTheReason) {
    auto poor = in.seen({in.face(0)}, 0.79F);
    auto& quality = poor.faces[0].quality;
    quality.parts.fill(1);
    quality.parts[static_cast<std::size_t>(quality::Component::sharpness)] = 0.3F;
    const auto answer = enrol("7", "a.jpg", poor);
    EXPECT_EQ(answer.outcome, "low_quality");
    EXPECT_FALSE(answer.poor.empty());
    EXPECT_NE(answer.reason.find("0.79 is below 0.80"), std::string::npos) << answer.reason;
    EXPECT_FALSE(in.has("train.mien"));
    rules.quality = 0.7;
    EXPECT_EQ(enrol("7", "a.jpg", poor).outcome, "enrolled");
}

TEST_F(EnrollTest, AFaceThatBelongsToSomebodyElseNeedsForce) {
    enrol("7", "a.jpg", in.seen({in.face(0)}));
    const auto refused = enrol("8", "b.jpg", in.seen({in.face(0, 0.05F)}));
    EXPECT_EQ(refused.outcome, "other_person");
    EXPECT_EQ(refused.rival, "7");
    EXPECT_LT(refused.distance.value_or(9), in.identifier().threshold());
    EXPECT_EQ(in.store()->people(), 1U);
    rules.force = true;
    EXPECT_EQ(enrol("8", "b.jpg", in.seen({in.face(0, 0.05F)})).outcome, "enrolled");
    // The very same face of the very same photo is one record, whatever is forced.
    EXPECT_EQ(enrol("8", "a.jpg", in.seen({in.face(0)})).outcome, "other_person");
    EXPECT_EQ(in.store()->size(), 2U);
}

TEST_F(EnrollTest, AtTheLimitTheOldestGoes) {
    rules.max_per_user = 2;
    for (const auto* photo : {"a.jpg", "b.jpg"}) {
        enrol("7", photo, in.seen({in.face(0)}));
    }
    const auto third = enrol("7", "c.jpg", in.seen({in.face(0)}));
    EXPECT_EQ(third.outcome, "enrolled");
    EXPECT_EQ(third.dropped, std::vector<std::string>{"a.jpg"});
    EXPECT_EQ(third.encodings, 2U);
    EXPECT_EQ(in.told(), (std::vector<std::string>{"7 b.jpg", "7 c.jpg"}));
}

TEST_F(EnrollTest, AtTheLimitTheWorstGoesIfItIsWorse) {
    rules.max_per_user = 2;
    rules.on_limit = OnLimit::worst;
    enrol("7", "a.jpg", in.seen({in.face(0)}, 0.95F));
    enrol("7", "b.jpg", in.seen({in.face(0)}, 0.85F));
    EXPECT_EQ(enrol("7", "c.jpg", in.seen({in.face(0)}, 0.84F)).outcome, "limit");
    EXPECT_EQ(enrol("7", "d.jpg", in.seen({in.face(0)}, 0.90F)).dropped, std::vector<std::string>{"b.jpg"});
    EXPECT_EQ(in.told(), (std::vector<std::string>{"7 a.jpg", "7 d.jpg"}));
}

TEST_F(EnrollTest, AtTheLimitItMayBeRefused) {
    rules.max_per_user = 1;
    rules.on_limit = OnLimit::reject;
    enrol("7", "a.jpg", in.seen({in.face(0)}));
    const auto answer = enrol("7", "b.jpg", in.seen({in.face(0)}));
    EXPECT_EQ(answer.outcome, "limit");
    EXPECT_NE(answer.reason.find("--on-limit"), std::string::npos);
    EXPECT_EQ(in.told(), std::vector<std::string>{"7 a.jpg"});
    EXPECT_EQ(enrol("8", "c.jpg", in.seen({in.face(4)})).outcome, "enrolled") << "the limit is each person's";
}

TEST_F(EnrollTest, WhatTrainingLearnedIsNeverDropped) {
    in.save({in.record("7", "1.jpg", in.face(0)), in.record("7", "2.jpg", in.face(0, 0.1F))});
    rules.max_per_user = 1;
    EXPECT_TRUE(enrol("7", "a.jpg", in.seen({in.face(0)})).dropped.empty());
    EXPECT_EQ(enrol("7", "b.jpg", in.seen({in.face(0)})).dropped, std::vector<std::string>{"a.jpg"});
    EXPECT_EQ(in.store()->size(), 3U);
}

TEST(Enroll, TheRuleHasThreeNames) {
    for (const auto rule : {OnLimit::oldest, OnLimit::worst, OnLimit::reject}) {
        EXPECT_EQ(on_limit_from(to_string(rule)), rule);
    }
    EXPECT_THROW(on_limit_from("newest"), Error);
}

}  // namespace
}  // namespace mien::service
