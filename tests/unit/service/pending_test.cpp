// SPDX-License-Identifier: MIT
#include "number_workspace.hpp"

#include <chrono>

namespace mien::service {
namespace {

TEST(Pending, TheSamePhotoAgainChangesNothing) {
    NumberWorkspace in;
    EXPECT_EQ(in.upload("../../door.jpg", {in.face(4)}), "dataset/door.jpg");
    EXPECT_EQ(in.upload("../../door.jpg", {in.face(4)}), "dataset/door.jpg");
    in.write("dataset/street.jpg", "it was here first");
    EXPECT_EQ(in.upload("street.jpg", {in.face(6)}), "dataset/street_1.jpg");
    EXPECT_EQ(in.content("dataset/street.jpg"), "it was here first");
}

TEST(Pending, FacesOfOnePersonAreACluster) {
    NumberWorkspace in;
    in.upload("a.jpg", {in.face(2)});
    in.upload("b.jpg", {in.face(6, 0.05F)});
    in.upload("c.jpg", {in.face(6), in.face(2, 0.05F)});
    in.upload("d.jpg", {in.face(6, 0.1F)});
    const auto pending = in.waiting();
    EXPECT_EQ(pending.photos, 4U);
    EXPECT_EQ(pending.unseen, 0U);
    ASSERT_EQ(pending.faces.size(), 5U);
    ASSERT_EQ(pending.clusters.size(), 2U);
    EXPECT_EQ(pending.clusters[0].faces.size(), 3U) << "the largest first";
    EXPECT_EQ(pending.clusters[1].faces.size(), 2U);
    EXPECT_NE(pending.clusters[0].id, pending.clusters[1].id);
    EXPECT_EQ(in.waiting().clusters[0].id, pending.clusters[0].id);
    in.upload("e.jpg", {in.face(6, 0.02F)});
    EXPECT_NE(in.waiting().clusters[0].id, pending.clusters[0].id) << "it is another cluster";
}

TEST(Pending, TwoFacesOfAPhotoAreNeverInOneCluster) {
    NumberWorkspace in;
    in.upload("twins.jpg", {in.face(6), in.face(6, 0.02F)});
    const auto pending = in.waiting();
    EXPECT_EQ(pending.faces.size(), 2U);
    EXPECT_EQ(pending.clusters.size(), 2U);
}

TEST(Pending, LinksAreNoUploads) {
    NumberWorkspace in;
    in.upload("a.jpg", {in.face(4)});
    in.upload("b.jpg", {in.face(6)});
    in.write("elsewhere/secret.jpg");
    std::filesystem::create_symlink("../elsewhere/secret.jpg", in.root() / "dataset/link.jpg");
    std::filesystem::rename(in.root() / "dataset/b.jpg", in.root() / "elsewhere/b.jpg");
    std::filesystem::create_symlink("../elsewhere/b.jpg", in.root() / "dataset/b.jpg");
    const auto pending = in.waiting();
    ASSERT_EQ(pending.faces.size(), 1U);
    EXPECT_EQ(pending.faces[0].photo, "dataset/a.jpg");
    EXPECT_TRUE(pending.idle.empty()) << pending.idle[0].photo;
    EXPECT_EQ(in.upload("b.jpg", {in.face(6)}), "dataset/b_1.jpg") << "the link is not the photo";
}

TEST(Pending, SuggestsWhoItMayBe) {
    NumberWorkspace in;
    const auto ada = in.record("ada", "1.jpg", in.face(2));
    in.save({ada, in.record("bruno", "1.jpg", in.face(6))});
    in.upload("a.jpg", {in.face(6, 0.05F)});
    auto face = in.waiting().faces.at(0);
    ASSERT_TRUE(face.suggestion);
    EXPECT_EQ(face.suggestion->label, "bruno");
    EXPECT_TRUE(face.suggestion->known);
    EXPECT_LE(face.suggestion->distance, in.waiting().threshold);
    {
        gallery::StoreWriter writer(in.workspace().store(), {"test"});
        writer.commit("denied", {gallery::Deny{{"bruno", face.photo_hash, face.box, face.photo, 1, face.encoding}}});
    }
    face = in.waiting().faces.at(0);
    EXPECT_TRUE(!face.suggestion || face.suggestion->label != "bruno");
    EXPECT_TRUE(!face.suggestion || !face.suggestion->known);
}

TEST(Pending, WhatIsSettledOrGoneDoesNotWait) {
    NumberWorkspace in;
    in.save({in.record("ada", "1.jpg", in.face(2))});
    in.upload("a.jpg", {in.face(4)});
    in.upload("b.jpg", {in.face(6)});
    const auto face = in.waiting().faces.at(0);
    {
        gallery::StoreWriter writer(in.workspace().store(), {"test"});
        auto moved = face.box;  // another detector's idea of it
        moved.left += 3;
        writer.commit(
            "settled",
            {gallery::Add{{"bruno", face.photo, face.photo_hash, moved, 1, 1, Origin::confirm, 1, face.encoding}}});
    }
    auto pending = in.waiting();
    ASSERT_EQ(pending.faces.size(), 1U);
    EXPECT_NE(pending.faces[0].photo, face.photo);
    ASSERT_EQ(pending.idle.size(), 1U);
    EXPECT_EQ(pending.idle[0].outcome, "settled");
    std::filesystem::remove(in.root() / pending.faces[0].photo);
    EXPECT_TRUE(in.waiting().faces.empty());
}

TEST(Pending, OldEntriesExpire) {
    NumberWorkspace in;
    in.upload("remembered.jpg", {in.face(6)});
    in.write("dataset/unseen.jpg");
    const auto unseen = in.root() / "dataset/unseen.jpg";
    std::filesystem::last_write_time(unseen, std::filesystem::last_write_time(unseen) - std::chrono::hours(72));
    constexpr UnixTime k_day = 24 * 3600;
    const auto faces = remembered_faces(in.workspace(), *in.blueprint().contract());
    const auto came = faces->time(0);
    EXPECT_TRUE(expire(in.workspace(), 4, came, false).empty());
    const std::vector<std::string> old{"dataset/unseen.jpg"};
    EXPECT_EQ(expire(in.workspace(), 2, came, true), old);
    EXPECT_TRUE(in.has("dataset/unseen.jpg"));
    EXPECT_EQ(expire(in.workspace(), 2, came, false), old);
    EXPECT_FALSE(in.has("dataset/unseen.jpg"));
    EXPECT_TRUE(in.has("dataset/remembered.jpg"));
    EXPECT_EQ(expire(in.workspace(), 2, came + 3 * k_day, false), std::vector<std::string>{"dataset/remembered.jpg"});
    const auto left = remembered_faces(in.workspace(), *in.blueprint().contract());
    EXPECT_TRUE(!left || left->size() == 0) << "the encodings go with the photo";
}

}  // namespace
}  // namespace mien::service
