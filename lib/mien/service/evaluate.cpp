// SPDX-License-Identifier: MIT
#include <mien/service/evaluate.hpp>

#include <mien/core/csv.hpp>
#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/log.hpp>
#include <mien/core/text.hpp>
#include <mien/match/distance.hpp>
#include <mien/pipeline/batch.hpp>
#include <mien/service/store_choices.hpp>
#include <mien/service/workspace.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <unordered_map>

namespace mien::service {
namespace {

namespace fs = std::filesystem;
using eval::Comparison;
using eval::Interval;
using eval::Probe;
using eval::Role;

constexpr int k_places = 4;
constexpr double k_level = 0.95;
constexpr std::uint64_t k_largest_text = 1ULL << 30U;

std::string read_text(const fs::path& file) {
    const auto bytes = read_file(file, k_largest_text);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The photos of the folder with the people that their places say, people in the order of their labels.
void find_photos(const fs::path& folder, Evaluated& evaluated) {
    std::vector<std::string> labels;
    for (auto& path : photos_in(folder)) {
        const auto inside = path.lexically_relative(folder);
        const bool flat = std::distance(inside.begin(), inside.end()) == 1;
        labels.push_back(to_label(flat ? inside.stem().native() : inside.begin()->native()));
        evaluated.photos.push_back({std::move(path), inside.native(), 0, {}});
    }
    if (labels.empty()) {
        throw Error(ErrorCode::runtime, "there are no photos in " + printable(folder.native()) +
                                            "; put them in folders named after the people, LABEL/PHOTO.jpg");
    }
    const std::set<std::string> distinct(labels.begin(), labels.end());
    evaluated.people.assign(distinct.begin(), distinct.end());
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const auto at = std::lower_bound(evaluated.people.begin(), evaluated.people.end(), labels[i]);
        evaluated.photos[i].person = static_cast<std::uint32_t>(at - evaluated.people.begin());
    }
}

/// Says so where the folder can tell nothing of identification, most likely because it is the wrong one.
void warn_of_labels(const EvaluateOptions& options, const Evaluated& evaluated) {
    const auto folder = printable(options.folder.native());
    if (evaluated.people.size() == 1) {
        log::warn("all photos in {} are of one person, {}; the folder that is meant may be the one above it", folder,
                  evaluated.people.front());
    } else if (evaluated.people.size() == evaluated.photos.size()) {
        log::warn(
            "every person in {} has one photo, so nobody is left to ask about; put photos of one person into a "
            "folder of their own, LABEL/PHOTO.jpg",
            folder);
    }
}

/// Which photos each pair means.
void find_pairs(const fs::path& file, Evaluated& evaluated) {
    evaluated.pairs = eval::read_pairs(read_text(file), file.native());
    std::unordered_map<std::string, std::size_t> numbers;
    for (std::size_t i = 0; i < evaluated.photos.size(); ++i) {
        numbers.emplace(evaluated.photos[i].name, i);
    }
    const auto number_of = [&](const eval::NamedPhoto& photo) {
        const auto found = numbers.find(photo.photo);
        if (found == numbers.end()) {
            throw Error(ErrorCode::usage, printable(file.native()) + " names " + printable(photo.photo) +
                                              ", which is not among the photos; give the folder that the pairs are of");
        }
        return found->second;
    };
    for (const auto& pair : evaluated.pairs) {
        evaluated.pair_photos.push_back({number_of(pair.first), number_of(pair.second)});
    }
}

void encode(const EvaluateOptions& options, const pipeline::Blueprint& blueprint, const EvaluateEvents& events,
            Evaluated& evaluated) {
    // Without identification only the photos of the pairs are wanted.
    std::vector<bool> wanted(evaluated.photos.size(), options.identification);
    for (const auto& pair : evaluated.pair_photos) {
        wanted[pair[0]] = true;
        wanted[pair[1]] = true;
    }
    std::vector<fs::path> paths;
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i]) {
            numbers.push_back(i);
            paths.push_back(evaluated.photos[i].path);
        }
    }
    if (events.started) {
        events.started(paths.size());
    }
    auto encoded = encode_photos(paths, blueprint, options.encode, [&](std::size_t done) {
        if (events.photo) {
            events.photo(done);
        }
    });
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        const auto verdict = encoded[i].result.verdict;
        evaluated.no_face += verdict == Verdict::no_face ? 1U : 0U;
        evaluated.unreadable += verdict == Verdict::unreadable ? 1U : 0U;
        evaluated.reused += encoded[i].reused ? 1U : 0U;
        evaluated.photos[numbers[i]].encoded = std::move(encoded[i]);
    }
}

