// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/service/history.hpp>
#include <mien/service/people.hpp>

#include "number_workspace.hpp"

namespace mien::service {
namespace {

using Lines = std::vector<std::string>;

class PeopleTest : public testing::Test {
protected:
    NumberWorkspace in;

    void SetUp() override {
        const gallery::Denial denial{"ada", sha256("x"), k_left_face, "x.jpg", 1, in.face(8)};
        in.save({in.record("ada", "1.jpg", in.face(0)), in.record("ada", "2.jpg", in.face(0, 0.1F)),
                 in.record("bruno", "1.jpg", in.face(4))},
                {denial});
    }

    PeopleChange rename_to(const std::string& from, const std::string& to, bool merge = false) {
        return rename({.workspace = in.workspace(), .store = {}, .from = from, .to = to, .merge = merge});
    }
    PeopleChange move_to(const std::string& photo, const std::string& to, std::optional<Box> box = {}) {
        return move({.workspace = in.workspace(), .store = {}, .photos = {photo}, .box = box, .from = {}, .to = to});
    }
};

TEST_F(PeopleTest, RecordsPhotosAndDenialsTakeTheNewNameAndUndoGivesItBack) {
    in.write("dataset_training/ada/not_learned.jpg");
    const auto before = in.told();
    const auto change = rename_to("ada", "Ada L.");
    EXPECT_EQ(change.encodings, 2U);
    EXPECT_EQ(in.told(), (Lines{"Ada L. dataset_training/Ada L./1.jpg", "Ada L. dataset_training/Ada L./2.jpg",
                                "bruno dataset_training/bruno/1.jpg"}));
    EXPECT_TRUE(in.has("dataset_training/Ada L./not_learned.jpg"));
    EXPECT_FALSE(in.has("dataset_training/ada"));
    EXPECT_EQ(in.store()->denials().at(0).label, "Ada L.");
    undo({in.workspace().store(), 0, false}, 1);
    EXPECT_EQ(in.told(), before);
    EXPECT_EQ(in.content("dataset_training/ada/1.jpg"), "photo dataset_training/ada/1.jpg");
    EXPECT_FALSE(in.has("dataset_training/Ada L."));
    EXPECT_EQ(in.store()->denials().at(0).label, "ada");
}

TEST_F(PeopleTest, TwoPeopleBecomeOneOnlyWhenToldSo) {
    EXPECT_THROW(rename_to("ada", "bruno"), Error);
    rename_to("ada", "bruno", true);
    EXPECT_EQ(in.store()->people(), 1U);
    EXPECT_EQ(in.content("dataset_training/bruno/1.jpg"), "photo dataset_training/bruno/1.jpg");
    EXPECT_EQ(in.content("dataset_training/bruno/1_1.jpg"), "photo dataset_training/ada/1.jpg");
    EXPECT_EQ(in.told(), (Lines{"bruno dataset_training/bruno/1.jpg", "bruno dataset_training/bruno/1_1.jpg",
                                "bruno dataset_training/bruno/2.jpg"}));
}

TEST_F(PeopleTest, TwoFacesOfAPhotoAreNotMerged) {
    auto left = in.record("chiara", "group.jpg", in.face(6));
    auto right = left;
    right.label = "dario";
    right.box = k_right_face;
    right.encoding = in.face(7);
    in.save({left, right});
    EXPECT_THROW(rename_to("chiara", "dario", true), Error);
    EXPECT_THROW(move_to(left.photo, "dario", k_left_face), Error);
    EXPECT_THROW(move_to(left.photo, "emil"), Error) << "which of the two?";
    EXPECT_EQ(in.store()->people(), 2U);
    move_to(left.photo, "emil", k_left_face);
    EXPECT_EQ(in.told(), (Lines{"dario " + left.photo, "emil " + left.photo})) << "others need the photo where it is";
}

TEST_F(PeopleTest, APhotoMovesToTheRightPerson) {
    const auto change = move_to("dataset_training/ada/1.jpg", "bruno");
    EXPECT_EQ(change.encodings, 1U);
    EXPECT_EQ(change.moved.at(0).second, "dataset_training/bruno/1_1.jpg");
    EXPECT_EQ(in.content("dataset_training/bruno/1_1.jpg"), "photo dataset_training/ada/1.jpg");
    EXPECT_FALSE(in.has("dataset_training/ada/1.jpg"));
    EXPECT_EQ(move_to("dataset_training/bruno/1_1.jpg", "bruno").change, 0U);
    undo({in.workspace().store(), 0, false}, 1);
    EXPECT_TRUE(in.has("dataset_training/ada/1.jpg"));
    EXPECT_FALSE(in.has("dataset_training/bruno/1_1.jpg"));
}

TEST_F(PeopleTest, WhoIsNotThereIsSaid) {
    EXPECT_THROW(rename_to("zelda", "ada"), Error);
    EXPECT_THROW(rename_to("ada", "ada"), Error);
    EXPECT_THROW(move_to("dataset_training/ada/3.jpg", "bruno"), Error);
    EXPECT_THROW(rename_to("ada", "../elsewhere"), Error);
    EXPECT_TRUE(in.has("dataset_training/ada/1.jpg"));
}

TEST_F(PeopleTest, ListAndShow) {
    const auto people = list_people(*in.store());
    ASSERT_EQ(people.size(), 2U);
    EXPECT_EQ(people[0].label, "ada");
    EXPECT_EQ(people[0].encodings, 2U);
    EXPECT_EQ(show_person(*in.store(), "bruno").records.at(0).photo, "dataset_training/bruno/1.jpg");
    EXPECT_THROW(show_person(*in.store(), "brun"), Error);
}

}  // namespace
}  // namespace mien::service
