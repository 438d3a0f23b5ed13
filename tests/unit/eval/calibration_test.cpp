// SPDX-License-Identifier: MIT
#include <mien/eval/calibration.hpp>

#include <mien/core/error.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>

namespace mien::eval {
namespace {

double uniform(Random& random) { return static_cast<double>(random.next() >> 11U) / 9007199254740992.0; }
double normal(Random& random) {
    return std::sqrt(-2 * std::log(1 - uniform(random))) * std::cos(6.283185307179586 * uniform(random));
}

/// People with two photos each: own distance around 0.4, nearest stranger around 0.8.
std::vector<CalibrationProbe> made_probes(std::uint32_t people, std::uint64_t seed) {
    std::vector<CalibrationProbe> probes;
    Random random(seed);
    for (std::uint32_t person = 0; person < people; ++person) {
        const double look = 0.03 * normal(random);  // photos of one person come together
        for (int photo = 0; photo < 2; ++photo) {
            const double own = 0.4 + 0.1 * normal(random);
            const double other = 0.8 + look + 0.05 * normal(random);
            probes.push_back({person, static_cast<float>(std::min(own, other)), own < other, static_cast<float>(other),
                              static_cast<std::uint32_t>(random.below(people))});
        }
    }
    return probes;
}

double alarms(const std::vector<CalibrationProbe>& probes, double threshold) {
    double count = 0;
    for (const auto& probe : probes) {
        count += static_cast<double>(probe.other) <= threshold ? 1 : 0;
    }
    return count / static_cast<double>(probes.size());
}

TEST(Calibrate, TheThresholdLetsTheWantedShareOfStrangersPass) {
    const auto probes = made_probes(1000, 1);
    const auto calibration = calibrate(probes, 1000, {0.05, 0.5, 200, 1});
    EXPECT_DOUBLE_EQ(alarms(probes, calibration.threshold), 0.05);
    EXPECT_TRUE(calibration.interval.contains(0.05));
    EXPECT_EQ(calibration.stranger_people, 1000U);
    EXPECT_EQ(calibration.known_photos, 2000U);
    EXPECT_LT(calibration.fnir, 0.01);
}

TEST(Calibrate, OtherStrangersFallIntoTheInterval) {
    int inside = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const auto calibration = calibrate(made_probes(400, 100 + seed), 400, {0.02, 0.5, 400, 1});
        inside += calibration.interval.contains(alarms(made_probes(400, 900 + seed), calibration.threshold)) ? 1 : 0;
    }
    EXPECT_GE(inside, 37) << "of 40, where 99 % are promised";
}

TEST(Calibrate, SomebodyWithManyPhotosIsOneStranger) {
    auto probes = made_probes(1000, 1);
    const auto without = calibrate(probes, 1000, {0.05, 0.5, 200, 1});
    for (int photo = 0; photo < 500; ++photo) {  // a fifth of all photos
        probes.push_back({7, 0.4F, true, 0.45F, 8});
    }
    const auto with = calibrate(probes, 1000, {0.05, 0.5, 200, 1});
    EXPECT_NEAR(with.threshold, without.threshold, 0.002);
    EXPECT_LT(with.interval.high, 0.12);
}

TEST(Calibrate, RefusesWhatTooFewPeopleCanShow) {
    try {
        calibrate(made_probes(299, 1), 299, {0.01, 0.5, 100, 1});
        FAIL();
    } catch (const Error& error) {
        const std::string what = error.what();
        EXPECT_NE(what.find("at least 300"), std::string::npos) << what;
        EXPECT_NE(what.find("299 people"), std::string::npos) << what;
        EXPECT_NE(what.find("--impostors"), std::string::npos) << what;
    }
    EXPECT_NO_THROW(calibrate(made_probes(300, 1), 300, {0.01, 0.5, 100, 1}));
}

TEST(Calibrate, RefusesSharesThatAreNone) {
    const auto probes = made_probes(400, 1);
    for (const double share : {std::nan(""), 0.0, 1.0, -0.1, HUGE_VAL}) {
        EXPECT_THROW((void)calibrate(probes, 400, {share, 0.5, 100, 1}), Error) << share;
        EXPECT_THROW((void)calibrate(probes, 400, {0.1, share, 100, 1}), Error) << share;
        EXPECT_THROW((void)calibrate_pairs({}, {share, 100, 1}), Error) << share;
    }
}

TEST(Calibrate, ConfidencesAreProbabilities) {
    // Half of those who come are strangers: count how often the nearest person is right among fresh people.
    const auto calibration = calibrate(made_probes(3000, 1), 3000, {0.05, 0.5, 100, 1});
    const auto fresh = made_probes(3000, 2);
    for (const double distance : {0.45, 0.55, 0.6, 0.65}) {
        double right = 0;
        double all = 0;
        const auto near = [&](float d) { return std::abs(static_cast<double>(d) - distance) < 0.02; };
        for (const auto& probe : fresh) {
            if (near(probe.known)) {
                ++all;
                right += probe.right ? 1 : 0;
            }
            all += near(probe.other) ? 1 : 0;
        }
        const auto interval = wilson(right, all, 4);
        EXPECT_GE(calibration.confidence(distance), interval.low - 0.03) << distance;
        EXPECT_LE(calibration.confidence(distance), interval.high + 0.03) << distance;
    }
    double last = 1;
    for (double distance = 0; distance < 2; distance += 0.001) {
        const double confidence = calibration.confidence(distance);
        EXPECT_LE(confidence, last);
        EXPECT_GT(confidence, 0);
        last = confidence;
    }
}

TEST(Calibration, ComesBackFromItsText) {
    auto calibration = calibrate(made_probes(400, 1), 400, {0.02, 0.3, 100, 1});
    calibration.encoder = "synthetic";
    calibration.time = 1769850000;
    const auto text = to_line(to_json(calibration));
    const auto again = calibration_from(text);
    EXPECT_EQ(to_line(to_json(again)), text);
    EXPECT_NEAR(again.confidence(0.6), calibration.confidence(0.6), 1e-4);
}

TEST(Calibration, HostileTextsAreRefused) {
    auto good = to_json(calibrate(made_probes(400, 1), 400, {0.02, 0.5, 100, 1}));
    const auto refused = [](const Json& json) {
        try {
            calibration_from(to_line(json));
        } catch (const Error& error) {
            return error.code() == ErrorCode::store_corrupt;
        }
        return false;
    };
    EXPECT_THROW(calibration_from(""), Error);
    EXPECT_THROW(calibration_from("{"), Error);
    EXPECT_THROW(calibration_from("[]"), Error);
    for (const auto& [name, value] : good.items()) {
        auto bad = good;
        bad.erase(name);
        if (name != "interval_level" && name != "matcher") {
            EXPECT_TRUE(refused(bad)) << name << " is missing";
        }
        bad = good;
        bad[name] = Json::object();
        if (name != "interval_level") {
            EXPECT_TRUE(refused(bad)) << name << " is an object";
        }
    }
    auto rising = good;
    rising["curve"] = {{0.1, 0.2}, {0.2, 0.9}};
    EXPECT_TRUE(refused(rising));
    auto certain = good;
    certain["curve"] = {{0.1, 1.0}};
    EXPECT_TRUE(refused(certain));
    auto many = good;
    many["curve"] = Json::array();
    for (int i = 0; i < 1000; ++i) {
        many["curve"].push_back({i, 0.5});
    }
    EXPECT_TRUE(refused(many));
    auto other = good;
    other["version"] = 2;
    EXPECT_TRUE(refused(other));
}

/// A store that keeps this text under a name.
auto store_with(std::string_view name, const std::string& text) {
    return gallery::Gallery::build({test::synthetic_contract(16), "{}", "fingerprint"}, test::synthetic_records({}), {},
                                   {}, {{std::string(name), text}});
}

template <class SomeCalibration>
void make_it_of_the_store(SomeCalibration& calibration) {
    const auto contract = test::synthetic_contract(16);
    calibration.encoder = contract.encoder;
    calibration.weights = contract.weights;
    calibration.fingerprint = "fingerprint";
}

TEST(Calibration, OfAnotherModelOrOtherSettingsIsNone) {
    auto calibration = calibrate(made_probes(400, 1), 400, {0.02, 0.5, 100, 1});
    make_it_of_the_store(calibration);
    const auto with = [](const std::string& text) { return store_with(k_calibration_name, text); };
    EXPECT_TRUE(calibration_of(*with(to_line(to_json(calibration)))));
    EXPECT_FALSE(calibration_of(*test::synthetic_gallery({})));
    calibration.fingerprint = "another";
    EXPECT_FALSE(calibration_of(*with(to_line(to_json(calibration)))));
    calibration.fingerprint = "fingerprint";
    calibration.weights = "another";
    EXPECT_FALSE(calibration_of(*with(to_line(to_json(calibration)))));
    EXPECT_THROW((void)calibration_of(*with("nonsense")), Error);
}

TEST(Calibration, OfAnotherMatcherIsNone) {
    auto calibration = calibrate(made_probes(400, 1), 400, {0.02, 0.5, 100, 1});
    make_it_of_the_store(calibration);
    const auto with = [&] { return store_with(k_calibration_name, to_line(to_json(calibration))); };
    match::MatcherOptions mean;
    mean.vote = match::Vote{0};
    match::MatcherOptions svm;
    svm.name = "svm";
    EXPECT_TRUE(calibration_of(*with()));
    EXPECT_FALSE(calibration_of(*with(), mean));
    EXPECT_FALSE(calibration_of(*with(), svm));
    calibration.matcher = "svm rbf";
    EXPECT_FALSE(calibration_of(*with()));
    EXPECT_TRUE(calibration_of(*with(), svm));
    svm.svm.kernel = match::Kernel::linear;
    EXPECT_FALSE(calibration_of(*with(), svm));
    EXPECT_TRUE(kept_calibration(*with())) << "it is there, for another matcher";
}

TEST(Calibration, KnowsWhenTheGalleryHasOutgrownIt) {
    Calibration calibration;
    calibration.gallery_people = 100;
    EXPECT_FALSE(has_outgrown(calibration, 120));
    EXPECT_TRUE(has_outgrown(calibration, 121));
    EXPECT_FALSE(has_outgrown(calibration, 10));
}

/// Every ordered pair of people with one photo each; distance: of a pair, from 0 to people * (people - 1) - 1
PairProbes made_pairs(std::uint32_t people, const std::function<double(std::uint32_t, std::uint32_t)>& distance) {
    PairProbes probes;
    probes.gallery_people = people;
    probes.photos.assign(people, 1);
    for (std::uint32_t a = 0; a < people; ++a) {
        for (std::uint32_t b = 0; b < people; ++b) {
            if (a != b) {
                probes.nearest.push_back({static_cast<float>(distance(a, b)), a, b});
            }
        }
    }
    std::sort(probes.nearest.begin(), probes.nearest.end(),
              [](const auto& a, const auto& b) { return a.distance < b.distance; });
    return probes;
}

double apart(std::uint32_t a, std::uint32_t b) { return 0.01 * (1 + 9 * a + (b > a ? b - 1 : b)); }

TEST(CalibratePairs, TheThresholdLetsTheWantedShareOfPairsPass) {
    // ten people: 90 comparisons, at 0.01, 0.02 … 0.90; a tenth of them is nine
    auto probes = made_pairs(10, apart);
    for (std::uint32_t person = 0; person < 10; ++person) {
        probes.own.push_back({person < 8 ? 0.05F : 0.5F, true, person, person});
    }
    const auto calibration = calibrate_pairs(probes, {0.1, 200, 1});
    EXPECT_NEAR(calibration.threshold, 0.095, 1e-6);
    EXPECT_EQ(calibration.pairs, 45U);
    EXPECT_EQ(calibration.people, 10U);
    EXPECT_NEAR(calibration.fnmr.value_or(9), 0.2, 1e-9);
    EXPECT_TRUE(calibration.fnmr_interval.contains(0.2));
    probes.own.clear();
    EXPECT_FALSE(calibrate_pairs(probes, {0.1, 200, 1}).fnmr) << "nobody has a second photo";
}

TEST(CalibratePairs, SomebodyWithManyPhotosCountsOnce) {
    auto probes = made_pairs(10, apart);
    probes.photos[9] = 8;
    std::erase_if(probes.nearest, [](const auto& pair) { return pair.person == 9; });
    std::vector<PairComparison> of_nine;
    for (std::uint32_t photo = 0; photo < 8; ++photo) {  // all of them look like person 0, and like nobody else
        of_nine.push_back({0.001F, 9, 0});
    }
    probes.nearest.insert(probes.nearest.begin(), of_nine.begin(), of_nine.end());
    // one pair of nine is used up
    EXPECT_NEAR(calibrate_pairs(probes, {0.1, 100, 1}).threshold, 0.085, 1e-6);
}

TEST(CalibratePairs, ComparisonsThatWereNotLookedAtAreCounted) {
    const auto probes = made_pairs(10, apart);
    auto half = probes;
    half.share = 0.5;
    half.nearest.clear();
    for (std::size_t i = 1; i < probes.nearest.size(); i += 2) {
        half.nearest.push_back(probes.nearest[i]);
    }
    // four of the half stand for eight, five for ten
    EXPECT_NEAR(calibrate_pairs(half, {0.1, 100, 1}).threshold, 0.09, 1e-6);
}

/// Own photos around 0.4, others around 0.8.
PairProbes normal_pairs(std::uint32_t people, std::uint64_t seed) {
    Random random(seed);
    auto probes = made_pairs(people, [&random](auto, auto) { return 0.8 + 0.1 * normal(random); });
    for (std::uint32_t person = 0; person < people; ++person) {
        probes.own.push_back({static_cast<float>(0.4 + 0.1 * normal(random)), true, person, person});
    }
    return probes;
}

TEST(CalibratePairs, ConfidencesAreProbabilitiesForOnePerson) {
    const auto calibration = calibrate_pairs(normal_pairs(300, 1), {0.001, 100, 1});
    EXPECT_GT(calibration.confidence(0.3), 0.95);
    EXPECT_LT(calibration.confidence(0.8), 0.05);
    EXPECT_GT(calibration.confidence(calibration.threshold - 0.02), 0.8) << "what passes is believed";
    double sum = 0;
    double right = 0;
    double all = 0;
    const auto others = normal_pairs(300, 2);  // where every other comparison is with the own person
    const auto ask = [&](float distance, double is_own, double weight) {
        const double confidence = calibration.confidence(static_cast<double>(distance));
        if (confidence > 0.2 && confidence < 0.98) {
            sum += weight * confidence;
            right += weight * is_own;
            all += weight;
        }
    };
    for (const auto& comparison : others.own) {
        ask(comparison.distance, 1, 1.0 / 300);
    }
    for (const auto& comparison : others.nearest) {
        ask(comparison.distance, 0, 1.0 / static_cast<double>(others.nearest.size()));
    }
    ASSERT_GT(all, 0.05);
    EXPECT_NEAR(sum / all, right / all, 0.08);
    EXPECT_EQ(to_json(pair_calibration_from(to_line(to_json(calibration)))), to_json(calibration));
}

TEST(CalibratePairs, ConfidencesDoWithTheNearestOfTheOthers) {
    auto probes = normal_pairs(300, 1);
    const auto whole = calibrate_pairs(probes, {0.001, 100, 1});
    probes.nearest.resize(probes.nearest.size() / 10);
    const auto part = calibrate_pairs(probes, {0.001, 100, 1});
    for (const double distance : {0.3, 0.45, 0.55}) {
        EXPECT_NEAR(part.confidence(distance), whole.confidence(distance), 0.03) << distance;
    }
    EXPECT_LT(part.confidence(1), 0.1);
}

TEST(CalibratePairs, PairsShareTheirPeople) {
    // Ten of a hundred look alike: 90 of 9900 pairs. Another hundred may have 3 or 18 of such looks (99 % of binomial
    // draws), which makes 6 to 306 pairs, and a threshold from few of them lets in some hundred of the others; 9900
    // independent comparisons at 1 % would show 0.75 to 1.27 %.
    const auto alike_or_not = [](std::size_t a, std::size_t b) {
        return a < 10 && b < 10 ? 0.1 : 0.5 + 0.0001 * static_cast<double>((a * 37 + b * 53) % 997);
    };
    const auto calibration = calibrate_pairs(made_pairs(100, alike_or_not), {0.01, 2000, 1});
    EXPECT_GT(calibration.threshold, 0.1);
    EXPECT_LT(calibration.interval.low, 0.004);
    EXPECT_GT(calibration.interval.high, 0.02);
    EXPECT_LT(calibration.interval.high, 0.05);
}

TEST(CalibratePairs, OtherPeopleFallIntoTheInterval) {
    int inside = 0;
    const auto people = [](std::uint64_t seed) {
        Random random(seed);
        std::vector<double> looks(60);
        for (auto& look : looks) {
            look = 0.05 * normal(random);  // some look like many
        }
        return made_pairs(60, [&](auto a, auto b) { return 1 + looks[a] + looks[b] + 0.1 * normal(random); });
    };
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const auto calibration = calibrate_pairs(people(100 + seed), {0.02, 400, 1});
        const auto others = people(900 + seed);
        const auto accepted = std::count_if(others.nearest.begin(), others.nearest.end(), [&](const auto& pair) {
            return static_cast<double>(pair.distance) <= calibration.threshold;
        });
        inside += calibration.interval.contains(static_cast<double>(accepted) / 3540) ? 1 : 0;
    }
    EXPECT_GE(inside, 37) << "of 40, where 99 % are promised";
}

