// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/service/confirm.hpp>

#include "number_workspace.hpp"

namespace mien::service {
namespace {

using Lines = std::vector<std::string>;

class ConfirmTest : public testing::Test {
protected:
    NumberWorkspace in;
    std::optional<Confirmer> confirmer;

    void SetUp() override {
        in.save({in.record("ada", "1.jpg", in.face(0))});
        confirmer.emplace(ConfirmOptions{in.workspace(), NumberWorkspace::tools(), {}, 0}, in.finder());
    }

    Confirmed decide(const WaitingFace& face, Decision decision, const std::string& label, bool force = false) {
        return confirmer->decide({&face, 1}, decision, label, force).front();
    }

    /// What the message of a refusal says; empty: it was none.
    std::string refusal(const std::vector<WaitingFace>& faces, Decision decision, const std::string& label) {
        try {
            confirmer->decide(faces, decision, label, false);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::usage);
            return error.what();
        }
        return {};
    }
};

TEST_F(ConfirmTest, AFaceItsPhotoAndItsUploadGoTogetherAndComeBackTogether) {
    in.upload("door.jpg", {in.face(4)});
    const auto done = decide(in.waiting().faces.at(0), Decision::is, " bruno ");
    EXPECT_EQ(done.outcome, "confirmed");
    EXPECT_EQ(done.label, "bruno");
    EXPECT_EQ(done.kept_as, "dataset_training/bruno/door.jpg");
    EXPECT_TRUE(done.upload_removed);
    EXPECT_EQ(in.told(), (Lines{"ada dataset_training/ada/1.jpg", "bruno dataset_training/bruno/door.jpg"}));
    EXPECT_EQ(in.content("dataset_training/bruno/door.jpg"), "upload door.jpg");
    EXPECT_FALSE(in.has("dataset/door.jpg"));
    const auto store = in.store();
    const auto record = store->record(store->rows_of_photo(done.hash).at(0));
    EXPECT_EQ(record.origin, Origin::confirm);
    EXPECT_EQ(record.box, k_left_face);
    EXPECT_GT(record.time, 1'700'000'000);
    EXPECT_TRUE(in.waiting().faces.empty());

    confirmer->undo(done.change);
    EXPECT_EQ(in.told(), Lines{"ada dataset_training/ada/1.jpg"});
    EXPECT_EQ(in.content("dataset/door.jpg"), "upload door.jpg");
    EXPECT_FALSE(in.has("dataset_training/bruno/door.jpg"));
    EXPECT_EQ(in.waiting().faces.size(), 1U);
}

TEST_F(ConfirmTest, TheFirstFaceOfAllMakesTheStore) {
    std::filesystem::remove(in.workspace().store());
    in.upload("door.jpg", {in.face(4)});
    EXPECT_EQ(decide(in.waiting().faces.at(0), Decision::is, "bruno").outcome, "confirmed");
    EXPECT_EQ(in.told(), Lines{"bruno dataset_training/bruno/door.jpg"});
}

TEST_F(ConfirmTest, NoPhotoIsOverwritten) {
    in.write("dataset_training/bruno/door.jpg", "another photo");
    in.upload("door.jpg", {in.face(4)});
    EXPECT_EQ(decide(in.waiting().faces.at(0), Decision::is, "bruno").kept_as, "dataset_training/bruno/door_1.jpg");
    EXPECT_EQ(in.content("dataset_training/bruno/door.jpg"), "another photo");
    EXPECT_EQ(in.content("dataset_training/bruno/door_1.jpg"), "upload door.jpg");
}

TEST_F(ConfirmTest, TwoFacesOfAPhotoAreTwoPeople) {
    in.upload("pair.jpg", {in.face(4), in.face(4, 0.1F)});
    const auto faces = in.waiting().faces;
    ASSERT_EQ(faces.size(), 2U);
    EXPECT_NE(refusal(faces, Decision::is, "bruno").find("never the same person"), std::string::npos);
    EXPECT_EQ(in.told(), Lines{"ada dataset_training/ada/1.jpg"}) << "all or none";
    EXPECT_FALSE(in.has("dataset_training/bruno"));
    EXPECT_EQ(decide(faces[0], Decision::is, "bruno").outcome, "confirmed");
    EXPECT_NE(refusal({faces[1]}, Decision::is, "bruno").find("never the same person"), std::string::npos);
}

TEST_F(ConfirmTest, AnUploadStaysUntilItsLastFaceIsSettled) {
    in.upload("pair.jpg", {in.face(4), in.face(6)});
    auto faces = in.waiting().faces;
    ASSERT_EQ(faces.size(), 2U);
    EXPECT_FALSE(decide(faces[0], Decision::is, "bruno").upload_removed);
    EXPECT_TRUE(in.has("dataset/pair.jpg"));
    EXPECT_TRUE(in.has("dataset_training/bruno/pair.jpg"));
    EXPECT_EQ(in.waiting().faces.size(), 1U);
    EXPECT_TRUE(decide(faces[1], Decision::not_a_face, "").upload_removed);
    EXPECT_FALSE(in.has("dataset/pair.jpg"));
    EXPECT_TRUE(in.has("dataset_training/bruno/pair.jpg"));
}

TEST_F(ConfirmTest, WhoLooksLikeSomebodyElseNeedsForce) {
    in.upload("door.jpg", {in.face(0, 0.05F)});
    const auto face = in.waiting().faces.at(0);
    EXPECT_NE(refusal({face}, Decision::is, "bruno").find("looks like ada"), std::string::npos);
    EXPECT_TRUE(in.has("dataset/door.jpg"));
    EXPECT_EQ(decide(face, Decision::is, "bruno", true).outcome, "confirmed");
}

TEST_F(ConfirmTest, ADenialChangesLaterVerdicts) {
    const auto verdict = [&](std::vector<float> face) {
        return in.identifier().answer(in.seen({std::move(face)})).faces.at(0);
    };
    in.upload("door.jpg", {in.face(0, 0.05F)});
    ASSERT_EQ(verdict(in.face(0, 0.06F)).label, "ada");
    const auto face = in.waiting().faces.at(0);
    EXPECT_EQ(decide(face, Decision::is_not, "ada").outcome, "denied");
    EXPECT_EQ(verdict(in.face(0, 0.06F)).verdict, Verdict::unknown);
    EXPECT_EQ(verdict(in.face(0)).label, "ada") << "nearer to her own photo than to what was denied";
    EXPECT_TRUE(in.has("dataset/door.jpg")) << "who it is, nobody has said yet";
    const auto again = decide(face, Decision::is_not, "ada");
    EXPECT_EQ(again.outcome, "already");
    EXPECT_EQ(again.change, 0U);
    EXPECT_NE(refusal({face}, Decision::is_not, "nobody").find("nobody in the store"), std::string::npos);
    // Saying after all that it is her takes the denial back.
    EXPECT_EQ(decide(face, Decision::is, "ada").outcome, "confirmed");
    EXPECT_TRUE(in.store()->denials().empty());
}

TEST_F(ConfirmTest, WhatIsNoFaceLeavesTheInboxAndIsKnownAgain) {
    in.upload("poster.jpg", {in.face(8)});
    EXPECT_EQ(decide(in.waiting().faces.at(0), Decision::not_a_face, "").outcome, "not_a_face");
    EXPECT_FALSE(in.has("dataset/poster.jpg"));
    EXPECT_TRUE(in.waiting().faces.empty());
    EXPECT_EQ(in.identifier().answer(in.seen({in.face(8)})).faces.at(0).verdict, Verdict::no_face);
}

TEST_F(ConfirmTest, AFaceOfTheStoreIsRenamedOnlyWithForceAndItsPhotoGoesWithIt) {
    in.upload("door.jpg", {in.face(4)});
    const auto face = in.waiting().faces.at(0);
    decide(face, Decision::is, "bruno");
    in.upload("door.jpg", {in.face(4)});
    EXPECT_EQ(decide(face, Decision::is, "bruno").outcome, "already");
    in.upload("door.jpg", {in.face(4)});
    EXPECT_NE(refusal({face}, Decision::is, "chiara").find("with --force"), std::string::npos);
    const auto done = decide(face, Decision::is, "chiara", true);
    EXPECT_EQ(done.outcome, "relabelled");
    EXPECT_EQ(done.before, "bruno");
    EXPECT_EQ(in.told(), (Lines{"ada dataset_training/ada/1.jpg", "chiara dataset_training/chiara/door.jpg"}));
    EXPECT_TRUE(in.has("dataset_training/chiara/door.jpg"));
    EXPECT_FALSE(in.has("dataset_training/bruno/door.jpg"));
}

TEST_F(ConfirmTest, APhotoThatChangedMeanwhileIsRefused) {
    in.upload("door.jpg", {in.face(4)});
    const auto face = in.waiting().faces.at(0);
    in.write("dataset/door.jpg", "other content");
    EXPECT_NE(refusal({face}, Decision::is, "bruno").find("has changed meanwhile"), std::string::npos);
}

TEST_F(ConfirmTest, LabelsThatLeadElsewhereAreRefused) {
    in.upload("door.jpg", {in.face(4)});
    const auto face = in.waiting().faces.at(0);
    for (const auto* label : {"../bruno", "..", ".hidden", ""}) {
        EXPECT_FALSE(refusal({face}, Decision::is, label).empty()) << label;
    }
}

TEST_F(ConfirmTest, UndoStopsAtTheChangesOfOthers) {
    in.upload("door.jpg", {in.face(4)});
    const auto done = decide(in.waiting().faces.at(0), Decision::is, "bruno");
    {
        gallery::StoreWriter other(in.workspace().store(), {"test"});
        other.commit("another's", {gallery::Add{in.record("chiara", "1.jpg", in.face(9))}});
    }
    EXPECT_THROW(confirmer->undo(done.change), Error);
    EXPECT_EQ(in.told().size(), 3U);
    EXPECT_EQ(confirmer->labels(), (Lines{"ada", "bruno", "chiara"}));
}

}  // namespace
}  // namespace mien::service
