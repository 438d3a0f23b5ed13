// SPDX-License-Identifier: MIT

/// What every Matcher promises, on people made from numbers.

#include <mien/core/error.hpp>
#include <mien/gallery/change.hpp>
#include <mien/gallery/draft.hpp>
#include <mien/match/distance.hpp>
#include <mien/match/evidence.hpp>
#include <mien/match/matcher.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <thread>

namespace mien::match {
namespace {

using GalleryPtr = std::shared_ptr<const gallery::Gallery>;

constexpr double k_threshold = 0.5;  ///< of the synthetic people: theirs are near 0.2, others near 1

struct Tested {
    std::string name;
    std::string vote;
    friend void PrintTo(const Tested& tested, std::ostream* out) { *out << tested.name << ' ' << tested.vote; }
};

class MatcherContract : public testing::TestWithParam<Tested> {
protected:
    [[nodiscard]] static MatcherOptions options(int threads = 1) {
        MatcherOptions wanted;
        wanted.name = GetParam().name;
        if (!GetParam().vote.empty()) {
            wanted.vote = parse_vote(GetParam().vote);
        }
        wanted.svm.c = 10;  // no grid: it is the svm's own test
        wanted.svm.gamma = 0.5;
        wanted.threads = threads;
        return wanted;
    }
    [[nodiscard]] static std::unique_ptr<Matcher> matcher_of(const GalleryPtr& gallery, int threads = 1) {
        return fit_matcher(options(threads), gallery);
    }
    [[nodiscard]] static Encoding probe_of(const gallery::Gallery& gallery, std::vector<float> values) {
        return {std::make_shared<const ModelContract>(gallery.contract()), std::move(values)};
    }
    /// Some of the gallery's own encodings, a little astray.
    [[nodiscard]] static std::vector<Encoding> noisy_probes(const gallery::Gallery& gallery, std::size_t count) {
        std::mt19937 random(7);
        std::normal_distribution<float> noise(0, 0.02F);
        std::vector<Encoding> probes;
        for (std::size_t i = 0; i < count; ++i) {
            const auto encoding = gallery.encoding(i * gallery.rows() / count);
            std::vector<float> values(encoding.begin(), encoding.end());
            for (auto& value : values) {
                value += noise(random);
            }
            probes.push_back(probe_of(gallery, test::unit(values)));
        }
        return probes;
    }
    [[nodiscard]] static GalleryPtr gallery_of(std::span<const gallery::Record> records, gallery::Extras extras = {},
                                               std::vector<gallery::Denial> denials = {}) {
        const auto dim = records.empty() ? 16U : static_cast<std::uint32_t>(records[0].encoding.size());
        return gallery::Gallery::build({test::synthetic_contract(dim), "{}", "f"}, records, {}, std::move(denials),
                                       std::move(extras));
    }
    static void expect_same(const std::vector<Candidate>& a, const std::vector<Candidate>& b) {
        ASSERT_EQ(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            EXPECT_EQ(a[i].label, b[i].label);
            EXPECT_EQ(a[i].distance, b[i].distance);
            EXPECT_EQ(a[i].record, b[i].record);
            EXPECT_EQ(a[i].probability, b[i].probability);
        }
    }
};

TEST_P(MatcherContract, KnowsItsName) {
    const auto matcher = matcher_of(test::synthetic_gallery({6, 4, 32}));
    EXPECT_EQ(matcher->name(), GetParam().name);
    EXPECT_EQ(matcher->method(), GetParam().name);
    EXPECT_FALSE(matcher->description().empty());
}

TEST_P(MatcherContract, NamesNoisyProbes) {
    const auto gallery = test::synthetic_gallery({40, 5, 64});
    const auto matcher = matcher_of(gallery);
    const auto probes = noisy_probes(*gallery, 40);
    const auto ranks = matcher->rank(probes, 3);
    ASSERT_EQ(ranks.size(), probes.size());
    for (std::size_t i = 0; i < probes.size(); ++i) {
        ASSERT_EQ(ranks[i].size(), 3U);
        const auto row = i * gallery->rows() / probes.size();
        EXPECT_EQ(ranks[i][0].label, gallery->record(row).label);
        EXPECT_LE(ranks[i][0].distance, k_threshold);
        EXPECT_EQ(gallery->record(ranks[i][0].record).label, ranks[i][0].label);
    }
}

TEST_P(MatcherContract, TheLikeliestComeFirstAndEachPersonOnce) {
    const auto gallery = test::synthetic_gallery({12, 4, 24, 0.3});
    const auto ranks = matcher_of(gallery)->rank(noisy_probes(*gallery, 20), 100);
    for (const auto& rank : ranks) {
        EXPECT_EQ(rank.size(), 12U);
        std::vector<std::string> labels;
        for (std::size_t i = 0; i < rank.size(); ++i) {
            labels.push_back(rank[i].label);
            if (i > 0 && rank[i].probability) {
                EXPECT_GE(*rank[i - 1].probability, *rank[i].probability);
            } else if (i > 0) {
                EXPECT_LE(rank[i - 1].distance, rank[i].distance);
            }
        }
        std::sort(labels.begin(), labels.end());
        EXPECT_EQ(std::unique(labels.begin(), labels.end()), labels.end());
    }
}

TEST_P(MatcherContract, FewerCandidatesAreTheFirstOfMore) {
    const auto gallery = test::synthetic_gallery({12, 4, 24, 0.2});
    const auto matcher = matcher_of(gallery);
    const auto probes = noisy_probes(*gallery, 10);
    const auto many = matcher->rank(probes, 9);
    for (const std::size_t k : {0U, 1U, 4U}) {
        const auto few = matcher->rank(probes, k);
        for (std::size_t i = 0; i < probes.size(); ++i) {
            expect_same(few[i], {many[i].begin(), many[i].begin() + static_cast<std::ptrdiff_t>(k)});
        }
    }
}

TEST_P(MatcherContract, EqualsComeInTheOrderOfLabels) {
    auto records = test::synthetic_records({4, 3, 16});
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].encoding.assign(16, 0.0F);
        records[i].encoding[i % 3] = 1;  // each person has the same three encodings
    }
    const auto gallery = gallery_of(records);
    std::vector<float> probe(16);
    probe[0] = 1;
    const auto rank = matcher_of(gallery)->rank(std::vector{probe_of(*gallery, probe)}, 4).front();
    ASSERT_EQ(rank.size(), 4U);
    if (!rank[0].probability) {  // machines and kernels sum in their own order
        for (std::size_t i = 0; i < 4; ++i) {
            EXPECT_EQ(rank[i].label, test::person_label(i));
        }
    }
}

