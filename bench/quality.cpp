// SPDX-License-Identifier: MIT

/// Whether the quality score predicts errors of recognition, and the fit of its curves.
///
/// Every photo is looked at twice: as it is ("clean"), and worsened by one transformation that its name's hash chooses
/// (blur, darkness, glare, smallness, covered eyes or mouth, noise, compression). People are split in halves by name.
///
/// --fit fits the curves on one half and prints them: the expected similarity of a photo to the median of the person's
/// other clean photos is S times the product of monotone curves, least squares. The other half judges: error versus
/// discard, the share of genuine pairs rejected at a fixed threshold while the pairs with the lowest quality (of
/// their worse photo) are set aside, 0 to 30 %. The area under it is given beside that of discarding at random (1 by
/// definition), with the most similar kept (the best possible), by the detector's score alone, and by a peer network;
/// intervals are of 200 bootstrap samples of people.
///
///     quality --photos ../shared/faces/lfw -m yunet -e mobilefacenet --models ../shared/models
///         --peer ../shared/models/lightqnet-dm025.pb [--fit]

#include <mien/align/chip.hpp>
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/hash.hpp>
#include <mien/image/decode.hpp>
#include <mien/image/encode.hpp>
#include <mien/match/distance.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/pipeline/pipeline.hpp>
#include <mien/quality/curves.hpp>
#include <mien/quality/quality.hpp>
#include <mien/service/workspace.hpp>

#include <CLI/CLI.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <numeric>
#include <random>

