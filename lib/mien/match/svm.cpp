// SPDX-License-Identifier: MIT
#include <mien/match/svm.hpp>

#include <mien/core/error.hpp>
#include <mien/core/hash.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/match/distance.hpp>
#include <mien/match/parallel.hpp>
#include <mien/match/people.hpp>
#include <mien/match/state.hpp>

#include <libsvm/svm.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <random>
#include <utility>

namespace mien::match {
namespace {

enum class State : std::uint8_t { nothing = 0, learned = 1 };
enum class Asked : std::uint8_t { no = 0, yes = 1 };

void write_options(StateWriter& out, const SvmOptions& options) {
    out.write(options.kernel ? Asked::yes : Asked::no);
    out.write(options.kernel.value_or(Kernel::rbf));
    for (const auto& number : {options.c, options.gamma}) {
        out.write(number ? Asked::yes : Asked::no);
        out.write(number.value_or(0));
    }
    out.write(options.seed);
}

/// Encodings sorted by class, classes numbered in the order of their people. Those of one photo of a class follow each
/// other, the faces' own before their altered copies.
struct Samples {
    std::size_t dim{};
    std::vector<float> points;
    std::vector<std::size_t> classes;
    std::vector<std::size_t> photos;  ///< of each sample; numbered through all classes, in ascending order
    std::vector<std::size_t> rows;    ///< of each sample: the gallery's row
    std::vector<bool> is_copy;        ///< altered
    std::vector<std::size_t> first;   ///< of each class; one more at the end
    std::vector<std::string> labels;

    [[nodiscard]] std::size_t size() const { return classes.size(); }
    [[nodiscard]] std::size_t count() const { return labels.size(); }
    [[nodiscard]] std::span<const float> point(std::size_t i) const { return std::span(points).subspan(i * dim, dim); }
    /// How many photos a class has; its photos' numbers begin at first_photo().
    [[nodiscard]] std::size_t photos_of(std::size_t cls) const {
        return photos[first[cls + 1] - 1] + 1 - first_photo(cls);
    }
    [[nodiscard]] std::size_t first_photo(std::size_t cls) const { return photos[first[cls]]; }