const auto& face_of(const EvaluatedPhoto& photo) { return photo.encoded.result.faces.front(); }

std::span<const float> encoding_of(const EvaluatedPhoto& photo) { return face_of(photo).encoding; }

void judge_pairs(const EvaluateOptions& options, Evaluated& evaluated) {
    for (std::size_t i = 0; i < evaluated.pairs.size(); ++i) {
        const auto& a = evaluated.photos[evaluated.pair_photos[i][0]];
        const auto& b = evaluated.photos[evaluated.pair_photos[i][1]];
        const bool same = evaluated.pairs[i].same;
        Comparison comparison{eval::k_never, same, a.person, same ? a.person : b.person};
        if (a.found() && b.found()) {
            comparison.distance = match::distance(evaluated.metric, encoding_of(a), encoding_of(b));
        }
        evaluated.pair_comparisons.push_back(comparison);
    }
    evaluated.pairs_result = eval::judge_pairs(evaluated.pairs, evaluated.pair_comparisons, options.rates,
                                               options.draws, options.protocol.seed);
    evaluated.pairs_at_threshold = eval::Scores(evaluated.pair_comparisons).at(evaluated.threshold);
}

bool is_enrolled(Role role, bool open) { return role == Role::enrolled || (!open && role == Role::enrolled_closed); }

using Rank = std::function<eval::Rankings(const Probe&)>;

/// The exact nearest of both sets at once.
Rank nearest_rank(const Evaluated& evaluated, const std::vector<Role>& roles, std::uint32_t dim) {
    auto gallery = std::make_shared<eval::Templates>();
    gallery->metric = evaluated.metric;
    gallery->dim = dim;
    for (std::size_t i = 0; i < roles.size(); ++i) {
        const auto& photo = evaluated.photos[i];
        if (is_enrolled(roles[i], false) && photo.found()) {
            const auto values = encoding_of(photo);
            gallery->rows.insert(gallery->rows.end(), values.begin(), values.end());
            gallery->person.push_back(photo.person);
            gallery->open.push_back(is_enrolled(roles[i], true));
        }
    }
    return [&evaluated, gallery = std::move(gallery)](const Probe& probe) {
        return eval::rank_probe(*gallery, encoding_of(evaluated.photos[probe.photo]), probe.person,
                                evaluated.people.size());
    };
}

/// What a matcher learned of one set.
struct Fitted {
    std::shared_ptr<const gallery::Gallery> gallery;
    std::unique_ptr<const match::Matcher> matcher;
};

Fitted fit(const Evaluated& evaluated, const std::vector<Role>& roles, bool open, const pipeline::Blueprint& blueprint,
           const match::MatcherOptions& options) {
    std::vector<gallery::Record> records;
    for (std::size_t i = 0; i < roles.size(); ++i) {
        const auto& photo = evaluated.photos[i];
        if (is_enrolled(roles[i], open) && photo.found()) {
            gallery::Record record;
            record.label = evaluated.people[photo.person];
            record.photo = photo.name;
            // By its name: the same photo may lie under two labels, or twice under one.
            record.photo_hash = sha256(std::as_bytes(std::span(photo.name)));
            record.box = face_of(photo).box;
            const auto values = encoding_of(photo);
            record.encoding.assign(values.begin(), values.end());
            records.push_back(std::move(record));
        }
    }
    Fitted fitted;
    fitted.gallery = gallery::Gallery::build(description_of(blueprint), records);
    fitted.matcher = match::fit_matcher(options, fitted.gallery);
    return fitted;
}

/// As the matcher answers that is fitted to each set.
Rank matcher_rank(const EvaluateOptions& options, const EvaluateWay& way, const std::vector<Role>& roles,
                  const pipeline::Blueprint& blueprint, Evaluated& evaluated) {
    struct Sets {
        Fitted open;
        std::optional<Fitted> closed;
    };
    auto wanted = way.matcher;
    wanted.threads = options.encode.jobs;
    auto sets = std::make_shared<Sets>();
    try {
        sets->open = fit(evaluated, roles, true, blueprint, wanted);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::usage) {
            throw;
        }
        throw Error(ErrorCode::usage, std::string("the open set's gallery: ") + error.what() +
                                          ", or give a larger --enrol, which fewer people have the photos for");
    }
    try {
        sets->closed = fit(evaluated, roles, false, blueprint, wanted);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::usage) {
            throw;
        }
        evaluated.no_closed = error.what();
    }
    evaluated.method = sets->open.matcher->method();
    evaluated.description = sets->open.matcher->description();
    return [&evaluated, sets = std::move(sets), contract = blueprint.contract()](const Probe& probe) {
        const auto values = encoding_of(evaluated.photos[probe.photo]);
        const Encoding encoding{contract, {values.begin(), values.end()}};
        const auto rank = [&](const Fitted& set) {
            return eval::rank_probe(*set.matcher, *set.gallery, encoding, probe.person, evaluated.people);
        };
        eval::Rankings rankings;
        rankings.open = rank(sets->open);
        if (sets->closed && probe.in_closed) {
            rankings.closed = rank(*sets->closed);
        }
        return rankings;
    };
}