namespace {

namespace fs = std::filesystem;
using mien::Json;
using mien::pipeline::Face;
namespace quality = mien::quality;

constexpr double k_discard = 0.3;
constexpr int k_bootstraps = 200;
constexpr double k_enrol = 0.8;

struct Arguments {
    std::vector<std::string> photos;
    mien::pipeline::Options pipeline;
    std::vector<std::string> models;
    std::string peer;
    std::size_t most{8};
    std::size_t people{0};
    double far{1e-3};
    unsigned seed{1};
    bool fit{false};
    bool all{false};
    bool list{false};
    int jobs{2};
};

struct Sample {
    std::string person;
    std::string photo;
    std::string condition;  ///< "clean" or the transformation
    bool found{};
    quality::Quality quality;
    double detector{};
    double peer{};
    std::vector<float> encoding;
};

struct Job {
    std::string person;
    fs::path file;
};

std::uint64_t number_of(const std::string& text) {
    return std::stoull(mien::to_hex(mien::sha256(text)).substr(0, 15), nullptr, 16);
}

/// Portable, unlike the distributions of <random>.
double uniform(std::mt19937_64& random, double low, double high) {
    return low + (high - low) * static_cast<double>(random() >> 11U) * 0x1p-53;
}

double log_uniform(std::mt19937_64& random, double low, double high) {
    return std::exp(uniform(random, std::log(low), std::log(high)));
}

/// Large and near the middle.
const Face* subject_of(const mien::pipeline::PhotoResult& result) {
    const auto cost = [&result](const Face& face) {
        const double x = face.box.left + face.box.width / 2.0 - result.width / 2.0;
        const double y = face.box.top + face.box.height / 2.0 - result.height / 2.0;
        return std::hypot(x, y) - 0.5 * std::sqrt(static_cast<double>(face.box.width) * face.box.height);
    };
    const auto best = std::min_element(result.faces.begin(), result.faces.end(),
                                       [&](const Face& a, const Face& b) { return cost(a) < cost(b); });
    return best == result.faces.end() ? nullptr : &*best;
}

/// A rectangle along the line from a to b, grey.
void cover(cv::Mat& bgr, cv::Point2d a, cv::Point2d b, double eyes, double reach, double height, double grey) {
    const cv::Point2d along = (b - a) / std::max(1e-6, cv::norm(b - a)) * eyes;
    const cv::Point2d down(-along.y, along.x);
    const cv::Point2d middle = (a + b) / 2;
    std::vector<cv::Point> corners;
    for (const auto& [x, y] : {std::pair{-reach, -height}, {reach, -height}, {reach, height}, {-reach, height}}) {
        corners.emplace_back(middle + along * x + down * y);
    }
    cv::fillConvexPoly(bgr, corners, cv::Scalar::all(grey), cv::LINE_AA);
}

cv::Mat worsened(const cv::Mat& bgr, const Face& face, std::mt19937_64& random, std::string& kind) {
    static const std::array<const char*, 8> kinds{"blur", "dark", "bright", "small", "eyes", "mouth", "noise", "jpeg"};
    kind = kinds[random() % kinds.size()];
    const auto& points = face.landmarks.points;
    const bool many = points.size() == 68;
    const auto at = [&](std::size_t i, std::size_t of_many) {
        const auto& p = points[many ? of_many : i];
        return cv::Point2d(static_cast<double>(p.x), static_cast<double>(p.y));
    };
    const double eyes = std::max(4.0, cv::norm(at(1, 43) - at(0, 38)));
    cv::Mat out = bgr.clone();
    if (kind == "blur") {
        cv::GaussianBlur(bgr, out, {}, eyes / 42 * log_uniform(random, 1, 6));
    } else if (kind == "dark") {
        bgr.convertTo(out, -1, log_uniform(random, 0.03, 0.5));
    } else if (kind == "bright") {
        bgr.convertTo(out, -1, log_uniform(random, 1.5, 5));
    } else if (kind == "small") {
        const double factor = std::min(1.0, log_uniform(random, 6, 30) / eyes);
        cv::resize(bgr, out, {}, factor, factor, cv::INTER_AREA);
    } else if (kind == "eyes") {
        cover(out, at(0, 38), at(1, 43), eyes, uniform(random, 0.7, 1), uniform(random, 0.15, 0.35),
              uniform(random, 0, 60));
    } else if (kind == "mouth") {
        cover(out, at(3, 48), at(4, 54), eyes, uniform(random, 0.7, 1), uniform(random, 0.15, 0.35),
              uniform(random, 0, 255));
    } else if (kind == "noise") {
        const double strength = log_uniform(random, 8, 60);
        for (int y = 0; y < out.rows; ++y) {
            auto* row = out.ptr(y);
            for (int x = 0; x < out.cols * 3; ++x) {
                const double sum = uniform(random, -1, 1) + uniform(random, -1, 1) + uniform(random, -1, 1);
                row[x] = cv::saturate_cast<std::uint8_t>(row[x] + sum * strength);
            }
        }
    } else {
        out =
            mien::image::decode(mien::image::encode(bgr, ".jpg", static_cast<int>(log_uniform(random, 3, 25))), {}).bgr;
    }
    return out;
}

/// LightQNet: aligned face, 96×96, (value − 128) / 128.
class Peer {
public:
    explicit Peer(const std::string& file) {
        if (!file.empty()) {
            m_net = cv::dnn::readNetFromTensorflow(file);
        }
    }
    double score(const cv::Mat& chip) {
        if (m_net.empty()) {
            return 0;
        }
        m_net.setInput(cv::dnn::blobFromImage(chip, 1 / 128.0, {96, 96}, cv::Scalar::all(128)));
        return static_cast<double>(*m_net.forward().ptr<float>());
    }

private:
    cv::dnn::Net m_net;
};

Sample look(const mien::pipeline::PhotoResult& result, const cv::Mat& bgr, Peer& peer, double& milliseconds) {
    Sample sample;
    if (const auto* face = subject_of(result)) {
        const auto chip = mien::align::extract_chip(bgr, face->landmarks, quality::chip_spec());
        const auto start = std::chrono::steady_clock::now();
        const auto& box = face->box;
        quality::assess({chip,
                         face->landmarks,
                         {static_cast<float>(box.left), static_cast<float>(box.top), static_cast<float>(box.width),
                          static_cast<float>(box.height)},
                         result.width,
                         result.height,
                         face->score});
        milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
        sample.found = true;
        sample.quality = face->quality;
        sample.detector = static_cast<double>(face->score);
        sample.peer = peer.score(chip);
        sample.encoding = face->encoding.values;
    }
    return sample;
}

struct Looked {
    std::vector<Sample> samples;
    double milliseconds{};
};

std::vector<Job> jobs_of(const std::string& folder, const Arguments& arguments) {
    std::map<std::string, std::vector<fs::path>> people;
    for (const auto& photo : mien::service::photos_in(folder)) {
        people[photo.lexically_relative(folder).begin()->native()].push_back(photo);
    }
    std::vector<Job> jobs;
    std::size_t taken = 0;
    for (const auto& [person, photos] : people) {
        if ((photos.size() < 2 && !arguments.all) || (arguments.people > 0 && taken >= arguments.people)) {
            continue;
        }
        ++taken;
        for (std::size_t i = 0; i < std::min(photos.size(), arguments.most); ++i) {
            jobs.push_back({person, photos[i]});
        }
    }
    return jobs;
}

std::vector<Sample> look_at(const std::vector<Job>& jobs, const Arguments& arguments,
                            const mien::pipeline::Blueprint& blueprint, double& milliseconds) {
    std::vector<Sample> samples;
    std::vector<double> times;
    const auto make_work = [&]() -> std::function<Looked(std::size_t)> {
        return [&, worker = std::shared_ptr<mien::pipeline::Worker>(blueprint.make_worker()),
                peer = std::make_shared<Peer>(arguments.peer)](std::size_t i) {
            Looked looked;
            const auto bytes = mien::read_file(jobs[i].file, 1ULL << 28U);
            const auto result = worker->process(bytes, mien::pipeline::Faces::all);
            const auto photo = mien::image::decode(bytes, {});
            looked.samples.push_back(look(result, photo.bgr, *peer, looked.milliseconds));
            looked.samples.back().condition = "clean";
            if (const auto* face = subject_of(result); face != nullptr && !arguments.list) {
                std::mt19937_64 random(number_of(jobs[i].file.filename().native()));
                std::string kind;
                const auto worse = worsened(photo.bgr, *face, random, kind);
                const auto again = worker->process(mien::image::encode(worse, ".ppm"), mien::pipeline::Faces::all);
                double ignored{};
                looked.samples.push_back(look(again, worse, *peer, ignored));
                looked.samples.back().condition = kind;
            }
            return looked;
        };
    };
    mien::pipeline::run_in_order<Looked>(jobs.size(), arguments.jobs, make_work, [&](std::size_t i, Looked&& looked) {
        times.push_back(looked.milliseconds);
        for (auto& sample : looked.samples) {
            sample.person = jobs[i].person;
            sample.photo = jobs[i].file.filename();
            samples.push_back(std::move(sample));
        }
    });
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
    milliseconds = times.at(times.size() / 2);
    return samples;
}

bool is_held_out(const std::string& person, const Arguments& arguments) {
    return number_of(std::to_string(arguments.seed) + person) % 2 == 1;
}

double similarity(const Sample& a, const Sample& b, mien::Metric metric) {
    return -static_cast<double>(mien::match::distance(metric, a.encoding, b.encoding));
}

// ---- fit --------------------------------------------------------------------------------------------------------

struct Target {
    const Sample* sample{};
    double similarity{};  ///< cosine to the median of the person's other clean photos
};

std::vector<Target> targets_of(const std::vector<Sample>& samples, const Arguments& arguments) {
    std::map<std::string, std::vector<const Sample*>> clean;
    for (const auto& sample : samples) {
        if (sample.found && sample.condition == "clean") {
            clean[sample.person].push_back(&sample);
        }
    }
    std::vector<Target> targets;
    for (const auto& sample : samples) {
        if (!sample.found || is_held_out(sample.person, arguments)) {
            continue;
        }
        std::vector<double> similarities;
        for (const auto* other : clean[sample.person]) {
            if (other->photo != sample.photo) {
                similarities.push_back(1 + similarity(sample, *other, mien::Metric::cosine));
            }
        }
        if (!similarities.empty()) {
            std::sort(similarities.begin(), similarities.end());
            const auto middle = similarities.size() / 2;
            targets.push_back({&sample, similarities.size() % 2 == 1
                                            ? similarities[middle]
                                            : (similarities[middle - 1] + similarities[middle]) / 2});
        }
    }
    return targets;
}

/// A curve while it is fitted: part = 1 − Σ of losses towards the poor end, each loss ≥ 0.
struct Fitted {
    const quality::Curve* curve{};
    std::vector<double> at;
    std::vector<double> losses;             ///< between knots
    bool falling{};                         ///< poor at large measures
    std::vector<std::vector<double>> rows;  ///< a target's share of each loss, as losses count for its measure
    std::vector<double> parts;              ///< of each target

