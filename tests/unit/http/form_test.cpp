// SPDX-License-Identifier: MIT
#include <mien/http/form.hpp>

#include <gtest/gtest.h>

namespace mien::http {
namespace {

Request request(const std::string& type, std::string body) {
    Request request;
    request.headers.add("content-TYPE", type);
    request.body = std::move(body);
    return request;
}

TEST(Form, KeepsTheTypesOfJson) {
    const auto form =
        read_form(request("application/json", R"({"user_id":123,"photo":"Zm9v","name":"Ada","on":true,"x":null})"));
    EXPECT_EQ(form.image, "foo");
    EXPECT_EQ(form.fields, Json::parse(R"({"user_id":123,"name":"Ada","on":true,"x":null})"));
    EXPECT_EQ(form.text("user_id"), "123");
    EXPECT_EQ(form.text("name"), "Ada");
    EXPECT_EQ(form.text("x"), std::nullopt);
    EXPECT_EQ(form.text("absent"), std::nullopt);
    EXPECT_THROW(static_cast<void>(form.text("on")), Refusal);
}

TEST(Form, LongPhotosOfJsonAreTakenAsShortOnesAre) {
    const std::string text(5000, 'A');  // of zeros
    const std::string photo(3750, '\0');
    const auto ask = [](const std::string& body) { return read_form(request("application/json", body)); };
    for (const auto& body :
         {R"({"photo":")" + text + R"(","user_id":7})", R"({ "user_id" : 7 , "photo" : ")" + text + "\"\n}",
          R"({"user_id":7,"a":"say \"photo\": {","b":[{}],"frame_data":"data:image/jpeg;base64,)" + text + R"("})",
          R"({"file":"AAAA","user_id":7,"file":")" + text + R"("})",        // the last of equal keys
          R"({"photo":"\u0041)" + text.substr(1) + R"(","user_id":7})"}) {  // an escape
        const auto form = ask(body);
        EXPECT_EQ(form.image, photo) << body.substr(0, 80);
        EXPECT_EQ(form.text("user_id"), "7");
        EXPECT_FALSE(form.fields.contains("photo"));
    }
    // What is no photo stays as it is, and so does a photo inside something else.
    const auto form =
        ask(R"({"note":")" + text + R"(","in":{"photo":")" + text + R"("},"list":["photo",")" + text + R"("]})");
    EXPECT_FALSE(form.image);
    EXPECT_EQ(form.fields["note"], text);
    EXPECT_EQ(form.fields["in"]["photo"], text);
    EXPECT_EQ(form.fields["list"][1], text);
    for (const auto& body : {R"({"photo":")" + text, R"({"photo":")" + text + "\"", R"({"photo":")" + text + R"("]})",
                             R"({"photo":")" + text + R"(" "x":1})", R"({"photo":")" + text + "\xff\"}",
                             R"({"photo":")" + text + "\n\"}", R"({"photo":")" + text + R"(","file":"\u00000"})",
                             std::string(R"({"photo":"\u00000"})"), R"(["photo":")" + text + R"("])"}) {
        EXPECT_THROW(ask(body), Refusal) << body.substr(body.size() - 20);
    }
}

TEST(Form, TakesUrlencodedFields) {
    const auto form =
        read_form(request("application/x-www-form-urlencoded", "image_path=dataset%2Fa.jpg&label=Ada+L%C3%A9&&empty="));
    EXPECT_EQ(form.text("image_path"), "dataset/a.jpg");
    EXPECT_EQ(form.text("label"), "Ada Lé");
    EXPECT_EQ(form.text("empty"), "");
    EXPECT_FALSE(form.image);
    EXPECT_THROW(read_form(request("application/x-www-form-urlencoded", "a=%zz")), Refusal);
    EXPECT_THROW(read_form(request("application/x-www-form-urlencoded", "a=%ff")), Refusal);
}

TEST(Form, TakesFieldsOfABareImageFromTheQuery) {
    auto bare = request("image/jpeg", "foo");
    bare.query.add("label", "Ada");
    const auto form = read_form(bare);
    EXPECT_EQ(form.image, "foo");
    EXPECT_EQ(form.text("label"), "Ada");
}

TEST(Form, APhotoThatIsSaidToBeAFormIsOfTheWrongType) {
    try {
        read_form(request("application/x-www-form-urlencoded", "\xff\xd8\xff%zz"));
        FAIL() << "nothing was thrown";
    } catch (const Refusal& refusal) {
        EXPECT_EQ(refusal.code(), "unsupported_media_type");
    }
}