    void add(std::span<const float> encoding, std::size_t row, bool copy) {
        if (!std::all_of(encoding.begin(), encoding.end(), [](float value) { return std::isfinite(value); })) {
            return;
        }
        points.insert(points.end(), encoding.begin(), encoding.end());
        classes.push_back(labels.size());
        rows.push_back(row);
        is_copy.push_back(copy);
    }
};

Samples samples_of(const gallery::Gallery& gallery, const PersonRows& rows) {
    Samples samples;
    samples.dim = gallery.contract().dim;
    std::size_t photo = 0;
    for (std::size_t person = 0; person < gallery.people(); ++person) {
        // In the order of what they are, so that the answer does not depend on where the rows lie.
        std::vector<std::uint32_t> sorted(rows.of(person).begin(), rows.of(person).end());
        std::sort(sorted.begin(), sorted.end(), [&gallery](std::uint32_t a, std::uint32_t b) {
            const auto x = gallery.encoding(a);
            const auto y = gallery.encoding(b);
            const auto& first = gallery.photo_hash(a);
            const auto& second = gallery.photo_hash(b);
            return first != second ? first < second
                                   : std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
        });
        samples.first.push_back(samples.size());
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            const auto row = sorted[i];
            samples.add(gallery.encoding(row), row, false);
            const auto copies = gallery::augmented_of(gallery, gallery.record(row).key());
            for (std::size_t at = 0; at < copies.size(); at += samples.dim) {
                samples.add(std::span(copies).subspan(at, samples.dim), row, true);
            }
            const bool ends = i + 1 == sorted.size() || gallery.photo_hash(sorted[i + 1]) != gallery.photo_hash(row);
            if (samples.photos.size() < samples.size()) {
                samples.photos.resize(samples.size(), photo);
            }
            photo += ends && !samples.photos.empty() && samples.photos.back() == photo ? 1U : 0U;
        }
        if (samples.size() == samples.first.back()) {
            samples.first.pop_back();
            continue;
        }
        samples.labels.emplace_back(gallery.label(person));
    }
    samples.first.push_back(samples.size());
    return samples;
}

/// All that is learned from; the same for the same records with the same copies, in whatever order they lie.
std::uint64_t learned_from(const gallery::Gallery& gallery) {
    auto sum = fingerprint(gallery);
    for (const auto& [name, blob] : gallery.extras()) {
        if (name.starts_with(gallery::k_augmented_prefix)) {
            const std::array<std::uint64_t, 2> both{xxh3(std::as_bytes(std::span(name))),
                                                    xxh3(std::as_bytes(std::span(blob)))};
            sum += xxh3(std::as_bytes(std::span(both)));
        }
    }
    return sum;
}

double kernel_value(Kernel kernel, double gamma, std::span<const float> a, std::span<const float> b) {
    if (kernel == Kernel::linear) {
        return 1.0 - static_cast<double>(distance(Metric::cosine, a, b));  // the plain scalar product
    }
    const auto d = static_cast<double>(distance(Metric::l2, a, b));
    return std::exp(-gamma * d * d);
}

/// libsvm's form of a kernel that is known: each row begins with its own number, from 1.
class KernelRows {
public:
    KernelRows(const Samples& samples, Kernel kernel, std::span<const double> base, double gamma)
        : m_width(samples.size() + 1), m_nodes(samples.size() * m_width) {
        for (std::size_t i = 0; i < samples.size(); ++i) {
            auto* row = m_nodes.data() + i * m_width;
            row[0] = {0, static_cast<double>(i + 1)};
            for (std::size_t j = 0; j < samples.size(); ++j) {
                const double value = base[i * samples.size() + j];
                row[j + 1] = {static_cast<int>(j + 1), kernel == Kernel::rbf ? std::exp(-gamma * value) : value};
            }
        }
    }
    [[nodiscard]] svm_node* row(std::size_t i) { return m_nodes.data() + i * m_width; }

private:
    std::size_t m_width;
    std::vector<svm_node> m_nodes;
};

/// Squared distances (rbf) or scalar products (linear) of all pairs, from which every gamma's kernel follows.
std::vector<double> kernel_base(const Samples& samples, Kernel kernel) {
    const std::size_t n = samples.size();
    std::vector<double> base(n * n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            double value{};
            if (kernel == Kernel::rbf) {
                const auto d = static_cast<double>(distance(Metric::l2, samples.point(i), samples.point(j)));
                value = d * d;
            } else {
                value = kernel_value(kernel, 0, samples.point(i), samples.point(j));
            }
            base[i * n + j] = base[j * n + i] = value;
        }
    }
    return base;
}

struct FreeModel {
    void operator()(svm_model* model) const { svm_free_and_destroy_model(&model); }
};
using Model = std::unique_ptr<svm_model, FreeModel>;

/// The machines of the samples that are listed, in ascending order and with all classes among them.
Model train(const Samples& samples, KernelRows& kernel, std::span<const std::size_t> listed, double c) {
    std::vector<double> targets;
    std::vector<svm_node*> rows;
    std::vector<double> counts(samples.count());
    for (const auto i : listed) {
        targets.push_back(static_cast<double>(samples.classes[i]));
        rows.push_back(kernel.row(i));
        ++counts[samples.classes[i]];
    }
    // Balanced: each person weighs as much as any, however many photos there are.
    std::vector<int> weight_labels(samples.count());
    std::iota(weight_labels.begin(), weight_labels.end(), 0);
    std::vector<double> weights;
    for (const double count : counts) {
        weights.push_back(static_cast<double>(listed.size()) / (static_cast<double>(samples.count()) * count));
    }
    svm_problem problem{static_cast<int>(listed.size()), targets.data(), rows.data()};
    svm_parameter parameter{};
    parameter.svm_type = C_SVC;
    parameter.kernel_type = PRECOMPUTED;
    parameter.cache_size = 64;
    parameter.eps = 1e-3;
    parameter.C = c;
    parameter.nr_weight = static_cast<int>(samples.count());
    parameter.weight_label = weight_labels.data();
    parameter.weight = weights.data();
    parameter.shrinking = 1;
    return Model(svm_train(&problem, &parameter));
}