    [[nodiscard]] std::vector<double> knots() const {
        std::vector<double> parts_at(at.size(), 1);
        for (std::size_t j = 0; j < at.size(); ++j) {
            for (std::size_t l = 0; l < losses.size(); ++l) {
                parts_at[j] -= (falling ? l < j : l >= j) ? losses[l] : 0;
            }
        }
        return parts_at;
    }
    void update() {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            parts[i] = 1 - std::inner_product(rows[i].begin(), rows[i].end(), losses.begin(), 0.0);
        }
    }
};

Fitted start(const quality::Curve& curve, const std::vector<Target>& targets) {
    Fitted fitted;
    fitted.curve = &curve;
    for (const auto& knot : curve.knots) {
        fitted.at.push_back(knot.at);
    }
    fitted.falling = curve.knots.front().part > curve.knots.back().part;
    const auto n = fitted.at.size() - 1;
    fitted.losses.assign(n, 0);
    for (const auto& target : targets) {
        std::vector<double> row(n, 0);
        const auto measure =
            static_cast<double>(target.sample->quality.measures[static_cast<std::size_t>(curve.component)]);
        if (!std::isnan(measure)) {
            const double value = curve.symmetric ? std::abs(measure) : measure;
            for (std::size_t l = 0; l < n; ++l) {
                const double share = std::clamp((value - fitted.at[l]) / (fitted.at[l + 1] - fitted.at[l]), 0.0, 1.0);
                row[l] = fitted.falling ? share : 1 - share;
            }
        }
        fitted.rows.push_back(std::move(row));
    }
    fitted.parts.assign(targets.size(), 1);
    return fitted;
}

