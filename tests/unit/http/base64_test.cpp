// SPDX-License-Identifier: MIT
#include <mien/http/base64.hpp>

#include <gtest/gtest.h>

#include <random>

namespace mien::http {
namespace {

TEST(Base64, DecodesTheVectorsOfTheRfc) {
    EXPECT_EQ(base64_decoded(""), "");
    EXPECT_EQ(base64_decoded("Zg=="), "f");
    EXPECT_EQ(base64_decoded("Zm8="), "fo");
    EXPECT_EQ(base64_decoded("Zm9v"), "foo");
    EXPECT_EQ(base64_decoded("Zm9vYg=="), "foob");
    EXPECT_EQ(base64_decoded("Zm9vYmE="), "fooba");
    EXPECT_EQ(base64_decoded("Zm9vYmFy"), "foobar");
}

TEST(Base64, ForgivesBlanksAndMissingPadding) {
    EXPECT_EQ(base64_decoded(" Zm9v\r\nYmE\n"), "fooba");
    EXPECT_EQ(base64_decoded("Zg"), "f");
}

TEST(Base64, RefusesEverythingElse) {
    for (const auto* text : {"Z", "Zm9vY", "Zm9v!", "Zm=v", "====", "=", "Zm9v===", "Zh==", "Zm9=", "Zm-_"}) {
        EXPECT_EQ(base64_decoded(text), std::nullopt) << text;
    }
    EXPECT_EQ(base64_decoded(std::string_view("Zm9v\0Zm9v", 9)), std::nullopt);
}

TEST(Base64, GivesBackWhatItEncoded) {
    std::mt19937 random(17);
    for (std::size_t size = 0; size < 300; ++size) {
        std::string bytes(size, '\0');
        for (auto& byte : bytes) {
            byte = static_cast<char>(random());
        }
        EXPECT_EQ(base64_decoded(base64_encoded(bytes)), bytes);
    }
}

TEST(DataUri, IsReadWithAndWithoutItsHead) {
    std::string type;
    EXPECT_EQ(data_uri_decoded("data:image/PNG;base64,Zm9v", type), "foo");
    EXPECT_EQ(type, "image/png");
    EXPECT_EQ(data_uri_decoded("DATA:image/jpeg;charset=x;BASE64,Zm9v", type), "foo");
    type.clear();
    EXPECT_EQ(data_uri_decoded(" Zm9v ", type), "foo");
    EXPECT_EQ(type, "");
    for (const auto* text : {"data:", "data:image/png,Zm9v", "data:;base64", "data:image/png;base64;Zm9v"}) {
        EXPECT_EQ(data_uri_decoded(text, type), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace mien::http