TEST_P(MatcherContract, AnEmptyGalleryKnowsNobody) {
    const auto gallery = gallery_of({});
    const auto probe = probe_of(*gallery, std::vector<float>(16, 0.25F));
    const auto ranks = matcher_of(gallery)->rank(std::vector{probe, probe}, 3);
    ASSERT_EQ(ranks.size(), 2U);
    EXPECT_TRUE(ranks[0].empty());
}

TEST_P(MatcherContract, NoProbesNoAnswers) {
    EXPECT_TRUE(matcher_of(test::synthetic_gallery({3, 3}))->rank({}, 3).empty());
}

TEST_P(MatcherContract, OnePersonIsNotEverybody) {
    const auto gallery = test::synthetic_gallery({1, 5, 32});
    const auto matcher = matcher_of(gallery);
    const auto own = matcher->rank(noisy_probes(*gallery, 1), 3).front();
    ASSERT_EQ(own.size(), 1U);
    EXPECT_LE(own[0].distance, k_threshold);
    const auto others = test::synthetic_gallery({5, 1, 32, 0.1, 99});
    const auto stranger = matcher->rank(noisy_probes(*others, 1), 3).front();
    EXPECT_GT(stranger.at(0).distance, k_threshold);
}

TEST_P(MatcherContract, AStrangersDistanceSaysSo) {
    const auto gallery = test::synthetic_gallery({20, 4, 64});
    const auto strangers = test::synthetic_gallery({20, 1, 64, 0.1, 1234});
    for (const auto& rank : matcher_of(gallery)->rank(noisy_probes(*strangers, 20), 1)) {
        EXPECT_GT(rank.at(0).distance, k_threshold);
    }
}

TEST_P(MatcherContract, AnotherModelsProbeIsRefusedWithBothNames) {
    const auto gallery = test::synthetic_gallery({3, 3});
    auto contract = gallery->contract();
    contract.encoder = "other";
    const Encoding probe{std::make_shared<const ModelContract>(contract), std::vector<float>(16, 0.25F)};
    try {
        static_cast<void>(matcher_of(gallery)->rank(std::vector{probe}, 1));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::model_mismatch);
        EXPECT_NE(std::string(error.what()).find("other"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("synthetic"), std::string::npos);
    }
}