/// Least squares over this curve's losses, the rest as it is: coordinate descent, losses ≥ 0, little pull to 0.
void improve(Fitted& fitted, const std::vector<Target>& targets, const std::vector<double>& rest) {
    const auto n = fitted.losses.size();
    std::vector<std::vector<double>> normal(n, std::vector<double>(n, 0));
    std::vector<double> right(n, 0);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        for (std::size_t a = 0; a < n; ++a) {
            const double x = -fitted.rows[i][a] * rest[i];
            if (x != 0) {
                right[a] += x * (targets[i].similarity - rest[i]);
                for (std::size_t b = 0; b < n; ++b) {
                    normal[a][b] -= x * fitted.rows[i][b] * rest[i];
                }
            }
        }
    }
    for (std::size_t a = 0; a < n; ++a) {
        normal[a][a] += 1e-4 * static_cast<double>(targets.size());
    }
    for (int round = 0; round < 200; ++round) {
        for (std::size_t a = 0; a < n; ++a) {
            const double slope =
                right[a] - std::inner_product(normal[a].begin(), normal[a].end(), fitted.losses.begin(), 0.0);
            fitted.losses[a] = std::max(0.0, fitted.losses[a] + slope / normal[a][a]);
        }
    }
    const double most = std::accumulate(fitted.losses.begin(), fitted.losses.end(), 0.0);
    if (most > 0.95) {
        for (auto& loss : fitted.losses) {
            loss *= 0.95 / most;
        }
    }
    fitted.update();
}

