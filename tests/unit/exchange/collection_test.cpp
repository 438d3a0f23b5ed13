// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/exchange/collection.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace mien::exchange {
namespace {

using namespace std::string_literals;

constexpr std::uint32_t k_dim = 16;

Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

Collection read_text(const std::string& text, Format format, bool skip_bad = false) {
    return read(bytes_of(text), format, {skip_bad});
}

/// A store with everything that is hard to write down.
struct Store {
    Store() {
        records = test::synthetic_records({3, 2, k_dim, 0.1, 1});
        records[0].label = "Ada \"the\" first, of Zoé";
        records[0].photo = "dataset_training/a,b\n\"c\".jpg";
        records[0].box = {-7, -9, 2147483647, 0};
        records[0].quality = 0.123456789F;
        records[0].encoding[0] = std::numeric_limits<float>::denorm_min();
        records[0].encoding[1] = std::numeric_limits<float>::max();
        records[0].encoding[2] = -0.0F;
        records[0].encoding[3] = 0.1F;
        records[0].encoding[4] = 16777216.0F;
        records[1].photo = "dataset_training/\xff\xed\xb2\x80\x80 caf\xc3\xa9.jpg";  // Latin-1, a surrogate and UTF-8
        records[1].origin = Origin::confirm;
        records[2].origin = Origin::enroll;
        records[2].score = -1.25e-7F;
        records[3].origin = Origin::import;
        records[3].time = -1;
        records[4].time = 253402300799;
        denials = {{"Ada", sha256("denied"), {1, 2, 3, 4}, "dataset/x\xfe.jpg", 1769850000, records[5].encoding},
                   {"", sha256("no face"), {5, 6, 7, 8}, "dataset/y.jpg", 1769850001, records[4].encoding}};
        skipped = {{"dataset_training/none\xfd.jpg", sha256("none"), gallery::Outcome::no_face, "no face: é"}};
        extras = {{"calibration", "{\"a\":1}"}, {"matcher", std::string(300000, '\xf0') + '\0'}};
    }

    [[nodiscard]] std::string as(Format format) const {
        std::string text;
        Contents contents;
        contents.description = {test::synthetic_contract(k_dim), "{\"revision\":1,\"x\":\"é\"}", "fingerprint"};
        contents.size = records.size();
        contents.record = [this](std::size_t i) {
            const auto& r = records[i];
            return gallery::RecordView{0,       r.label,   r.photo,  r.photo_hash, r.box,
                                       r.score, r.quality, r.origin, r.time,       r.encoding};
        };
        contents.denials = denials;
        contents.skipped = skipped;
        contents.extras = &extras;
        write(contents, format, [&text](std::string_view piece) { text += piece; });
        return text;
    }

