// SPDX-License-Identifier: MIT
#include <mien/eval/calibration.hpp>

#include <mien/core/error.hpp>
#include <mien/core/format.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace mien::eval {
namespace {

constexpr int k_version = 1;
constexpr std::size_t k_most_points = 100;
constexpr double k_outgrown = 1.2;
constexpr double k_miss_level = 0.95;
constexpr std::size_t k_miss_draws = 500;  // enough for that level

/// People who raise alarms by each other come and go together: two who look alike are no independent evidence.
class Flocks {
public:
    explicit Flocks(std::size_t people) : m_parent(people) { std::iota(m_parent.begin(), m_parent.end(), 0U); }

    void join(std::uint32_t a, std::uint32_t b) { m_parent[find(a)] = find(b); }

    std::uint32_t find(std::uint32_t a) {
        while (m_parent[a] != a) {
            a = m_parent[a] = m_parent[m_parent[a]];
        }
        return a;
    }

private:
    std::vector<std::uint32_t> m_parent;
};

/// The strangers' part as comparisons; `same` ones are the known people's, accepted where their own person is first.
std::vector<Comparison> comparisons_of(std::span<const CalibrationProbe> probes) {
    std::vector<Comparison> comparisons;
    for (const auto& probe : probes) {
        comparisons.push_back({probe.other, false, probe.person, probe.person});
        if (probe.known != k_never) {
            comparisons.push_back({probe.right ? probe.known : k_never, true, probe.person, probe.person});
        }
    }
    return comparisons;
}

/// How often each person counts when whole flocks are drawn.
std::vector<std::uint32_t> draw_flocks(const std::vector<std::uint32_t>& flock_of, std::size_t flocks, Random& random) {
    const auto times = draw_people(flocks, random);
    std::vector<std::uint32_t> drawn(flock_of.size());
    for (std::size_t person = 0; person < flock_of.size(); ++person) {
        drawn[person] = flock_of[person] < flocks ? times[flock_of[person]] : 0;
    }
    return drawn;
}

/// Strangers' alarms only, so that drawing many times stays quick. Each stranger counts the same: somebody with
/// hundreds of photos who looks like one person of the store would otherwise be the whole rate.
struct Alarms {
    std::vector<float> distance;  ///< rising
    std::vector<std::uint32_t> person;
    std::vector<double> photos;  ///< of each person

    [[nodiscard]] double all(const std::vector<std::uint32_t>& drawn) const {
        double sum = 0;
        for (std::size_t p = 0; p < photos.size(); ++p) {
            sum += photos[p] > 0 ? drawn[p] : 0;
        }
        return sum;
    }
    [[nodiscard]] double weight(std::size_t i, const std::vector<std::uint32_t>& drawn) const {
        return drawn[person[i]] / photos[person[i]];
    }
};

/// The same of pairs of people: each ordered pair counts the same, and as often as both were drawn.
struct PairAlarms {
    const PairProbes& probes;
    std::vector<float> distance;  ///< rising

