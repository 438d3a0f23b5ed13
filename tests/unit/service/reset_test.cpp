// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/service/history.hpp>
#include <mien/service/reset.hpp>

#include "number_workspace.hpp"

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

/// With photos of the sample people, because the reserve is really learned.
class ResetTest : public testing::Test {
protected:
    NumberWorkspace in;
    Lines before;

    void SetUp() override {
        for (const auto* person : {"ada", "bruno"}) {
            fs::create_directories(in.root() / "dataset_reserve" / person);
            fs::copy_file(test::source_dir() / "dataset_training" / person / "1.jpg",
                          in.root() / "dataset_reserve" / person / "1.jpg");
        }
        in.save({in.record("zelda", "1.jpg", in.face(0))});
        in.upload("door.jpg", {in.face(4)});
        before = in.told();
    }

    ResetSummary run(bool dry_run = false) {
        ResetOptions options;
        options.workspace = in.workspace();
        options.pipeline = NumberWorkspace::tools();
        options.dry_run = dry_run;
        return reset(options, in.finder(), {});
    }

    void expect_as_before() {
        EXPECT_EQ(in.told(), before);
        EXPECT_EQ(in.content("dataset_training/zelda/1.jpg"), "photo dataset_training/zelda/1.jpg");
        EXPECT_EQ(in.content("dataset/door.jpg"), "upload door.jpg");
        EXPECT_FALSE(in.has("dataset_training/ada"));
    }
};

TEST_F(ResetTest, TheReserveBecomesTheWholeWorkspaceAndOneUndoBringsAllBack) {
    const auto summary = run();
    EXPECT_EQ(summary.training, 1U);
    EXPECT_EQ(summary.uploads, 1U);
    EXPECT_EQ(summary.reserve, 2U);
    EXPECT_EQ(summary.records_before, 1U);
    EXPECT_EQ(summary.records, 2U);
    EXPECT_EQ(in.told(), (Lines{"ada dataset_training/ada/1.jpg", "bruno dataset_training/bruno/1.jpg"}));
    EXPECT_TRUE(in.has("dataset_training/ada/1.jpg"));
    EXPECT_TRUE(in.has("dataset_reserve/ada/1.jpg"));
    EXPECT_FALSE(in.has("dataset_training/zelda"));
    EXPECT_TRUE(fs::is_empty(in.root() / "dataset"));
    EXPECT_TRUE(in.has(summary.kept_in + "/dataset/door.jpg"));
    undo({in.workspace().store(), 0, false}, 1);
    expect_as_before();
}

TEST_F(ResetTest, ADryRunOnlyCounts) {
    const auto summary = run(true);
    EXPECT_EQ(summary.reserve, 2U);
    EXPECT_EQ(summary.people_before, 1U);
    EXPECT_EQ(summary.change, 0U);
    expect_as_before();
}

TEST_F(ResetTest, WithoutAReserveNothingGoes) {
    fs::remove_all(in.root() / "dataset_reserve");
    EXPECT_THROW(run(), ReserveEmpty);
    fs::create_directories(in.root() / "dataset_reserve/ada");
    EXPECT_THROW(run(), ReserveEmpty);
    expect_as_before();
}

TEST_F(ResetTest, AReserveOfNothingUsableLeavesTheOldState) {
    fs::remove_all(in.root() / "dataset_reserve");
    in.write("dataset_reserve/ada/1.jpg", "no photo");
    EXPECT_THROW(run(), Error);
    expect_as_before();
}

TEST_F(ResetTest, AFolderThatIsALinkIsNotReplaced) {
    fs::rename(in.root() / "dataset", in.root() / "elsewhere");
    fs::create_directory_symlink("elsewhere", in.root() / "dataset");
    EXPECT_THROW(run(), Error);
    expect_as_before();
}

}  // namespace
}  // namespace mien::service