    std::vector<gallery::Record> records;
    std::vector<gallery::Denial> denials;
    std::vector<gallery::SkippedPhoto> skipped;
    gallery::Extras extras;
};

class EveryFormat : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(, EveryFormat, testing::Values(Format::jsonl, Format::csv, Format::npz, Format::pickle),
                         [](const auto& format) { return std::string(to_string(format.param)); });

bool same_bits(float a, float b) {
    return (std::isnan(a) && std::isnan(b)) || std::bit_cast<int>(a) == std::bit_cast<int>(b);
}

TEST_P(EveryFormat, KeepsEveryBitOfEveryRecord) {
    const Store store;
    const auto text = store.as(GetParam());
    EXPECT_EQ(sniff(bytes_of(text)), GetParam());
    const auto collection = read_text(text, GetParam());
    EXPECT_EQ(collection.contract, test::synthetic_contract(k_dim));
    ASSERT_EQ(collection.entries.size(), store.records.size());
    for (std::size_t i = 0; i < store.records.size(); ++i) {
        SCOPED_TRACE(i);
        const auto& before = store.records[i];
        const auto& entry = collection.entries[i];
        EXPECT_TRUE(entry.has_hash && entry.has_time);
        EXPECT_EQ(entry.record.label, before.label);
        EXPECT_EQ(entry.record.photo, before.photo);
        EXPECT_EQ(entry.record.photo_hash, before.photo_hash);
        EXPECT_EQ(entry.record.box, before.box);
        EXPECT_EQ(entry.record.origin, before.origin);
        EXPECT_EQ(entry.record.time, before.time);
        EXPECT_TRUE(same_bits(entry.record.score, before.score));
        EXPECT_TRUE(same_bits(entry.record.quality, before.quality));
        EXPECT_TRUE(std::equal(before.encoding.begin(), before.encoding.end(), entry.record.encoding.begin(),
                               entry.record.encoding.end(), same_bits));
    }
    if (GetParam() != Format::csv) {
        EXPECT_EQ(collection.settings, "{\"revision\":1,\"x\":\"é\"}");
        EXPECT_EQ(collection.fingerprint, "fingerprint");
    }
}

TEST_P(EveryFormat, WritesTheSameBytesForTheSameStore) { EXPECT_EQ(Store().as(GetParam()), Store().as(GetParam())); }

TEST_P(EveryFormat, AnEmptyStoreIsOneToo) {
    Store store;
    store.records.clear();
    const auto collection = read_text(store.as(GetParam()), GetParam());
    EXPECT_TRUE(collection.entries.empty());
}

TEST_P(EveryFormat, EveryPrefixIsReadOrRefused) {
    Store store;
    store.extras.clear();
    const auto text = store.as(GetParam());
    for (std::size_t length = 0; length < text.size(); length += 1 + length / 500) {
        try {
            const auto collection = read_text(text.substr(0, length), GetParam());
            EXPECT_LE(collection.entries.size(), 6U);
            // A table or list of lines that ends early is a shorter one; the others notice.
            EXPECT_TRUE(GetParam() == Format::jsonl || GetParam() == Format::csv) << length;
        } catch (const Error&) {
        }
    }
}

TEST_P(EveryFormat, FlippedBytesNeverDoHarm) {
    Store store;
    store.extras.clear();
    auto text = store.as(GetParam());
    for (std::size_t i = 0; i < text.size(); i += 1 + i / 200) {
        const char before = text[i];
        for (const char flip : {'\x01', '\x80', '\x20'}) {
            text[i] = static_cast<char>(before ^ flip);
            try {
                static_cast<void>(read_text(text, GetParam(), true));
            } catch (const Error&) {
            }
        }
        text[i] = before;
    }
}

TEST(JsonLines, KeepDenialsSkippedPhotosAndExtras) {
    const Store store;
    const auto collection = read_text(store.as(Format::jsonl), Format::jsonl);
    ASSERT_EQ(collection.denials.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(collection.denials[i].label, store.denials[i].label);
        EXPECT_EQ(collection.denials[i].photo, store.denials[i].photo);
        EXPECT_EQ(collection.denials[i].photo_hash, store.denials[i].photo_hash);
        EXPECT_EQ(collection.denials[i].box, store.denials[i].box);
        EXPECT_EQ(collection.denials[i].time, store.denials[i].time);
        EXPECT_EQ(collection.denials[i].encoding, store.denials[i].encoding);
    }
    EXPECT_EQ(collection.skipped, store.skipped);
    EXPECT_EQ(collection.extras, store.extras);
}

// --- files that people write by hand ---

TEST(JsonLines, ALabelAndAnEncodingAreEnough) {
    const auto collection = read_text("\n{\"label\":\" Ada \",\"encoding\":[1,2.5,-3e-2]}\r\n\n", Format::jsonl);
    ASSERT_EQ(collection.entries.size(), 1U);
    const auto& entry = collection.entries[0];
    EXPECT_EQ(entry.record.label, "Ada");
    EXPECT_EQ(entry.number, 2U);
    EXPECT_EQ(entry.record.encoding, (std::vector<float>{1, 2.5, -0.03F}));
    EXPECT_FALSE(entry.has_hash || entry.has_time || collection.contract);
    EXPECT_EQ(entry.record.origin, Origin::import);
}

TEST(JsonLines, ABadLineIsNamedAndCanBeLeftOut) {
    const std::string good = "{\"label\":\"Ada\",\"encoding\":[1,2]}\n";
    for (const auto* bad :
         {"[1]", "{", "{\"label\":\"Ada\"}", "{\"label\":1,\"encoding\":[1,2]}", "{\"label\":\"\",\"encoding\":[1,2]}",
          "{\"label\":\"Ada\",\"encoding\":[1,2,3]}", "{\"label\":\"Ada\",\"encoding\":[1,\"2\"]}",
          "{\"label\":\"Ada\",\"encoding\":[1,1e39]}",
          "{\"label\":\"Ada\",\"encoding\":[1,2],\"origin\":\"elsewhere\"}",
          "{\"label\":\"Ada\",\"encoding\":[1,2],\"time\":\"2026-02-30T00:00:00Z\"}",
          "{\"label\":\"Ada\",\"encoding\":[1,2],\"sha256\":\"00\"}",
          "{\"label\":\"Ada\",\"encoding\":[1,2],\"quality\":2}",
          "{\"label\":\"Ada\",\"encoding\":[1,2],\"box\":{\"left\":1.5,\"top\":1,\"width\":1,\"height\":1}}",
          "{\"label\":\"Ada\",\"encoding\":[1,2],\"box\":{\"left\":1,\"top\":1,\"width\":-1,\"height\":1}}",
          "{\"denied\":\"Ada\"}", "{\"skipped\":\"x\"}", "{\"extra\":\"../x\",\"hex\":\"00\"}"}) {
        const auto text = good + bad + "\n" + good;
        try {
            read_text(text, Format::jsonl);
            FAIL() << bad;
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find("line 2: "), std::string::npos) << error.what();
        }
        const auto collection = read_text(text, Format::jsonl, true);
        EXPECT_EQ(collection.entries.size(), 2U) << bad;
        ASSERT_EQ(collection.bad.size(), 1U) << bad;
        EXPECT_EQ(collection.bad[0].place, "line 2");
    }
}