/// The detector's curve last and on what the others leave: scores without YuNet stand on their own.
void fit(const std::vector<Sample>& samples, const Arguments& arguments) {
    const auto targets = targets_of(samples, arguments);
    std::vector<Fitted> curves;
    std::vector<Fitted> last;
    for (const auto& curve : quality::curves()) {
        if (curve.fitted) {
            const bool detector = curve.component == quality::Component::detector_score;
            (detector ? last : curves).push_back(start(curve, targets));
        }
    }
    std::vector<double> all(targets.size(), 1);
    double best = 0;
    const auto rescale = [&] {
        double xy = 0;
        double xx = 0;
        for (std::size_t i = 0; i < targets.size(); ++i) {
            xy += all[i] * targets[i].similarity;
            xx += all[i] * all[i];
        }
        best = xy / xx;
    };
    const auto pass = [&](std::vector<Fitted>& group) {
        for (auto& curve : group) {
            std::vector<double> rest(targets.size());
            for (std::size_t i = 0; i < targets.size(); ++i) {
                rest[i] = best * all[i] / curve.parts[i];
            }
            improve(curve, targets, rest);
            for (std::size_t i = 0; i < targets.size(); ++i) {
                all[i] = rest[i] / best * curve.parts[i];
            }
        }
    };
    for (int round = 0; round < 40; ++round) {
        rescale();
        pass(curves);
    }
    rescale();
    pass(last);
    std::printf("// fitted on %zu photos; a flawless one has similarity %.3f\n", targets.size(), best);
    curves.insert(curves.end(), last.begin(), last.end());
    for (const auto& curve : curves) {
        std::printf("// %s\n", std::string(to_string(curve.curve->component)).c_str());
        const auto parts = curve.knots();
        for (std::size_t i = 0; i < parts.size(); ++i) {
            std::printf("%sKnot{%g, %.3g}", i == 0 ? "" : ", ", curve.at[i], parts[i]);
        }
        std::puts("");
    }
}

// ---- error versus discard -----------------------------------------------------------------------------------------

struct GenuinePair {
    const Sample* a{};
    const Sample* b{};
    double similarity{};
};

using Score = std::function<double(const GenuinePair&)>;

/// Mean share of errors among the pairs that are kept while the worst 0..k_discard are set aside; ordered: by score.
double area(const std::vector<const GenuinePair*>& ordered, double threshold) {
    const auto n = ordered.size();
    double errors = 0;
    for (const auto* pair : ordered) {
        errors += pair->similarity < threshold ? 1 : 0;
    }
    double sum = 0;
    const auto steps = static_cast<std::size_t>(k_discard * static_cast<double>(n));
    for (std::size_t i = 0; i <= steps; ++i) {
        sum += errors / static_cast<double>(n - i);
        errors -= ordered[i]->similarity < threshold ? 1 : 0;
    }
    return sum / static_cast<double>(steps + 1);
}

double error_of(const std::vector<const GenuinePair*>& pairs, double threshold, double discard) {
    const auto from = static_cast<std::ptrdiff_t>(discard * static_cast<double>(pairs.size()));
    const auto errors = std::count_if(pairs.begin() + from, pairs.end(),
                                      [threshold](const auto* pair) { return pair->similarity < threshold; });
    return static_cast<double>(errors) / static_cast<double>(static_cast<std::ptrdiff_t>(pairs.size()) - from);
}