    [[nodiscard]] double all(const std::vector<std::uint32_t>& drawn) const {
        double asked = 0;
        double gallery = 0;
        double themselves = 0;
        for (std::size_t p = 0; p < probes.photos.size(); ++p) {
            const double times = probes.photos[p] > 0 ? drawn[p] : 0;
            asked += times;
            if (p < probes.gallery_people) {
                gallery += times;
                themselves += times * times;
            }
        }
        return asked * gallery - themselves;
    }
    [[nodiscard]] double weight(std::size_t i, const std::vector<std::uint32_t>& drawn) const {
        const auto& pair = probes.nearest[i];
        return static_cast<double>(drawn[pair.person]) * drawn[pair.other] /
               (probes.photos[pair.person] * probes.share);
    }
};

/// The threshold that Scores::at_rate() would give.
template <class SomeAlarms>
double threshold_at(const SomeAlarms& alarms, double rate, const std::vector<std::uint32_t>& drawn) {
    const double allowed = rate * alarms.all(drawn) + 1e-9;
    double accepted = 0;
    double below = 0;
    for (std::size_t i = 0; i < alarms.distance.size(); ++i) {
        if (const double weight = alarms.weight(i, drawn); weight > 0) {
            accepted += weight;
            const auto here = static_cast<double>(alarms.distance[i]);
            if (accepted > allowed) {
                return below > 0 ? (below + here) / 2 : std::nextafter(here, -1.0);
            }
            below = here;
        }
    }
    return below;
}

template <class SomeAlarms>
double rate_at(const SomeAlarms& alarms, double threshold, const std::vector<std::uint32_t>& drawn) {
    double accepted = 0;
    for (std::size_t i = 0; i < alarms.distance.size() && static_cast<double>(alarms.distance[i]) <= threshold; ++i) {
        accepted += alarms.weight(i, drawn);
    }
    const double whole = alarms.all(drawn);
    return whole > 0 ? accepted / whole : 0;
}

double logit(double p) { return std::log(p / (1 - p)); }

/// How often a person was asked about as a known one, and as a stranger.
struct Asked {
    double known{};
    double stranger{};
};

struct Sample {
    double distance;
    double right;
    double weight;
};

/// Samples along the distance in groups, their shares of right answers made to fall (pool adjacent violators).
/// ends: behind which sample each group ends
Curve falling_curve(const std::vector<Sample>& samples, const std::vector<std::size_t>& ends) {
    struct Group {
        double distance{};
        double right{};
        double weight{};
        double samples{};
        [[nodiscard]] double share() const {
            // half a sample of each answer beside those that are there, so that nothing is certain
            const double one = weight / samples;
            return (right + one / 2) / (weight + one);
        }
    };
    std::vector<Group> pooled;
    std::size_t i = 0;
    for (const auto end : ends) {
        Group group;
        for (; i < end; ++i) {
            group.distance += samples[i].distance * samples[i].weight;
            group.right += samples[i].right * samples[i].weight;
            group.weight += samples[i].weight;
            ++group.samples;
        }
        if (!(group.weight > 0)) {
            continue;
        }
        pooled.push_back(group);
        while (pooled.size() > 1 && pooled[pooled.size() - 2].share() <= pooled.back().share()) {
            const auto last = pooled.back();
            pooled.pop_back();
            pooled.back().distance += last.distance;
            pooled.back().right += last.right;
            pooled.back().weight += last.weight;
            pooled.back().samples += last.samples;
        }
    }
    Curve curve;
    for (const auto& group : pooled) {
        const double distance = group.distance / group.weight;
        // Points that stay apart, and probabilities that are none of 0 and 1, in six places.
        if (curve.empty() || distance > curve.back().first + 1e-6) {
            curve.emplace_back(distance, std::clamp(group.share(), 1e-6, 1 - 1e-6));
        }
    }
    return curve;
}

void sort_by_distance(std::vector<Sample>& samples) {
    std::stable_sort(samples.begin(), samples.end(),
                     [](const Sample& a, const Sample& b) { return a.distance < b.distance; });
}

/// In groups of equal size.
Curve fit_curve(std::span<const CalibrationProbe> probes, std::size_t people, double strangers) {
    std::vector<Sample> samples;
    std::vector<Asked> asked(people);
    for (const auto& probe : probes) {
        asked[probe.person].known += probe.known != k_never ? 1 : 0;
        asked[probe.person].stranger += probe.other != k_never ? 1 : 0;
    }
    Asked whole;
    for (const auto& person : asked) {
        whole.known += person.known > 0 ? 1 : 0;
        whole.stranger += person.stranger > 0 ? 1 : 0;
    }
    for (const auto& probe : probes) {
        if (probe.known != k_never) {
            samples.push_back({static_cast<double>(probe.known), probe.right ? 1.0 : 0.0,
                               (1 - strangers) / whole.known / asked[probe.person].known});
        }
        if (probe.other != k_never) {
            samples.push_back(
                {static_cast<double>(probe.other), 0, strangers / whole.stranger / asked[probe.person].stranger});
        }
    }
    sort_by_distance(samples);
    const std::size_t groups = std::clamp<std::size_t>(samples.size() / 25, 2, 60);
    std::vector<std::size_t> ends;
    for (std::size_t g = 1; g <= groups; ++g) {
        ends.push_back(g * samples.size() / groups);
    }
    return falling_curve(samples, ends);
}

/// Of comparisons with one person: those of the own person and those of all others weigh the same together. In groups
/// of equal weight, because the others are so many more. Others who were too far to be kept count as if they followed
/// the last that was.
Curve fit_curve(const PairAlarms& others) {
    constexpr std::size_t k_least_own = 10;
    const auto& own = others.probes.own;
    const std::vector<std::uint32_t> once(others.probes.photos.size(), 1);
    const double whole = others.all(once);
    if (own.size() < k_least_own || !(whole > 0)) {
        return {};
    }
    std::vector<double> photos(others.probes.photos.size());
    double people = 0;
    for (const auto& comparison : own) {
        people += photos[comparison.person]++ > 0 ? 0 : 1;
    }
    std::vector<Sample> samples;
    for (const auto& comparison : own) {
        samples.push_back({static_cast<double>(comparison.distance), 1, 0.5 / people / photos[comparison.person]});
    }
    double kept = 0;
    for (std::size_t i = 0; i < others.distance.size(); ++i) {
        const double weight = others.weight(i, once) / whole;
        samples.push_back({static_cast<double>(others.distance[i]), 0, 0.5 * weight});
        kept += weight;
    }
    if (kept < 1 - 1e-6) {
        samples.push_back(
            {others.distance.empty() ? 0 : static_cast<double>(others.distance.back()), 0, 0.5 * (1 - kept)});
    }
    sort_by_distance(samples);
    double weight = 0;
    for (const auto& sample : samples) {
        weight += sample.weight;
    }
    const auto groups = static_cast<double>(std::clamp<std::size_t>(own.size() / 12, 2, 60));
    std::vector<std::size_t> ends;
    double taken = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        taken += samples[i].weight;
        if (taken >= weight * static_cast<double>(ends.size() + 1) / groups || i + 1 == samples.size()) {
            ends.push_back(i + 1);
        }
    }
    return falling_curve(samples, ends);
}

