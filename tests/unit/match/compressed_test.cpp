// SPDX-License-Identifier: MIT
#include <mien/match/compressed.hpp>
#include <mien/match/distance.hpp>
#include <mien/match/nearest.hpp>

#include <support/synthetic.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace mien::match {
namespace {

struct Tried {
    Metric metric;
    std::size_t dim;
    ScanIsa isa;
};

void PrintTo(const Tried& tried, std::ostream* out) {
    *out << to_string(tried.metric) << ' ' << tried.dim << " isa " << static_cast<int>(tried.isa);
}

/// Rows in which first looks err easily: copies, near copies, outliers, zeros, numbers that are none.
class Rows {
public:
    Rows(std::size_t count, std::size_t dim, unsigned seed) : m_dim(dim), m_random(seed) {
        std::normal_distribution<float> normal;
        for (std::size_t i = 0; i < count; ++i) {
            std::vector<float> row(dim);
            for (auto& value : row) {
                value = normal(m_random);
            }
            if (i > 0 && i % 3 != 0) {  // a few hundredths beside an earlier one
                const auto from = m_random() % i;
                for (std::size_t j = 0; j < dim; ++j) {
                    row[j] = values[from * dim + j] + 0.002F * static_cast<float>(m_random() % 16) * row[j];
                }
            }
            values.insert(values.end(), row.begin(), row.end());
            persons.push_back(static_cast<std::uint32_t>(m_random() % (count / 4 + 1)));
        }
        scale_row(5, 1000);
        scale_row(6, 0);
        scale_row(7, 1e-42F);
        values[8 * dim] = std::numeric_limits<float>::quiet_NaN();
        values[9 * dim + dim / 2] = std::numeric_limits<float>::infinity();
        scale_row(10, 1e25F);
        persons[11] = gallery::k_nobody;
    }

    [[nodiscard]] std::vector<float> probe(std::size_t i) {
        std::vector<float> probe(values.begin() + static_cast<std::ptrdiff_t>((20 + i * 13) * m_dim),
                                 values.begin() + static_cast<std::ptrdiff_t>((21 + i * 13) * m_dim));
        std::normal_distribution<float> normal(0, i % 4 == 0 ? 0.0F : 0.01F * static_cast<float>(i));
        for (auto& value : probe) {
            value += i % 4 == 0 ? 0 : normal(m_random);
        }
        return probe;
    }

    std::vector<float> values;
    std::vector<std::uint32_t> persons;

private:
    void scale_row(std::size_t row, float by) {
        for (std::size_t j = 0; j < m_dim; ++j) {
            values[row * m_dim + j] *= by;
        }
    }
    std::size_t m_dim;
    std::mt19937 m_random;
};

class FirstLook : public testing::TestWithParam<Tried> {};

TEST_P(FirstLook, LosesNobodyWhoMayBeNearest) {
    const auto [metric, dim, isa] = GetParam();
    if (isa > processor_isa()) {
        GTEST_SKIP() << "this processor has no such instructions";
    }
    Rows rows(3000, dim, static_cast<unsigned>(dim));
    const CompressedRows compressed(metric, dim, rows.values, 2, isa);
    std::vector<float> probes;
    for (std::size_t i = 0; i < 13; ++i) {
        const auto probe = rows.probe(i);
        probes.insert(probes.end(), probe.begin(), probe.end());
    }
    std::vector<float> measured(rows.persons.size());
    for (const std::size_t people : {1U, 3U, 20U}) {
        for (const int threads : {1, 3}) {
            const auto finalists = compressed.finalists(probes, rows.persons, people, threads);
            for (std::size_t p = 0; p < 13; ++p) {
                const auto probe = std::span(probes).subspan(p * dim, dim);
                distances(metric, probe, rows.values, measured);
                std::vector<float> best(rows.persons.size(), std::numeric_limits<float>::infinity());
                for (std::size_t i = 0; i < measured.size(); ++i) {
                    if (rows.persons[i] != gallery::k_nobody && std::isfinite(measured[i])) {
                        best[rows.persons[i]] = std::min(best[rows.persons[i]], measured[i]);
                    }
                }
                std::sort(best.begin(), best.end());
                const float limit = best[people - 1];
                ASSERT_TRUE(finalists[p].has_value());
                const auto& found = *finalists[p];
                EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
                EXPECT_LT(found.size(), 1500U);
                for (std::uint32_t i = 0; i < measured.size(); ++i) {
                    if (rows.persons[i] != gallery::k_nobody && std::isfinite(measured[i]) && measured[i] <= limit) {
                        EXPECT_NE(std::find(found.begin(), found.end(), i), found.end())
                            << "row " << i << " at " << measured[i] << ", limit " << limit;
                    }
                }
            }
        }
    }
}

std::vector<Tried> tries() {
    std::vector<Tried> all;
    for (const auto metric : {Metric::l2, Metric::cosine}) {
        for (const std::size_t dim : {1U, 2U, 7U, 16U, 128U, 131U, 512U}) {
            for (const auto isa : {ScanIsa::plain, ScanIsa::avx2, ScanIsa::avx512}) {
                all.push_back({metric, dim, isa});
            }
        }
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Every, FirstLook, testing::ValuesIn(tries()));

TEST(FirstLookAtManyAlike, GivesUpWhereItCannotTell) {
    const std::size_t dim = 8;
    std::vector<float> rows(70'000 * dim);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i] = i % dim == 0 ? 1.0F : 1e-6F * static_cast<float>(i % 97);
    }
    const CompressedRows compressed(Metric::l2, dim, rows, 1);
    const std::vector<std::uint32_t> persons(70'000, 0);
    const auto finalists = compressed.finalists(std::span(rows).first(dim), persons, 1, 1);
    EXPECT_FALSE(finalists.front().has_value());
}

TEST(Nearest, AnswersTheSameWithAndWithoutTheFirstLook) {
    for (const auto metric : {Metric::cosine, Metric::l2}) {
        const auto records = test::synthetic_records({600, 5, 48, 0.3});
        auto contract = test::synthetic_contract(48, metric);
        const auto gallery = gallery::Gallery::build({contract, "{}", "f"}, records);
        MatcherOptions prepared;
        prepared.prepare = true;
        prepared.threads = 2;
        const NearestMatcher quick(gallery, prepared);
        EXPECT_GT(quick.compressed_bytes(), 0U);
        EXPECT_LT(quick.compressed_bytes(), records.size() * 48 * 4 / 3);
        for (std::size_t i = 0; i < records.size(); i += 101) {
            const Encoding probe{std::make_shared<const ModelContract>(contract), records[i].encoding};
            const NearestMatcher slow(gallery);  // fresh: too little asked for a compressed copy
            const auto expected = slow.rank(std::span(&probe, 1), 7).front();
            EXPECT_EQ(slow.compressed_bytes(), 0U);
            const auto found = quick.rank(std::span(&probe, 1), 7).front();
            ASSERT_EQ(found.size(), expected.size());
            for (std::size_t j = 0; j < found.size(); ++j) {
                EXPECT_EQ(found[j].label, expected[j].label);
                EXPECT_EQ(found[j].distance, expected[j].distance);
                EXPECT_EQ(found[j].record, expected[j].record);
            }
        }
    }
}

}  // namespace
}  // namespace mien::match
