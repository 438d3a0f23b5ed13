// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/service/verify.hpp>

#include "number_workspace.hpp"

namespace mien::service {
namespace {

class VerifyTest : public testing::Test {
protected:
    NumberWorkspace in;

    void SetUp() override {
        in.save({in.record("ada", "1.jpg", in.face(0)), in.record("bruno", "1.jpg", in.face(4)),
                 in.record("bruno", "2.jpg", in.face(6))});
    }

    VerifyAnswer ask(const std::optional<std::string>& user, const std::vector<std::vector<float>>& faces) {
        return verify(in.identifier(), user, in.seen(faces));
    }
};

TEST_F(VerifyTest, AClaimIsMeasuredAgainstThatPersonOnly) {
    const auto yes = ask("bruno", {in.face(6, 0.05F)});
    EXPECT_EQ(yes.verdict, Verdict::known);
    EXPECT_EQ(yes.label, "bruno");
    EXPECT_LT(yes.distance.value_or(9), yes.threshold) << "the nearest of several encodings counts";
    const auto no = ask("ada", {in.face(6, 0.05F)});
    EXPECT_EQ(no.verdict, Verdict::unknown);
    EXPECT_EQ(no.label, "ada");
    EXPECT_GT(no.distance.value_or(0), no.threshold);
    EXPECT_LT(no.confidence, yes.confidence);
    EXPECT_THROW(ask("zelda", {in.face(0)}), Error);
}

TEST_F(VerifyTest, AFacesOwnEncodingSaysNothingOfItself) {
    const auto gallery = in.store();
    const auto row = [&](const std::string& photo) {
        for (std::size_t each = 0; each < gallery->rows(); ++each) {
            if (gallery->photo(each) == photo) {
                return gallery->record(each);
            }
        }
        throw std::out_of_range(photo);
    };
    const auto second = row("dataset_training/bruno/2.jpg");
    EXPECT_NEAR(distance_to(*gallery, "bruno", second.encoding).value_or(9), 0, 1e-6);
    EXPECT_GT(distance_to(*gallery, "bruno", second.encoding, second.key()).value_or(0), 0.5);
    const auto only = row("dataset_training/ada/1.jpg");
    EXPECT_EQ(distance_to(*gallery, "ada", only.encoding, only.key()), std::nullopt);
    EXPECT_EQ(distance_to(*gallery, "zelda", only.encoding), std::nullopt);
    EXPECT_EQ(distance_to(*gallery, "ada", only.encoding.first(3)), std::nullopt);

    pipeline::Face face;
    face.box = only.box;
    face.encoding = {in.blueprint().contract(), {only.encoding.begin(), only.encoding.end()}};
    EXPECT_EQ(in.identifier().compare(face, {}, "ada").label, "ada");
    const auto alone = in.identifier().compare(face, only.photo_hash, "ada");
    EXPECT_EQ(alone.verdict, Verdict::unknown);
    EXPECT_EQ(alone.distance, std::nullopt);
    const auto other = in.identifier().compare(face, {}, "bruno");
    EXPECT_EQ(other.verdict, Verdict::unknown);
    EXPECT_EQ(other.label, "");
    EXPECT_GT(other.distance.value_or(0), 0.5);
}

TEST_F(VerifyTest, WithoutAClaimItSaysWho) {
    EXPECT_EQ(ask({}, {in.face(4)}).label, "bruno");
    const auto stranger = ask({}, {in.face(9)});
    EXPECT_EQ(stranger.verdict, Verdict::unknown);
    EXPECT_EQ(stranger.label, "");
}

TEST_F(VerifyTest, OneFaceIsShown) {
    EXPECT_EQ(ask("ada", {in.face(0), in.face(4)}).verdict, Verdict::several_faces);
    auto photo = in.seen({});
    photo.verdict = Verdict::no_face;
    const auto nobody = verify(in.identifier(), "ada", photo);
    EXPECT_EQ(nobody.verdict, Verdict::no_face);
    EXPECT_FALSE(nobody.distance);
    EXPECT_TRUE(nobody.face.is_null());
}

TEST_F(VerifyTest, ADenialOutweighsLikeness) {
    ASSERT_EQ(ask("ada", {in.face(0, 0.1F)}).verdict, Verdict::known);
    gallery::StoreWriter(in.workspace().store(), {"test"})
        .commit("denied", {gallery::Deny{{"ada", sha256("x"), k_left_face, "x.jpg", 1, in.face(0, 0.12F)}}});
    EXPECT_EQ(ask("ada", {in.face(0, 0.1F)}).verdict, Verdict::unknown);
    EXPECT_EQ(ask("ada", {in.face(0, 0.01F)}).verdict, Verdict::known) << "nearer to her own photo";
}

TEST_F(VerifyTest, AClaimHasItsOwnThreshold) {
    const auto description = in.store()->description();
    eval::PairCalibration pairs;
    pairs.encoder = description.contract.encoder;
    pairs.weights = description.contract.weights;
    pairs.fingerprint = description.fingerprint;
    pairs.far = 0.1;
    pairs.threshold = 0;  // nobody passes
    const auto probe = in.face(4, 0.05F);
    ASSERT_EQ(ask("bruno", {probe}).verdict, Verdict::known);
    gallery::StoreWriter(in.workspace().store(), {"test"})
        .commit("1:1", {gallery::SetExtra{std::string(eval::k_pair_calibration_name), {}, to_line(to_json(pairs))}});
    const auto claimed = ask("bruno", {probe});
    EXPECT_EQ(claimed.verdict, Verdict::unknown);
    EXPECT_EQ(claimed.threshold, 0);
    EXPECT_EQ(ask({}, {probe}).verdict, Verdict::known) << "1:N has the other";
    IdentifyOptions options;
    options.tolerance = 0.3;
    const Identifier identifier(in.store(), in.blueprint().encoder(), options);
    EXPECT_EQ(verify(identifier, "bruno", in.seen({probe})).verdict, Verdict::known) << "as asked for";
}

}  // namespace
}  // namespace mien::service