/// What a store's text says, which anybody may have written.
class KeptText {
public:
    explicit KeptText(std::string_view text) : m_json(Json::parse(text, nullptr, false)) {
        if (!m_json.is_object()) {
            throw refusal("no JSON object");
        }
        if (number("version", 0, k_most) != k_version) {
            throw Error(ErrorCode::store_corrupt,
                        "the store's calibration is of another version of mien; make it anew "
                        "with 'mien calibrate'");
        }
    }

    static Error refusal(const std::string& what) {
        return {ErrorCode::store_corrupt,
                "the store's calibration makes no sense (" + what + "); make it anew with 'mien calibrate'"};
    }
    [[nodiscard]] bool has(const char* name) const { return m_json.contains(name) && !m_json[name].is_null(); }
    [[nodiscard]] double number(const char* name, double low, double high) const {
        if (!m_json.contains(name) || !m_json[name].is_number()) {
            throw refusal(std::string(name) + " is no number");
        }
        const double value = m_json[name].get<double>();
        if (!(value >= low && value <= high)) {
            throw refusal(std::string(name) + " is out of range");
        }
        return value;
    }
    [[nodiscard]] double share(const char* name) const { return number(name, 0, 1); }
    [[nodiscard]] double threshold() const { return number("threshold", -1, 1e6); }
    [[nodiscard]] std::size_t count(const char* name) const {
        return static_cast<std::size_t>(number(name, 0, k_most));
    }
    [[nodiscard]] UnixTime time() const { return static_cast<UnixTime>(number("time", -k_most, k_most)); }
    [[nodiscard]] std::string text(const char* name) const {
        if (!m_json.contains(name) || !m_json[name].is_string()) {
            throw refusal(std::string(name) + " is no text");
        }
        return m_json[name].get<std::string>();
    }
    [[nodiscard]] Interval interval(const char* name) const {
        if (!m_json.contains(name) || !m_json[name].is_array() || m_json[name].size() != 2 ||
            !m_json[name][0].is_number() || !m_json[name][1].is_number()) {
            throw refusal(std::string(name) + " is no interval");
        }
        return {m_json[name][0].get<double>(), m_json[name][1].get<double>()};
    }
    [[nodiscard]] Curve curve() const {
        const auto& points = m_json["curve"];
        if (!points.is_array() || points.size() > k_most_points) {
            throw refusal("no curve");
        }
        Curve curve;
        for (const auto& point : points) {
            if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_number()) {
                throw refusal("a point of the curve is no pair of numbers");
            }
            const std::pair at{point[0].get<double>(), point[1].get<double>()};
            const bool falls = curve.empty() || (at.first > curve.back().first && at.second <= curve.back().second);
            if (!falls || !(at.second > 0 && at.second < 1) || !std::isfinite(at.first)) {
                throw refusal("the curve does not fall");
            }
            curve.push_back(at);
        }
        return curve;
    }

private:
    static constexpr double k_most = 1e15;
    Json m_json;
};

/// Whether the model and the settings are the store's.
template <class SomeCalibration>
bool is_of(const SomeCalibration& calibration, const gallery::Gallery& gallery) {
    return calibration.encoder == gallery.contract().encoder && calibration.weights == gallery.contract().weights &&
           calibration.fingerprint == gallery.description().fingerprint;
}

