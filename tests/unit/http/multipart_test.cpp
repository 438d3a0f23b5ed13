// SPDX-License-Identifier: MIT
#include <mien/http/message.hpp>
#include <mien/http/multipart.hpp>

#include <gtest/gtest.h>

namespace mien::http {
namespace {

constexpr const char* k_file = "Content-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n";

TEST(Boundary, IsTakenAsRfc2046AllowsIt) {
    EXPECT_EQ(boundary_of("multipart/form-data; boundary=abc"), "abc");
    EXPECT_EQ(boundary_of("multipart/form-data; charset=utf-8; Boundary=\"a b'c\""), "a b'c");
    EXPECT_EQ(boundary_of("multipart/form-data;boundary=" + std::string(70, 'x')), std::string(70, 'x'));
    for (const auto& text :
         {std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
          std::string("multipart/form-data; boundary=\"abc"), std::string("multipart/form-data; boundary=\"abc \""),
          std::string("multipart/form-data; boundary=a\"b"), "multipart/form-data; boundary=" + std::string(71, 'x')}) {
        EXPECT_EQ(boundary_of(text), std::nullopt) << text;
    }
}

TEST(Multipart, FindsThePartsWithTheirBytes) {
    const std::string body = std::string("preamble\r\n--B\r\n") + k_file +
                             "Content-Type: image/JPEG; x=y\r\n\r\n\r\n--Bob\0\r\n-\r\n--B  \r\n" +
                             "content-disposition: form-data; name=label\r\n\r\nAda\r\n--B\r\n" +
                             "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--B--\r\nepilogue";
    // "\r\n--Bob" begins like the boundary and is not followed by a line break: it ends the parse, as it must
    EXPECT_THROW(parse_multipart(body, "B"), Refusal);
    const std::string good = std::string("preamble\r\n--B\r\n") + k_file +
                             "Content-Type: image/JPEG; x=y\r\n\r\n\r\n-Bob\r\n-\r\n--B  \r\n" +
                             "content-disposition: form-data; name=label\r\n\r\nAda\r\n--B\r\n" +
                             "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--B--\r\nepilogue";
    const auto parts = parse_multipart(good, "B");
    ASSERT_EQ(parts.size(), 3);
    EXPECT_EQ(parts[0].name, "file");
    EXPECT_EQ(parts[0].file_name, "a.jpg");
    EXPECT_EQ(parts[0].content_type, "image/jpeg");
    EXPECT_EQ(parts[0].body, "\r\n-Bob\r\n-");
    EXPECT_EQ(parts[1].name, "label");
    EXPECT_EQ(parts[1].body, "Ada");
    EXPECT_EQ(parts[2].body, "");
}

TEST(Multipart, UnderstandsQuotesAsBrowsersSendThem) {
    const auto parts = parse_multipart(
        "--B\r\nContent-Disposition: form-data; name=\"a\\\"b\"; filename=\"C:\\fake\\a;b.jpg\"\r\n\r\nx\r\n--B--",
        "B");
    ASSERT_EQ(parts.size(), 1);
    EXPECT_EQ(parts[0].name, "a\"b");
    EXPECT_EQ(parts[0].file_name, "C:\\fake\\a;b.jpg");
}

TEST(Multipart, EmptyFormsAreFine) { EXPECT_TRUE(parse_multipart("--B--\r\n", "B").empty()); }

TEST(Multipart, RefusesWhatIsBroken) {
    std::string many;
    for (std::size_t i = 0; i <= k_largest_number_of_parts; ++i) {
        many += "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
    }
    many += "--B--";
    const std::string disposition = "--B\r\nContent-Disposition: form-data; name=a\r\n";
    const std::vector<std::string> broken{
        "",
        "--B",
        "--B\r\n",
        "--C\r\n\r\n--C--",
        "--Bx\r\n\r\n--B--",
        disposition + "\r\nx",
        disposition + "\r\nx\r\n--B",
        disposition + "x\r\n--B--",
        disposition + "Content-Transfer-Encoding: base64\r\n\r\neA==\r\n--B--",
        disposition + "Content-Disposition: form-data; name=b\r\n\r\nx\r\n--B--",
        "--B\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--B--",
        "--B\r\nno colon\r\n\r\nx\r\n--B--",
        "--B\r\n" + std::string(k_largest_part_header, 'x') + ": a\r\n\r\nx\r\n--B--",
        many,
    };
    for (const auto& body : broken) {
        try {
            parse_multipart(body, "B");
            ADD_FAILURE() << body.substr(0, 100);
        } catch (const Refusal& refusal) {
            EXPECT_EQ(refusal.status(), 400);
            EXPECT_EQ(refusal.code(), "bad_multipart");
        }
    }
}

}  // namespace
}  // namespace mien::http
