// SPDX-License-Identifier: MIT
#include <mien/match/evidence.hpp>

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace mien::match {
namespace {

std::vector<Candidate> face(std::vector<std::pair<std::string, float>> people) {
    std::vector<Candidate> candidates;
    for (auto& [label, distance] : people) {
        candidates.push_back({label, distance, 0, {}});
    }
    return candidates;
}

std::string first_of(const std::vector<Candidate>& candidates, double threshold) {
    return candidates.empty() || static_cast<double>(candidates[0].distance) > threshold ? "unknown"
                                                                                         : candidates[0].label;
}

TEST(AssignOnce, TheNearerFaceKeepsThePersonAndTheOtherTakesItsNext) {
    std::vector faces{face({{"Ada", 0.4F}, {"Grace", 0.45F}}), face({{"Ada", 0.2F}, {"Mary", 0.3F}})};
    assign_once(faces, 0.5);
    EXPECT_EQ(first_of(faces[0], 0.5), "Grace");
    EXPECT_EQ(first_of(faces[1], 0.5), "Ada");
}

TEST(AssignOnce, WhoHasNoNextWithinTheThresholdIsUnknown) {
    std::vector faces{face({{"Ada", 0.4F}, {"Grace", 0.9F}}), face({{"Ada", 0.2F}}), face({{"Ada", 0.3F}})};
    assign_once(faces, 0.5);
    EXPECT_EQ(first_of(faces[0], 0.5), "unknown");
    EXPECT_EQ(faces[0][0].label, "Grace");
    EXPECT_EQ(first_of(faces[1], 0.5), "Ada");
    EXPECT_TRUE(faces[2].empty());
}

TEST(AssignOnce, TheFirstOfEqualsKeepsAndStrangersDisturbNobody) {
    std::vector faces{face({{"Ada", 0.9F}}), face({{"Ada", 0.2F}}), face({{"Ada", 0.2F}})};
    assign_once(faces, 0.5);
    EXPECT_EQ(faces[0].size(), 1U);
    EXPECT_EQ(faces[1].size(), 1U);
    EXPECT_TRUE(faces[2].empty());
}

/// No face and person would both rather have each other than what they got.
TEST(AssignOnce, IsStableForAnyCrowd) {
    constexpr float k_threshold = 0.7F;
    std::mt19937 random(11);
    std::uniform_real_distribution<float> uniform;
    for (int round = 0; round < 200; ++round) {
        std::vector<std::vector<Candidate>> before;
        for (int f = 0; f < 7; ++f) {
            std::vector<std::pair<std::string, float>> people;
            for (int p = 0; p < 7; ++p) {
                people.emplace_back(std::string(1, static_cast<char>('A' + p)), uniform(random));
            }
            if (round % 2 == 0) {  // as nearest ranks; else in an order of its own, as the svm's
                std::sort(people.begin(), people.end(), [](auto& a, auto& b) { return a.second < b.second; });
            }
            before.push_back(face(people));
        }
        auto after = before;
        assign_once(after, static_cast<double>(k_threshold));
        std::set<std::string> given;
        const auto holds = [&](std::size_t f, const std::string& label) {
            return first_of(after[f], static_cast<double>(k_threshold)) == label;
        };
        for (std::size_t f = 0; f < after.size(); ++f) {
            const auto label = first_of(after[f], static_cast<double>(k_threshold));
            EXPECT_TRUE(label == "unknown" || given.insert(label).second);
            // Whoever was ahead of what the face got is with a nearer face.
            for (const auto& lost : before[f]) {
                if (after[f].size() && lost.label == after[f][0].label) {
                    break;
                }
                bool nearer = false;
                for (std::size_t g = 0; g < after.size(); ++g) {
                    nearer = nearer || (g != f && holds(g, lost.label) && after[g][0].distance <= lost.distance);
                }
                EXPECT_TRUE(nearer);
            }
        }
    }
}

TEST(Votes, AreMinMeanOrANumber) {
    EXPECT_EQ(parse_vote("min"), Vote{1});
    EXPECT_EQ(parse_vote("mean"), Vote{0});
    EXPECT_EQ(parse_vote("3"), Vote{3});
    EXPECT_EQ(to_string(Vote{3}), "3");
    EXPECT_EQ(to_string(parse_vote("mean")), "mean");
    for (const auto* bad : {"", "0", "-1", "1001", "3x", "max"}) {
        EXPECT_ANY_THROW(static_cast<void>(parse_vote(bad))) << bad;
    }
}

}  // namespace
}  // namespace mien::match