void require_share(double share, const char* what) {
    if (!(share > 0 && share < 1)) {
        throw Error(ErrorCode::usage, std::string(what) + " is between 0 and 1");
    }
}

/// What calibrations for 1:N and for 1:1 have in common.
template <class SomeCalibration>
void read_shared(const KeptText& kept, SomeCalibration& c) {
    c.encoder = kept.text("encoder");
    c.weights = kept.text("weights");
    c.fingerprint = kept.text("fingerprint");
    c.threshold = kept.threshold();
    c.interval = kept.interval("interval");
    c.gallery_people = kept.count("gallery_people");
    c.known_photos = kept.count("known_photos");
    c.time = kept.time();
}

Json six_places(const Interval& interval) { return {rounded(interval.low, 6), rounded(interval.high, 6)}; }

Json six_places(const Curve& curve) {
    Json json = Json::array();
    for (const auto& [distance, probability] : curve) {
        json.push_back({rounded(distance, 6), rounded(probability, 6)});
    }
    return json;
}

}  // namespace

double confidence_at(const Curve& curve, double distance) {
    if (curve.empty() || !(distance == distance)) {
        return 0;
    }
    const auto above = std::lower_bound(curve.begin(), curve.end(), distance,
                                        [](const auto& point, double d) { return point.first < d; });
    if (above == curve.begin()) {
        return above->second;
    }
    const auto below = std::prev(above);
    if (above == curve.end()) {
        return below->second;
    }
    const double part = (distance - below->first) / (above->first - below->first);
    return 1 / (1 + std::exp(-(logit(below->second) + part * (logit(above->second) - logit(below->second)))));
}

Calibration calibrate(std::span<const CalibrationProbe> probes, std::size_t people, const CalibrationRequest& request) {
    require_share(request.fpir, "a rate of false alarms");
    require_share(request.strangers, "the share of strangers");
    Alarms alarms;
    alarms.photos.resize(people);
    std::vector<std::size_t> order;
    Calibration result;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        ++alarms.photos[probes[i].person];
        ++result.stranger_photos;
        result.known_photos += probes[i].known != k_never ? 1U : 0U;
        if (probes[i].other != k_never) {
            order.push_back(i);
        }
    }
    result.stranger_people =
        people - static_cast<std::size_t>(std::count(alarms.photos.begin(), alarms.photos.end(), 0.0));
    const auto needed = rule_of_three(request.fpir);
    if (result.stranger_people < needed) {
        const double lowest = 3 / static_cast<double>(std::max<std::size_t>(result.stranger_people, 1));
        throw Error(ErrorCode::runtime,
                    "a false alarm rate of " + formatted("%g", 100 * request.fpir) + " % takes at least " +
                        std::to_string(needed) + " strangers to show, and there are " +
                        std::to_string(result.stranger_people) +
                        " people; add photos of people who are not in the store with --impostors DIR" +
                        (lowest < 1 ? ", or ask for --fpir " + formatted("%.3f", lowest + 0.0005) + " or more"
                                    : std::string()));
    }
    if (result.known_photos < 10) {
        throw Error(ErrorCode::runtime, "only " + std::to_string(result.known_photos) +
                                            " photos are of people with other photos in the store; a probability takes "
                                            "at least 10: give people a second photo");
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return probes[a].other < probes[b].other; });
    for (const auto i : order) {
        alarms.distance.push_back(probes[i].other);
        alarms.person.push_back(probes[i].person);
    }
    const std::vector<std::uint32_t> once(people, 1);
    result.fpir = request.fpir;
    result.strangers = request.strangers;
    result.threshold = threshold_at(alarms, request.fpir, once);

    Flocks flocks(people);
    for (const auto i : order) {
        if (static_cast<double>(probes[i].other) <= result.threshold && probes[i].other_person < people) {
            flocks.join(probes[i].person, probes[i].other_person);
        }
    }
    std::vector<std::uint32_t> numbers(people, gallery::k_nobody);
    std::vector<std::uint32_t> flock_of(people, gallery::k_nobody);
    std::uint32_t count = 0;
    for (std::uint32_t person = 0; person < people; ++person) {
        if (alarms.photos[person] > 0) {
            auto& flock = numbers[flocks.find(person)];
            flock = flock == gallery::k_nobody ? count++ : flock;
            flock_of[person] = flock;
        }
    }
    const Scores scores(comparisons_of(probes));
    result.fnir = 1 - scores.at(result.threshold).true_rate;
    std::vector<double> rates;
    std::vector<double> misses;
    Random random(request.seed);
    for (std::size_t draw = 0; draw < request.draws; ++draw) {
        const auto first = draw_flocks(flock_of, count, random);
        const auto second = draw_flocks(flock_of, count, random);
        rates.push_back(rate_at(alarms, threshold_at(alarms, request.fpir, first), second));
        if (draw < k_miss_draws) {
            misses.push_back(1 - scores.at(result.threshold, second).true_rate);
        }
    }
    if (!rates.empty()) {
        result.interval = middle_of(rates, k_calibration_level);
        result.fnir_interval = middle_of(misses, k_miss_level);
    }
    result.curve = fit_curve(probes, people, request.strangers);
    return result;
}