void judge_identification(const EvaluateOptions& options, const EvaluateWay& way, const pipeline::Blueprint& blueprint,
                          Evaluated& evaluated) {
    std::vector<std::uint32_t> persons;
    for (const auto& photo : evaluated.photos) {
        persons.push_back(photo.person);
    }
    const auto roles = eval::assign_roles(persons, options.protocol);
    std::vector<bool> meant(evaluated.people.size());
    std::vector<bool> enrolled(evaluated.people.size());
    std::vector<bool> open_enrolled(evaluated.people.size());
    for (std::size_t i = 0; i < roles.size(); ++i) {
        const auto& photo = evaluated.photos[i];
        if (is_enrolled(roles[i], false)) {
            meant[photo.person] = true;
            if (photo.found()) {
                enrolled[photo.person] = true;
                open_enrolled[photo.person] = is_enrolled(roles[i], true);
            }
        }
        if (roles[i] != Role::enrolled) {
            const bool stranger = roles[i] != Role::probe;
            evaluated.probes.push_back(
                {i, photo.person, stranger, photo.found(), roles[i] != Role::enrolled_closed, {}});
        }
    }
    if (std::find(enrolled.begin(), enrolled.end(), true) == enrolled.end()) {
        throw Error(ErrorCode::runtime, "no face was found in the photos that were to be enrolled");
    }
    evaluated.matcher = match::kind_of(way.matcher);
    evaluated.method = way.matcher.name;
    const auto rank = evaluated.matcher == match::k_default_kind
                          ? nearest_rank(evaluated, roles, blueprint.contract()->dim)
                          : matcher_rank(options, way, roles, blueprint, evaluated);
    const bool closed = evaluated.no_closed.empty();
    for (auto& probe : evaluated.probes) {
        probe.in_closed = probe.in_closed && closed;
    }
    const auto make_work = [&]() -> std::function<eval::Rankings(std::size_t)> {
        return [&](std::size_t i) {
            const auto& probe = evaluated.probes[i];
            return probe.found ? rank(probe) : eval::Rankings{};
        };
    };
    const auto taken = pipeline::run_in_order<eval::Rankings>(
        evaluated.probes.size(), options.encode.jobs, make_work,
        [&](std::size_t i, eval::Rankings&& rankings) { evaluated.probes[i].rankings = rankings; });
    if (taken < evaluated.probes.size()) {
        throw Error(ErrorCode::interrupted, "interrupted; the encodings are kept");
    }
    auto result = eval::judge_identification(evaluated.probes, evaluated.people.size(), options.rates, options.draws,
                                             options.protocol.seed);
    const auto people_in = [](const std::vector<bool>& set) {
        return static_cast<std::size_t>(std::count(set.begin(), set.end(), true));
    };
    result.gallery = closed ? people_in(enrolled) : 0;
    result.open_gallery = people_in(open_enrolled);
    result.people_not_enrolled = people_in(meant) - people_in(enrolled);
    evaluated.identification = std::move(result);
    evaluated.open_at_threshold = eval::open_set(evaluated.probes).at(evaluated.threshold);
}

/// Of each person the name of their group; those that the table does not name: empty.
std::vector<std::string> groups_of(const EvaluateOptions& options, const std::vector<std::string>& people) {
    const auto text = read_text(options.groups);
    CsvReader reader(text);
    CsvRow row;
    const std::string file = printable(options.groups.native());
    const auto next = [&] {
        try {
            return reader.next(row);
        } catch (const Error& error) {
            throw Error(error.code(), file + ", " + error.what());
        }
    };
    if (!next()) {
        throw Error(ErrorCode::usage, file + " is empty; its first line must name the columns");
    }
    const auto column =
        static_cast<std::size_t>(std::find(row.fields.begin() + 1, row.fields.end(), options.by) - row.fields.begin());
    if (column >= row.fields.size()) {
        throw Error(ErrorCode::usage, file + " has no column " + shell_quoted(options.by) +
                                          " behind the first; its first line names the columns, and the first column "
                                          "holds the labels");
    }
    const auto columns = row.fields.size();
    std::unordered_map<std::string, std::string> groups;
    while (next()) {
        if (row.fields.size() != columns) {
            throw Error(ErrorCode::usage, file + ", line " + std::to_string(row.line) + ": " +
                                              std::to_string(row.fields.size()) + " fields where the first line has " +
                                              std::to_string(columns));
        }
        const auto label = to_label(row.fields.front());
        const auto& group = groups.try_emplace(label, row.fields[column]).first->second;
        if (group != row.fields[column]) {
            throw Error(ErrorCode::usage, file + ", line " + std::to_string(row.line) + ": " + shell_quoted(label) +
                                              " is in the group " + shell_quoted(group) + " already, not in " +
                                              shell_quoted(row.fields[column]));
        }
    }
    std::vector<std::string> of_people;
    std::size_t named = 0;
    for (const auto& person : people) {
        const auto found = groups.find(person);
        named += found != groups.end() ? 1U : 0U;
        of_people.push_back(found == groups.end() ? std::string() : found->second);
    }
    if (named == 0) {
        throw Error(ErrorCode::usage, file + " names none of the " + std::to_string(people.size()) +
                                          " people of the folder in its first column");
    }
    return of_people;
}