/// Each person's share of a curve can only be resampled whole.
Json judge(const std::vector<const Sample*>& samples, const Arguments& arguments, mien::Metric metric) {
    std::mt19937_64 random(arguments.seed);
    std::vector<double> strangers;
    for (int i = 0; i < 200'000; ++i) {
        const auto* a = samples[random() % samples.size()];
        const auto* b = samples[random() % samples.size()];
        if (a->person != b->person) {
            strangers.push_back(similarity(*a, *b, metric));
        }
    }
    const auto rank =
        strangers.begin() + static_cast<std::ptrdiff_t>((1 - arguments.far) * static_cast<double>(strangers.size()));
    std::nth_element(strangers.begin(), rank, strangers.end());
    const double threshold = *rank;

    std::map<std::string, std::vector<const Sample*>> people;
    for (const auto* sample : samples) {
        people[sample->person].push_back(sample);
    }
    std::vector<std::vector<GenuinePair>> pairs;  // of each person
    for (const auto& [person, photos] : people) {
        pairs.emplace_back();
        for (std::size_t i = 0; i < photos.size(); ++i) {
            for (std::size_t j = i + 1; j < photos.size(); ++j) {
                pairs.back().push_back({photos[i], photos[j], similarity(*photos[i], *photos[j], metric)});
            }
        }
    }
    std::vector<std::pair<std::string, Score>> scores{
        {"best_possible", [](const GenuinePair& p) { return p.similarity; }},
        {"quality",
         [](const GenuinePair& p) { return static_cast<double>(std::min(p.a->quality.score, p.b->quality.score)); }},
        {"detector_score", [](const GenuinePair& p) { return std::min(p.a->detector, p.b->detector); }}};
    if (!arguments.peer.empty()) {
        scores.emplace_back("peer", [](const GenuinePair& p) { return std::min(p.a->peer, p.b->peer); });
    }
    Json json;
    std::vector<std::vector<double>> resampled(scores.size());
    for (std::size_t s = 0; s < scores.size(); ++s) {
        std::vector<std::pair<const GenuinePair*, std::size_t>> ordered;  // with the person
        for (std::size_t person = 0; person < pairs.size(); ++person) {
            for (const auto& pair : pairs[person]) {
                ordered.emplace_back(&pair, person);
            }
        }
        std::stable_sort(ordered.begin(), ordered.end(), [&](const auto& a, const auto& b) {
            return scores[s].second(*a.first) < scores[s].second(*b.first);
        });
        std::vector<const GenuinePair*> plain;
        for (const auto& [pair, person] : ordered) {
            plain.push_back(pair);
        }
        const double base = error_of(plain, threshold, 0);
        if (s == 0) {
            json = {{"pairs", plain.size()},
                    {"people", pairs.size()},
                    {"fmr", arguments.far},
                    {"fnmr", mien::rounded(base, 4)},
                    {"area_of_random", 1}};
        }
        std::mt19937_64 draw(arguments.seed + 1);  // the same samples of people for every score
        for (int round = 0; round < k_bootstraps; ++round) {
            std::vector<int> copies(pairs.size(), 0);
            for (std::size_t i = 0; i < pairs.size(); ++i) {
                ++copies[draw() % pairs.size()];
            }
            std::vector<const GenuinePair*> sample;
            for (const auto& [pair, person] : ordered) {
                sample.insert(sample.end(), static_cast<std::size_t>(copies[person]), pair);
            }
            const double errors = error_of(sample, threshold, 0);
            resampled[s].push_back(errors > 0 ? area(sample, threshold) / errors : 1);
        }
        auto sorted = resampled[s];
        std::sort(sorted.begin(), sorted.end());
        json[scores[s].first] = {{"area", mien::rounded(area(plain, threshold) / base, 3)},
                                 {"interval", {mien::rounded(sorted[5], 3), mien::rounded(sorted[194], 3)}},
                                 {"fnmr_at_10", mien::rounded(error_of(plain, threshold, 0.1), 4)},
                                 {"fnmr_at_20", mien::rounded(error_of(plain, threshold, 0.2), 4)},
                                 {"fnmr_at_30", mien::rounded(error_of(plain, threshold, 0.3), 4)}};
    }
    return json;
}

Json shares(const std::vector<const Sample*>& samples) {
    std::vector<double> scores;
    for (const auto* sample : samples) {
        scores.push_back(static_cast<double>(sample->quality.score));
    }
    std::sort(scores.begin(), scores.end());
    const auto at = [&](double q) {
        return mien::rounded(scores[static_cast<std::size_t>(q * static_cast<double>(scores.size() - 1))], 3);
    };
    const auto good = scores.end() - std::lower_bound(scores.begin(), scores.end(), k_enrol);
    return {{"photos", scores.size()},
            {"at_least_0.8", mien::rounded(static_cast<double>(good) / static_cast<double>(scores.size()), 3)},
            {"score_quantiles", {{"0.05", at(0.05)}, {"0.25", at(0.25)}, {"0.5", at(0.5)}, {"0.75", at(0.75)}}}};
}

