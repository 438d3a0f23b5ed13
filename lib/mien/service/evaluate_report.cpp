// SPDX-License-Identifier: MIT
#include <mien/service/evaluate_report.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/format.hpp>
#include <mien/core/text.hpp>
#include <mien/eval/plot.hpp>
#include <mien/image/decode.hpp>
#include <mien/image/encode.hpp>
#include <mien/service/workspace.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace mien::service {
namespace {

using eval::Axis;
using eval::escaped;
using eval::Plot;
using eval::Scores;
using eval::Series;

constexpr int k_thumbnail = 96;

std::string percent(double share) { return formatted("%.2f %%", 100 * share); }

/// Empty where no people were drawn.
std::string percent(const eval::Interval& interval) {
    return interval == eval::Interval{} ? std::string()
                                        : formatted("%.2f–%.2f %%", 100 * interval.low, 100 * interval.high);
}

std::string name_of(const Evaluated& evaluated) { return evaluated.detector + " + " + evaluated.encoder; }

std::vector<const Evaluated*> ways_of(const Evaluation& evaluation) {
    std::vector<const Evaluated*> ways{&evaluation.first};
    if (evaluation.second) {
        ways.push_back(&*evaluation.second);
    }
    return ways;
}

std::string setting_text(const std::string& key, const Json& value) {
    return key + " " +
           (value.is_boolean()  ? (value.get<bool>() ? "on" : "off")
            : value.is_string() ? value.get<std::string>()
                                : value.dump());
}

/// The names of the ways, told apart by their settings where both are of the same models.
std::vector<std::string> names_of(const std::vector<const Evaluated*>& ways) {
    std::vector<std::string> names;
    for (const auto* way : ways) {
        names.push_back(name_of(*way));
    }
    if (names.size() == 2 && ways[0]->matcher != ways[1]->matcher) {
        names[0] += ", " + ways[0]->matcher;
        names[1] += ", " + ways[1]->matcher;
    }
    if (names.size() == 2 && names[0] == names[1]) {
        const auto& first = ways[0]->settings;
        const auto& second = ways[1]->settings;
        for (const auto& [key, value] : first.items()) {
            if (second.contains(key) && second[key] != value) {
                names[0] += ", " + setting_text(key, value);
                names[1] += ", " + setting_text(key, second[key]);
            }
        }
    }
    return names;
}

std::string mirrored_percent(const eval::Interval& interval) {
    return interval == eval::Interval{} ? std::string() : percent(eval::Interval{1 - interval.high, 1 - interval.low});
}

std::vector<std::pair<double, double>> roc(const Scores& scores) {
    std::vector<std::pair<double, double>> points;
    for (const auto& point : scores.curve()) {
        points.emplace_back(point.false_rate, point.true_rate);
    }
    return points;
}

std::vector<std::pair<double, double>> det(const Scores& scores) {
    std::vector<std::pair<double, double>> points;
    for (const auto& point : scores.curve()) {
        points.emplace_back(point.false_rate, 1 - point.true_rate);
    }
    return points;
}

/// Share of the comparisons in each of 60 bins, for one kind.
Series histogram(const std::string& name, const Scores& scores, bool same, double high) {
    constexpr std::size_t k_bins = 60;
    std::array<double, k_bins> counts{};
    double all = 0;
    for (const auto& comparison : scores.sorted()) {
        if (comparison.same == same && comparison.distance != eval::k_never) {
            const double share = static_cast<double>(comparison.distance) / high;
            ++counts[static_cast<std::size_t>(std::clamp(share * k_bins, 0.0, k_bins - 1.0))];
            ++all;
        }
    }
    Series series{name, {}, true};
    for (std::size_t bin = 0; bin < k_bins; ++bin) {
        const double value = all > 0 ? counts[bin] / all : 0;
        series.points.emplace_back(high * static_cast<double>(bin) / k_bins, value);
        series.points.emplace_back(high * static_cast<double>(bin + 1) / k_bins, value);
    }
    return series;
}

Plot score_plot(const std::string& title, const Scores& scores, const std::string& same, const std::string& strangers) {
    double high = 1e-6;
    for (const auto& comparison : scores.sorted()) {
        if (comparison.distance != eval::k_never) {
            high = std::max(high, static_cast<double>(comparison.distance));
        }
    }
    Plot plot{title, {"distance", 0, high * 1.02, false}, {"share", 0, 1e-6, false}, {}};
    plot.series = {histogram(same, scores, true, high), histogram(strangers, scores, false, high)};
    for (const auto& series : plot.series) {
        for (const auto& point : series.points) {
            plot.y.high = std::max(plot.y.high, point.second * 1.1);
        }
    }
    return plot;
}

std::string picture_of(const EvaluatedPhoto& photo) {
    try {
        const auto bytes = read_file(photo.path, k_largest_photo_file);
        const auto decoded = image::decode(bytes, {});
        cv::Rect region(0, 0, decoded.bgr.cols, decoded.bgr.rows);
        if (photo.found()) {
            const auto& box = photo.encoded.result.faces.front().box;
            const int side = std::max(box.width, box.height) * 3 / 2;
            const cv::Rect around(box.left + box.width / 2 - side / 2, box.top + box.height / 2 - side / 2, side, side);
            const auto visible = region & around;
            region = visible.area() > 0 ? visible : region;
        }
        const double factor = static_cast<double>(k_thumbnail) / std::max(region.width, region.height);
        cv::Mat small;
        cv::resize(decoded.bgr(region), small, {}, factor, factor, factor < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
        return "<img alt=\"\" src=\"data:image/jpeg;base64," + to_base64(image::encode(small, ".jpg", 80)) + "\">";
    } catch (const std::exception&) {
        return "<span class=\"gone\">cannot be shown</span>";
    }
}

std::string distance_text(float distance) {
    return distance == eval::k_never ? std::string("no face found") : formatted("%.3f", static_cast<double>(distance));
}

std::string error_card(const EvaluatedPhoto& first, const EvaluatedPhoto& second, const std::string& text) {
    return "<figure>" + picture_of(first) + picture_of(second) + "<figcaption>" + escaped(printable(first.name)) +
           "<br>" + escaped(printable(second.name)) + "<br>" + escaped(text) + "</figcaption></figure>\n";
}

/// The errors of one kind, the worst first.
std::string pair_errors(const Evaluated& evaluated, bool same, std::size_t worst) {
    const auto right =
        eval::right_pairs(evaluated.pairs, evaluated.pair_comparisons, evaluated.pairs_result->thresholds);
    std::vector<std::size_t> wrong;
    for (std::size_t i = 0; i < right.size(); ++i) {
        if (!right[i] && evaluated.pairs[i].same == same) {
            wrong.push_back(i);
        }
    }
    const auto& comparisons = evaluated.pair_comparisons;
    std::stable_sort(wrong.begin(), wrong.end(), [&](std::size_t a, std::size_t b) {
        return same ? comparisons[a].distance > comparisons[b].distance
                    : comparisons[a].distance < comparisons[b].distance;
    });
    std::string html = formatted("<h3>%s: %zu</h3>\n<div class=\"errors\">\n",
                                 same ? "One person, taken for two" : "Two people, taken for one", wrong.size());
    for (std::size_t i = 0; i < std::min(worst, wrong.size()); ++i) {
        const auto& pair = evaluated.pair_photos[wrong[i]];
        html += error_card(evaluated.photos[pair[0]], evaluated.photos[pair[1]],
                           distance_text(comparisons[wrong[i]].distance));
    }
    return html + "</div>\n";
}

/// A probe that the open set judges wrongly at the threshold of the first rate, with the photo that it was taken for.
std::string probe_errors(const Evaluated& evaluated, bool stranger, double threshold, std::size_t worst) {
    std::vector<const eval::Probe*> wrong;
    for (const auto& probe : evaluated.probes) {
        const auto& open = probe.rankings.open;
        const bool accepted = probe.found && static_cast<double>(stranger ? open.other : open.own) <= threshold;
        if (probe.stranger == stranger && (stranger ? accepted : !accepted || open.rank != 1)) {
            wrong.push_back(&probe);
        }
    }
    std::stable_sort(wrong.begin(), wrong.end(), [stranger](const eval::Probe* a, const eval::Probe* b) {
        const auto key = [stranger](const eval::Probe* p) {
            return stranger ? p->rankings.open.other : p->found ? -p->rankings.open.own : -eval::k_never;
        };
        return key(a) < key(b);
    });
    std::string html =
        formatted("<h3>%s: %zu</h3>\n<div class=\"errors\">\n",
                  stranger ? "Strangers, taken for somebody" : "People in the gallery, not recognised", wrong.size());
    for (std::size_t i = 0; i < std::min(worst, wrong.size()); ++i) {
        const auto& open = wrong[i]->rankings.open;
        const auto person = stranger ? open.nearest : wrong[i]->person;
        // One of the person's photos that is no probe is the one that was enrolled.
        std::vector<bool> probed(evaluated.photos.size());
        for (const auto& probe : evaluated.probes) {
            probed[probe.photo] = !probe.stranger || probe.in_closed;
        }
        const auto enrolled = std::find_if(evaluated.photos.begin(), evaluated.photos.end(), [&](const auto& photo) {
            return photo.person == person && !probed[static_cast<std::size_t>(&photo - evaluated.photos.data())];
        });
        const auto& other = enrolled == evaluated.photos.end() ? evaluated.photos[wrong[i]->photo] : *enrolled;
        html += error_card(evaluated.photos[wrong[i]->photo], other,
                           distance_text(wrong[i]->found ? (stranger ? open.other : open.own) : eval::k_never));
    }
    return html + "</div>\n";
}

std::string row(const std::string& name, const std::string& value, const std::string& interval = {}) {
    return "<tr><td>" + escaped(name) + "</td><td>" + escaped(value) + "</td><td>" + escaped(interval) + "</td></tr>\n";
}

std::string answered_by(const Evaluated& evaluated) {
    return evaluated.matcher.starts_with(evaluated.method) ? "" : " (answers by " + evaluated.method + ")";
}

std::string figures_of(const Evaluated& evaluated) {
    std::string html = "<table><tr><th>figure</th><th>value</th><th>95 %, by person</th></tr>\n";
    html += row("photos",
                std::to_string(evaluated.photos.size()) + " of " + std::to_string(evaluated.people.size()) + " people");
    html += row("without a face", std::to_string(evaluated.no_face));
    html += row("unreadable", std::to_string(evaluated.unreadable));
    if (evaluated.pairs_result) {
        const auto& pairs = *evaluated.pairs_result;
        html += row("pairs", std::to_string(pairs.pairs) + ", " + std::to_string(pairs.not_found) +
                                 " with a photo without a face (errors)");
        html += row("accuracy", formatted("%.4f ± %.4f", pairs.accuracy, pairs.sd), percent(pairs.interval));
        for (const auto& [rate, result] : pairs.tar) {
            html +=
                row(formatted("TAR at FAR %g", rate), result.point ? percent(result.point->true_rate) : "too few pairs",
                    result.point ? percent(result.interval) : "");
        }
        html += row("EER", pairs.eer ? percent(*pairs.eer) : "-", pairs.eer ? percent(pairs.eer_interval) : "");
    }
    if (evaluated.identification) {
        const auto& found = *evaluated.identification;
        html += row("matcher", evaluated.matcher + answered_by(evaluated));
        html +=
            row("closed set", evaluated.no_closed.empty() ? std::to_string(found.probes) + " probes, " +
                                                                std::to_string(found.gallery) + " people in the gallery"
                                                          : "not judged: " + evaluated.no_closed);
        if (found.probes > 0) {
            html += row("rank 1", percent(found.cmc.front()), percent(found.rank1_interval));
        }
        html += row("open set", std::to_string(found.open_probes) + " probes, " + std::to_string(found.strangers) +
                                    " photos of " + std::to_string(found.stranger_people) + " strangers, " +
                                    std::to_string(found.open_gallery) + " people in the gallery");
        for (const auto& [rate, result] : found.rates) {
            html += row(formatted("FNIR at FPIR %g", rate),
                        result.point ? percent(1 - result.point->true_rate) : "too few strangers",
                        result.point ? mirrored_percent(result.interval) : "");
        }
        const auto at = formatted(" at threshold %.4g", evaluated.threshold);
        if (found.open_probes > 0) {
            html += row("FNIR" + at, percent(1 - evaluated.open_at_threshold.true_rate));
        }
        if (found.strangers > 0 && found.open_gallery > 0) {
            html += row("FPIR" + at, percent(evaluated.open_at_threshold.false_rate));
        }
    }
    return html + "</table>\n";
}

std::string points(double share) { return formatted("%+.2f points", 100 * share); }

std::string points(const eval::Interval& interval) {
    return interval == eval::Interval{} ? std::string()
                                        : formatted("%+.2f to %+.2f points", 100 * interval.low, 100 * interval.high);
}

std::string difference_table(const Evaluation& evaluation) {
    const auto& difference = *evaluation.difference;
    std::string html = "<table><tr><th>figure</th><th>difference</th><th>95 %, by person</th></tr>\n";
    if (evaluation.first.pairs_result) {
        html += row("accuracy",
                    points(evaluation.second->pairs_result->accuracy - evaluation.first.pairs_result->accuracy));
        html += row("pairs right in the second only", std::to_string(difference.only_second));
        html += row("pairs right in the first only", std::to_string(difference.only_first));
        html += row("McNemar's p", formatted("%.3g", difference.p));
    }
    if (difference.rank1) {
        html += row("rank 1", points(*difference.rank1), points(difference.rank1_interval));
    }
    for (const auto& [rate, value] : difference.fnir) {
        html += row(formatted("FNIR at FPIR %g", rate), points(value.first), points(value.second));
    }
    return html + "</table>\n";
}

constexpr const char* k_head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>mien evaluate</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
body{font:15px/1.45 sans-serif;margin:2em auto;max-width:1380px;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #ddd;padding:.25em .7em;text-align:left}
svg{max-width:100%;height:auto;border:1px solid #eee;margin:.3em}
.errors{display:flex;flex-wrap:wrap;gap:.8em}figure{margin:0;width:200px;font-size:12px;overflow-wrap:anywhere}
figure img{width:96px;height:96px;object-fit:contain;background:#eee;margin-right:4px}
.gone{display:inline-block;width:96px;height:96px;background:#eee}
pre{background:#f6f6f6;padding:.8em;overflow:auto}
</style></head><body>
)";

}  // namespace

std::map<std::string, std::string> plots_of(const Evaluation& evaluation) {
    const auto ways = ways_of(evaluation);
    const auto names = names_of(ways);
    std::map<std::string, std::string> plots;
    if (evaluation.first.pairs_result) {
        Plot roc_plot{"ROC of the pairs", {"false accept rate", 0, 1, true}, {"true accept rate", 0, 1, false}, {}};
        Plot det_plot{"DET of the pairs", {"false accept rate", 0, 1, true}, {"false reject rate", 0, 1, true}, {}};
        for (std::size_t i = 0; i < ways.size(); ++i) {
            const Scores scores(ways[i]->pair_comparisons);
            const auto least = 1 / static_cast<double>(std::max<std::size_t>(scores.strangers(), 10));
            det_plot.y.low = 0.5 / static_cast<double>(std::max<std::size_t>(scores.same(), 10));
            roc_plot.x.low = det_plot.x.low = least;
            roc_plot.series.push_back({names[i], roc(scores), false});
            det_plot.series.push_back({names[i], det(scores), false});
        }
        plots["pairs_roc.svg"] = eval::to_svg(roc_plot);
        plots["pairs_det.svg"] = eval::to_svg(det_plot);
        plots["pairs_scores.svg"] =
            eval::to_svg(score_plot("Distances of the pairs, " + names.front(), Scores(ways.front()->pair_comparisons),
                                    "one person", "two people"));
    }
    if (evaluation.first.identification) {
        Plot cmc{"CMC, closed set", {"rank", 1, 50, false}, {"share of probes", 1, 1, false}, {}};
        Plot det_plot{"DET of the open set", {"FPIR", 0, 1, true}, {"FNIR", 0, 1, true}, {}};
        for (std::size_t i = 0; i < ways.size(); ++i) {
            Series series{names[i], {}, false};
            const auto& shares = ways[i]->identification->cmc;
            for (std::size_t rank = 0; rank < shares.size(); ++rank) {
                series.points.emplace_back(static_cast<double>(rank + 1), shares[rank]);
            }
            cmc.y.low = std::min({cmc.y.low, std::floor(shares.front() * 20) / 20, 0.95});
            cmc.series.push_back(std::move(series));
            const auto scores = eval::open_set(ways[i]->probes);
            det_plot.x.low = 1 / static_cast<double>(std::max<std::size_t>(scores.strangers(), 10));
            det_plot.y.low = 0.5 / static_cast<double>(std::max<std::size_t>(scores.same(), 10));
            det_plot.series.push_back({names[i], det(scores), false});
        }
        const auto& found = *evaluation.first.identification;
        if (found.probes > 0) {
            plots["cmc.svg"] = eval::to_svg(cmc);
        }
        if (found.open_probes > 0 && found.strangers > 0) {
            plots["identification_det.svg"] = eval::to_svg(det_plot);
        }
        plots["identification_scores.svg"] =
            eval::to_svg(score_plot("Distances of the open set, " + names.front(), eval::open_set(ways.front()->probes),
                                    "own person, where first", "strangers"));
    }
    return plots;
}

std::string report_of(const Evaluation& evaluation, std::size_t worst) {
    const auto ways = ways_of(evaluation);
    const auto names = names_of(ways);
    std::string html = k_head;
    html += "<h1>mien evaluate</h1>\n";
    for (std::size_t i = 0; i < ways.size(); ++i) {
        html += "<h2>" + escaped(names[i]) + "</h2>\n" + figures_of(*ways[i]);
    }
    if (evaluation.difference) {
        html += "<h2>" + escaped(names[1]) + " minus " + escaped(names[0]) + ", on the same photos</h2>\n" +
                difference_table(evaluation);
    }
    if (!evaluation.assertions.empty()) {
        html += "<h2>Assertions</h2>\n<table><tr><th>assertion</th><th>value</th><th></th></tr>\n";
        for (const auto& result : evaluation.assertions) {
            html += row(result.assertion.text, result.value ? formatted("%.4f", *result.value) : "cannot be said",
                        result.holds ? "holds" : "does not hold");
        }
        html += "</table>\n";
    }
    if (!evaluation.first.groups.empty()) {
        html += "<h2>Groups, at the thresholds of the whole</h2>\n<pre>";
        for (const auto& group : to_json(evaluation).at("groups")) {
            html += escaped(to_line(group)) + "\n";
        }
        html += "</pre>\n";
    }
    html += "<h2>Curves</h2>\n";
    for (const auto& [name, svg] : plots_of(evaluation)) {
        html += svg;
    }
    html += "<h2>Worst errors, " + escaped(names.front()) + "</h2>\n";
    const auto& first = evaluation.first;
    if (first.pairs_result) {
        html += pair_errors(first, true, worst) + pair_errors(first, false, worst);
    }
    if (first.identification && !first.identification->rates.empty()) {
        const auto& rate = first.identification->rates.rbegin()->second;  // the most lenient
        const double threshold = rate.point ? rate.point->threshold : first.threshold;
        html += formatted("<p>Open set at threshold %.4g:</p>\n", threshold);
        html += probe_errors(first, false, threshold, worst) + probe_errors(first, true, threshold, worst);
    }
    html += "<h2>Settings</h2>\n<pre>";
    for (const auto* way : ways) {
        html += escaped(way->settings.dump(2)) + "\n";
    }
    return html + "</pre>\n</body></html>\n";
}

}  // namespace mien::service