/// Which fold holds each sample out; none (k_svm_folds) for those of somebody's only photo.
std::vector<std::size_t> folds_of(const Samples& samples, std::uint64_t seed) {
    std::vector<std::size_t> classes;  // that are held out
    std::vector<std::size_t> sizes;
    for (std::size_t cls = 0; cls < samples.count(); ++cls) {
        if (samples.photos_of(cls) >= 2) {
            classes.push_back(cls);
            sizes.push_back(samples.photos_of(cls));
        }
    }
    const auto allotted = stratified(sizes);
    std::vector<std::size_t> folds(samples.size(), k_svm_folds);
    std::mt19937_64 random(seed);
    for (std::size_t i = 0; i < classes.size(); ++i) {
        std::vector<std::size_t> of_photos;
        for (std::size_t fold = 0; fold < k_svm_folds; ++fold) {
            of_photos.insert(of_photos.end(), allotted[i][fold], fold);
        }
        // Fisher-Yates with our own draws: std::shuffle's differ between libraries.
        for (std::size_t k = of_photos.size() - 1; k > 0; --k) {
            std::swap(of_photos[k], of_photos[random() % (k + 1)]);
        }
        const auto first_photo = samples.first_photo(classes[i]);
        for (std::size_t at = samples.first[classes[i]]; at < samples.first[classes[i] + 1]; ++at) {
            folds[at] = of_photos[samples.photos[at] - first_photo];
        }
    }
    return folds;
}

/// Held-out values of all machines; a row a sample, a column a machine (0-1, 0-2, …, 1-2, …).
struct CrossValidation {
    std::vector<double> values;
    double accuracy{};          ///< mean over the people
    double loss{};              ///< logistic, of the machines that concern a sample; decides between equal accuracies
    std::vector<Model> models;  ///< of each fold; null for one that holds nobody out
};

/// The held-out values of the machines that concern each sample, positive where the machine is right.
std::vector<double> values_towards(const Samples& samples, const std::vector<std::size_t>& folds,
                                   std::span<const double> values) {
    const std::size_t people = samples.count();
    const std::size_t machines = people * (people - 1) / 2;
    std::vector<double> towards;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (folds[i] == k_svm_folds || samples.is_copy[i]) {
            continue;
        }
        std::size_t machine = 0;
        for (std::size_t a = 0; a < people; ++a) {
            for (std::size_t b = a + 1; b < people; ++b, ++machine) {
                if (samples.classes[i] == a || samples.classes[i] == b) {
                    const double value = values[i * machines + machine];
                    towards.push_back(samples.classes[i] == a ? value : -value);
                }
            }
        }
    }
    return towards;
}

CrossValidation cross_validate(const Samples& samples, KernelRows& kernel, const std::vector<std::size_t>& folds,
                               double c) {
    const std::size_t machines = samples.count() * (samples.count() - 1) / 2;
    CrossValidation result{std::vector<double>(samples.size() * machines), 0, 0, {}};
    std::vector<double> right(samples.count());
    std::vector<double> asked(samples.count());
    for (std::size_t fold = 0; fold < k_svm_folds; ++fold) {
        std::vector<std::size_t> listed;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            if (folds[i] != fold) {
                listed.push_back(i);
            }
        }
        auto& model = result.models.emplace_back();
        if (listed.size() == samples.size()) {
            continue;
        }
        model = train(samples, kernel, listed, c);
        for (std::size_t i = 0; i < samples.size(); ++i) {
            if (folds[i] == fold && !samples.is_copy[i]) {
                const double answer =
                    svm_predict_values(model.get(), kernel.row(i), result.values.data() + i * machines);
                right[samples.classes[i]] += answer == static_cast<double>(samples.classes[i]) ? 1 : 0;
                ++asked[samples.classes[i]];
            }
        }
    }
    double people = 0;
    for (std::size_t cls = 0; cls < samples.count(); ++cls) {
        if (asked[cls] > 0) {
            result.accuracy += right[cls] / asked[cls];
            ++people;
        }
    }
    result.accuracy /= people;
    for (const double value : values_towards(samples, folds, result.values)) {
        result.loss += std::log1p(std::exp(-value));
    }
    return result;
}

/// Where a convex function is least, by golden section.
template <class Function>
double minimum(const Function& f, double low, double high) {
    constexpr double k_golden = 0.6180339887498949;
    double left = high - k_golden * (high - low);
    double right = low + k_golden * (high - low);
    double at_left = f(left);
    double at_right = f(right);
    for (int step = 0; step < 40; ++step) {
        if (at_left <= at_right) {
            high = std::exchange(right, left);
            at_right = at_left;
            left = high - k_golden * (high - low);
            at_left = f(left);
        } else {
            low = std::exchange(left, right);
            at_left = at_right;
            right = low + k_golden * (high - low);
            at_right = f(right);
        }
    }
    return (low + high) / 2;
}

