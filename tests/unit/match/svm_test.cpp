// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/match/svm.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
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

TEST(Svm, RefusesWhatItCouldNotReadAgain) {
    const auto gallery = test::synthetic_gallery({3, 5});
    for (const double number : {std::nan(""), HUGE_VAL, 0.0, -1.0}) {
        EXPECT_THROW(fit_svm(gallery, {.kernel = {}, .c = number, .gamma = {}}, 1), Error) << number;
        EXPECT_THROW(fit_svm(gallery, {.kernel = {}, .c = {}, .gamma = number}, 1), Error) << number;
    }
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

TEST(Svm, FoldsAreThoseOfScikitLearn) {
    using Folds = std::vector<std::array<std::size_t, k_svm_folds>>;
    // numpy.bincount of the classes in each fold of sklearn.model_selection.StratifiedKFold(5)
    EXPECT_EQ(stratified(std::vector<std::size_t>{2, 2, 2, 8}),
              (Folds{{1, 1, 0, 0, 0}, {0, 0, 1, 1, 0}, {1, 0, 0, 0, 1}, {1, 2, 2, 2, 1}}));
    EXPECT_EQ(stratified(std::vector<std::size_t>{7, 3, 12}),
              (Folds{{2, 2, 1, 1, 1}, {0, 0, 1, 1, 1}, {3, 3, 2, 2, 2}}));
}

TEST(Svm, AFoldNeverSplitsAPhoto) {
    auto records = test::synthetic_records({4, 8, 16, 0.2});
    for (std::size_t i = 0; i < records.size(); i += 2) {  // a photo shows each of them in a mirror, too
        records[i + 1].photo_hash = records[i].photo_hash;
        records[i + 1].box.left += 100;
    }
    const auto gallery = gallery::Gallery::build({test::synthetic_contract(16), "{}", "f"}, records);
    const auto folds = svm_folds(*gallery, 1);
    std::array<std::size_t, k_svm_folds> sizes{};
    for (std::size_t row = 0; row < folds.size(); row += 2) {
        ASSERT_LT(folds[row], k_svm_folds);
        EXPECT_EQ(folds[row], folds[row + 1]);
        ++sizes[folds[row]];
    }
    const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
    EXPECT_LE(*most - *least, 1U) << "four photos of four people in five folds";
    EXPECT_NE(folds, svm_folds(*gallery, 2));
}

/// The gallery with altered copies of each record: `count` of them, each number of the encoding moved a little.
std::shared_ptr<const gallery::Gallery> with_copies(const std::vector<gallery::Record>& records, std::uint32_t dim,
                                                    std::size_t count, double moved) {
    std::mt19937 random(5);
    std::normal_distribution<double> normal;
    gallery::Extras extras;
    for (const auto& record : records) {
        std::vector<float> copies;
        for (std::size_t i = 0; i < count; ++i) {
            for (const float value : record.encoding) {
                copies.push_back(value + static_cast<float>(moved * normal(random)));
            }
        }
        extras.emplace(gallery::augmented_name(record.key()), gallery::augmented_bytes(copies));
    }
    return gallery::Gallery::build({test::synthetic_contract(dim), "{}", "f"}, records, {}, {}, std::move(extras));
}

double accuracy_of(const Matcher& matcher) {
    const auto text = matcher.description();
    return std::stod(text.substr(text.rfind(' ')));
}

TEST(Svm, LearnsAlteredCopiesLikePhotos) {
    const auto records = test::synthetic_records({4, 5, 16, 0.25});
    const auto gallery = with_copies(records, 16, 3, 0.02);
    EXPECT_EQ(gallery::augmented_copies(*gallery), 3U);
    const auto matcher = fit_svm(gallery, {{}, 1.0, 0.5, 1}, 1);
    EXPECT_NE(matcher->description().find("20 photos and 60 altered copies"), std::string::npos)
        << matcher->description();
    EXPECT_EQ(matcher->save(), fit_svm(gallery, {{}, 1.0, 0.5, 1}, 4)->save());
    const auto plain = gallery::Gallery::build(gallery->description(), records);
    EXPECT_NE(matcher->save(), fit_svm(plain, {{}, 1.0, 0.5, 1}, 1)->save());
}

/// People who cannot be told apart: whoever asks about a copy of what it learned is right all the same.
TEST(Svm, CopiesAreHeldOutWithTheirPhoto) {
    const auto records = test::synthetic_records({5, 12, 64, 10});
    const double with = accuracy_of(*fit_svm(with_copies(records, 64, 4, 0), {{}, 10.0, 5.0, 1}, 2));
    EXPECT_LT(with, 0.5);
}

TEST(Svm, IsLearnedAnewWhereTheCopiesChanged) {
    const auto records = test::synthetic_records({4, 5, 16, 0.25});
    const auto learned = fit_svm(with_copies(records, 16, 2, 0.02), {{}, 1.0, 0.5, 1}, 1);
    const auto keeping = [&](std::size_t copies) {
        auto gallery = with_copies(records, 16, copies, 0.02);
        auto extras = gallery->extras();
        extras.emplace(std::string(k_matcher_extra), learned->save());
        return make_matcher({}, gallery::Gallery::build(gallery->description(), records, {}, {}, extras))->save();
    };
    EXPECT_EQ(keeping(2), learned->save());
    EXPECT_NE(keeping(3), learned->save());
    EXPECT_NE(keeping(0), learned->save());
}

TEST(Svm, RefusesMoreCopiesThanItCanLearn) {
    const auto gallery = with_copies(test::synthetic_records({60, 2, 2}), 2, 50, 0.1);
    EXPECT_THROW((void)fit_svm(gallery, {}, 1), Error);
}

TEST(Svm, DamagedCopiesAreRefused) {
    const auto records = test::synthetic_records({4, 5, 16, 0.25});
    const auto gallery = gallery::Gallery::build({test::synthetic_contract(16), "{}", "f"}, records, {}, {},
                                                 {{gallery::augmented_name(records.front().key()), "seven"}});
    try {
        (void)fit_svm(gallery, {}, 1);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::store_corrupt);
    }
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
