// SPDX-License-Identifier: MIT
#include <mien/eval/identification.hpp>

#include <mien/eval/random.hpp>
#include <mien/match/nearest.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace mien::eval {
namespace {

TEST(AssignRoles, EveryPersonHasOnePhotoInAGallery) {
    // persons 0..9 with 4 photos each, 10..14 with one
    std::vector<std::uint32_t> person;
    for (std::uint32_t p = 0; p < 10; ++p) {
        person.insert(person.end(), 4, p);
    }
    for (std::uint32_t p = 10; p < 15; ++p) {
        person.push_back(p);
    }
    const auto roles = assign_roles(person, {1, 0.2, 1});
    std::vector<int> enrolled(15);
    std::vector<bool> stranger(15);
    for (std::size_t i = 0; i < roles.size(); ++i) {
        enrolled[person[i]] += roles[i] == Role::enrolled || roles[i] == Role::enrolled_closed ? 1 : 0;
        if (roles[i] == Role::enrolled_closed || roles[i] == Role::probe_stranger) {
            stranger[person[i]] = true;
        }
    }
    EXPECT_EQ(enrolled, std::vector<int>(15, 1));
    EXPECT_EQ(std::count(stranger.begin(), stranger.begin() + 10, true), 2);  // a fifth of ten
    EXPECT_EQ(std::count(stranger.begin() + 10, stranger.end(), true), 5);    // nobody can be asked about them
    EXPECT_EQ(roles, assign_roles(person, {1, 0.2, 1}));
    EXPECT_NE(roles, assign_roles(person, {1, 0.2, 2}));
}

TEST(AssignRoles, NobodyIsHeldOutWhereNobodyShallBe) {
    const std::vector<std::uint32_t> person{0, 0, 0, 1, 1};
    const auto roles = assign_roles(person, {2, 0, 1});
    EXPECT_EQ(std::count(roles.begin(), roles.end(), Role::enrolled), 2);
    EXPECT_EQ(std::count(roles.begin(), roles.end(), Role::probe), 1);
    EXPECT_EQ(std::count(roles.begin(), roles.end(), Role::enrolled_closed), 2);  // person 1 has no third photo
}

/// A line of people: encodings are numbers, distance their difference (L2 of one dimension).
Templates line_of_people() { return {Metric::l2, 1, {0, 10, 20}, {0, 1, 2}, {true, true, false}}; }

TEST(RankProbe, RanksByTheNearestOfEachPerson) {
    const std::vector<float> probe{12};
    const auto of_one = rank_probe(line_of_people(), probe, 1, 4);
    EXPECT_EQ(of_one.closed.rank, 1U);
    EXPECT_FLOAT_EQ(of_one.closed.own, 2);
    EXPECT_FLOAT_EQ(of_one.closed.other, 8);
    EXPECT_EQ(of_one.closed.nearest, 2U);
    EXPECT_EQ(of_one.open.nearest, 0U);  // person 2 is no part of the open set's gallery
    const auto of_two = rank_probe(line_of_people(), probe, 2, 4);
    EXPECT_EQ(of_two.closed.rank, 2U);
    EXPECT_EQ(of_two.open.rank, 0U);
    EXPECT_FLOAT_EQ(of_two.open.other, 2);
    EXPECT_EQ(rank_probe(line_of_people(), probe, 3, 4).closed.rank, 0U);
}

TEST(RankProbe, EqualDistancesCountAgainstTheOwnPerson) {
    const std::vector<float> probe{5};
    EXPECT_EQ(rank_probe(line_of_people(), probe, 0, 3).closed.rank, 2U);
    EXPECT_EQ(rank_probe(line_of_people(), probe, 1, 3).closed.rank, 2U);
}

std::string label_of(std::uint32_t person) {
    std::array<char, 16> label{};
    std::snprintf(label.data(), label.size(), "person_%03u", person);
    return label.data();
}

std::vector<std::string> labels_of(std::uint32_t people) {
    std::vector<std::string> labels;
    for (std::uint32_t person = 0; person < people; ++person) {
        labels.push_back(label_of(person));
    }
    return labels;
}

std::shared_ptr<const gallery::Gallery> gallery_of(const Templates& templates) {
    gallery::Description description;
    description.contract = {"synthetic", std::string(64, '0'), templates.dim, templates.metric};
    std::vector<gallery::Record> records;
    for (std::size_t row = 0; row < templates.person.size(); ++row) {
        gallery::Record record;
        record.label = label_of(templates.person[row]);
        record.box.left = static_cast<std::int32_t>(row);
        record.encoding.assign(templates.rows.begin() + static_cast<std::ptrdiff_t>(row * templates.dim),
                               templates.rows.begin() + static_cast<std::ptrdiff_t>((row + 1) * templates.dim));
        records.push_back(std::move(record));
    }
    return gallery::Gallery::build(description, records);
}

TEST(RankByMatcher, IsTheExactNearestWhereTheMatcherIs) {
    constexpr std::uint32_t k_people = 150;
    Templates templates{Metric::l2, 2, {}, {}, {}};
    Random random(1);
    const auto number = [&random] { return static_cast<float>(random.below(10000)) / 1000; };
    for (std::uint32_t row = 0; row < 2 * k_people; ++row) {
        if (row / 2 % 10 != 0) {  // every tenth is not in the gallery
            templates.person.push_back(row / 2);
            templates.rows.insert(templates.rows.end(), {number(), number()});
            templates.open.push_back(true);
        }
    }
    const auto gallery = gallery_of(templates);
    const match::NearestMatcher matcher(gallery);
    const auto labels = labels_of(k_people);
    const auto contract = std::make_shared<const ModelContract>(gallery->contract());
    std::size_t late = 0;
    for (std::uint32_t person = 0; person < k_people; ++person) {
        const std::vector<float> probe{number(), number()};
        const auto wanted = rank_probe(templates, probe, person, k_people).closed;
        const auto found = rank_probe(matcher, *gallery, {contract, probe}, person, labels);
        EXPECT_EQ(found.rank, wanted.rank) << person;
        EXPECT_EQ(found.own, wanted.own) << person;
        EXPECT_EQ(found.other, wanted.other) << person;
        EXPECT_EQ(found.nearest, wanted.nearest) << person;
        late += wanted.rank > 64 ? 1U : 0U;
    }
    EXPECT_GT(late, 20U) << "some are behind those who are asked for first";
}

/// Believes what it is told, whatever the distances.
class Believer final : public match::Matcher {
public:
    explicit Believer(std::vector<match::Candidate> candidates) : m_candidates(std::move(candidates)) {}
    [[nodiscard]] std::string_view name() const override { return "believer"; }
    [[nodiscard]] std::string_view method() const override { return "believer"; }
    [[nodiscard]] std::vector<std::vector<match::Candidate>> rank(std::span<const Encoding> probes,
                                                                  std::size_t k) const override {
        auto candidates = m_candidates;
        candidates.resize(std::min(k, candidates.size()));
        return std::vector(probes.size(), candidates);
    }
    [[nodiscard]] std::string save() const override { return {}; }
    [[nodiscard]] std::string description() const override { return {}; }

private:
    std::vector<match::Candidate> m_candidates;
};

TEST(RankByMatcher, PlacesAreTheMatchersAndDistancesDecideAboutStrangers) {
    const Believer matcher({{label_of(2), 0.9F, 0, 0.7},
                            {label_of(0), 0.3F, 0, 0.1},
                            {label_of(1), 0.4F, 0, 0.1},
                            {label_of(3), 0.4F, 0, 0.1}});
    const auto gallery = gallery_of({Metric::l2, 1, {0, 1, 2, 3}, {0, 1, 2, 3}, {true, true, true, true}});
    const auto labels = labels_of(5);
    const auto rank = [&](std::uint32_t person) { return rank_probe(matcher, *gallery, {}, person, labels); };
    EXPECT_EQ(rank(2).rank, 1U) << "the likeliest, though the farthest";
    EXPECT_FLOAT_EQ(rank(2).own, 0.9F);
    EXPECT_FLOAT_EQ(rank(2).other, 0.3F);
    EXPECT_EQ(rank(2).nearest, 0U);
    EXPECT_EQ(rank(0).rank, 2U);
    EXPECT_EQ(rank(0).nearest, 2U) << "who comes first, not who is nearer";
    EXPECT_EQ(rank(1).rank, 4U) << "no other than the next, which counts against the own person";
    EXPECT_EQ(rank(3).rank, 4U);
    EXPECT_EQ(rank(4).rank, 0U);
    EXPECT_FLOAT_EQ(rank(4).other, 0.9F) << "a stranger is judged by whom they are taken for";
    EXPECT_EQ(rank(4).own, k_never);
}

Probe probe_of(std::uint32_t person, bool stranger, bool found, float own, float other) {
    Probe probe{0, person, stranger, found, true, {}};
    probe.rankings.open = {own, other, 0, own == k_never ? 0U : own < other ? 1U : 2U};
    probe.rankings.closed = probe.rankings.open;
    return probe;
}

TEST(OpenSet, MissesAreLateFarOrNotFoundAndStrangersWithoutAFaceRaiseNoAlarm) {
    std::vector<Probe> probes{
        probe_of(0, false, true, 0.2F, 0.9F),         // found
        probe_of(0, false, true, 0.6F, 0.9F),         // too far at 0.5
        probe_of(1, false, true, 0.4F, 0.3F),         // somebody else comes first
        probe_of(1, false, false, k_never, k_never),  // no face in the photo
        probe_of(2, false, true, k_never, 0.9F),      // never enrolled: no face in that photo
    };
    for (int i = 0; i < 9; ++i) {
        probes.push_back(probe_of(3, true, true, k_never, 0.55F + 0.05F * static_cast<float>(i)));
    }
    probes.push_back(probe_of(4, true, false, k_never, k_never));
    const auto scores = open_set(probes);
    EXPECT_DOUBLE_EQ(scores.at(0.5).true_rate, 0.2);
    EXPECT_DOUBLE_EQ(scores.at(0.5).false_rate, 0);
    EXPECT_DOUBLE_EQ(scores.at(0.56).false_rate, 0.1);  // of ten, the one without a face too
    EXPECT_DOUBLE_EQ(scores.at(10).true_rate, 0.4);
    const auto result = judge_identification(probes, 5, {0.1, 0.01}, 100, 1);
    EXPECT_DOUBLE_EQ(result.cmc.front(), 2.0 / 15);  // of all fifteen probes
    EXPECT_DOUBLE_EQ(result.cmc[1], 3.0 / 15);
    EXPECT_EQ(result.strangers, 10U);
    EXPECT_EQ(result.stranger_people, 2U);
    EXPECT_EQ(result.strangers_not_found, 1U);
    EXPECT_EQ(result.probes_not_found, 2U);
    EXPECT_DOUBLE_EQ(result.rates.at(0.1).point->true_rate,
                     0.2);  // the miss at 0.6 lies behind the second stranger's 0.6
    EXPECT_FALSE(result.rates.at(0.01).point);
    EXPECT_LE(result.rank1_interval.low, result.cmc.front());
    EXPECT_GE(result.rank1_interval.high, result.cmc.front());
}

}  // namespace
}  // namespace mien::eval