/// From a machine's value v to its belief 1 / (1 + exp(-slope v)), and from what libsvm couples of those to
/// probabilities: each to the power, scaled to the sum 1. The same for all machines: a pair of people with few photos
/// has too few values for a curve of its own, and somebody with one photo has none.
struct Calibration {
    double slope{1};
    double power{1};

    void apply(std::vector<double>& coupled) const {
        double most = -std::numeric_limits<double>::infinity();
        for (double& value : coupled) {
            value = power * std::log(std::max(value, std::numeric_limits<double>::min()));
            most = std::max(most, value);
        }
        double sum = 0;
        for (double& value : coupled) {
            value = std::exp(value - most);
            sum += value;
        }
        for (double& value : coupled) {
            value /= sum;
        }
    }
};

/// All that an answer needs. What a stored one may hold is checked when it is read.
struct Machines {
    Kernel kernel{Kernel::rbf};
    double c{};
    double gamma{};
    double accuracy{};
    std::vector<std::string> labels;
    std::size_t dim{};
    std::vector<float> vectors;         ///< n × dim, sorted by class
    std::vector<std::uint32_t> counts;  ///< of each class
    std::vector<double> coefficients;   ///< (classes - 1) × n
    std::vector<double> rho;            ///< one a machine
    Calibration calibration;

    [[nodiscard]] std::size_t machines() const { return labels.size() * (labels.size() - 1) / 2; }
    [[nodiscard]] std::size_t size() const { return dim == 0 ? 0 : vectors.size() / dim; }
};

/// libsvm's model over our arrays, for its own prediction.
class Predictor {
public:
    explicit Predictor(Machines& machines) {
        const std::size_t n = machines.size();
        m_vectors.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            m_vectors[i] = {0, static_cast<double>(i + 1)};
            m_rows.push_back(&m_vectors[i]);
        }
        for (std::size_t i = 0; i + 1 < machines.labels.size(); ++i) {
            m_coefficients.push_back(machines.coefficients.data() + i * n);
        }
        m_counts.assign(machines.counts.begin(), machines.counts.end());
        m_labels.resize(machines.labels.size());
        std::iota(m_labels.begin(), m_labels.end(), 0);
        m_model.param.svm_type = C_SVC;
        m_model.param.kernel_type = PRECOMPUTED;
        m_model.nr_class = static_cast<int>(machines.labels.size());
        m_model.l = static_cast<int>(n);
        m_model.SV = m_rows.data();
        m_model.sv_coef = m_coefficients.data();
        m_model.rho = machines.rho.data();
        m_slopes.assign(machines.machines(), -machines.calibration.slope);
        m_shifts.assign(machines.machines(), 0.0);
        m_model.probA = m_slopes.data();
        m_model.probB = m_shifts.data();
        m_calibration = machines.calibration;
        m_model.label = m_labels.data();
        m_model.nSV = m_counts.data();
    }
    Predictor(const Predictor&) = delete;
    Predictor& operator=(const Predictor&) = delete;

    [[nodiscard]] std::vector<double> probabilities(const std::vector<svm_node>& kernel) const {
        std::vector<double> answer(m_labels.size());
        svm_predict_probability(&m_model, kernel.data(), answer.data());
        m_calibration.apply(answer);
        return answer;
    }

private:
    std::vector<svm_node> m_vectors;
    std::vector<svm_node*> m_rows;
    std::vector<double*> m_coefficients;
    std::vector<int> m_counts;
    std::vector<int> m_labels;
    std::vector<double> m_slopes;
    std::vector<double> m_shifts;
    Calibration m_calibration;
    svm_model m_model{};
};

class SvmMatcher final : public Matcher {
public:
    SvmMatcher(std::shared_ptr<const gallery::Gallery> gallery, Machines machines, const SvmOptions& options)
        : m_gallery(std::move(gallery)),
          m_rows(*m_gallery),
          m_machines(std::move(machines)),
          m_predictor(m_machines),
          m_options(options) {
        for (const auto& label : m_machines.labels) {
            m_persons.push_back(m_gallery->find_person(label).value());
        }
    }

    [[nodiscard]] std::string_view name() const override { return "svm"; }
    [[nodiscard]] std::string_view method() const override { return "svm"; }