/// Intervals of a group's rates at fixed thresholds.
void draw_group(const EvaluateOptions& options, const std::vector<std::uint32_t>& members, std::size_t people,
                const eval::Scores& scores, const std::vector<const Probe*>& probes, GroupResult& group) {
    std::vector<double> firsts;
    std::map<double, std::vector<double>> fnirs;
    std::map<double, std::vector<double>> fpirs;
    eval::Random random(options.protocol.seed);
    for (std::size_t draw = 0; draw < options.draws; ++draw) {
        std::vector<std::uint32_t> drawn(people);
        for (std::size_t i = 0; i < members.size(); ++i) {
            ++drawn[members[random.below(members.size())]];
        }
        double right = 0;
        double all = 0;
        for (const auto* probe : probes) {
            if (probe->in_closed) {
                all += drawn[probe->person];
                right += probe->found && probe->rankings.closed.rank == 1 ? drawn[probe->person] : 0U;
            }
        }
        if (all > 0) {
            firsts.push_back(right / all);
        }
        for (const auto& [rate, point] : group.rates) {
            const auto at = scores.at(point.threshold, drawn);
            fnirs[rate].push_back(1 - at.true_rate);
            fpirs[rate].push_back(at.false_rate);
        }
    }
    if (!firsts.empty()) {
        group.rank1_interval = eval::middle_of(firsts, k_level);
    }
    for (const auto& [rate, values] : fnirs) {
        group.fnir_intervals[rate] = eval::middle_of(values, k_level);
        group.fpir_intervals[rate] = eval::middle_of(fpirs[rate], k_level);
    }
}

void judge_groups(const EvaluateOptions& options, Evaluated& evaluated) {
    const auto of_person = groups_of(options, evaluated.people);
    for (const auto& name : std::set<std::string>(of_person.begin(), of_person.end())) {
        GroupResult group;
        group.group = name;
        std::vector<std::uint32_t> members;
        for (std::uint32_t person = 0; person < of_person.size(); ++person) {
            if (of_person[person] == name) {
                members.push_back(person);
            }
        }
        group.people = members.size();
        if (evaluated.pairs_result) {
            std::vector<Comparison> inside;
            for (const auto& comparison : evaluated.pair_comparisons) {
                if (of_person[comparison.person] == name && of_person[comparison.other] == name) {
                    inside.push_back(comparison);
                }
            }
            group.pairs = inside.size();
            const eval::Scores scores(std::move(inside));
            for (const auto& [rate, result] : evaluated.pairs_result->tar) {
                if (result.point) {
                    group.pair_rates[rate] = scores.at(result.point->threshold);
                }
            }
        }
        if (evaluated.identification) {
            std::vector<Probe> inside;
            std::vector<const Probe*> pointers;
            std::size_t right = 0;
            for (const auto& probe : evaluated.probes) {
                if (of_person[probe.person] == name) {
                    inside.push_back(probe);
                    pointers.push_back(&probe);
                    group.strangers += probe.stranger ? 1U : 0U;
                    group.open_probes += probe.stranger ? 0U : 1U;
                    group.probes += probe.in_closed ? 1U : 0U;
                    right += probe.in_closed && probe.found && probe.rankings.closed.rank == 1 ? 1U : 0U;
                }
            }
            if (group.probes > 0) {
                group.rank1 = static_cast<double>(right) / static_cast<double>(group.probes);
            }
            const auto scores = eval::open_set(inside);
            for (const auto& [rate, result] : evaluated.identification->rates) {
                if (result.point) {
                    group.rates[rate] = scores.at(result.point->threshold);
                }
            }
            draw_group(options, members, evaluated.people.size(), scores, pointers, group);
        }
        evaluated.groups.push_back(std::move(group));
    }
}