TEST(JsonLines, TwoModelsInOneFileAreRefused) {
    Store store;
    auto text = store.as(Format::jsonl);
    EXPECT_NO_THROW(read_text(text + text, Format::jsonl));
    const auto at = text.find("\"synthetic\"");
    try {
        read_text(text + std::string(text).replace(at, 11, "\"another\""), Format::jsonl);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::model_mismatch);
        EXPECT_NE(std::string(error.what()).find("synthetic and another"), std::string::npos);
    }
}

TEST(JsonLines, DeepAndLongLinesAreBadLines) {
    const std::string deep(500000, '[');
    const std::string lines = deep + "\n{\"label\":\"" + std::string(2U << 20U, 'a') + "\"}\n";
    EXPECT_EQ(read_text(lines, Format::jsonl, true).bad.size(), 2U);
}

TEST(Csv, ColumnsMayStandInAnyOrder) {
    const auto collection = read_text("e1,note,label,e0\r\n2,x,Ada,1\r\n", Format::csv);
    ASSERT_EQ(collection.entries.size(), 1U);
    EXPECT_EQ(collection.entries[0].record.encoding, (std::vector<float>{1, 2}));
    EXPECT_THROW(read_text("label,e1\nAda,1\n", Format::csv), Error);
    EXPECT_THROW(read_text("label,e0,e0\nAda,1,2\n", Format::csv), Error);
    EXPECT_THROW(read_text("", Format::csv), Error);
}

