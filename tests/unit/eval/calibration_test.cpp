// SPDX-License-Identifier: MIT
#include <mien/eval/calibration.hpp>

#include <mien/core/error.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <cmath>

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

TEST(Calibration, OfAnotherModelOrOtherSettingsIsNone) {
    auto calibration = calibrate(made_probes(400, 1), 400, {0.02, 0.5, 100, 1});
    const auto contract = test::synthetic_contract(16);
    calibration.encoder = contract.encoder;
    calibration.weights = contract.weights;
    calibration.fingerprint = "fingerprint";
    const auto with = [&](const std::string& text) {
        return gallery::Gallery::build({contract, "{}", "fingerprint"}, test::synthetic_records({}), {}, {},
                                       {{std::string(k_calibration_name), text}});
    };
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
    const auto contract = test::synthetic_contract(16);
    calibration.encoder = contract.encoder;
    calibration.weights = contract.weights;
    calibration.fingerprint = "fingerprint";
    const auto with = [&] {
        return gallery::Gallery::build({contract, "{}", "fingerprint"}, test::synthetic_records({}), {}, {},
                                       {{std::string(k_calibration_name), to_line(to_json(calibration))}});
    };
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

}  // namespace
}  // namespace mien::eval
