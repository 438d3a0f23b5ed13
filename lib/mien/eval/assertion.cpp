// SPDX-License-Identifier: MIT
#include <mien/eval/assertion.hpp>

#include <mien/core/error.hpp>
#include <mien/core/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace mien::eval {
namespace {

struct Name {
    std::string_view name;
    std::string_view rate;  ///< empty: takes none
};
constexpr std::array k_names{Name{"accuracy", ""}, Name{"eer", ""},      Name{"tar", "far"},
                             Name{"rank1", ""},    Name{"fnir", "fpir"}, Name{"not_found", ""}};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

std::optional<double> number_of(std::string_view text) {
    text = trimmed(text);
    double scale = 1;
    if (text.ends_with('%')) {
        text = trimmed(text.substr(0, text.size() - 1));
        scale = 0.01;
    }
    double value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 1e9)) {
        return std::nullopt;
    }
    return value * scale;
}

}  // namespace

bool Assertion::holds(double value) const {
    return comparison == "<="   ? value <= bound
           : comparison == "<"  ? value < bound
           : comparison == ">=" ? value >= bound
                                : value > bound;
}

Assertion parse_assertion(std::string_view text) {
    const auto refuse = [text](const std::string& why) -> Error {
        return Error(ErrorCode::usage,
                     "--assert " + shell_quoted(text) + ": " + why +
                         "; wanted is one of accuracy, eer, tar@far=RATE, rank1, fnir@fpir=RATE, "
                         "not_found, then <=, <, >= or >, then a number, as in 'fnir@fpir=0.01<=0.05'");
    };
    Assertion assertion;
    assertion.text = text;
    const auto sign = text.find_first_of("<>");
    if (sign == std::string_view::npos) {
        throw refuse("no comparison");
    }
    const bool or_equal = sign + 1 < text.size() && text[sign + 1] == '=';
    assertion.comparison = text.substr(sign, or_equal ? 2 : 1);
    const auto bound = number_of(text.substr(sign + assertion.comparison.size()));
    if (!bound) {
        throw refuse("no number behind " + assertion.comparison);
    }
    assertion.bound = *bound;
    auto subject = trimmed(text.substr(0, sign));
    std::string_view rate;
    if (const auto at = subject.find('@'); at != std::string_view::npos) {
        rate = trimmed(subject.substr(at + 1));
        subject = trimmed(subject.substr(0, at));
    }
    const auto* known =
        std::find_if(k_names.begin(), k_names.end(), [subject](const Name& n) { return n.name == subject; });
    if (known == k_names.end()) {
        throw refuse("nothing is called " + shell_quoted(subject));
    }
    assertion.name = known->name;
    if (known->rate.empty() != rate.empty()) {
        throw refuse(known->rate.empty() ? assertion.name + " has no rate"
                                         : assertion.name + " needs its rate, as in " + assertion.name + "@" +
                                               std::string(known->rate) + "=0.01");
    }
    if (!rate.empty()) {
        const auto equals = rate.find('=');
        if (equals == std::string_view::npos || trimmed(rate.substr(0, equals)) != known->rate) {
            throw refuse("the rate of " + assertion.name + " is written " + std::string(known->rate) + "=NUMBER");
        }
        assertion.rate = number_of(rate.substr(equals + 1));
        if (!assertion.rate || !(*assertion.rate > 0 && *assertion.rate < 1)) {
            throw refuse("the rate must lie between 0 and 1");
        }
    }
    return assertion;
}

}  // namespace mien::eval
