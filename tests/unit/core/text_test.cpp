// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/core/shell.hpp>
#include <mien/core/text.hpp>

#include <gtest/gtest.h>

namespace mien {
namespace {

TEST(Text, NfcJoinsLetterAndAccent) {
    EXPECT_EQ(to_nfc("Zoe\xCC\x81"), "Zo\xC3\xA9");
    EXPECT_EQ(to_nfc("Zo\xC3\xA9"), "Zo\xC3\xA9");
    EXPECT_EQ(to_nfc(""), "");
    EXPECT_THROW(to_nfc("a\xff"), Error);
}

TEST(Text, LabelsAreTrimmedAndChecked) {
    EXPECT_EQ(to_label("  Ada Lovelace "), "Ada Lovelace");
    EXPECT_EQ(to_label("unknown"), "unknown");
    EXPECT_EQ(to_label("李"), "李");
    EXPECT_THROW(to_label("   "), Error);
    EXPECT_THROW(to_label(""), Error);
    EXPECT_THROW(to_label("a\nb"), Error);
    EXPECT_THROW(to_label("a\x1b[31m"), Error);
    EXPECT_THROW(to_label("\xc3"), Error);
    EXPECT_EQ(to_label(std::string(255, 'a')).size(), 255U);
    EXPECT_THROW(to_label(std::string(256, 'a')), Error);
}

TEST(Text, Utf8RefusesOverlongAndSurrogates) {
    EXPECT_TRUE(is_utf8("aé李😀"));
    EXPECT_FALSE(is_utf8("\xc0\x80"));
    EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
    EXPECT_FALSE(is_utf8("\xe2\x82"));
}

TEST(Text, PrintableHasNoControlCharactersAndNoBadBytes) {
    EXPECT_EQ(printable("a\x1b[2Jb"), "a?[2Jb");
    EXPECT_EQ(printable("a\xffz"), "a\xEF\xBF\xBDz");
    EXPECT_EQ(printable("Zoé"), "Zoé");
}

TEST(Text, ShellQuotingSurvivesAShell) {
    EXPECT_EQ(shell_quoted("a/b-1.jpg"), "a/b-1.jpg");
    EXPECT_EQ(shell_quoted("a b"), "'a b'");
    EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_quoted(""), "''");
    EXPECT_EQ(shell_quoted("$(rm)"), "'$(rm)'");
    EXPECT_EQ(shell_quoted("a\x1b[31m'b\\"), "$'a\\033[31m\\'b\\\\'");
    EXPECT_EQ(shell_quoted("\xff"
                           "0"),
              "$'\\3770'");
    EXPECT_EQ(shell_quoted("\xc2\x9b"), "$'\\302\\233'");  // a control character of two bytes
    EXPECT_EQ(shell_quoted("é"), "'é'");
}

TEST(Text, ArgumentsAreNeverTakenForOptions) {
    EXPECT_EQ(shell_path("-d.jpg"), "./-d.jpg");
    EXPECT_EQ(shell_path("- d.jpg"), "'./- d.jpg'");
    EXPECT_EQ(shell_path("d.jpg"), "d.jpg");
    EXPECT_EQ(shell_option("--label", "Ada"), "--label Ada");
    EXPECT_EQ(shell_option("--label", "-x y"), "--label='-x y'");
}

}  // namespace
}  // namespace mien