void NearestPairs::add(const std::vector<PairComparison>& comparisons) {
    const float cap = m_cap;
    for (const auto& comparison : comparisons) {
        if (comparison.distance <= cap) {
            m_kept.push_back(comparison);
        }
    }
    if (m_kept.size() > 2 * m_most) {
        prune();
    }
}

void NearestPairs::prune() {
    std::sort(m_kept.begin(), m_kept.end(), [](const PairComparison& a, const PairComparison& b) {
        return std::tie(a.distance, a.person, a.other) < std::tie(b.distance, b.person, b.other);
    });
    if (m_kept.size() >= m_most) {
        m_kept.resize(m_most);
        m_cap = m_kept.empty() ? k_never : m_kept.back().distance;
    }
}

std::vector<PairComparison> NearestPairs::take() {
    prune();
    return std::move(m_kept);
}

PairCalibration calibrate_pairs(const PairProbes& probes, const PairRequest& request) {
    require_share(request.far, "a rate of false accepts");
    PairCalibration result;
    result.far = request.far;
    std::vector<std::uint32_t> numbers;  // of people with photos
    for (std::size_t p = 0; p < probes.photos.size(); ++p) {
        result.photos += probes.photos[p];
        if (probes.photos[p] > 0) {
            numbers.push_back(static_cast<std::uint32_t>(p));
            result.gallery_people += p < probes.gallery_people ? 1U : 0U;
        }
    }
    result.people = numbers.size();
    result.known_photos = probes.own.size();
    const auto gallery = result.gallery_people;
    result.pairs = gallery * (gallery > 0 ? gallery - 1 : 0) / 2 + (result.people - gallery) * gallery;
    const auto needed = rule_of_three(request.far);
    if (result.pairs < needed) {
        const double lowest = 3 / static_cast<double>(std::max<std::size_t>(result.pairs, 1));
        const auto people =
            static_cast<std::size_t>(std::ceil((1 + std::sqrt(1 + 8.0 * static_cast<double>(needed))) / 2));
        throw Error(ErrorCode::runtime,
                    formatted("a false accept rate of %g %% takes at least ", 100 * request.far) +
                        std::to_string(needed) + " pairs of people to show, which " + std::to_string(people) +
                        " people make, and there are " + std::to_string(result.pairs) + " pairs of " +
                        std::to_string(result.people) +
                        " people; add photos of people who are not in the store with --impostors DIR" +
                        (lowest < 0.5 ? formatted(", or ask for --far %.2g or more", 1.05 * lowest) : std::string()));
    }
    PairAlarms alarms{probes, {}};
    for (const auto& comparison : probes.nearest) {
        alarms.distance.push_back(comparison.distance);
    }
    result.threshold = threshold_at(alarms, request.far, std::vector<std::uint32_t>(probes.photos.size(), 1));

    const Scores scores(probes.own);
    if (!probes.own.empty()) {
        result.fnmr = 1 - scores.at(result.threshold).true_rate;
    }
    Random random(request.seed);
    const auto draw_numbers = [&] {
        const auto times = draw_people(numbers.size(), random);
        std::vector<std::uint32_t> drawn(probes.photos.size());
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            drawn[numbers[i]] = times[i];
        }
        return drawn;
    };
    std::vector<double> rates;
    std::vector<double> misses;
    for (std::size_t draw = 0; draw < request.draws; ++draw) {
        const auto first = draw_numbers();
        const auto second = draw_numbers();
        rates.push_back(rate_at(alarms, threshold_at(alarms, request.far, first), second));
        if (result.fnmr && draw < k_miss_draws) {
            misses.push_back(1 - scores.at(result.threshold, second).true_rate);
        }
    }
    if (!rates.empty()) {
        result.interval = middle_of(rates, k_calibration_level);
    }
    if (!misses.empty()) {
        result.fnmr_interval = middle_of(misses, k_miss_level);
    }
    result.curve = fit_curve(alarms);
    return result;
}

