// SPDX-License-Identifier: MIT
#include <mien/service/faces.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace mien::service {
namespace {

TEST(Faces, OverlapIsTheSharedPartOfBoth) {
    EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {0, 0, 10, 10}), 1);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {5, 0, 10, 10}), 50.0 / 150);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {10, 0, 10, 10}), 0);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {-50, -50, 10, 10}), 0);
    constexpr auto k_most = std::numeric_limits<std::int32_t>::max();
    EXPECT_NEAR(overlap({0, 0, k_most, k_most}, {0, 0, k_most, k_most}), 1, 1e-9);
    EXPECT_DOUBLE_EQ(overlap({k_most, k_most, k_most, k_most}, {0, 0, 1, 1}), 0);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 0, 0}, {0, 0, 0, 0}), 0);
}

TEST(Faces, TheStoreKnowsExactlyThisFace) {
    auto records = test::synthetic_records({});
    const auto& record = records.front();
    const gallery::Denial no_face{{}, record.photo_hash, {200, 200, 40, 40}, record.photo, 0, record.encoding};
    const gallery::Denial somebody{"person_3", record.photo_hash, {400, 400, 40, 40}, record.photo, 0, record.encoding};
    const auto store =
        gallery::Gallery::build({test::synthetic_contract(16), "{}", "f"}, records, {}, {no_face, somebody});
    auto box = record.box;
    box.left += 2;  // another detector's idea of it
    const auto known = settled(*store, record.photo_hash, box);
    ASSERT_TRUE(known && known->row);
    EXPECT_EQ(known->label, record.label);
    const auto none = settled(*store, record.photo_hash, {201, 199, 40, 40});
    ASSERT_TRUE(none);
    EXPECT_FALSE(none->row);
    EXPECT_FALSE(settled(*store, record.photo_hash, {400, 400, 40, 40})) << "who it is not does not say who it is";
    EXPECT_FALSE(settled(*store, record.photo_hash, {100, 100, 40, 40}));
    EXPECT_FALSE(settled(*store, sha256("another photo"), record.box));
}

}  // namespace
}  // namespace mien::service
