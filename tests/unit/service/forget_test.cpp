// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/service/forget.hpp>
#include <mien/service/history.hpp>

#include "number_workspace.hpp"

namespace mien::service {
namespace {

namespace fs = std::filesystem;

/// Which files of the folder hold the bytes of some encoding.
std::vector<std::string> files_with(const fs::path& root, const std::vector<float>& encoding) {
    const std::string_view wanted(reinterpret_cast<const char*>(encoding.data()), encoding.size() * sizeof(float));
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        if (entry.is_regular_file()) {
            const auto bytes = read_file(entry.path(), 100'000'000);
            const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            if (text.find(wanted) != std::string_view::npos) {
                found.push_back(entry.path().lexically_relative(root));
            }
        }
    }
    return found;
}

class ForgetTest : public testing::Test {
protected:
    NumberWorkspace in;

    void SetUp() override {
        in.save({in.record("ada", "1.jpg", in.face(0, 0.3F)), in.record("bruno", "1.jpg", in.face(4, 0.4F))});
        // Something of her in journal, history and the kept things, too.
        gallery::StoreWriter writer(in.workspace().store(), {"test"});
        const auto second = in.record("ada", "2.jpg", in.face(0, 0.2F));
        writer.commit("added", {gallery::Add{second}});
        writer.commit("removed", {gallery::Remove{second}});
        writer.compact();
        writer.commit("added again", {gallery::Add{second}});
    }

    Forgotten forget_ada(bool keep_photos = false, bool dry_run = false) {
        return forget(
            {.workspace = in.workspace(), .store = {}, .label = "ada", .keep_photos = keep_photos, .dry_run = dry_run});
    }
};

TEST_F(ForgetTest, NoByteOfTheEncodingsIsLeftAnywhere) {
    in.write("dataset_reserve/ada/old.jpg");
    in.write("dataset/copy.jpg", "photo dataset_training/ada/1.jpg");
    in.upload("looks_like_her.jpg", {in.face(0, 0.25F)});
    in.upload("stranger.jpg", {in.face(8)});
    ASSERT_FALSE(files_with(in.root(), in.face(0, 0.3F)).empty());
    ASSERT_GE(files_with(in.root(), in.face(0, 0.2F)).size(), 2U) << "journal and history";
    ASSERT_FALSE(files_with(in.root(), in.face(0, 0.25F)).empty());

    const auto answer = forget_ada();
    EXPECT_EQ(answer.encodings, 2U);
    EXPECT_EQ(answer.pending, 1U);
    EXPECT_EQ(answer.traces, 0U);
    for (const auto tilt : {0.2F, 0.25F, 0.3F}) {
        EXPECT_EQ(files_with(in.root(), in.face(0, tilt)), std::vector<std::string>()) << tilt;
    }
    EXPECT_FALSE(in.has("dataset_training/ada"));
    EXPECT_FALSE(in.has("dataset_reserve/ada"));
    EXPECT_FALSE(in.has("dataset/copy.jpg"));
    EXPECT_FALSE(in.has("dataset/looks_like_her.jpg"));
    EXPECT_TRUE(in.has("dataset/stranger.jpg"));
    EXPECT_EQ(in.told(), std::vector<std::string>{"bruno dataset_training/bruno/1.jpg"});
    EXPECT_FALSE(files_with(in.root(), in.face(4, 0.4F)).empty());
    for (const auto& change : log(in.workspace().store(), 0)) {
        EXPECT_EQ(change.summary.find("ada"), std::string::npos) << change.summary;
    }
    EXPECT_THROW(forget_ada(), Error) << "nobody is called that any more";
}

TEST_F(ForgetTest, PhotosMayStay) {
    EXPECT_TRUE(forget_ada(true).photos.empty());
    EXPECT_TRUE(in.has("dataset_training/ada/1.jpg"));
    EXPECT_EQ(in.store()->people(), 1U);
}

TEST_F(ForgetTest, ADryRunOnlySays) {
    const auto answer = forget_ada(false, true);
    EXPECT_EQ(answer.encodings, 2U);
    EXPECT_EQ(answer.photos, (std::vector<std::string>{"dataset_training/ada/1.jpg", "dataset_training/ada/2.jpg"}));
    EXPECT_TRUE(in.has("dataset_training/ada/1.jpg"));
    EXPECT_EQ(in.store()->people(), 2U);
}

TEST_F(ForgetTest, UndoBringsNothingBack) {
    forget_ada();
    const auto changes = log(in.workspace().store(), 0).size();
    EXPECT_THROW(undo({in.workspace().store(), 0, false}, 1), Error);
    EXPECT_THROW(restore({in.workspace().store(), 0, false}, std::to_string(changes - 1)), Error);
    EXPECT_EQ(log(in.workspace().store(), 0).size(), changes);
    EXPECT_FALSE(in.store()->find_person("ada"));
}

TEST_F(ForgetTest, CopiesOfPhotosGoWhateverTheyAreCalled) {
    const std::string hers = "photo dataset_training/ada/1.jpg";
    for (const auto* name : {"dataset_training/stray.txt", "dataset_reserve/.hidden", "dataset/deep/.below/noname"}) {
        in.write(name, hers);
    }
    in.write("dataset_training/notes.txt", "not hers");
    forget_ada();
    EXPECT_FALSE(in.has("dataset_training/stray.txt"));
    EXPECT_FALSE(in.has("dataset_reserve/.hidden"));
    EXPECT_FALSE(in.has("dataset/deep"));
    EXPECT_TRUE(in.has("dataset_training/notes.txt"));
}

TEST_F(ForgetTest, SomebodyWithTheSameEncodingIsNamed) {
    {
        gallery::StoreWriter writer(in.workspace().store(), {"test"});
        writer.commit("twin", {gallery::Add{in.record("zoé", "1.jpg", in.face(0, 0.3F))}});
    }
    try {
        forget_ada();
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("zoé"), std::string::npos) << error.what();
    }
    EXPECT_FALSE(in.store()->find_person("ada"));
}

}  // namespace
}  // namespace mien::service