TEST(CalibratePairs, RefusesWhatTooFewPairsCanShow) {
    auto probes = made_pairs(24, apart);
    try {
        calibrate_pairs(probes, {0.01, 100, 1});
        FAIL();
    } catch (const Error& error) {
        const std::string what = error.what();
        EXPECT_NE(what.find("at least 300 pairs"), std::string::npos) << what;
        EXPECT_NE(what.find("which 25 people make"), std::string::npos) << what;
        EXPECT_NE(what.find("276 pairs of 24 people"), std::string::npos) << what;
        EXPECT_NE(what.find("--impostors"), std::string::npos) << what;
    }
    EXPECT_NO_THROW(calibrate_pairs(made_pairs(25, apart), {0.01, 100, 1}));
    probes.photos.push_back(1);  // one who is not in the gallery makes a pair with each who is
    EXPECT_EQ(calibrate_pairs(probes, {0.01, 100, 1}).pairs, 300U);
    EXPECT_THROW(calibrate_pairs({}, {0.5, 100, 1}), Error);
}

TEST(NearestPairs, KeepsTheNearestInWhateverOrderTheyCome) {
    auto all = made_pairs(20, [](auto a, auto b) { return 0.01 * ((7 * a + 13 * b) % 31); }).nearest;
    const auto kept = [&] {
        NearestPairs nearest(50);
        for (const auto& pair : all) {
            if (pair.distance <= nearest.cap()) {
                nearest.add({pair});
            }
        }
        EXPECT_LT(nearest.cap(), 0.1F);
        std::vector<std::tuple<float, std::uint32_t, std::uint32_t>> told;
        for (const auto& pair : nearest.take()) {
            told.emplace_back(pair.distance, pair.person, pair.other);
        }
        return told;
    };
    const auto rising = kept();
    EXPECT_EQ(rising.size(), 50U);
    EXPECT_TRUE(std::is_sorted(rising.begin(), rising.end()));
    std::reverse(all.begin(), all.end());
    EXPECT_EQ(kept(), rising);
    Random(3).shuffle(all);
    EXPECT_EQ(kept(), rising);
}

