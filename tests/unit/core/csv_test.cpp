// SPDX-License-Identifier: MIT
#include <mien/core/csv.hpp>
#include <mien/core/error.hpp>

#include <gtest/gtest.h>

namespace mien {
namespace {

using Fields = std::vector<std::string>;

std::vector<CsvRow> all(std::string_view text) {
    CsvReader reader(text);
    std::vector<CsvRow> rows;
    for (CsvRow row; reader.next(row);) {
        rows.push_back(row);
    }
    return rows;
}

TEST(Csv, FieldsLinesAndTheirNumbers) {
    const auto rows = all("photo,face,label\r\na.jpg,1,Ada\n\n\"b,c.jpg\",,\"Grace \"\"G\"\"\"\nlast,2,");
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows[0].fields, (Fields{"photo", "face", "label"}));
    EXPECT_EQ(rows[1].fields, (Fields{"a.jpg", "1", "Ada"}));
    EXPECT_EQ(rows[2].fields, (Fields{"b,c.jpg", "", "Grace \"G\""}));
    EXPECT_EQ(rows[2].line, 4U);
    EXPECT_EQ(rows[3].fields, (Fields{"last", "2", ""}));
}

TEST(Csv, QuotedFieldsHoldLineEnds) {
    const auto rows = all("\"two\r\nlines\",x\r\nnext,y\r\n");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].fields[0], "two\r\nlines");
    EXPECT_EQ(rows[1].line, 3U);
}

TEST(Csv, AMarkOfByteOrderAndNoLineEnd) {
    EXPECT_EQ(all("\xEF\xBB\xBFone").front().fields, Fields{"one"});
    EXPECT_EQ(all("\"one\"").front().fields, Fields{"one"});
    EXPECT_EQ(all("one\r").front().fields, Fields{"one"});
    EXPECT_TRUE(all("").empty());
    EXPECT_TRUE(all("\r\n\n").empty());
}

TEST(Csv, ABadLineIsNamedAndTheNextIsRead) {
    CsvReader reader("ok\nbad\"quote,1\n\"closed\"x,1\nfine\n\"open");
    CsvRow row;
    EXPECT_TRUE(reader.next(row));
    try {
        reader.next(row);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::usage);
        EXPECT_NE(std::string(error.what()).find("line 2:"), std::string::npos) << error.what();
    }
    EXPECT_THROW(reader.next(row), Error);
    EXPECT_TRUE(reader.next(row));
    EXPECT_EQ(row.fields, Fields{"fine"});
    EXPECT_THROW(reader.next(row), Error);
    EXPECT_FALSE(reader.next(row));
}

TEST(Csv, TheFieldsOfALineAreBounded) {
    const auto text = std::string(k_most_csv_fields - 1, ',') + "\n" + std::string(k_most_csv_fields, ',') + "\nfine";
    CsvReader reader(text);
    CsvRow row;
    ASSERT_TRUE(reader.next(row));
    EXPECT_EQ(row.fields.size(), k_most_csv_fields);
    EXPECT_THROW(reader.next(row), Error);
    EXPECT_TRUE(row.fields.empty());
    ASSERT_TRUE(reader.next(row));
    EXPECT_EQ(row.fields, Fields{"fine"});
}

TEST(Csv, WrittenFieldsAreReadAgain) {
    for (const std::string text : {"plain", "", "a,b", "say \"hi\"", "two\nlines", " blank ", "\r"}) {
        const auto rows = all("x," + csv_field(text) + "\n");
        ASSERT_EQ(rows.size(), 1U);
        EXPECT_EQ(rows[0].fields[1], text);
    }
}

}  // namespace
}  // namespace mien
