// SPDX-License-Identifier: MIT
#include <mien/core/json.hpp>
#include <mien/match/label_propagation.hpp>
#include <mien/match/pca.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <random>

namespace mien::match {
namespace {

Json cases() {
    std::ifstream file(std::string(MIEN_SOURCE_DIR) + "/tests/data/label_propagation/cases.json");
    return Json::parse(file);
}

TEST(LabelPropagation, GivesScikitLearnsNumbers) {
    std::size_t compared = 0;
    for (const auto& frozen : cases()) {
        const auto points = frozen["points"].get<std::vector<float>>();
        const auto probes = frozen["probes"].get<std::vector<float>>();
        const auto classes = frozen["labels"].get<std::vector<std::uint32_t>>();
        const auto dim = frozen["dim"].get<std::size_t>();
        const std::size_t count = classes.back() + 1;
        const auto pca = fit_pca(points, dim, k_propagation_variance);
        EXPECT_EQ(pca.count(), frozen["components"].get<std::size_t>()) << frozen["name"];
        const auto known = pca.project(points);
        for (std::size_t p = 0; p < probes.size() / dim; ++p) {
            std::vector<double> nearness;
            const auto found =
                propagated(pca.project(std::span(probes).subspan(p * dim, dim)), known, classes, count, nearness);
            for (std::size_t c = 0; c < count; ++c, ++compared) {
                EXPECT_NEAR(found[c], frozen["asked"][p * count + c].get<double>(), 1e-4) << frozen["name"];
                EXPECT_NEAR(found[c], frozen["refitted"][p * count + c].get<double>(), 1e-4) << frozen["name"];
            }
        }
    }
    EXPECT_GT(compared, 100U);
}

TEST(LabelPropagation, ProbabilitiesOfSomebodyFarAwayAreStillNumbers) {
    const std::vector<float> points{0, 1};
    const std::vector<std::uint32_t> classes{0, 1};
    std::vector<double> nearness;
    const auto found = propagated(std::vector<float>{1000}, points, classes, 2, nearness);
    EXPECT_DOUBLE_EQ(found[0] + found[1], 1);
    EXPECT_GT(found[1], 0.99);
}

TEST(Pca, ComponentsAreOrthonormalAndInTheOrderOfTheirVariance) {
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    for (const auto& [n, dim] : {std::pair<std::size_t, std::size_t>{200, 12}, {9, 40}}) {
        std::vector<float> points(n * dim);
        for (std::size_t i = 0; i < points.size(); ++i) {
            points[i] = normal(random) * static_cast<float>(1 + i % dim % 5) + 3;
        }
        const auto pca = fit_pca(points, dim, 0.999);
        for (std::size_t a = 0; a < pca.count(); ++a) {
            for (std::size_t b = 0; b <= a; ++b) {
                double product = 0;
                for (std::size_t j = 0; j < dim; ++j) {
                    product += pca.components[a * dim + j] * pca.components[b * dim + j];
                }
                EXPECT_NEAR(product, a == b ? 1 : 0, 1e-9);
            }
        }
        const auto projected = pca.project(points);
        double last = std::numeric_limits<double>::infinity();
        for (std::size_t c = 0; c < pca.count(); ++c) {
            double variance = 0;
            double mean = 0;
            for (std::size_t i = 0; i < n; ++i) {
                const auto value = static_cast<double>(projected[i * pca.count() + c]);
                variance += value * value;
                mean += value;
            }
            EXPECT_NEAR(mean / static_cast<double>(n), 0, 1e-5);
            EXPECT_LE(variance, last * (1 + 1e-6));
            last = variance;
        }
    }
}

TEST(Pca, PointsThatAreAllTheSameHaveNoDirection) {
    const std::vector<float> points{1, 2, 3, 1, 2, 3};
    const auto pca = fit_pca(points, 3, 0.9);
    EXPECT_EQ(pca.count(), 0U);
    EXPECT_TRUE(pca.project(points).empty());
}

}  // namespace
}  // namespace mien::match