/// before: another evaluation of the same photos, which has spoken of them, or null
Evaluated evaluate_one(const EvaluateOptions& options, const EvaluateWay& way, const models::Finder& finder,
                       const EvaluateEvents& events, const Evaluated* before) {
    Evaluated evaluated;
    find_photos(options.folder, evaluated);
    if (options.identification && before == nullptr) {
        warn_of_labels(options, evaluated);
    }
    if (!options.pairs.empty()) {
        find_pairs(options.pairs, evaluated);
    }
    const pipeline::Blueprint blueprint(way.pipeline, finder);
    evaluated.settings = blueprint.settings();
    evaluated.encoder = blueprint.contract()->encoder;
    evaluated.detector = blueprint.detector();
    evaluated.metric = blueprint.contract()->metric;
    evaluated.threshold = options.tolerance.value_or(blueprint.encoder().decision.threshold);
    evaluated.threshold_from = options.tolerance ? "option" : "model";
    if (before != nullptr && before->settings == evaluated.settings) {
        evaluated.photos = before->photos;
        evaluated.no_face = before->no_face;
        evaluated.unreadable = before->unreadable;
        evaluated.reused = before->reused;
    } else {
        encode(options, blueprint, events, evaluated);
    }
    if (!options.pairs.empty()) {
        judge_pairs(options, evaluated);
    }
    if (options.identification) {
        judge_identification(options, way, blueprint, evaluated);
    }
    if (!options.by.empty()) {
        judge_groups(options, evaluated);
    }
    return evaluated;
}

double rank1_of(const std::vector<Probe>& probes, eval::People drawn) {
    double right = 0;
    double all = 0;
    for (const auto& probe : probes) {
        if (probe.in_closed) {
            const double weight = drawn.empty() ? 1 : drawn[probe.person];
            all += weight;
            right += probe.found && probe.rankings.closed.rank == 1 ? weight : 0;
        }
    }
    return all > 0 ? right / all : 0;
}

Difference compare(const EvaluateOptions& options, const Evaluated& first, const Evaluated& second) {
    Difference difference;
    if (first.pairs_result) {
        const auto a = eval::right_pairs(first.pairs, first.pair_comparisons, first.pairs_result->thresholds);
        const auto b = eval::right_pairs(second.pairs, second.pair_comparisons, second.pairs_result->thresholds);
        for (std::size_t i = 0; i < a.size(); ++i) {
            difference.only_first += a[i] && !b[i] ? 1U : 0U;
            difference.only_second += b[i] && !a[i] ? 1U : 0U;
        }
        difference.p = eval::mcnemar(difference.only_first, difference.only_second);
    }
    if (!first.identification) {
        return difference;
    }
    const bool closed = first.identification->probes > 0 && second.identification->probes > 0;
    if (closed) {
        difference.rank1 = rank1_of(second.probes, {}) - rank1_of(first.probes, {});
    }
    const auto a = eval::open_set(first.probes);
    const auto b = eval::open_set(second.probes);
    std::vector<double> firsts;
    std::map<double, std::vector<double>> fnirs;
    eval::Random random(options.protocol.seed);
    for (std::size_t draw = 0; draw < options.draws; ++draw) {
        const auto drawn = eval::draw_people(first.people.size(), random);
        if (closed) {
            firsts.push_back(rank1_of(second.probes, drawn) - rank1_of(first.probes, drawn));
        }
        for (const double rate : options.rates) {
            const auto at_a = a.at_rate(rate, drawn);
            const auto at_b = b.at_rate(rate, drawn);
            if (at_a && at_b) {
                fnirs[rate].push_back(at_a->true_rate - at_b->true_rate);
            }
        }
    }
    if (!firsts.empty()) {
        difference.rank1_interval = eval::middle_of(firsts, k_level);
    }
    for (const double rate : options.rates) {
        const auto at_a = a.at_rate(rate);
        const auto at_b = b.at_rate(rate);
        if (at_a && at_b) {
            const auto found = fnirs.find(rate);
            difference.fnir[rate] = {at_a->true_rate - at_b->true_rate,
                                     found == fnirs.end() ? Interval{} : eval::middle_of(found->second, k_level)};
        }
    }
    return difference;
}

