// SPDX-License-Identifier: MIT
#include <mien/eval/pairs.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace mien::eval {
namespace {

constexpr std::uint32_t k_most_folds = 1000;
constexpr std::uint32_t k_most_pairs = 100'000'000;

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty() && (line.back() == '\r' || line.back() == '\t' || line.back() == ' ')) {
        line.remove_suffix(1);
    }
    // Tabs part the fields where there are any, so that a name may hold blanks.
    const std::string_view separators = line.find('\t') != std::string_view::npos ? "\t" : " ";
    for (;;) {
        const auto begin = line.find_first_not_of(separators);
        if (begin == std::string_view::npos) {
            return words;
        }
        line.remove_prefix(begin);
        const auto end = std::min(line.find_first_of(separators), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

std::optional<std::uint32_t> number_of(std::string_view word) {
    std::uint32_t number{};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    return error == std::errc() && end == word.data() + word.size() ? std::optional(number) : std::nullopt;
}

NamedPhoto photo_of(std::string_view person, std::string_view which) {
    const std::string name(person);
    if (const auto number = number_of(which)) {
        std::array<char, 24> tail{};
        std::snprintf(tail.data(), tail.size(), "_%04u.jpg", *number);
        return {name, name + "/" + name + tail.data()};
    }
    return {name, name + "/" + std::string(which)};
}

/// The threshold that judges most of the weight outside (or inside) a fold rightly, from comparisons in order.
class FoldJudge {
public:
    FoldJudge(const std::vector<Pair>& pairs, const std::vector<Comparison>& comparisons)
        : m_pairs(pairs), m_comparisons(comparisons), m_order(pairs.size()) {
        std::iota(m_order.begin(), m_order.end(), std::size_t{0});
        std::stable_sort(m_order.begin(), m_order.end(), [&](std::size_t a, std::size_t b) {
            return comparisons[a].distance < comparisons[b].distance;
        });
        for (const auto& pair : pairs) {
            m_folds = std::max(m_folds, pair.fold + 1);
        }
    }

    [[nodiscard]] std::uint32_t folds() const { return m_folds; }

    [[nodiscard]] double best_threshold(std::uint32_t fold, People drawn) const {
        double right = 0;  // beyond what is right when everything is refused
        double best = 0;
        double threshold = -1;
        double here = -1;
        for (const auto i : m_order) {
            const auto& comparison = m_comparisons[i];
            if (comparison.distance == k_never) {
                break;
            }
            if (m_folds > 1 && m_pairs[i].fold == fold) {
                continue;
            }
            const auto distance = static_cast<double>(comparison.distance);
            if (distance > here && right > best) {  // no threshold lies between equal distances
                best = right;
                threshold = (here + distance) / 2;
            }
            right += (comparison.same ? 1 : -1) * weight_of(comparison, drawn);
            here = distance;
        }
        if (right > best) {
            threshold = here;
        }
        return threshold;
    }

    [[nodiscard]] double accuracy(std::uint32_t fold, double threshold, People drawn) const {
        double right = 0;
        double all = 0;
        for (std::size_t i = 0; i < m_pairs.size(); ++i) {
            if (m_pairs[i].fold == fold) {
                const double weight = weight_of(m_comparisons[i], drawn);
                all += weight;
                right += is_right(m_comparisons[i], threshold) ? weight : 0;
            }
        }
        return all > 0 ? right / all : std::nan("");
    }

    static bool is_right(const Comparison& comparison, double threshold) {
        return comparison.distance != k_never &&
               (static_cast<double>(comparison.distance) <= threshold) == comparison.same;
    }

private:
    const std::vector<Pair>& m_pairs;
    const std::vector<Comparison>& m_comparisons;
    std::vector<std::size_t> m_order;
    std::uint32_t m_folds{};
};

double mean_accuracy(const FoldJudge& judge, People drawn, PairsResult* details) {
    double sum = 0;
    double folds = 0;
    for (std::uint32_t fold = 0; fold < judge.folds(); ++fold) {
        const double threshold = judge.best_threshold(fold, drawn);
        const double accuracy = judge.accuracy(fold, threshold, drawn);
        if (!std::isnan(accuracy)) {  // a fold may lose all its people in a draw
            sum += accuracy;
            ++folds;
        }
        if (details != nullptr) {
            details->folds.push_back(accuracy);
            details->thresholds.push_back(threshold);
        }
    }
    return folds > 0 ? sum / folds : 0;
}

}  // namespace

std::vector<Pair> read_pairs(std::string_view text, const std::string& file) {
    std::size_t line_number = 0;
    const auto next_line = [&]() -> std::optional<std::string_view> {
        if (text.empty()) {
            return std::nullopt;
        }
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++line_number;
        return line;
    };
    const auto refuse = [&](const std::string& why) {
        throw Error(ErrorCode::usage, printable(file) + ", line " +
                                          std::to_string(std::max<std::size_t>(line_number, 1)) + ": " + why +
                                          "; wanted are LFW's pairs: first \"FOLDS<tab>N\", then for each fold N "
                                          "lines \"NAME<tab>A<tab>B\" and N lines \"NAME<tab>A<tab>NAME<tab>B\"");
    };
    const auto header = words_of(next_line().value_or(""));
    std::vector<std::uint32_t> numbers;
    for (const auto word : header) {
        numbers.push_back(number_of(word).value_or(0));
    }
    if (numbers.empty() || numbers.size() > 2 || std::find(numbers.begin(), numbers.end(), 0U) != numbers.end()) {
        refuse("no count of pairs");
    }
    const std::uint32_t folds = numbers.size() == 2 ? numbers[0] : 1;
    const std::uint32_t each = numbers.back();
    if (folds > k_most_folds || each > k_most_pairs) {
        refuse("more pairs than can be");
    }
    std::vector<Pair> pairs;
    while (const auto line = next_line()) {
        const auto words = words_of(*line);
        if (words.empty()) {
            continue;
        }
        const auto fold = static_cast<std::uint32_t>(pairs.size() / (2 * std::size_t{each}));
        if (fold >= folds) {
            refuse("more pairs than the first line says");
        }
        if (words.size() == 3) {
            pairs.push_back({photo_of(words[0], words[1]), photo_of(words[0], words[2]), true, fold});
        } else if (words.size() == 4) {
            pairs.push_back({photo_of(words[0], words[1]), photo_of(words[2], words[3]), false, fold});
        } else {
            refuse("neither 3 nor 4 fields");
        }
    }
    if (pairs.size() != std::size_t{folds} * each * 2) {
        refuse(std::to_string(pairs.size()) + " pairs where the first line says " +
               std::to_string(std::size_t{folds} * each * 2));
    }
    return pairs;
}

PairsResult judge_pairs(const std::vector<Pair>& pairs, const std::vector<Comparison>& comparisons,
                        const std::vector<double>& false_rates, std::size_t draws, std::uint64_t seed) {
    PairsResult result;
    result.pairs = pairs.size();
    std::uint32_t people = 0;
    for (const auto& comparison : comparisons) {
        result.not_found += comparison.distance == k_never ? 1U : 0U;
        people = std::max({people, comparison.person + 1, comparison.other + 1});
    }
    result.people = people;
    const FoldJudge judge(pairs, comparisons);
    result.accuracy = mean_accuracy(judge, {}, &result);
    double squares = 0;
    for (const double accuracy : result.folds) {
        squares += (accuracy - result.accuracy) * (accuracy - result.accuracy);
    }
    result.sd = result.folds.size() > 1 ? std::sqrt(squares / static_cast<double>(result.folds.size() - 1)) : 0;
    const Scores scores(comparisons);
    for (const double rate : false_rates) {
        result.tar[rate].point = scores.at_rate(rate);
    }
    result.eer = scores.equal_error();
    result.curve = fit_logistic(scores);

    std::vector<double> accuracies;
    std::vector<double> errors;
    std::map<double, std::vector<double>> tars;
    Random random(seed);
    for (std::size_t draw = 0; draw < draws; ++draw) {
        const auto drawn = draw_people(people, random);
        accuracies.push_back(mean_accuracy(judge, drawn, nullptr));
        if (const auto eer = scores.equal_error(drawn)) {
            errors.push_back(*eer);
        }
        for (const double rate : false_rates) {
            if (const auto point = scores.at_rate(rate, drawn)) {
                tars[rate].push_back(point->true_rate);
            }
        }
    }
    constexpr double k_level = 0.95;
    if (!accuracies.empty()) {
        result.interval = middle_of(accuracies, k_level);
    }
    if (!errors.empty()) {
        result.eer_interval = middle_of(errors, k_level);
    }
    for (auto& [rate, values] : tars) {
        result.tar[rate].interval = middle_of(values, k_level);
    }
    return result;
}

std::vector<bool> right_pairs(const std::vector<Pair>& pairs, const std::vector<Comparison>& comparisons,
                              const std::vector<double>& thresholds) {
    std::vector<bool> right;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        right.push_back(FoldJudge::is_right(comparisons[i], thresholds[pairs[i].fold]));
    }
    return right;
}

}  // namespace mien::eval