    [[nodiscard]] std::vector<std::vector<Candidate>> rank(std::span<const Encoding> probes,
                                                           std::size_t k) const override {
        std::vector<std::vector<Candidate>> ranks;
        std::vector<double> probabilities(m_gallery->people());
        const std::vector<double> nearness(m_gallery->people());
        std::vector<svm_node> kernel(m_machines.size() + 1);
        for (const auto& probe : probes) {
            check_probe(*m_gallery, probe);
            for (std::size_t i = 0; i < m_machines.size(); ++i) {
                kernel[i + 1] = {static_cast<int>(i + 1),
                                 kernel_value(m_machines.kernel, m_machines.gamma,
                                              std::span(m_machines.vectors).subspan(i * m_machines.dim, m_machines.dim),
                                              probe.values)};
            }
            const auto coupled = m_predictor.probabilities(kernel);
            for (std::size_t cls = 0; cls < coupled.size(); ++cls) {
                probabilities[m_persons[cls]] = std::isfinite(coupled[cls]) ? coupled[cls] : 0;
            }
            ranks.push_back(likeliest(*m_gallery, m_rows, probe.values, probabilities, nearness, k));
        }
        return ranks;
    }

    [[nodiscard]] std::string save() const override {
        StateWriter out(name());
        write_options(out, m_options);
        out.write(State::learned);
        out.write(learned_from(*m_gallery));
        out.write(m_machines.kernel);
        out.write(m_machines.c);
        out.write(m_machines.gamma);
        out.write(m_machines.accuracy);
        out.write_count(m_machines.labels.size());
        for (const auto& label : m_machines.labels) {
            out.write(label);
        }
        out.write(m_machines.vectors);
        out.write(m_machines.counts);
        out.write(m_machines.coefficients);
        out.write(m_machines.rho);
        out.write(m_machines.calibration.slope);
        out.write(m_machines.calibration.power);
        return out.finish();
    }

    [[nodiscard]] std::optional<double> accuracy() const override { return m_machines.accuracy; }

    [[nodiscard]] std::string description() const override {
        std::array<char, 160> text{};
        if (m_machines.kernel == Kernel::rbf) {
            std::snprintf(text.data(), text.size(), "rbf kernel, C %.4g, gamma %.4g; cross-validated accuracy %.4f",
                          m_machines.c, m_machines.gamma, m_machines.accuracy);
        } else {
            std::snprintf(text.data(), text.size(), "linear kernel, C %.4g; cross-validated accuracy %.4f",
                          m_machines.c, m_machines.accuracy);
        }
        std::size_t copies = 0;
        for (std::size_t row = 0; row < m_gallery->rows(); ++row) {
            copies += m_gallery->is_vacant(row)
                          ? 0
                          : gallery::augmented_of(*m_gallery, m_gallery->record(row).key()).size() / m_machines.dim;
        }
        const auto with_copies = copies == 0 ? std::string()
                                             : std::to_string(m_gallery->size()) + " photos and " +
                                                   std::to_string(copies) + " altered copies, ";
        return std::to_string(m_machines.labels.size()) + " people, " + with_copies + text.data();
    }

private:
    std::shared_ptr<const gallery::Gallery> m_gallery;
    PersonRows m_rows;
    Machines m_machines;
    Predictor m_predictor;
    SvmOptions m_options;
    std::vector<std::uint32_t> m_persons;  ///< of each class
};

/// The nearest by cosine: what answers where there is too little to learn from.
class CosineMatcher final : public Matcher {
public:
    CosineMatcher(std::shared_ptr<const gallery::Gallery> gallery, const SvmOptions& options)
        : m_gallery(std::move(gallery)), m_rows(*m_gallery), m_options(options) {}

    [[nodiscard]] std::string_view name() const override { return "svm"; }
    [[nodiscard]] std::string_view method() const override { return "cosine"; }

    [[nodiscard]] std::vector<std::vector<Candidate>> rank(std::span<const Encoding> probes,
                                                           std::size_t k) const override {
        std::vector<std::vector<Candidate>> ranks;
        for (const auto& probe : probes) {
            check_probe(*m_gallery, probe);
            std::vector<double> similarities(m_gallery->people(), -2.0);
            for (std::size_t person = 0; person < m_gallery->people(); ++person) {
                for (const auto row : m_rows.of(person)) {
                    similarities[person] =
                        std::max(similarities[person], cosine(probe.values, m_gallery->encoding(row)));
                }
            }
            const std::vector<double> nearness(m_gallery->people());
            ranks.push_back(likeliest(*m_gallery, m_rows, probe.values, similarities, nearness, k));
            for (auto& candidate : ranks.back()) {
                candidate.probability.reset();  // a similarity is none
            }
        }
        return ranks;
    }