TEST_P(MatcherContract, AProbeOfAnotherLengthOrWithoutFiniteNumbersIsRefused) {
    const auto gallery = test::synthetic_gallery({3, 3});
    const auto matcher = matcher_of(gallery);
    EXPECT_THROW(static_cast<void>(matcher->rank(std::vector{probe_of(*gallery, std::vector<float>(15))}, 1)), Error);
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        std::vector<float> values(16, 0.25F);
        values[3] = bad;
        EXPECT_THROW(static_cast<void>(matcher->rank(std::vector{probe_of(*gallery, values)}, 1)), Error);
    }
}

TEST_P(MatcherContract, AnEncodingWithoutFiniteNumbersIsNeverNear) {
    auto records = test::synthetic_records({4, 4, 16});
    records[0].encoding.assign(16, std::numeric_limits<float>::quiet_NaN());
    records[5].encoding[2] = std::numeric_limits<float>::infinity();
    const auto gallery = gallery_of(records);
    const auto matcher = matcher_of(gallery);
    for (const auto& rank : matcher->rank(std::vector{probe_of(*gallery, records[8].encoding)}, 4)) {
        EXPECT_EQ(rank.size(), 4U);
        for (const auto& candidate : rank) {
            EXPECT_TRUE(std::isfinite(candidate.distance));
            EXPECT_NE(candidate.record, 0U);
            EXPECT_NE(candidate.record, 5U);
        }
    }
}

TEST_P(MatcherContract, RemovedRecordsAreInNoAnswer) {
    const auto records = test::synthetic_records({6, 4, 32});
    const auto full = gallery_of(records);
    gallery::Draft draft(full);
    std::vector<gallery::Record> rest;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (i / 4 == 2 || i % 4 == 1) {
            draft.apply(gallery::Operation{gallery::Remove{records[i]}});
        } else {
            rest.push_back(records[i]);
        }
    }
    const auto vacant = draft.finish();
    ASSERT_EQ(vacant->rows(), records.size());
    const auto probes = noisy_probes(*full, 12);
    const auto before = matcher_of(full);
    const auto with_holes = fit_matcher(options(), vacant, before.get())->rank(probes, 6);
    const auto fresh = matcher_of(gallery_of(rest))->rank(probes, 6);
    for (std::size_t i = 0; i < probes.size(); ++i) {
        ASSERT_EQ(with_holes[i].size(), 5U);
        for (std::size_t j = 0; j < 5; ++j) {
            EXPECT_EQ(with_holes[i][j].label, fresh[i][j].label);
            EXPECT_EQ(with_holes[i][j].distance, fresh[i][j].distance);
            EXPECT_NE(with_holes[i][j].label, test::person_label(2));
        }
    }
}

TEST_P(MatcherContract, BatchesAndThreadsChangeNoBit) {
    const auto gallery = test::synthetic_gallery({60, 8, 40, 0.25});
    const auto one = matcher_of(gallery, 1);
    const auto three = matcher_of(gallery, 3);
    const auto probes = noisy_probes(*gallery, 37);
    const auto together = one->rank(probes, 5);
    const auto threaded = three->rank(probes, 5);
    const auto alone = matcher_of(gallery);
    for (std::size_t i = 0; i < probes.size(); ++i) {
        expect_same(together[i], threaded[i]);
        expect_same(together[i], alone->rank(std::span(probes).subspan(i, 1), 5).front());
    }
}

TEST_P(MatcherContract, ThreadsMayAskAtOnce) {
    const auto gallery = test::synthetic_gallery({60, 20, 40, 0.25});
    const auto matcher = matcher_of(gallery);
    const auto probes = noisy_probes(*gallery, 30);
    const auto expected = matcher_of(gallery)->rank(probes, 3);
    std::vector<std::vector<std::vector<Candidate>>> answers(4);
    {
        std::vector<std::jthread> threads;
        for (auto& answer : answers) {
            threads.emplace_back([&] {
                for (const auto& probe : probes) {
                    answer.push_back(matcher->rank(std::span(&probe, 1), 3).front());
                }
            });
        }
    }
    for (const auto& answer : answers) {
        for (std::size_t i = 0; i < probes.size(); ++i) {
            expect_same(answer[i], expected[i]);
        }
    }
}