std::optional<double> value_of(const eval::Assertion& assertion, const Evaluated& evaluated) {
    const auto at = [&assertion](const std::map<double, eval::RateResult>& rates) -> std::optional<eval::Point> {
        return rates.at(*assertion.rate).point;
    };
    if (assertion.name == "accuracy") {
        return evaluated.pairs_result->accuracy;
    }
    if (assertion.name == "eer") {
        return evaluated.pairs_result->eer;
    }
    if (assertion.name == "tar") {
        const auto point = at(evaluated.pairs_result->tar);
        return point ? std::optional(point->true_rate) : std::nullopt;
    }
    if (assertion.name == "rank1") {
        return evaluated.identification->probes > 0 ? std::optional(evaluated.identification->cmc.front())
                                                    : std::nullopt;
    }
    if (assertion.name == "fnir") {
        const auto point = at(evaluated.identification->rates);
        return point ? std::optional(1 - point->true_rate) : std::nullopt;
    }
    return static_cast<double>(evaluated.no_face + evaluated.unreadable);
}

/// With what is left open filled in.
EvaluateWay decided(EvaluateWay way) {
    way.matcher = match::decided(way.matcher);
    return way;
}

void check(const EvaluateOptions& options) {
    if (options.pairs.empty() && !options.identification) {
        throw Error(ErrorCode::usage, "there is nothing to judge: give --pairs, or leave --no-identification off");
    }
    if (options.by.empty() != options.groups.empty()) {
        throw Error(ErrorCode::usage, "--by COLUMN and --groups FILE belong together");
    }
    for (const auto* way : {&options.way, options.compare ? &*options.compare : nullptr}) {
        if (way != nullptr && !options.pairs.empty() && match::kind_of(way->matcher) != match::k_default_kind) {
            throw Error(ErrorCode::usage,
                        "a pair is judged by the distance of its photos, whatever the matcher: leave "
                        "--pairs out, or the matcher " +
                            match::kind_of(way->matcher));
        }
    }
    for (const auto& assertion : options.assertions) {
        const bool of_pairs = assertion.name == "accuracy" || assertion.name == "eer" || assertion.name == "tar";
        if (of_pairs && options.pairs.empty()) {
            throw Error(ErrorCode::usage,
                        "--assert " + shell_quoted(assertion.text) + " is about pairs; name them with --pairs FILE");
        }
        if ((assertion.name == "rank1" || assertion.name == "fnir") && !options.identification) {
            throw Error(ErrorCode::usage, "--assert " + shell_quoted(assertion.text) +
                                              " is about identification; leave --no-identification off");
        }
    }
}

std::string rate_name(double rate) { return Json(rate).dump(); }

Json maybe(const std::optional<double>& value) { return value ? Json(rounded(*value, k_places)) : Json(nullptr); }

Json rates_json(const std::map<double, eval::RateResult>& rates, bool miss) {
    Json json = Json::object();
    for (const auto& [rate, result] : rates) {
        json[rate_name(rate)] =
            result.point ? Json(rounded(miss ? 1 - result.point->true_rate : result.point->true_rate, k_places))
                         : Json(nullptr);
    }
    return json;
}

Json intervals_json(const std::map<double, eval::RateResult>& rates, bool miss) {
    Json json = Json::object();
    for (const auto& [rate, result] : rates) {
        if (result.point) {
            const auto& i = result.interval;
            json[rate_name(rate)] = eval::to_json(miss ? Interval{1 - i.high, 1 - i.low} : i);
        }
    }
    return json;
}

Json thresholds_json(const std::map<double, eval::RateResult>& rates) {
    Json json = Json::object();
    for (const auto& [rate, result] : rates) {
        if (result.point) {
            json[rate_name(rate)] = rounded(result.point->threshold, k_places);
        }
    }
    return json;
}

Json to_json(const eval::PairsResult& result, const eval::Point& at_threshold, bool intervals) {
    Json json{{"accuracy", rounded(result.accuracy, k_places)}, {"sd", rounded(result.sd, k_places)}};
    if (intervals) {
        json["interval"] = eval::to_json(result.interval);
    }
    json["tar"] = rates_json(result.tar, false);
    if (intervals) {
        json["tar_intervals"] = intervals_json(result.tar, false);
    }
    json["thresholds"] = thresholds_json(result.tar);
    json["eer"] = maybe(result.eer);
    json["not_found"] = result.not_found;
    json["pairs"] = result.pairs;
    json["folds"] = result.folds.size();
    json["at_threshold"] = {{"tar", rounded(at_threshold.true_rate, k_places)},
                            {"far", rounded(at_threshold.false_rate, 5)}};
    if (result.curve) {
        json["curve"] = {{"middle", rounded(result.curve->middle, k_places)},
                         {"slope", rounded(result.curve->slope, 2)}};
    }
    return json;
}

