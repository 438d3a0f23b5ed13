// SPDX-License-Identifier: MIT

/// What bench/compare-fit measures: fits a matcher to encodings from a file and answers about probes.
///
///     fit_matchers label-propagation|svm FILE PEOPLE DIM PROBES
///
/// FILE: float32, rows in the order of their people, the same number of each, then the probes. Prints JSON: seconds of
/// fitting, milliseconds a probe, description, for each probe the probability of each person, and for each row the fold
/// of the svm's cross-validation that holds it out.

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/json.hpp>
#include <mien/match/matcher.hpp>
#include <mien/match/svm.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

int main(int argc, char** argv) {
    if (argc != 6) {
        std::fputs("usage: fit_matchers MATCHER FILE PEOPLE DIM PROBES\n", stderr);
        return 2;
    }
    try {
        const auto people = static_cast<std::size_t>(std::atoll(argv[3]));
        const auto dim = static_cast<std::uint32_t>(std::atoll(argv[4]));
        const auto probe_count = static_cast<std::size_t>(std::atoll(argv[5]));
        const auto bytes = mien::read_file(argv[2], std::size_t{1} << 30U);
        std::vector<float> numbers(bytes.size() / sizeof(float));
        std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(float));
        const std::size_t rows = numbers.size() / dim - probe_count;

        std::vector<mien::gallery::Record> records;
        for (std::size_t i = 0; i < rows; ++i) {
            mien::gallery::Record record;
            record.label = "person_" + std::to_string(100'000 + i / (rows / people));
            record.photo_hash = mien::sha256(std::to_string(i));
            const auto* row = numbers.data() + i * dim;
            record.encoding.assign(row, row + dim);
            records.push_back(std::move(record));
        }
        const mien::ModelContract contract{"bench", std::string(64, '0'), dim, mien::Metric::l2};
        const auto gallery = mien::gallery::Gallery::build({contract, "{}", ""}, records);

        mien::match::MatcherOptions options;
        options.name = argv[1];
        options.threads = static_cast<int>(std::thread::hardware_concurrency());
        const auto start = std::chrono::steady_clock::now();
        const auto matcher = mien::match::fit_matcher(options, gallery);
        const auto fitted = std::chrono::steady_clock::now();
        const auto shared = std::make_shared<const mien::ModelContract>(contract);
        mien::Json probabilities = mien::Json::array();
        const auto asked = std::chrono::steady_clock::now();
        for (std::size_t p = 0; p < probe_count; ++p) {
            const auto* probe = numbers.data() + (rows + p) * dim;
            const std::vector<mien::Encoding> probes{{shared, {probe, probe + dim}}};
            std::vector<double> of_person(people);
            const auto ranks = matcher->rank(probes, people);
            for (const auto& candidate : ranks.front()) {
                of_person[std::stoul(candidate.label.substr(7)) - 100'000] = candidate.probability.value_or(0);
            }
            probabilities.push_back(of_person);
        }
        const auto answered = std::chrono::steady_clock::now();
        const mien::Json result{{"seconds", std::chrono::duration<double>(fitted - start).count()},
                                {"ms_a_probe", std::chrono::duration<double, std::milli>(answered - asked).count() /
                                                   static_cast<double>(probe_count)},
                                {"method", matcher->method()},
                                {"description", matcher->description()},
                                {"folds", mien::match::svm_folds(*gallery, options.svm.seed)},
                                {"probabilities", probabilities}};
        std::puts(result.dump().c_str());
    } catch (const mien::Error& error) {
        std::fprintf(stderr, "fit_matchers: %s\n", error.what());
        return 3;
    }
    return 0;
}