    /// Too little to learn from is found out anew each time, as it costs nothing.
    [[nodiscard]] std::string save() const override {
        StateWriter out(name());
        write_options(out, m_options);
        out.write(State::nothing);
        return out.finish();
    }
    [[nodiscard]] std::string description() const override {
        return "an svm needs two people with two photos each; until then the nearest by cosine answers";
    }

private:
    static double cosine(std::span<const float> a, std::span<const float> b) {
        const auto product = [](std::span<const float> x, std::span<const float> y) {
            return 1.0 - static_cast<double>(distance(Metric::cosine, x, y));
        };
        const double length = std::sqrt(product(a, a) * product(b, b));
        const double similarity = product(a, b) / length;
        return std::isfinite(similarity) ? similarity : -2.0;
    }

    std::shared_ptr<const gallery::Gallery> m_gallery;
    PersonRows m_rows;
    SvmOptions m_options;
};

bool is_enough(const Samples& samples) {
    std::size_t people = 0;
    for (std::size_t cls = 0; cls < samples.count(); ++cls) {
        people += samples.photos_of(cls) >= 2 ? 1U : 0U;
    }
    return people >= 2;
}

Machines machines_of(const Samples& samples, const svm_model& model) {
    Machines machines;
    machines.labels = samples.labels;
    machines.dim = samples.dim;
    const auto n = static_cast<std::size_t>(model.l);
    for (std::size_t i = 0; i < n; ++i) {
        const auto point = samples.point(static_cast<std::size_t>(model.sv_indices[i] - 1));
        machines.vectors.insert(machines.vectors.end(), point.begin(), point.end());
    }
    machines.counts.assign(model.nSV, model.nSV + model.nr_class);
    for (std::size_t cls = 0; cls + 1 < samples.count(); ++cls) {
        machines.coefficients.insert(machines.coefficients.end(), model.sv_coef[cls], model.sv_coef[cls] + n);
    }
    machines.rho.assign(model.rho, model.rho + machines.machines());
    return machines;
}

/// By the held-out values of the cross-validation.
Calibration calibrate(const Samples& samples, KernelRows& kernel, const std::vector<std::size_t>& folds,
                      const CrossValidation& held_out) {
    const std::size_t people = samples.count();
    const std::size_t machines = people * (people - 1) / 2;
    const auto towards = values_towards(samples, folds, held_out.values);
    // Platt's targets instead of 1 and 0, so that machines without a mistake do not become certain.
    const auto n = static_cast<double>(towards.size());
    const double target = (n + 1) / (n + 2);
    Calibration calibration;
    calibration.slope = minimum(
        [&](double slope) {
            double loss = 0;
            for (const double value : towards) {
                const double z = slope * value;
                loss += std::max(z, 0.0) - z * target + std::log1p(std::exp(-std::abs(z)));
            }
            return loss;
        },
        0.0, 50.0);

    std::vector<std::vector<double>> logarithms;  // of what libsvm couples, the right person's first
    for (std::size_t fold = 0; fold < k_svm_folds; ++fold) {
        const auto* model = held_out.models[fold].get();
        if (model == nullptr) {
            continue;
        }
        std::vector<double> slopes(machines, -calibration.slope);
        std::vector<double> shifts(machines, 0.0);
        svm_model coupled = *model;
        coupled.probA = slopes.data();
        coupled.probB = shifts.data();
        for (std::size_t i = 0; i < samples.size(); ++i) {
            if (folds[i] == fold && !samples.is_copy[i]) {
                auto& row = logarithms.emplace_back(people);
                svm_predict_probability(&coupled, kernel.row(i), row.data());
                for (double& value : row) {
                    value = std::log(std::max(value, std::numeric_limits<double>::min()));
                }
                std::swap(row[0], row[samples.classes[i]]);
            }
        }
    }
    const auto rows = static_cast<double>(logarithms.size());
    const double certain = (rows + 1) / (rows + 2);
    const double wrong = (1 - certain) / static_cast<double>(people - 1);
    calibration.power = minimum(
        [&](double power) {
            double loss = 0;
            for (const auto& row : logarithms) {
                const double most = *std::max_element(row.begin(), row.end());
                double sum = 0;
                double mean = 0;
                for (std::size_t c = 0; c < row.size(); ++c) {
                    sum += std::exp(power * (row[c] - most));
                    mean += (c == 0 ? certain : wrong) * (row[c] - most);
                }
                loss += std::log(sum) - power * mean;
            }
            return loss;
        },
        0.05, 20.0);
    return calibration;
}

}  // namespace