Json to_json(const eval::IdentificationResult& result, const eval::Point& at_threshold, bool intervals) {
    Json json{{"rank1", result.probes > 0 ? Json(rounded(result.cmc.front(), k_places)) : Json(nullptr)}};
    if (intervals && result.probes > 0) {
        json["rank1_interval"] = eval::to_json(result.rank1_interval);
    }
    json["cmc"] = Json::object();
    for (const std::size_t rank : {1U, 5U, 10U, 50U}) {
        json["cmc"][std::to_string(rank)] =
            result.probes > 0 ? Json(rounded(result.cmc[rank - 1], k_places)) : Json(nullptr);
    }
    json["gallery"] = result.gallery;
    json["probes"] = result.probes;
    json["not_found"] = result.probes_not_found;
    json["people_not_enrolled"] = result.people_not_enrolled;
    json["fnir"] = rates_json(result.rates, true);
    if (intervals) {
        json["fnir_intervals"] = intervals_json(result.rates, true);
    }
    json["thresholds"] = thresholds_json(result.rates);
    json["at_threshold"] = {
        {"fnir", result.open_probes > 0 ? Json(rounded(1 - at_threshold.true_rate, k_places)) : Json(nullptr)},
        {"fpir",
         result.strangers > 0 && result.open_gallery > 0 ? Json(rounded(at_threshold.false_rate, 5)) : Json(nullptr)}};
    json["open_gallery"] = result.open_gallery;
    json["open_probes"] = result.open_probes;
    json["strangers"] = result.strangers;
    json["stranger_people"] = result.stranger_people;
    json["strangers_not_found"] = result.strangers_not_found;
    return json;
}

Json to_json(const GroupResult& group, const Evaluated& evaluated, bool intervals) {
    Json json{{"group", group.group}, {"people", group.people}};
    if (evaluated.pairs_result) {
        json["pairs"] = group.pairs;
        for (const auto& [rate, point] : group.pair_rates) {
            json["tar"][rate_name(rate)] = rounded(point.true_rate, k_places);
            json["far"][rate_name(rate)] = rounded(point.false_rate, 5);
        }
    }
    if (evaluated.identification) {
        json["probes"] = group.probes;
        json["strangers"] = group.strangers;
        json["rank1"] = maybe(group.rank1);
        if (intervals && group.rank1) {
            json["rank1_interval"] = eval::to_json(group.rank1_interval);
        }
        for (const auto& [rate, point] : group.rates) {
            const auto name = rate_name(rate);
            json["fnir"][name] = group.open_probes > 0 ? Json(rounded(1 - point.true_rate, k_places)) : Json(nullptr);
            json["fpir"][name] = group.strangers > 0 ? Json(rounded(point.false_rate, 5)) : Json(nullptr);
            if (intervals && group.open_probes > 0) {
                json["fnir_intervals"][name] = eval::to_json(group.fnir_intervals.at(rate));
            }
            if (intervals && group.strangers > 0) {
                json["fpir_intervals"][name] = eval::to_json(group.fpir_intervals.at(rate));
            }
        }
    }
    return json;
}

bool has_intervals(const Evaluated& evaluated) {
    if (evaluated.pairs_result) {
        return evaluated.pairs_result->interval != Interval{};
    }
    const auto& rates = evaluated.identification->rates;
    return evaluated.identification->rank1_interval != Interval{} ||
           std::any_of(rates.begin(), rates.end(), [](const auto& rate) { return rate.second.interval != Interval{}; });
}

Json to_json(const Evaluated& evaluated) {
    Json json = Json::object();
    const bool intervals = has_intervals(evaluated);
    if (evaluated.pairs_result) {
        json["pairs"] = to_json(*evaluated.pairs_result, evaluated.pairs_at_threshold, intervals);
    }
    if (evaluated.identification) {
        auto& found = json["identification"];
        found = to_json(*evaluated.identification, evaluated.open_at_threshold, intervals);
        found["matcher"] = evaluated.matcher;
        found["method"] = evaluated.method;
        if (!evaluated.no_closed.empty()) {
            found["no_closed_set"] = evaluated.no_closed;
        }
    }
    for (const auto& group : evaluated.groups) {
        json["groups"].push_back(to_json(group, evaluated, intervals));
    }
    json["photos"] = evaluated.photos.size();
    json["people"] = evaluated.people.size();
    json["no_face"] = evaluated.no_face;
    json["unreadable"] = evaluated.unreadable;
    json["reused"] = evaluated.reused;
    json["detector"] = evaluated.detector;
    json["encoder"] = evaluated.encoder;
    json["threshold"] = rounded(evaluated.threshold, k_places);
    json["threshold_from"] = evaluated.threshold_from;
    json["settings"] = evaluated.settings;
    return json;
}

}  // namespace

