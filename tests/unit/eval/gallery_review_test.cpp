// SPDX-License-Identifier: MIT
#include <mien/eval/gallery_review.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace mien::eval {
namespace {

constexpr std::uint32_t k_dim = 32;
const Evidence k_evidence{0.4, 0.55, 30};

std::vector<gallery::Record> records(std::size_t people = 8, std::size_t each = 5) {
    auto made = test::synthetic_records({people, each, k_dim, 0.07, 5});
    for (auto& record : made) {
        record.quality = 0.9F;
    }
    return made;
}

std::vector<LabelFinding> review(const std::vector<gallery::Record>& of) {
    const auto gallery = gallery::Gallery::build({test::synthetic_contract(k_dim), "{}", "f"}, of);
    NearLists near;
    std::vector<float> scratch(gallery->rows());
    for (std::size_t row = 0; row < gallery->rows(); ++row) {
        near.push_back(near_rows(*gallery, row, k_evidence.threshold, scratch));
    }
    return review_labels(*gallery, near, k_evidence);
}

std::vector<LabelFinding> of_kind(const std::vector<LabelFinding>& findings, Suspicion kind) {
    std::vector<LabelFinding> some;
    std::copy_if(findings.begin(), findings.end(), std::back_inserter(some),
                 [kind](const LabelFinding& finding) { return finding.suspicion == kind; });
    return some;
}

TEST(ReviewLabels, HasNothingToSayOfAGoodGallery) { EXPECT_TRUE(review(records()).empty()); }

TEST(ReviewLabels, FindsPhotosUnderTheWrongNameAndWhereTheyBelong) {
    auto made = records();
    // Two people exchange a photo: neither photo makes its new neighbours look wrong.
    std::swap(made[0].label, made[5].label);
    const auto findings = review(made);
    const auto wrong = of_kind(findings, Suspicion::mislabel);
    ASSERT_EQ(findings.size(), 2U);
    ASSERT_EQ(wrong.size(), 2U);
    for (const auto& finding : wrong) {
        ASSERT_EQ(finding.rows.size(), 1U);
        EXPECT_TRUE(finding.rows[0] == 0 || finding.rows[0] == 5);
        EXPECT_EQ(finding.other, finding.rows[0] == 0 ? 0U : 1U);
        EXPECT_EQ(finding.person, finding.rows[0] == 0 ? 1U : 0U);
    }
}

TEST(ReviewLabels, OfTwoPhotosTheOneThatBelongsElsewhereIsTheWrongOne) {
    auto made = records(4, 5);
    made.erase(made.begin() + 2, made.begin() + 5);  // person 0 keeps two photos
    made[0].label = test::person_label(0);
    made[1].encoding = made[3].encoding;  // the second one shows person 1
    made[1].encoding = test::unit(made[1].encoding);
    const auto wrong = of_kind(review(made), Suspicion::mislabel);
    ASSERT_EQ(wrong.size(), 1U);
    EXPECT_EQ(wrong[0].rows, std::vector<std::size_t>{1});
    EXPECT_EQ(wrong[0].other, 1U);
}

TEST(ReviewLabels, FindsAPhotoOfNobody) {
    auto made = records();
    std::vector<float> nobody(k_dim);
    for (std::size_t i = 0; i < nobody.size(); ++i) {
        nobody[i] = i % 2 == 0 ? 1.0F : -1.0F;
    }
    made[7].encoding = test::unit(nobody);
    const auto findings = review(made);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].suspicion, Suspicion::odd_one);
    EXPECT_EQ(findings[0].rows, std::vector<std::size_t>{7});
}

TEST(ReviewLabels, FindsOnePersonUnderTwoLabels) {
    auto made = records();
    made[0].label = made[1].label = "zoe";
    const auto findings = review(made);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].suspicion, Suspicion::one_person);
    EXPECT_EQ(findings[0].person, 8U) << "the smaller label is the one to rename";
    EXPECT_EQ(findings[0].other, 0U);
}

TEST(ReviewLabels, FindsTwoPeopleUnderOneLabel) {
    auto made = records(2, 5);
    for (auto& record : made) {
        record.label = "both";
    }
    made.pop_back();  // five of one, four of the other
    const auto findings = review(made);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].suspicion, Suspicion::two_people);
    EXPECT_EQ(findings[0].rows, (std::vector<std::size_t>{5, 6, 7, 8}));
}

TEST(ReviewLabels, FindsNearlyTheSamePhotoWithinAndAcrossLabels) {
    auto made = records();
    made[1].encoding = made[0].encoding;
    const auto within = review(made);
    ASSERT_EQ(within.size(), 1U);
    EXPECT_EQ(within[0].suspicion, Suspicion::near_identical);
    EXPECT_EQ(within[0].rows, (std::vector<std::size_t>{0, 1}));
}

TEST(ReviewLabels, NamesNoPhotoInTwoFindingsOfLikeness) {
    auto made = records();
    made[0].encoding = made[1].encoding = made[2].encoding;    // three of one label
    made[5].encoding = made[10].encoding = made[15].encoding;  // of three labels
    std::set<std::size_t> rows;
    for (const auto& finding : review(made)) {
        if (finding.suspicion == Suspicion::near_identical) {
            EXPECT_EQ(finding.rows, (std::vector<std::size_t>{0, 1, 2}));
        }
        if (finding.suspicion == Suspicion::near_identical || finding.suspicion == Suspicion::same_photo) {
            for (const auto row : finding.rows) {
                EXPECT_TRUE(rows.insert(row).second) << row;
            }
        }
    }
    EXPECT_GE(rows.size(), 3U);
}

TEST(ReviewLabels, FindsWeakPeople) {
    auto made = records();
    made.erase(made.begin(), made.begin() + 4);  // person 0 keeps one photo
    for (std::size_t i = 1; i < 6; ++i) {
        made[i].quality = 0.1F;  // all of person 1
    }
    made[6].quality = 0.1F;  // one of person 2: the others are good
    for (std::size_t i = 11; i < 16; ++i) {
        made[i].quality = gallery::k_not_measured;
    }
    const auto findings = review(made);
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].suspicion, Suspicion::weak);
    EXPECT_EQ(findings[0].person, 0U);
    EXPECT_EQ(findings[1].person, 1U);
}

}  // namespace
}  // namespace mien::eval
