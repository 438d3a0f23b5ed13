// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/service/history.hpp>
#include <mien/service/import.hpp>
#include <mien/service/train.hpp>

#include "number_workspace.hpp"

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

class ImportTest : public testing::Test {
protected:
    NumberWorkspace in;

    ImportSummary run() {
        ImportOptions options;
        options.workspace = in.workspace();
        options.file = in.root() / "faces.jsonl";
        options.encoder = "starter";
        return import_records(options, in.finder());
    }

    /// One face of the file, which does not say what its photo's content was.
    static Json line(const std::string& label, const std::string& photo, const Box& box,
                     const std::vector<float>& face) {
        return {{"label", label}, {"photo", photo}, {"box", to_json(box)}, {"encoding", face}};
    }

    void write(const std::vector<Json>& lines) {
        std::string text;
        for (const auto& one : lines) {
            text += one.dump() + "\n";
        }
        in.write("faces.jsonl", text);
    }

    Lines trained() {
        TrainOptions options;
        options.workspace = in.workspace();
        options.pipeline = NumberWorkspace::tools();
        Lines outcomes;
        train(options, in.finder(), {{}, [&](const TrainedPhoto& photo) { outcomes.push_back(photo.outcome); }});
        return outcomes;
    }

    /// A real photo, because train really looks at it. returns: its name
    std::string photo_of(const std::string& label) {
        const auto name = "dataset_training/" + label + "/1.jpg";
        fs::create_directories((in.root() / name).parent_path());
        fs::copy_file(test::source_dir() / "dataset_training" / label / "1.jpg", in.root() / name);
        return name;
    }
};

TEST_F(ImportTest, UndoTakesAllOfItBackAndAgain) {
    in.save({in.record("ada", "1.jpg", in.face(0))});
    const auto before = in.told();
    write({line("bruno", "b.jpg", k_left_face, in.face(4)), line("chiara", "c.jpg", k_left_face, in.face(6))});
    EXPECT_EQ(run().added, 2U);
    const auto after = in.told();
    EXPECT_EQ(after.size(), 3U);
    undo({in.workspace().store(), 0, false}, 1);
    EXPECT_EQ(in.told(), before);
    EXPECT_EQ(run().added, 2U);
    EXPECT_EQ(in.told(), after);
    undo({in.workspace().store(), 0, false}, 3);
    EXPECT_EQ(in.told(), before);
}

TEST_F(ImportTest, NothingIsBeforeTheImportThatMadeTheStore) {
    write({line("bruno", "b.jpg", k_left_face, in.face(4))});
    EXPECT_TRUE(run().created);
    EXPECT_THROW(undo({in.workspace().store(), 0, false}, 1), Error);
    EXPECT_EQ(in.told(), Lines{"bruno b.jpg"});
    EXPECT_FALSE(run().changed);
}

TEST_F(ImportTest, TrainingDoesNotLearnAnImportedFaceASecondTime) {
    const auto photo = photo_of("ada");
    write({line("ada", photo, {3, 5, 90, 91}, in.face(0))});  // another detector's box
    EXPECT_EQ(run().added, 1U);
    EXPECT_EQ(trained(), Lines{"reused"});
    EXPECT_EQ(in.told(), Lines{"ada " + photo});
}

TEST_F(ImportTest, TrainingDoesNotLearnItAgainWhereThePhotoCameLater) {
    write({line("ada", "dataset_training/ada/1.jpg", {3, 5, 90, 91}, in.face(0))});
    EXPECT_EQ(run().without_photo, 1U);
    const auto photo = photo_of("ada");
    EXPECT_EQ(trained(), Lines{"reused"});
    EXPECT_EQ(in.told(), Lines{"ada " + photo});
}

TEST_F(ImportTest, WhatTrainingHasLearnedIsNotImportedASecondTime) {
    const auto photo = photo_of("ada");
    EXPECT_EQ(trained(), Lines{"encoded"});
    auto box = in.store()->box(0);
    box.left += 3;
    write({line("ada", photo, box, in.face(0))});
    EXPECT_EQ(run().present, 1U);
    EXPECT_EQ(in.told(), Lines{"ada " + photo});
    write({line("bruno", photo, box, in.face(0))});
    EXPECT_EQ(run().differing, 1U);
    EXPECT_EQ(in.told(), Lines{"ada " + photo});
}

}  // namespace
}  // namespace mien::service