Evaluation evaluate(const EvaluateOptions& options, const models::Finder& finder, const EvaluateEvents& events) {
    const auto started = std::chrono::steady_clock::now();
    auto wanted = options;
    wanted.way = decided(options.way);
    if (options.compare) {
        wanted.compare = decided(*options.compare);
    }
    check(wanted);
    for (const auto& assertion : options.assertions) {
        if (assertion.rate &&
            std::find(wanted.rates.begin(), wanted.rates.end(), *assertion.rate) == wanted.rates.end()) {
            wanted.rates.push_back(*assertion.rate);
        }
    }
    pipeline::Blueprint::set_workers(options.encode.jobs);
    Evaluation evaluation{evaluate_one(wanted, wanted.way, finder, events, nullptr), {}, {}, {}, 0};
    if (wanted.compare) {
        evaluation.second = evaluate_one(wanted, *wanted.compare, finder, events, &evaluation.first);
        evaluation.difference = compare(wanted, evaluation.first, *evaluation.second);
    }
    for (const auto& assertion : options.assertions) {
        const auto value = value_of(assertion, evaluation.first);
        evaluation.assertions.push_back({assertion, value, value && assertion.holds(*value)});
    }
    evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return evaluation;
}

Json to_json(const Evaluation& evaluation) {
    auto json = to_json(evaluation.first);
    if (evaluation.second) {
        json["compared"] = to_json(*evaluation.second);
        const auto& d = *evaluation.difference;
        Json difference = Json::object();
        if (evaluation.first.pairs_result) {
            difference["pairs"] = {{"accuracy", rounded(evaluation.second->pairs_result->accuracy -
                                                            evaluation.first.pairs_result->accuracy,
                                                        k_places)},
                                   {"only_first_right", d.only_first},
                                   {"only_second_right", d.only_second},
                                   {"mcnemar_p", rounded(d.p, 6)}};
        }
        if (d.rank1 || !d.fnir.empty()) {
            auto& found = difference["identification"];
            found = {{"rank1", maybe(d.rank1)}, {"fnir", Json::object()}};
            const bool intervals = has_intervals(evaluation.first);
            if (intervals) {
                if (d.rank1) {
                    found["rank1_interval"] = eval::to_json(d.rank1_interval);
                }
                found["fnir_intervals"] = Json::object();
            }
            for (const auto& [rate, value] : d.fnir) {
                found["fnir"][rate_name(rate)] = rounded(value.first, k_places);
                if (intervals) {
                    found["fnir_intervals"][rate_name(rate)] = eval::to_json(value.second);
                }
            }
        }
        json["difference"] = std::move(difference);
    }
    for (const auto& result : evaluation.assertions) {
        json["assertions"].push_back(
            {{"assert", result.assertion.text}, {"value", maybe(result.value)}, {"holds", result.holds}});
    }
    json["seconds"] = rounded(evaluation.seconds, 2);
    return json;
}

std::string to_csv(const Evaluated& evaluated) {
    std::string csv = "kind,first,second,same,distance,right\n";
    const auto number = [](float distance) {
        return distance == eval::k_never ? std::string() : Json(rounded(static_cast<double>(distance), 6)).dump();
    };
    const auto line = [&csv](const std::string& kind, const std::string& first, const std::string& second, bool same,
                             const std::string& distance, bool right) {
        csv += kind + "," + csv_field(first) + "," + csv_field(second) + "," + (same ? "1," : "0,") + distance + "," +
               (right ? "1\n" : "0\n");
    };
    if (evaluated.pairs_result) {
        const auto right =
            eval::right_pairs(evaluated.pairs, evaluated.pair_comparisons, evaluated.pairs_result->thresholds);
        for (std::size_t i = 0; i < evaluated.pairs.size(); ++i) {
            line("pair", evaluated.pairs[i].first.photo, evaluated.pairs[i].second.photo, evaluated.pairs[i].same,
                 number(evaluated.pair_comparisons[i].distance), right[i]);
        }
    }
    for (const auto& probe : evaluated.probes) {
        const auto& open = probe.rankings.open;
        const bool own_first = !probe.stranger && open.rank == 1;
        const float distance = own_first ? open.own : open.other;
        const auto& nearest = evaluated.people[own_first ? probe.person : open.nearest];
        const bool accepted = probe.found && static_cast<double>(distance) <= evaluated.threshold;
        line(probe.stranger ? "stranger" : "probe", evaluated.photos[probe.photo].name,
             probe.found ? nearest : std::string(), !probe.stranger, probe.found ? number(distance) : std::string(),
             probe.stranger ? !accepted : accepted && own_first);
    }
    return csv;
}

}  // namespace mien::service
