// SPDX-License-Identifier: MIT
#include <mien/http/trace.hpp>

#include <gtest/gtest.h>

namespace mien::http {
namespace {

constexpr const char* k_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

Trace read(const std::vector<std::pair<std::string, std::string>>& fields) {
    Fields headers;
    for (const auto& [name, value] : fields) {
        headers.add(name, value);
    }
    return read_trace(headers);
}

TEST(Trace, IsKept) {
    const auto trace =
        read({{"TraceParent", k_parent}, {"tracestate", "a=1, b@c=two words ,,"}, {"Tracestate", "0d=x"}});
    EXPECT_EQ(trace.parent, k_parent);
    EXPECT_EQ(trace.state, "a=1,b@c=two words,0d=x");
    EXPECT_EQ(read({{"traceparent", k_parent}}).state, "");
}

TEST(Trace, IsNobodysWithoutAParent) {
    const auto trace = read({{"tracestate", "a=1"}});
    EXPECT_EQ(trace.parent, "");
    EXPECT_EQ(trace.state, "");
}

TEST(Trace, OfALaterVersionIsReadByItsFirstFourFields) {
    const std::string ids = "-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-";
    for (const auto* sent : {"01", "01-extra", "01-", "ff"}) {
        const auto trace = read({{"traceparent", "cc" + ids + sent}, {"tracestate", "a=1"}});
        EXPECT_EQ(trace.parent, "00" + ids + "01") << sent;
        EXPECT_EQ(trace.state, "a=1");
    }
    EXPECT_EQ(read({{"traceparent", "01" + ids + "fe-x"}}).parent, "00" + ids + "00");
}

TEST(Trace, ThatCannotBeReadBeginsAnew) {
    const std::string good = k_parent;
    const std::vector<std::string> broken{"hello",
                                          "",
                                          good + "-x",
                                          good + "-",
                                          "ff" + good.substr(2),
                                          "cc" + good.substr(2) + "x",
                                          "cc" + good.substr(2) + ".x",
                                          "00-" + std::string(32, '0') + good.substr(35),
                                          good.substr(0, 36) + std::string(16, '0') + "-01",
                                          good.substr(0, 54),
                                          "0G" + good.substr(2),
                                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"};
    for (const auto& bad : broken) {
        const auto trace = read({{"traceparent", bad}, {"tracestate", "a=1"}});
        EXPECT_EQ(trace.state, "") << bad;
        ASSERT_EQ(trace.parent.size(), good.size()) << bad;
        EXPECT_NE(trace.parent, good);
        EXPECT_EQ(read({{"traceparent", trace.parent}}).parent, trace.parent);
    }
    EXPECT_NE(read({{"traceparent", k_parent}, {"traceparent", k_parent}}).parent, good);
    EXPECT_NE(read({{"traceparent", "x"}}).parent, read({{"traceparent", "x"}}).parent);
}

TEST(Trace, StatesThatCannotBeReadAreLeftOut) {
    const auto state = [](const std::string& text) {
        return read({{"traceparent", k_parent}, {"tracestate", text}}).state;
    };
    const std::vector<std::string> broken{"a",
                                          "=1",
                                          "a=",
                                          "A=1",
                                          "a=1,a=2",
                                          "a=1=2",
                                          "a=\x01",
                                          "a=\xc3\xa9",
                                          std::string(257, 'k') + "=1",
                                          std::string("a=").append(257, 'v')};
    for (const auto& bad : broken) {
        EXPECT_EQ(state("z=1," + bad), "") << bad;
    }
    std::string many;
    for (int i = 0; i < 33; ++i) {
        many.append("k").append(std::to_string(i)).append("=1,");
    }
    EXPECT_EQ(state(many), "") << "32 entries at most";
    const auto entry = [](char key) { return std::string(1, key) + "=" + std::string(200, 'v'); };
    EXPECT_EQ(state(entry('a') + "," + entry('b') + "," + entry('c') + ",d=1"), entry('a') + "," + entry('b'));
}

}  // namespace
}  // namespace mien::http