TEST(PairCalibration, ComesBackFromItsTextAndNothingElseDoes) {
    auto probes = made_pairs(10, apart);
    probes.own.push_back({0.05F, true, 0, 0});
    auto calibration = calibrate_pairs(probes, {0.1, 100, 1});
    calibration.encoder = "synthetic";
    calibration.time = 1769850000;
    const auto good = to_json(calibration);
    EXPECT_EQ(to_json(pair_calibration_from(to_line(good))), good);
    calibration.fnmr.reset();
    EXPECT_EQ(to_json(pair_calibration_from(to_line(to_json(calibration)))), to_json(calibration));
    for (const auto& [name, value] : good.items()) {
        for (const bool absent : {true, false}) {
            auto bad = good;
            absent ? static_cast<void>(bad.erase(name)) : static_cast<void>(bad[name] = Json::object());
            if (name != "interval_level" && !(absent && (name == "fnmr" || name == "curve"))) {
                EXPECT_THROW(pair_calibration_from(to_line(bad)), Error) << name;
            }
        }
    }
    EXPECT_THROW(pair_calibration_from("[]"), Error);
    auto without = good;
    without.erase("curve");
    EXPECT_TRUE(pair_calibration_from(to_line(without)).curve.empty());
}

TEST(PairCalibration, IsOfOneModelAndSettingsAndStandsBesideTheOther) {
    auto calibration = calibrate_pairs(made_pairs(10, apart), {0.1, 100, 1});
    make_it_of_the_store(calibration);
    const auto with = [&] { return store_with(k_pair_calibration_name, to_line(to_json(calibration))); };
    EXPECT_TRUE(pair_calibration_of(*with()));
    EXPECT_FALSE(calibration_of(*with())) << "it is not for 1:N";
    calibration.fingerprint = "another";
    EXPECT_FALSE(pair_calibration_of(*with()));
    EXPECT_TRUE(kept_pair_calibration(*with()));
}

}  // namespace
}  // namespace mien::eval