std::vector<std::array<std::size_t, k_svm_folds>> stratified(std::span<const std::size_t> sizes) {
    // All samples in the order of their classes are dealt out like cards.
    std::vector<std::array<std::size_t, k_svm_folds>> allotted(sizes.size());
    std::size_t dealt = 0;
    for (std::size_t cls = 0; cls < sizes.size(); ++cls) {
        for (std::size_t i = 0; i < sizes[cls]; ++i, ++dealt) {
            ++allotted[cls][dealt % k_svm_folds];
        }
    }
    return allotted;
}

std::vector<std::size_t> svm_folds(const gallery::Gallery& gallery, std::uint64_t seed) {
    const auto samples = samples_of(gallery, PersonRows(gallery));
    const auto folds = folds_of(samples, seed);
    std::vector<std::size_t> of_rows(gallery.rows(), k_svm_folds);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        of_rows[samples.rows[i]] = folds[i];
    }
    return of_rows;
}

SvmGrid svm_grid(const SvmOptions& options, std::span<const float> points, std::size_t dim) {
    SvmGrid grid;
    grid.c = options.c ? std::vector{*options.c} : std::vector<double>{0.1, 1, 10, 100};
    if (options.kernel.value_or(Kernel::rbf) == Kernel::linear) {
        grid.gamma = {0};
    } else if (options.gamma) {
        grid.gamma = {*options.gamma};
    } else {
        // Two points are on average 2 × the variance apart (squared): a kernel that falls on that scale.
        const std::size_t n = points.size() / dim;
        double squared = 0;
        std::vector<double> mean(dim);
        for (std::size_t i = 0; i < points.size(); ++i) {
            mean[i % dim] += static_cast<double>(points[i]) / static_cast<double>(n);
        }
        for (std::size_t i = 0; i < points.size(); ++i) {
            const double d = static_cast<double>(points[i]) - mean[i % dim];
            squared += 2 * d * d / static_cast<double>(n);
        }
        const double scale = squared > 0 ? 1 / squared : 1;
        for (const double times : {0.25, 1.0, 4.0}) {
            grid.gamma.push_back(times * scale);
        }
    }
    return grid;
}

std::unique_ptr<Matcher> fit_svm(std::shared_ptr<const gallery::Gallery> gallery, const SvmOptions& options,
                                 int threads) {
    for (const auto& number : {options.c, options.gamma}) {
        if (number && !(std::isfinite(*number) && *number > 0)) {
            throw Error(ErrorCode::usage, "C and gamma of an svm are positive numbers");
        }
    }
    if (gallery->people() > k_most_svm_people || gallery->size() > k_most_svm_encodings) {
        throw Error(ErrorCode::usage, "an svm compares every two people: " + std::to_string(gallery->people()) +
                                          " people with " + std::to_string(gallery->size()) +
                                          " encodings are too many (at most " + std::to_string(k_most_svm_people) +
                                          " and " + std::to_string(k_most_svm_encodings) +
                                          "); use '--matcher nearest'");
    }
    svm_set_print_string_function([](const char*) {});
    const auto samples = samples_of(*gallery, PersonRows(*gallery));
    if (samples.size() > k_most_svm_encodings) {
        throw Error(ErrorCode::usage, std::to_string(samples.size()) + " encodings with the altered copies of faces " +
                                          "are too many for an svm (at most " + std::to_string(k_most_svm_encodings) +
                                          "); 'mien train --augment N' with fewer makes fewer");
    }
    if (!is_enough(samples)) {
        return std::make_unique<CosineMatcher>(std::move(gallery), options);
    }
    const auto grid = svm_grid(options, samples.points, samples.dim);
    const auto folds = folds_of(samples, options.seed);
    const auto kind = options.kernel.value_or(Kernel::rbf);
    const auto base = kernel_base(samples, kind);
    struct Best {
        double c{};
        double gamma{};
        CrossValidation found;
        std::shared_ptr<KernelRows> kernel;  ///< what the models look into
    };
    Best best;
    best.found.accuracy = -1;
    for (const double gamma : grid.gamma) {
        const auto kernel = std::make_shared<KernelRows>(samples, kind, base, gamma);
        std::vector<CrossValidation> found(grid.c.size());
        in_parts(grid.c.size(), threads, [&](std::size_t, std::size_t first, std::size_t end) {
            for (std::size_t i = first; i < end; ++i) {
                found[i] = cross_validate(samples, *kernel, folds, grid.c[i]);
            }
        });
        for (std::size_t i = 0; i < found.size(); ++i) {
            const auto& candidate = found[i];
            if (candidate.accuracy > best.found.accuracy ||
                (candidate.accuracy == best.found.accuracy && candidate.loss < best.found.loss)) {
                best = {grid.c[i], gamma, std::move(found[i]), kernel};
            }
        }
    }
    std::vector<std::size_t> all(samples.size());
    std::iota(all.begin(), all.end(), 0U);
    auto machines = machines_of(samples, *train(samples, *best.kernel, all, best.c));
    machines.kernel = kind;
    machines.c = best.c;
    machines.gamma = best.gamma;
    machines.accuracy = best.found.accuracy;
    machines.calibration = calibrate(samples, *best.kernel, folds, best.found);
    return std::make_unique<SvmMatcher>(std::move(gallery), std::move(machines), options);
}

