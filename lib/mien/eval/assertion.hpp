// SPDX-License-Identifier: MIT
#pragma once

/// What a caller demands of an evaluation: "fnir@fpir=0.01<=0.05".

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mien::eval {

/// NAME[@RATE=NUMBER] OPERATOR NUMBER, without blanks or with them between the parts:
///   NAME      accuracy | eer | tar (at far) | rank1 | fnir (at fpir) | not_found
///   RATE      far (of tar) | fpir (of fnir)
///   OPERATOR  <= | < | >= | >
/// NUMBER is decimal, or a percentage ("5%").
struct Assertion {
    std::string text;  ///< as it was written
    std::string name;
    std::optional<double> rate;
    std::string comparison;
    double bound{};

    [[nodiscard]] bool holds(double value) const;
};

/// throws: Error{usage} that says what is wrong and what is possible
Assertion parse_assertion(std::string_view text);

}  // namespace mien::eval