TEST(Csv, ABadLineIsNamedAndCanBeLeftOut) {
    for (const auto* bad : {"Ada,1", "Ada,1,2,3", "Ada,1,x", "Ada,1,", "Ada,1,nan", "Ada,1,inf", "Ada,1,1e99", ",1,2",
                            "\"A\"da,1,2", "Ada,1, 2"}) {
        const auto text = "label,e0,e1\nAda,1,2\n"s + bad + "\nAda,3,4\n";
        try {
            read_text(text, Format::csv);
            FAIL() << bad;
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find("line 3: "), std::string::npos) << error.what();
        }
        EXPECT_EQ(read_text(text, Format::csv, true).entries.size(), 2U) << bad;
    }
}

TEST(Csv, TwoModelsInOneFileAreRefused) {
    const auto line = [](const std::string& encoder) {
        return "Ada,1," + encoder + "," + std::string(64, '0') + ",l2\n";
    };
    const std::string head = "label,e0,encoder,weights,metric\n";
    EXPECT_NO_THROW(read_text(head + line("one") + line("one"), Format::csv));
    EXPECT_THROW(read_text(head + line("one") + line("two"), Format::csv), Error);
}

TEST(Formats, AreToldByTheirFirstBytes) {
    EXPECT_EQ(sniff(bytes_of("PK\x03\x04")), Format::npz);
    EXPECT_EQ(sniff(bytes_of("\x80\x04\x95")), Format::pickle);
    EXPECT_EQ(sniff(bytes_of("(dp0\nS'encodings'")), Format::pickle);
    EXPECT_EQ(sniff(bytes_of("  {\"label\":")), Format::jsonl);
    EXPECT_EQ(sniff(bytes_of("label,e0\n")), Format::csv);
    EXPECT_EQ(sniff(bytes_of("")), Format::csv);
    EXPECT_THROW(format_from("xml"), Error);
}

TEST(OldPickle, AnEntryThatIsNoneIsNamed) {
    // [{"label": "Ada", "encoding": [1.5]}, 7, {"label": 2, "encoding": [2.5]}] and classes of one
    const std::string label = "\x8c\x05label"s;
    const std::string encoding =
        "\x8c\x08"
        "encoding](G"s;
    const std::string entries = "](}(" + label +
                                "\x8c\x03"
                                "Ada" +
                                encoding + "\x3f\xf8\0\0\0\0\0\0eu"s + "K\x07}(" + label + "K\x02" + encoding +
                                "\x40\x04\0\0\0\0\0\0eue"s;
    const std::string bytes =
        "\x80\x04}(\x8c\x09"
        "encodings" +
        entries +
        "\x8c\x0d"
        "label_encoder}\x8c\x08"
        "classes_](\x8c\x03"
        "Zoeesu.";
    try {
        read_text(bytes, Format::pickle);
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("record 1: it is no dict"), std::string::npos) << error.what();
    }
    const auto collection = read_text(bytes, Format::pickle, true);
    ASSERT_EQ(collection.entries.size(), 1U);
    EXPECT_EQ(collection.entries[0].record.label, "Ada");
    ASSERT_EQ(collection.bad.size(), 2U);
    EXPECT_EQ(collection.bad[1].place, "record 2");
    EXPECT_EQ(collection.bad[1].reason, "label 2 is none of the 1 classes");
}

TEST(OldPickle, TheSameEntryAgainAndAgainIsBounded) {
    // One entry of 4,096 numbers that two bytes name.
    std::string entry =
        "}\x94(\x8c\x05label\x8c\x03"
        "Ada\x8c\x08"
        "encoding](";
    for (int i = 0; i < 4096; ++i) {
        entry += "K\x01";
    }
    std::string bytes = "\x80\x04](" + entry + "eu";
    for (int i = 0; i < 100000; ++i) {
        bytes += "h\0"s;
    }
    try {
        read_text(bytes + "e.", Format::pickle, true);
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("unfolds"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace mien::exchange
