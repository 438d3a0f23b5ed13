// SPDX-License-Identifier: MIT
#pragma once

/// What `evaluate` draws: plots, and a page that holds everything.

#include <mien/service/evaluate.hpp>

#include <filesystem>
#include <map>
#include <string>

namespace mien::service {

/// SVG by file name: pairs_roc.svg, pairs_det.svg, pairs_scores.svg, cmc.svg, identification_det.svg,
/// identification_scores.svg; those that were judged. Two ways of encoding share each plot.
std::map<std::string, std::string> plots_of(const Evaluation& evaluation);

/// One page without anything from elsewhere: figures, plots, and the worst errors with small pictures of the faces
/// (which makes the page personal data).
/// worst: at most so many errors of each kind
std::string report_of(const Evaluation& evaluation, std::size_t worst = 12);

}  // namespace mien::service