TEST_P(MatcherContract, WhatWasLearnedComesBackFromTheStore) {
    const auto records = test::synthetic_records({8, 5, 32, 0.2});
    const auto matcher = matcher_of(gallery_of(records));
    const auto kept = gallery_of(records, {{std::string(k_matcher_extra), matcher->save()}});
    const auto restored = make_matcher({}, kept);
    EXPECT_EQ(restored->name(), matcher->name());
    EXPECT_EQ(restored->method(), matcher->method());
    EXPECT_EQ(restored->save(), matcher->save());
    const auto probes = noisy_probes(*kept, 11);
    const auto expected = matcher->rank(probes, 4);
    const auto found = restored->rank(probes, 4);
    for (std::size_t i = 0; i < probes.size(); ++i) {
        expect_same(found[i], expected[i]);
    }
}

TEST_P(MatcherContract, WhomTheStoreGotToKnowLaterIsKnown) {
    auto records = test::synthetic_records({8, 5, 32, 0.1});
    const auto newcomer = std::span(records).last(5);
    const auto before = matcher_of(gallery_of(std::span(records).first(35)));
    const auto now = gallery_of(records, {{std::string(k_matcher_extra), before->save()}});
    const auto matcher = make_matcher(options(), now, before.get());
    const auto rank = matcher->rank(std::vector{probe_of(*now, newcomer[0].encoding)}, 1).front();
    EXPECT_EQ(rank.at(0).label, newcomer[0].label);
}

TEST_P(MatcherContract, DamagedKnowledgeIsAnErrorOrAnAnswerNeverACrash) {
    const auto records = test::synthetic_records({4, 4, 8, 0.2});
    const auto whole = matcher_of(gallery_of(records))->save();
    const auto probe = probe_of(*gallery_of(records), records[0].encoding);
    const auto look = [&](const std::string& bytes) {
        const auto gallery = gallery_of(records, {{std::string(k_matcher_extra), bytes}});
        try {
            static_cast<void>(make_matcher({}, gallery)->rank(std::vector{probe}, 2));
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::store_corrupt);
            return false;
        }
        return true;
    };
    EXPECT_TRUE(look(whole));
    for (std::size_t length = 1; length < whole.size(); ++length) {
        EXPECT_FALSE(look(whole.substr(0, length))) << length;
    }
    EXPECT_FALSE(look(whole + '\0'));
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (const char flip : {'\x01', '\x80', '\xff'}) {
            auto bytes = whole;
            bytes[i] = static_cast<char>(bytes[i] ^ flip);
            static_cast<void>(look(bytes));
        }
    }
}

TEST_P(MatcherContract, ADenialOutweighsAFartherPersonAndNoOther) {
    const auto records = test::synthetic_records({5, 4, 32, 0.1});
    const auto plain = gallery_of(records);
    const auto probe = noisy_probes(*plain, 1).front();
    const auto label = matcher_of(plain)->rank(std::vector{probe}, 1).front().front().label;
    gallery::Denial denial{label, sha256("denied"), {}, "dataset/denied.jpg", 0, probe.values};

    const auto denied = gallery_of(records, {}, {denial});
    const auto judged = judge(*matcher_of(denied), *denied, std::vector{probe}, 3, k_threshold).front();
    EXPECT_FALSE(judged.not_a_face);
    ASSERT_EQ(judged.candidates.size(), 3U);
    for (const auto& candidate : judged.candidates) {
        EXPECT_NE(candidate.label, label);
    }
    // Their own photos are nearer to themselves than to the denied one.
    const auto own = probe_of(*denied, records[0].encoding);
    EXPECT_EQ(judge(*matcher_of(denied), *denied, std::vector{own}, 3, k_threshold).front().candidates[0].label,
              records[0].label);
    // A denial that is not within the threshold says nothing.
    EXPECT_EQ(judge(*matcher_of(denied), *denied, std::vector{probe}, 3, -1.0).front().candidates[0].label, label);

    denial.label.clear();
    const auto no_face = gallery_of(records, {}, {denial});
    EXPECT_TRUE(judge(*matcher_of(no_face), *no_face, std::vector{probe}, 3, k_threshold).front().not_a_face);
    EXPECT_FALSE(judge(*matcher_of(no_face), *no_face, std::vector{own}, 3, k_threshold).front().not_a_face);
}

INSTANTIATE_TEST_SUITE_P(Every, MatcherContract,
                         testing::Values(Tested{"nearest", ""}, Tested{"nearest", "mean"}, Tested{"nearest", "3"},
                                         Tested{"centroid", ""}, Tested{"label-propagation", ""}, Tested{"svm", ""}),
                         [](const auto& tested) {
                             auto name = tested.param.name + tested.param.vote;
                             std::erase(name, '-');
                             return name;
                         });

}  // namespace
}  // namespace mien::match