int run(const Arguments& arguments) {
    const mien::models::Finder finder({{arguments.models.begin(), arguments.models.end()}, true});
    mien::pipeline::Blueprint::set_workers(arguments.jobs);
    const mien::pipeline::Blueprint blueprint(arguments.pipeline, finder);
    const auto metric = blueprint.contract()->metric;
    for (const auto& folder : arguments.photos) {
        double milliseconds = 0;
        const auto samples = look_at(jobs_of(folder, arguments), arguments, blueprint, milliseconds);
        if (arguments.list) {
            for (const auto& sample : samples) {
                std::printf("%.3f  %s/%s", static_cast<double>(sample.quality.score), sample.person.c_str(),
                            sample.photo.c_str());
                for (const auto& reason : quality::reasons(sample.quality)) {
                    std::printf("; %s", reason.c_str());
                }
                std::puts("");
            }
        }
        if (arguments.fit) {
            fit(samples, arguments);
        }
        std::map<std::string, std::vector<const Sample*>> by_condition;
        std::map<std::string, std::vector<const Sample*>> mixed;  // by photo
        std::size_t not_found = 0;
        for (const auto& sample : samples) {
            not_found += sample.found ? 0U : 1U;
            if (sample.found && (arguments.all || is_held_out(sample.person, arguments))) {
                by_condition[sample.condition].push_back(&sample);
                mixed[sample.person + "/" + sample.photo].push_back(&sample);
            }
        }
        std::vector<const Sample*> either;
        for (const auto& [photo, both] : mixed) {
            either.push_back(both[number_of(photo) % both.size()]);
        }
        Json json{{"photos", fs::path(folder).filename().native()},
                  {"half", arguments.all ? "all" : "held out"},
                  {"detector", blueprint.detector()},
                  {"encoder", blueprint.contract()->encoder},
                  {"not_found", not_found},
                  {"ms_a_face", mien::rounded(milliseconds, 3)}};
        for (const auto& [condition, some] : by_condition) {
            json["scores"][condition] = shares(some);
        }
        json["clean"] = judge(by_condition["clean"], arguments, metric);
        if (!arguments.list) {
            json["half_worsened"] = judge(either, arguments, metric);
        }
        std::puts(json.dump(arguments.list ? -1 : 1).c_str());
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Whether quality predicts errors, and the fit of its curves"};
    Arguments arguments;
    app.add_option("--photos", arguments.photos, "Folders with a folder of photos for each person")->required();
    app.add_option("-m,--method", arguments.pipeline.detector, "Detector");
    app.add_option("-e,--encoder", arguments.pipeline.encoder, "Encoder");
    app.add_option("--landmarks", arguments.pipeline.landmarks, "Landmarks");
    app.add_option("--models", arguments.models, "Model folders");
    app.add_option("--peer", arguments.peer, "lightqnet-dm025.pb, to compare with");
    app.add_option("--most", arguments.most, "Photos a person");
    app.add_option("--people", arguments.people, "The first so many people; 0: all");
    app.add_option("--fmr", arguments.far, "False matches at the threshold");
    app.add_option("--seed", arguments.seed, "Of the halves and the bootstrap");
    app.add_flag("--fit", arguments.fit, "Fit the curves on the other half and print them (mobilefacenet)");
    app.add_flag("--all", arguments.all, "Judge everybody, also people with one photo; for photos that no fit saw");
    app.add_flag("--list", arguments.list, "Print each photo's score and reasons; nothing is worsened");
    app.add_option("-j,--jobs", arguments.jobs, "Workers");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "quality: %s\n", error.what());
        return 1;
    }
}
