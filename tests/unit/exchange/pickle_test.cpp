// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/exchange/pickle.hpp>

#include <gtest/gtest.h>

#include <string>

namespace mien::exchange {
namespace {

using namespace std::string_literals;
using Kind = Plain::Kind;

/// A pickle with the bytes that it was read from.
struct Read {
    explicit Read(std::string bytes) : source(std::move(bytes)), pickle(std::as_bytes(std::span(source))) {}
    std::string source;
    Pickle pickle;
};

/// What the refusal says; empty where there was none.
std::string refusal(const std::string& bytes) {
    try {
        const Read read(bytes);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::runtime);
        return error.what();
    }
    return {};
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

template <class Number>
std::string little(Number number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

/// SHORT_BINUNICODE
std::string text(const std::string& characters) { return "\x8c"s + static_cast<char>(characters.size()) + characters; }

TEST(Pickle, PlainData) {
    const Read read("\x80\x04}(\x8c\x03key](K\x07J\xff\xff\xff\xff\x88\x89NG\x3f\xf8\0\0\0\0\0\0C\x02\xff\0eu."s);
    const auto* list = read.pickle.find(read.pickle.root(), "key");
    ASSERT_NE(list, nullptr);
    const auto items = read.pickle.items(*list);
    ASSERT_EQ(items.size(), 7U);
    EXPECT_EQ(items[0].integer(), 7);
    EXPECT_EQ(items[1].integer(), -1);
    EXPECT_TRUE(items[2].is(Kind::boolean) && items[2].integer() == 1);
    EXPECT_TRUE(items[3].is(Kind::boolean) && items[3].integer() == 0);
    EXPECT_TRUE(items[4].is(Kind::none));
    EXPECT_EQ(items[5].real(), 1.5);
    EXPECT_EQ(read.pickle.text(items[6]), "\xff\0"s);
}

TEST(Pickle, TheLinesOfProtocol0) {
    const Read read("(lp0\nI7\naL-12L\naF0.25\naI01\naS'it\\'s \\x41\\n'\np1\naVcaf\\u00e9 \\U0001F600\nag1\na."s);
    const auto items = read.pickle.items(read.pickle.root());
    ASSERT_EQ(items.size(), 7U);
    EXPECT_EQ(items[0].integer(), 7);
    EXPECT_EQ(items[1].integer(), -12);
    EXPECT_EQ(items[2].real(), 0.25);
    EXPECT_TRUE(items[3].is(Kind::boolean));
    EXPECT_EQ(read.pickle.text(items[4]), "it's A\n");
    EXPECT_EQ(read.pickle.text(items[5]), "café \U0001F600");
    EXPECT_EQ(read.pickle.text(items[6]), "it's A\n");
}

TEST(Pickle, LongsOfEveryLength) {
    EXPECT_EQ(Read("\x80\x02\x8a\x00."s).pickle.root().integer(), 0);
    EXPECT_EQ(Read("\x80\x02\x8a\x01\xff."s).pickle.root().integer(), -1);
    EXPECT_EQ(Read("\x80\x02\x8a\x02\xff\x00."s).pickle.root().integer(), 255);
    EXPECT_EQ(Read("\x80\x02\x8b\x08\0\0\0\0\0\0\0\0\0\0\x80."s).pickle.root().integer(), INT64_MIN);
    EXPECT_TRUE(says(refusal("\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\x01."s), "64 bits"));
}

// --- what could run code ---

TEST(Pickle, RefusesEveryWayToCallSomething) {
    struct Case {
        std::string bytes;
        std::string named;
        std::string place;
    };
    const std::vector<Case> cases{
        {"cos\nsystem\n(S'true'\ntR."s, "os.system", "byte 0"},
        {"\x80\x02"
         "cposix\nsystem\nX\x04\0\0\0true\x85R."s,
         "posix.system", "byte 2"},
        {"\x80\x04" + text("os") + text("system") + "\x93" + text("true") + "\x85R.", "os.system", "byte 14"},
        {"\x80\x04" + text("builtins") + text("eval") + "\x93.", "builtins.eval", "byte 18"},
        {"\x80\x04" + text("builtins") + text("getattr") + "\x93.", "builtins.getattr", "byte"},
        {"\x80\x04K\x01K\x02\x93.", "STACK_GLOBAL", "byte 6"},
        // A name that reaches through a permitted module
        {"\x80\x04" + text("numpy") + text("testing._private.utils.runstring") + "\x93.", "numpy.testing", "byte"},
        {"\x80\x04" + text("numpy") + text("load") + "\x93.", "numpy.load", "byte"},
        {"(S'true'\nios\nsystem\n.", "INST of os.system", "byte 9"},
        {"(c__builtin__\nobject\no.", "OBJ", "byte"},
        {"\x80\x02"
         "cnumpy\nndarray\n)\x81.",
         "NEWOBJ", "byte"},
        {"\x80\x04" + text("sklearn.preprocessing._label") + text("LabelEncoder") + "\x93)}\x92.", "NEWOBJ_EX", "byte"},
        {"\x80\x02)K\x01\x81.", "NEWOBJ", "byte 5"},
        {"\x80\x02\x82\x01.", "EXT1", "byte 2"},
        {"\x80\x02\x83\x01\x00."s, "EXT2", "byte 2"},
        {"\x80\x02\x84\x01\x00\x00\x00."s, "EXT4", "byte 2"},
        {"Pperson\n.", "PERSID", "byte 0"},
        {"\x80\x02K\x01Q.", "BINPERSID", "byte 4"},
        {"\x80\x05\x97.", "NEXT_BUFFER", "byte 2"},
        {"\x80\x05K\x01\x98.", "READONLY_BUFFER", "byte 4"},
        // BUILD calls __setstate__, or sets attributes of whatever lies there
        {"\x80\x02}}b.", "BUILD", "byte 4"},
        {"\x80\x02"
         "cnumpy\nndarray\n}b.",
         "BUILD", "byte"},
        {"\x80\x02"
         "csklearn.preprocessing._label\nLabelEncoder\n)\x81](K\x01"
         "eb.",
         "no dict", "byte"},
        // Calling what is no function, and permitted functions in ways that numpy never does
        {"\x80\x02K\x01)R.", "no function", "byte 5"},
        {"\x80\x02"
         "cnumpy.core.multiarray\n_reconstruct\n("
         "c_codecs\nencode\n)C\x01"
         "btR.",
         "_reconstruct", "byte"},
        {"\x80\x02"
         "cnumpy\nndarray\n)R.",
         "numpy.ndarray", "byte"},
        {"\x80\x02"
         "c_codecs\nencode\nX\x01\0\0\0aX\x06\0\0\0rot_13\x86R."s,
         "_codecs.encode", "byte"},
        {"\x80\x02"
         "ccopyreg\n_reconstructor\n(cnumpy\nndarray\ncbuiltins\nobject\nNtR.",
         "_reconstructor", "byte"},
        // APPENDS and SETITEMS call methods of what is neither a list nor a dict
        {"\x80\x02N(K\x01"
         "e.",
         "no list", "byte"},
        {"\x80\x02](K\x01K\x02u.", "no dict", "byte"},
    };
    for (const auto& hostile : cases) {
        const auto message = refusal(hostile.bytes);
        EXPECT_TRUE(says(message, hostile.named)) << hostile.named << " in: " << message;
        EXPECT_TRUE(says(message, hostile.place)) << hostile.place << " in: " << message;
        EXPECT_TRUE(says(message, "refused because it could run code")) << message;
    }
}

// --- what lies about itself ---

TEST(Pickle, RefusesLengthsThatDoNotFit) {
    for (const auto& bytes : {
             "\x80\x02\x8b\xff\xff\xff\xff."s,                  // LONG4 of -1 bytes
             "\x80\x02\x8b\x00\x00\x00\x80."s,                  // of -2^31
             "\x80\x02\x8b\xff\xff\xff\x7f."s,                  // of 2^31 - 1
             "\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff."s,  // BINBYTES8 of 2^64 - 1
             "\x80\x04\x8e\x00\x00\x00\x00\x00\x00\x00\x80."s,  // of 2^63
             "\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f."s,  // BYTEARRAY8
             "\x80\x04\x8d\xf0\xff\xff\xff\xff\xff\xff\xff."s,  // BINUNICODE8
             "\x80\x03"
             "B\xff\xff\xff\xff."s,  // BINBYTES
             "\x80\x02"
             "T\xff\xff\xff\xff."s,  // BINSTRING of -1
             "\x80\x02"
             "X\x10\x00\x00\x00short."s,                             // BINUNICODE
             "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff."s,       // FRAME
             "\x80\x04\x95\x40\x00\x00\x00\x00\x00\x00\x00N."s,      // a frame longer than the file
             "\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00K\x01."s,  // one that ends within an instruction
             "\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x95\x02\x00\x00\x00\x00\x00\x00\x00N."s,  // one within
                                                                                                     // another
             "V\\U0011FFFF\n."s, "V\\u12\n."s, "S'\\x4'\n."s, "S'\n."s, "Sno quotes\n."s, "Ix\n."s, "F1.5x\n."s,
             "I\n."s,
             "K\x01"s,  // no end
             ""s, "\x80"s, "\x80\x06N."s, "\xfe."s, "."s, "(."s, "NN."s,
             "(N."s,   // one value is due
             "N.N."s,  // two pickles
         }) {
        EXPECT_TRUE(says(refusal(bytes), "of the pickle: ")) << testing::PrintToString(bytes);
    }
}

TEST(Pickle, RefusesStacksThatDoNotFit) {
    for (const auto& bytes : {"0."s,      "2."s,
                              "a."s,      "Na."s,
                              "e."s,      "(e."s,
                              "](((e."s,  "(]((e."s,
                              "s."s,      "]NNNs."s,
                              "d."s,      "(Nd."s,
                              "u."s,      "t."s,
                              "l."s,      "1."s,
                              "\x85."s,   "(\x85."s,
                              "N(\x85."s, "R."s,
                              "NR."s,     "b."s,
                              "\x81."s,   "\x93."s,
                              "h\x00."s,  "j\xff\xff\xff\xff."s,
                              "g7\n."s,   "gx\n."s,
                              "q\x00."s,  "p-1\n."s,
                              "\x94."s}) {
        EXPECT_FALSE(refusal(bytes).empty()) << testing::PrintToString(bytes);
    }
}

TEST(Pickle, BoundsWhatItUnfoldsTo) {
    // Two bytes name a text of a megabyte, which protocols 0 to 2 turn into bytes of its own.
    std::string bomb =
        "\x80\x02"
        "c_codecs\nencode\nq\x00"
        "0X\x06\0\0\0latin1q\x01"
        "0X"s;
    bomb += little(std::uint32_t{1} << 20U) + std::string(std::size_t{1} << 20U, 'a') +
            "q\x02"
            "0("s;
    for (int i = 0; i < 500; ++i) {
        bomb += "h\x00h\x02h\x01\x86R"s;
    }
    EXPECT_TRUE(says(refusal(bomb + "l."), "unfolds"));
    // A byte a list.
    EXPECT_TRUE(says(refusal("(" + std::string(std::size_t{8} << 20U, ']') + "l."), "unfolds"));
    // A memo that claims to be large is only as large as what is put into it.
    EXPECT_EQ(refusal("\x80\x02Nr\xff\xff\xff\xff"
                      "0j\xff\xff\xff\xff."s),
              "");
    EXPECT_TRUE(says(refusal(std::string(2000, '(') + "."), "nested"));
}

TEST(Pickle, ListsMayHoldThemselves) {
    const Read read(
        "\x80\x02]q\x00h\x00"
        "a."s);
    const auto* list = &read.pickle.root();
    for (int depth = 0; depth < 1000; ++depth) {
        ASSERT_EQ(read.pickle.items(*list).size(), 1U);
        list = &read.pickle.items(*list)[0];
    }
    const Read deep("\x80\x02]" + std::string(1000000, ']') + std::string(1000000, 'a') + ".");
    EXPECT_EQ(deep.pickle.items(deep.pickle.root()).size(), 1U);
}

// --- arrays ---

const std::string k_f8 =
    "cnumpy\ndtype\n(U\x02"
    "f8K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"s;

std::string array_of(const std::string& shape, const std::string& dtype, const std::string& data) {
    return "\x80\x02"
           "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01"
           "btR(K\x01"s +
           shape + dtype + "\x89" + data + "tb.";
}

TEST(Pickle, ArraysMustFitTheirShapes) {
    const auto two = "U\x10"s + little(1.5) + little(-2.0);
    const Read read(array_of("K\x02\x85", k_f8, two));
    const auto& array = read.pickle.array(read.pickle.root());
    EXPECT_EQ(array.shape, std::vector<std::uint32_t>{2});
    double value{};
    EXPECT_TRUE(number_at(array.dtype, array.data, 1, value));
    EXPECT_EQ(value, -2.0);
    EXPECT_TRUE(says(refusal(array_of("K\x03\x85", k_f8, two)), "do not fit"));
    EXPECT_TRUE(says(refusal(array_of("K\x01\x85", k_f8, two)), "do not fit"));
    EXPECT_TRUE(says(refusal(array_of("J\xff\xff\xff\xff\x85", k_f8, two)), "impossible shape"));
    EXPECT_FALSE(refusal(array_of("J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86", k_f8, two)).empty());
    const std::string huge = "\x8a\x05\xff\xff\xff\xff\x00"s;  // 2^32 - 1; eight of them wrap 64 bits
    EXPECT_FALSE(
        refusal(array_of("(" + huge + huge + huge + huge + huge + huge + huge + huge + "t", k_f8, two)).empty());
    EXPECT_TRUE(says(refusal(array_of("(K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x02t", k_f8, two)), "dimensions"));
}

TEST(Pickle, OnlyPlainDtypes) {
    const auto dtype = [](const std::string& name) {
        return "\x80\x02"
               "cnumpy\ndtype\n(U"s +
               static_cast<char>(name.size()) + name + "K\x00K\x01tR."s;
    };
    for (const auto* name : {"f8", "f4", "f2", "i8", "i1", "u4", "b1", "U12", "S3", "O8", "O", "?", ">f4", "|S0"}) {
        EXPECT_EQ(refusal(dtype(name)), "") << name;
    }
    for (const auto* name :
         {"V8", "M8", "m8", "c16", "f16", "f", "i3", "U", "U4294967295", "U-1", "f8x", "", "datetime64"}) {
        EXPECT_FALSE(refusal(dtype(name)).empty()) << name;
    }
    EXPECT_TRUE(says(refusal("\x80\x02"
                             "cnumpy\ndtype\n(U\x02"
                             "f8K\x00K\x01tR(K\x03U\x01<NU\x01xNtb."s),
                     "structured"));
}

TEST(Pickle, DtypesReadAllNumbers) {
    double value{};
    const auto read = [&value](const char* name, const std::string& data) {
        Dtype dtype;
        return parse_dtype(name, dtype) && number_at(dtype, data, 0, value) ? value : -99.0;
    };
    EXPECT_EQ(read("<f2", "\x00\x3e"s), 1.5);
    EXPECT_EQ(read(">f2", "\xbe\x00"s), -1.5);
    EXPECT_EQ(read("<f2", "\x01\x00"s), 0x1p-24);
    EXPECT_EQ(read(">f4", "\x3f\xc0\x00\x00"s), 1.5);
    EXPECT_EQ(read(">i2", "\xff\xfe"s), -2);
    EXPECT_EQ(read("<u2", "\xfe\xff"s), 65534);
    EXPECT_EQ(read("i1", "\xff"s), -1);
    EXPECT_EQ(read("u1", "\xff"s), 255);
    EXPECT_EQ(read("?", "\x01"s), 1);
    EXPECT_EQ(read("U1", "a\0\0\0"s), -99);
    Dtype dtype;
    std::string text;
    ASSERT_TRUE(parse_dtype(">U3", dtype));
    EXPECT_TRUE(text_at(dtype, "\0\0\0A\0\0\0\xe9\0\0\0\0"s, 0, text));
    EXPECT_EQ(text, "Aé");
    EXPECT_FALSE(text_at(dtype, "\x7f\0\0\0\0\0\0\0\0\0\0\0"s, 0, text));
}

}  // namespace
}  // namespace mien::exchange
