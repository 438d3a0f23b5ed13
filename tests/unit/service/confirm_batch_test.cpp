// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/service/confirm.hpp>

#include <gtest/gtest.h>

namespace mien::service {
namespace {

TEST(Batch, PhotosFacesAndLabels) {
    const auto lines =
        read_batch("a.jpg,,Ada\r\n/elsewhere/b.jpg,2,\"Grace, H\"\r\nc.jpg,\"1,2,30,40\", Zoe\xCC\x81 \r\n", "in");
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0].request.photo, "in/a.jpg");
    EXPECT_FALSE(lines[0].request.face.number || lines[0].request.face.box);
    EXPECT_EQ(lines[0].request.label, "Ada");
    EXPECT_EQ(lines[1].request.photo, "/elsewhere/b.jpg");
    EXPECT_EQ(lines[1].request.face.number, 2U);
    EXPECT_EQ(lines[1].request.label, "Grace, H");
    EXPECT_EQ(lines[2].request.face.box, (Box{1, 2, 30, 40}));
    EXPECT_EQ(lines[2].request.label, "Zo\xC3\xA9");
}

TEST(Batch, AFirstLineMayNameTheColumns) {
    const auto lines = read_batch("Label,note,PHOTO\nAda,x,a.jpg\nBob,y,b.jpg,more\n", "");
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[1].request.photo, "b.jpg");
    EXPECT_EQ(lines[1].request.label, "Bob");
    EXPECT_EQ(lines[1].line, 3U);
    EXPECT_THROW(read_batch("photo,name\na.jpg,Ada\n", ""), Error);
}

TEST(Batch, BadLinesAreReportedAndTheRestIsRead) {
    const auto lines = read_batch(
        "a\"b,,Ada\na.jpg,x,Ada\na.jpg,\"1,2,3\",Ada\na.jpg,1\n,1,Ada\na.jpg,1,../../"
        "etc\na.jpg,1,.hidden\na.jpg,1,Ada\n",
        "");
    ASSERT_EQ(lines.size(), 8U);
    for (std::size_t i = 0; i < 7; ++i) {
        EXPECT_FALSE(lines[i].problem.empty()) << i;
        EXPECT_EQ(lines[i].line, i + 1);
    }
    EXPECT_TRUE(lines[7].problem.empty()) << lines[7].problem;
}

TEST(Batch, BoxesAreFourWholeNumbers) {
    EXPECT_EQ(parse_box("-3,4,50,60"), (Box{-3, 4, 50, 60}));
    for (const auto* text :
         {"", "1,2,3", "1,2,3,4,5", "1,2,0,4", "1,2,3,-4", "1, 2,3,4", "1.5,2,3,4", "99999999999,2,3,4", "1;2;3;4"}) {
        EXPECT_THROW(parse_box(text), Error) << text;
    }
}

}  // namespace
}  // namespace mien::service