Json to_json(const Calibration& c) {
    return {{"version", k_version},
            {"encoder", c.encoder},
            {"weights", c.weights},
            {"fingerprint", c.fingerprint},
            {"matcher", c.matcher},
            {"fpir", c.fpir},
            {"threshold", rounded(c.threshold, 6)},
            {"interval", six_places(c.interval)},
            {"interval_level", k_calibration_level},
            {"fnir", rounded(c.fnir, 6)},
            {"fnir_interval", six_places(c.fnir_interval)},
            {"gallery_people", c.gallery_people},
            {"gallery_records", c.gallery_records},
            {"stranger_people", c.stranger_people},
            {"stranger_photos", c.stranger_photos},
            {"known_photos", c.known_photos},
            {"strangers", c.strangers},
            {"curve", six_places(c.curve)},
            {"time", c.time}};
}

Calibration calibration_from(std::string_view text) {
    const KeptText kept(text);
    Calibration c;
    read_shared(kept, c);
    if (kept.has("matcher")) {  // else it is of the default
        c.matcher = kept.text("matcher");
    }
    c.fpir = kept.share("fpir");
    c.fnir = kept.share("fnir");
    c.fnir_interval = kept.interval("fnir_interval");
    c.gallery_records = kept.count("gallery_records");
    c.stranger_people = kept.count("stranger_people");
    c.stranger_photos = kept.count("stranger_photos");
    c.strangers = kept.share("strangers");
    if (!kept.has("curve") || (c.curve = kept.curve()).empty()) {
        throw KeptText::refusal("no curve");
    }
    return c;
}

Json to_json(const PairCalibration& c) {
    return {{"version", k_version},
            {"encoder", c.encoder},
            {"weights", c.weights},
            {"fingerprint", c.fingerprint},
            {"far", c.far},
            {"threshold", rounded(c.threshold, 6)},
            {"interval", six_places(c.interval)},
            {"interval_level", k_calibration_level},
            {"fnmr", c.fnmr ? Json(rounded(*c.fnmr, 6)) : Json(nullptr)},
            {"fnmr_interval", c.fnmr ? six_places(c.fnmr_interval) : Json(nullptr)},
            {"gallery_people", c.gallery_people},
            {"people", c.people},
            {"photos", c.photos},
            {"pairs", c.pairs},
            {"known_photos", c.known_photos},
            {"curve", six_places(c.curve)},
            {"time", c.time}};
}

PairCalibration pair_calibration_from(std::string_view text) {
    const KeptText kept(text);
    PairCalibration c;
    read_shared(kept, c);
    c.far = kept.share("far");
    if (kept.has("fnmr")) {
        c.fnmr = kept.share("fnmr");
        c.fnmr_interval = kept.interval("fnmr_interval");
    }
    c.people = kept.count("people");
    c.photos = kept.count("photos");
    c.pairs = kept.count("pairs");
    if (kept.has("curve")) {  // else there is none
        c.curve = kept.curve();
    }
    return c;
}

std::optional<PairCalibration> kept_pair_calibration(const gallery::Gallery& gallery) {
    const auto text = gallery.extra(k_pair_calibration_name);
    return text.empty() ? std::nullopt : std::optional(pair_calibration_from(text));
}

std::optional<PairCalibration> pair_calibration_of(const gallery::Gallery& gallery) {
    auto calibration = kept_pair_calibration(gallery);
    return calibration && is_of(*calibration, gallery) ? calibration : std::nullopt;
}

std::optional<Calibration> kept_calibration(const gallery::Gallery& gallery) {
    const auto text = gallery.extra(k_calibration_name);
    return text.empty() ? std::nullopt : std::optional(calibration_from(text));
}

std::optional<Calibration> calibration_of(const gallery::Gallery& gallery, const match::MatcherOptions& matcher) {
    auto calibration = kept_calibration(gallery);
    if (!calibration || !is_of(*calibration, gallery) ||
        calibration->matcher != match::kind_of(match::decided(matcher, gallery))) {
        return std::nullopt;
    }
    return calibration;
}

bool has_outgrown(const Calibration& calibration, std::size_t people) {
    return static_cast<double>(people) > k_outgrown * static_cast<double>(calibration.gallery_people);
}

}  // namespace mien::eval
