// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/match/svm.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <random>

namespace mien::match {
namespace {

Encoding probe_of(const gallery::Gallery& gallery, std::size_t row) {
    const auto encoding = gallery.encoding(row);
    return {std::make_shared<const ModelContract>(gallery.contract()), {encoding.begin(), encoding.end()}};
}

TEST(Svm, FallsBackToCosineWhereThereIsTooLittleToLearnFromAndSaysSo) {
    for (const auto& people : {test::SyntheticPeople{1, 10}, test::SyntheticPeople{8, 1}}) {
        const auto gallery = test::synthetic_gallery(people);
        const auto matcher = fit_svm(gallery, {}, 1);
        EXPECT_EQ(matcher->name(), "svm");
        EXPECT_EQ(matcher->method(), "cosine");
        const auto rank = matcher->rank(std::vector{probe_of(*gallery, 0)}, 3).front();
        EXPECT_EQ(rank.at(0).label, gallery->record(0).label);
        EXPECT_FALSE(rank[0].probability.has_value());
    }
}

TEST(Svm, CosineLooksAtDirectionsAndAnswersInTheEncodersMetric) {
    auto records = test::synthetic_records({2, 1, 2});
    records[0].encoding = {4, 0};
    records[1].encoding = {0.8F, 0.8F};
    const auto gallery = gallery::Gallery::build({test::synthetic_contract(2, Metric::l2), "{}", "f"}, records);
    const Encoding probe{std::make_shared<const ModelContract>(gallery->contract()), {1, 0.1F}};
    const auto rank = fit_svm(gallery, {}, 1)->rank(std::vector{probe}, 2).front();
    EXPECT_EQ(rank[0].label, records[0].label);
    EXPECT_NEAR(static_cast<double>(rank[0].distance), std::sqrt(9.01), 1e-5);
}

TEST(Svm, SomebodyWithOnePhotoIsLearnedWithTheOthers) {
    auto records = test::synthetic_records({5, 6, 32, 0.1});
    records.erase(records.begin() + 1, records.begin() + 6);  // person_0 keeps one
    const auto gallery = gallery::Gallery::build({test::synthetic_contract(32), "{}", "f"}, records);
    const auto matcher = fit_svm(gallery, {}, 2);
    EXPECT_EQ(matcher->method(), "svm");
    for (std::size_t row = 0; row < gallery->rows(); row += 3) {
        EXPECT_EQ(matcher->rank(std::vector{probe_of(*gallery, row)}, 1).front().at(0).label,
                  gallery->record(row).label);
    }
}

TEST(Svm, TheSameSeedLearnsTheSameForAnyThreadsAndAnyOrder) {
    auto records = test::synthetic_records({6, 7, 24, 0.3});
    const auto build = [&] { return gallery::Gallery::build({test::synthetic_contract(24), "{}", "f"}, records); };
    SvmOptions options;
    const auto one = fit_svm(build(), options, 1)->save();
    EXPECT_EQ(one, fit_svm(build(), options, 4)->save());
    std::mt19937 random(3);
    std::shuffle(records.begin(), records.end(), random);
    EXPECT_EQ(one, fit_svm(build(), options, 1)->save());
    options.seed = 2;
    EXPECT_NE(one, fit_svm(build(), options, 1)->save());
}

TEST(Svm, TakesTheGivenKernelAndParametersAndSaysThem) {
    const auto gallery = test::synthetic_gallery({4, 5, 16});
    const auto linear = fit_svm(gallery, {Kernel::linear, 10.0, {}, 1}, 1);
    EXPECT_NE(linear->description().find("linear kernel, C 10;"), std::string::npos) << linear->description();
    const auto rbf = fit_svm(gallery, {Kernel::rbf, 10.0, 0.1, 1}, 1);
    EXPECT_NE(rbf->description().find("rbf kernel, C 10, gamma 0.1;"), std::string::npos) << rbf->description();
    for (const auto* matcher : {linear.get(), rbf.get()}) {
        EXPECT_EQ(matcher->rank(std::vector{probe_of(*gallery, 7)}, 1).front().at(0).label, gallery->record(7).label);
    }
}

/// Of held-out probes of people who look much alike, those given p are right about p of the time.
TEST(Svm, ProbabilitiesAreCalibrated) {
    const test::SyntheticPeople people{8, 40, 12, 0.33};
    const auto all = test::synthetic_records(people);
    std::vector<gallery::Record> learned;
    std::vector<gallery::Record> held_out;
    for (std::size_t i = 0; i < all.size(); ++i) {
        (i % 2 == 0 ? learned : held_out).push_back(all[i]);
    }
    const auto gallery = gallery::Gallery::build({test::synthetic_contract(12), "{}", "f"}, learned);
    const auto matcher = fit_svm(gallery, {}, 2);
    const auto contract = std::make_shared<const ModelContract>(gallery->contract());
    double believed = 0;
    double right = 0;
    double whole = 0;
    for (const auto& record : held_out) {
        const auto rank = matcher->rank(std::vector{Encoding{contract, record.encoding}}, 8).front();
        double sum = 0;
        for (const auto& candidate : rank) {
            sum += *candidate.probability;
        }
        EXPECT_NEAR(sum, 1, 1e-6);
        believed += *rank[0].probability;
        right += rank[0].label == record.label ? 1 : 0;
        ++whole;
    }
    EXPECT_GT(right / whole, 0.5);
    EXPECT_LT(right / whole, 0.98);  // else there is nothing to calibrate
    EXPECT_NEAR(believed / whole, right / whole, 0.1);
}

TEST(Svm, RefusesAGalleryThatIsTooLargeAndSaysWhatToUse) {
    const auto gallery = test::synthetic_gallery({k_most_svm_people + 1, 1, 2});
    try {
        static_cast<void>(fit_svm(gallery, {}, 1));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::usage);
        EXPECT_NE(std::string(error.what()).find("--matcher nearest"), std::string::npos);
    }
}

}  // namespace
}  // namespace mien::match
