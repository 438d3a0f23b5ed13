// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>

#include <gtest/gtest.h>

#include <set>

namespace mien {
namespace {

TEST(Error, TheTableHasOneRowForEachCodeAndDistinctNames) {
    std::set<ErrorCode> codes;
    std::set<std::string_view> names;
    for (const auto& row : error_table()) {
        EXPECT_TRUE(codes.insert(row.code).second);
        EXPECT_TRUE(names.insert(row.name).second);
        EXPECT_EQ(&error_row(row.code), &row);
    }
    EXPECT_TRUE(codes.contains(ErrorCode::interrupted));
}

TEST(Error, ExitStatusesAreThoseOfTheManPages) {
    EXPECT_EQ(error_row(ErrorCode::usage).exit_status, 2);
    EXPECT_EQ(error_row(ErrorCode::runtime).exit_status, 3);
    EXPECT_EQ(error_row(ErrorCode::store_missing).exit_status, 10);
    EXPECT_EQ(error_row(ErrorCode::store_locked).exit_status, 11);
    EXPECT_EQ(error_row(ErrorCode::store_corrupt).exit_status, 12);
    EXPECT_EQ(error_row(ErrorCode::model_mismatch).exit_status, 12);
    EXPECT_EQ(error_row(ErrorCode::model_missing).exit_status, 13);
    EXPECT_EQ(error_row(ErrorCode::server).exit_status, 14);
    EXPECT_EQ(error_row(ErrorCode::interrupted).exit_status, 130);
}

}  // namespace
}  // namespace mien