TEST(Form, PassesOverFilesThatNobodyAsksFor) {
    const auto form =
        read_form(request("multipart/form-data; boundary=x",
                          "--x\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a.jpg\"\r\n"
                          "Content-Type: image/jpeg\r\n\r\n\xff\xd8\r\n"
                          "--x\r\nContent-Disposition: form-data; name=\"label\"\r\n\r\nAda\r\n--x--\r\n"));
    EXPECT_FALSE(form.image);
    EXPECT_EQ(form.fields, Json::parse(R"({"label":"Ada"})"));
}

TEST(Form, TextsThatAreNoneAreAComplaintAsFastApiWritesIt) {
    try {
        static_cast<void>(read_form(request("application/json", R"({"label":[1]})")).text("label"));
        FAIL() << "nothing was thrown";
    } catch (const Refusal& refusal) {
        EXPECT_EQ(refusal.code(), "invalid_fields");
        EXPECT_EQ(refusal.extra()["detail"][0]["loc"], Json::array({"body", "label"}));
    }
}

TEST(Form, TakesAByteOrderMark) {
    for (const auto* type : {"application/json", "text/plain", "application/x-www-form-urlencoded"}) {
        const auto form = read_form(request(type, "\xef\xbb\xbf{\"user_id\":7,\"photo\":\"Zm9v\"}"));
        EXPECT_EQ(form.text("user_id"), "7") << type;
        EXPECT_EQ(form.image, "foo") << type;
    }
    EXPECT_EQ(parse_json("\xef\xbb\xbf[1]"), Json::array({1}));
    EXPECT_THROW(read_form(request("application/json", "\xef\xbb\xbf\xef\xbb\xbf{}")), Refusal);
}

TEST(Form, SpellingsOfAFieldAreOne) {
    const auto json = [](const std::string& body) { return read_form(request("application/json", body)); };
    EXPECT_EQ(json(R"({"user-id":7})").text("user_id"), "7");
    EXPECT_EQ(json(R"({"user-id":7,"user_id":7})").text("user_id"), "7");
    EXPECT_EQ(json(R"({"user-id":null,"user_id":7})").text("user_id"), "7");
    EXPECT_EQ(json(R"({"user_id":7,"user-id":null})").text("user_id"), "7");
    EXPECT_THROW(json(R"({"user-id":7,"user_id":8})"), Refusal);
    EXPECT_THROW(json(R"({"user-id":7,"user_id":"7"})"), Refusal);
    for (const auto* both : {"user_id=7&user-id=8", "user_id=7&user_id=8"}) {
        EXPECT_THROW(read_form(request("application/x-www-form-urlencoded", both)), Refusal) << both;
    }
    EXPECT_EQ(read_form(request("application/x-www-form-urlencoded", "user_id=7&user-id=7")).text("user_id"), "7");
}

TEST(Form, TheQueryDoesNotContradictIt) {
    auto asked = request("application/json", R"({"user_id":7,"label":"Ada"})");
    asked.query.add("user-id", "7");
    asked.query.add("other", "8");
    EXPECT_EQ(read_form(asked).text("user_id"), "7");
    asked.query.add("label", "Bob");
    EXPECT_THROW(read_form(asked), Refusal);
    auto bare = request("image/jpeg", "foo");
    bare.query.add("user_id", "7");
    bare.query.add("user-id", "8");
    EXPECT_THROW(read_form(bare), Refusal);
}

TEST(Form, AnEmptyBodyIsAnEmptyForm) {
    EXPECT_FALSE(read_form(request("application/json", "")).image);
    EXPECT_TRUE(read_form(Request()).fields.empty());
}

TEST(Json, IsBoundedInDepthAndCheckedToItsEnd) {
    const auto nested = [](int depth) {
        return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
    };
    EXPECT_NO_THROW(parse_json(nested(k_deepest_json)));
    EXPECT_THROW(parse_json(nested(k_deepest_json + 1)), Refusal);
    EXPECT_THROW(parse_json(std::string(1'000'000, '[')), Refusal);
    for (const auto& body : {R"({"a":)" + nested(k_deepest_json + 1), R"({"a":)" + std::string(1'000'000, '['),
                             R"({"photo":)" + nested(1'000'000) + "}"}) {
        EXPECT_THROW(read_form(request("application/json", body + "}")), Refusal);
    }
    EXPECT_THROW(parse_json(R"({"a":1}x)"), Refusal);
    EXPECT_THROW(parse_json("{\"a\":\"\xff\"}"), Refusal);
    EXPECT_THROW(parse_json("{'a':1}"), Refusal);
    EXPECT_THROW(parse_json(R"({"a":1e999})"), Refusal);
    EXPECT_EQ(parse_json(R"({"a":1,"a":2})")["a"], 2);
}

}  // namespace
}  // namespace mien::http