SvmOptions read_svm_options(StateReader& in) {
    SvmOptions options;
    Asked asked{};
    Kernel kernel{};
    in.read(asked, Asked::yes);
    in.read(kernel, Kernel::linear);
    if (asked == Asked::yes) {
        options.kernel = kernel;
    }
    for (auto* number : {&options.c, &options.gamma}) {
        double value{};
        in.read(asked, Asked::yes);
        in.read(value);
        if (asked == Asked::yes) {
            StateReader::require(std::isfinite(value) && value > 0);
            *number = value;
        }
    }
    in.read(options.seed);
    return options;
}

std::unique_ptr<Matcher> restore_svm(StateReader& in, std::shared_ptr<const gallery::Gallery> gallery,
                                     const SvmOptions& options) {
    if (read_svm_options(in) != options) {
        return nullptr;
    }
    State state{};
    in.read(state, State::learned);
    if (state == State::nothing) {
        in.finish();
        return nullptr;  // there was too little to learn from; look again
    }
    std::uint64_t of_gallery{};
    in.read(of_gallery);
    if (of_gallery != learned_from(*gallery)) {
        return nullptr;
    }
    Machines machines;
    in.read(machines.kernel, Kernel::linear);
    in.read(machines.c);
    in.read(machines.gamma);
    in.read(machines.accuracy);
    StateReader::require(std::isfinite(machines.c) && std::isfinite(machines.gamma) && machines.gamma >= 0 &&
                         std::isfinite(machines.accuracy));
    const auto classes = in.read_count(sizeof(std::uint64_t));
    StateReader::require(classes >= 2 && classes <= k_most_svm_people && classes <= gallery->people());
    for (std::size_t i = 0; i < classes; ++i) {
        in.read(machines.labels.emplace_back());
        StateReader::require(gallery->find_person(machines.labels.back()).has_value());
    }
    machines.dim = gallery->contract().dim;
    in.read(machines.vectors);
    StateReader::require(machines.vectors.size() % machines.dim == 0 && machines.size() <= k_most_svm_encodings &&
                         std::all_of(machines.vectors.begin(), machines.vectors.end(),
                                     [](float value) { return std::isfinite(value); }));
    in.read(machines.counts);
    std::uint64_t vectors = 0;
    for (const auto count : machines.counts) {
        vectors += count;
    }
    StateReader::require(machines.counts.size() == classes && vectors == machines.size());
    in.read_numbers(machines.coefficients, (classes - 1) * machines.size());
    in.read_numbers(machines.rho, machines.machines());
    in.read(machines.calibration.slope);
    in.read(machines.calibration.power);
    in.finish();
    StateReader::require(std::isfinite(machines.calibration.slope) && std::isfinite(machines.calibration.power));
    return std::make_unique<SvmMatcher>(std::move(gallery), std::move(machines), options);
}

}  // namespace mien::match
