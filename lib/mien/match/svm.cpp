// SPDX-License-Identifier: MIT
#include <mien/match/svm.hpp>

#include <mien/core/error.hpp>
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

namespace mien::match {
namespace {

enum class State : std::uint8_t { nothing = 0, learned = 1 };

/// Encodings sorted by class, classes numbered in the order of their people.
struct Samples {
    std::size_t dim{};
    std::vector<float> points;
    std::vector<std::size_t> classes;
    std::vector<std::size_t> first;  ///< of each class; one more at the end
    std::vector<std::string> labels;

    [[nodiscard]] std::size_t size() const { return classes.size(); }
    [[nodiscard]] std::size_t count() const { return labels.size(); }
    [[nodiscard]] std::size_t size_of(std::size_t cls) const { return first[cls + 1] - first[cls]; }
    [[nodiscard]] std::span<const float> point(std::size_t i) const {
        return std::span(points).subspan(i * dim, dim);
    }
};

Samples samples_of(const gallery::Gallery& gallery, const PersonRows& rows) {
    Samples samples;
    samples.dim = gallery.contract().dim;
    for (std::size_t person = 0; person < gallery.people(); ++person) {
        // In the order of their bits, so that the answer does not depend on where the rows lie.
        std::vector<std::span<const float>> encodings;
        for (const auto row : rows.of(person)) {
            const auto encoding = gallery.encoding(row);
            if (std::all_of(encoding.begin(), encoding.end(), [](float value) { return std::isfinite(value); })) {
                encodings.push_back(encoding);
            }
        }
        if (encodings.empty()) {
            continue;
        }
        std::sort(encodings.begin(), encodings.end(),
                  [](auto a, auto b) { return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end()); });
        samples.first.push_back(samples.size());
        for (const auto encoding : encodings) {
            samples.points.insert(samples.points.end(), encoding.begin(), encoding.end());
            samples.classes.push_back(samples.labels.size());
        }
        samples.labels.emplace_back(gallery.label(person));
    }
    samples.first.push_back(samples.size());
    return samples;
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

/// Which fold holds each sample out; none (k_svm_folds) for somebody's only one.
std::vector<std::size_t> folds_of(const Samples& samples, std::uint64_t seed) {
    std::vector<std::size_t> folds(samples.size(), k_svm_folds);
    std::mt19937_64 random(seed);
    for (std::size_t cls = 0; cls < samples.count(); ++cls) {
        const std::size_t size = samples.size_of(cls);
        if (size < 2) {
            continue;
        }
        for (std::size_t i = 0; i < size; ++i) {
            folds[samples.first[cls] + i] = i % k_svm_folds;
        }
        // Fisher-Yates with our own draws: std::shuffle's differ between libraries.
        for (std::size_t i = size - 1; i > 0; --i) {
            std::swap(folds[samples.first[cls] + i], folds[samples.first[cls] + random() % (i + 1)]);
        }
    }
    return folds;
}

/// Held-out values of all machines; a row a sample, a column a machine (0-1, 0-2, …, 1-2, …).
struct CrossValidation {
    std::vector<double> values;
    double accuracy{};  ///< mean over the people
};

CrossValidation cross_validate(const Samples& samples, KernelRows& kernel, const std::vector<std::size_t>& folds,
                               double c) {
    const std::size_t machines = samples.count() * (samples.count() - 1) / 2;
    CrossValidation result{std::vector<double>(samples.size() * machines), 0};
    std::vector<double> right(samples.count());
    std::vector<double> asked(samples.count());
    for (std::size_t fold = 0; fold < k_svm_folds; ++fold) {
        std::vector<std::size_t> listed;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            if (folds[i] != fold) {
                listed.push_back(i);
            }
        }
        if (listed.size() == samples.size()) {
            continue;
        }
        const auto model = train(samples, kernel, listed, c);
        for (std::size_t i = 0; i < samples.size(); ++i) {
            if (folds[i] == fold) {
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
    return result;
}

struct Sigmoid {
    double a{};
    double b{};
};

/// P(positive | value) = 1 / (1 + exp(a × value + b)) by regularised maximum likelihood: Newton's method with
/// backtracking, after Lin, Lin, Weng, "A note on Platt's probabilistic outputs for support vector machines" (2007).
Sigmoid fit_sigmoid(std::span<const double> values, std::span<const bool> positive) {
    double positives = 0;
    for (const bool is : positive) {
        positives += is ? 1 : 0;
    }
    const double negatives = static_cast<double>(values.size()) - positives;
    const double high = (positives + 1) / (positives + 2);
    const double low = 1 / (negatives + 2);
    Sigmoid s{0, std::log((negatives + 1) / (positives + 1))};
    const auto loss = [&](const Sigmoid& at) {
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const double z = at.a * values[i] + at.b;
            const double target = positive[i] ? high : low;
            sum += z >= 0 ? target * z + std::log1p(std::exp(-z)) : (target - 1) * z + std::log1p(std::exp(z));
        }
        return sum;
    };
    double best = loss(s);
    for (int step = 0; step < 100; ++step) {
        // A ridge keeps the Hessian invertible.
        double h11 = 1e-12;
        double h22 = 1e-12;
        double h21 = 0;
        double g1 = 0;
        double g2 = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const double z = s.a * values[i] + s.b;
            const double e = std::exp(-std::abs(z));
            const double p = z >= 0 ? e / (1 + e) : 1 / (1 + e);
            const double d2 = e / ((1 + e) * (1 + e));
            const double d1 = (positive[i] ? high : low) - p;
            h11 += values[i] * values[i] * d2;
            h22 += d2;
            h21 += values[i] * d2;
            g1 += values[i] * d1;
            g2 += d1;
        }
        if (std::abs(g1) < 1e-5 && std::abs(g2) < 1e-5) {
            break;
        }
        const double determinant = h11 * h22 - h21 * h21;
        const double da = -(h22 * g1 - h21 * g2) / determinant;
        const double db = -(-h21 * g1 + h11 * g2) / determinant;
        const double slope = g1 * da + g2 * db;
        double length = 1;
        for (; length >= 1e-10; length /= 2) {
            const Sigmoid tried{s.a + length * da, s.b + length * db};
            const double lower = loss(tried);
            if (lower < best + 1e-4 * length * slope) {
                s = tried;
                best = lower;
                break;
            }
        }
        if (length < 1e-10) {
            break;
        }
    }
    return s;
}

/// All that an answer needs. What a stored one may hold is checked when it is read.
struct Machines {
    Kernel kernel{Kernel::rbf};
    double c{};
    double gamma{};
    double accuracy{};
    std::vector<std::string> labels;
    std::size_t dim{};
    std::vector<float> vectors;              ///< n × dim, sorted by class
    std::vector<std::uint32_t> counts;       ///< of each class
    std::vector<double> coefficients;        ///< (classes - 1) × n
    std::vector<double> rho;                 ///< one a machine, as the next two
    std::vector<double> sigmoid_a;
    std::vector<double> sigmoid_b;

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
        m_model.probA = machines.sigmoid_a.data();
        m_model.probB = machines.sigmoid_b.data();
        m_model.label = m_labels.data();
        m_model.nSV = m_counts.data();
    }
    Predictor(const Predictor&) = delete;
    Predictor& operator=(const Predictor&) = delete;

    [[nodiscard]] std::vector<double> probabilities(const std::vector<svm_node>& kernel) const {
        std::vector<double> answer(m_labels.size());
        svm_predict_probability(&m_model, kernel.data(), answer.data());
        return answer;
    }

private:
    std::vector<svm_node> m_vectors;
    std::vector<svm_node*> m_rows;
    std::vector<double*> m_coefficients;
    std::vector<int> m_counts;
    std::vector<int> m_labels;
    svm_model m_model{};
};

class SvmMatcher final : public Matcher {
public:
    SvmMatcher(std::shared_ptr<const gallery::Gallery> gallery, Machines machines, std::uint64_t seed)
        : m_gallery(std::move(gallery)),
          m_rows(*m_gallery),
          m_machines(std::move(machines)),
          m_predictor(m_machines),
          m_seed(seed) {
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
        out.write(State::learned);
        out.write(fingerprint(*m_gallery));
        out.write(m_seed);
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
        out.write(m_machines.sigmoid_a);
        out.write(m_machines.sigmoid_b);
        return out.finish();
    }

    [[nodiscard]] std::string description() const override {
        std::array<char, 160> text{};
        const auto people = m_machines.labels.size();
        if (m_machines.kernel == Kernel::rbf) {
            std::snprintf(text.data(), text.size(), "%zu people, rbf kernel, C %.4g, gamma %.4g; cross-validated "
                          "accuracy %.4f", people, m_machines.c, m_machines.gamma, m_machines.accuracy);
        } else {
            std::snprintf(text.data(), text.size(), "%zu people, linear kernel, C %.4g; cross-validated accuracy %.4f",
                          people, m_machines.c, m_machines.accuracy);
        }
        return text.data();
    }

private:
    std::shared_ptr<const gallery::Gallery> m_gallery;
    PersonRows m_rows;
    Machines m_machines;
    Predictor m_predictor;
    std::uint64_t m_seed;
    std::vector<std::uint32_t> m_persons;  ///< of each class
};

/// The nearest by cosine: what answers where there is too little to learn from.
class CosineMatcher final : public Matcher {
public:
    explicit CosineMatcher(std::shared_ptr<const gallery::Gallery> gallery)
        : m_gallery(std::move(gallery)), m_rows(*m_gallery) {}

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
        out.write(State::nothing);
        return out.finish();
    }
    [[nodiscard]] std::string description() const override {
        return "an svm needs two people with two encodings each; until then the nearest by cosine answers";
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
};

bool is_enough(const Samples& samples) {
    std::size_t people = 0;
    for (std::size_t cls = 0; cls < samples.count(); ++cls) {
        people += samples.size_of(cls) >= 2 ? 1U : 0U;
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

void calibrate(Machines& machines, const Samples& samples, const std::vector<std::size_t>& folds,
               std::span<const double> held_out) {
    std::size_t machine = 0;
    for (std::size_t a = 0; a < samples.count(); ++a) {
        for (std::size_t b = a + 1; b < samples.count(); ++b, ++machine) {
            std::vector<double> values;
            std::unique_ptr<bool[]> positive(new bool[samples.size_of(a) + samples.size_of(b)]);
            for (const auto cls : {a, b}) {
                for (std::size_t i = samples.first[cls]; i < samples.first[cls + 1]; ++i) {
                    if (folds[i] < k_svm_folds) {
                        positive[values.size()] = cls == a;
                        values.push_back(held_out[i * machines.machines() + machine]);
                    }
                }
            }
            const auto sigmoid = fit_sigmoid(values, std::span<const bool>(positive.get(), values.size()));
            machines.sigmoid_a.push_back(sigmoid.a);
            machines.sigmoid_b.push_back(sigmoid.b);
        }
    }
}

}  // namespace

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
    if (gallery->people() > k_most_svm_people || gallery->size() > k_most_svm_encodings) {
        throw Error(ErrorCode::usage, "an svm compares every two people: " + std::to_string(gallery->people()) +
                                          " people with " + std::to_string(gallery->size()) +
                                          " encodings are too many (at most " + std::to_string(k_most_svm_people) +
                                          " and " + std::to_string(k_most_svm_encodings) +
                                          "); use '--matcher nearest'");
    }
    svm_set_print_string_function([](const char*) {});
    const auto samples = samples_of(*gallery, PersonRows(*gallery));
    if (!is_enough(samples)) {
        return std::make_unique<CosineMatcher>(std::move(gallery));
    }
    const auto grid = svm_grid(options, samples.points, samples.dim);
    const auto folds = folds_of(samples, options.seed);
    const auto kind = options.kernel.value_or(Kernel::rbf);
    const auto base = kernel_base(samples, kind);
    // A point of the grid is a job; the kernel of a gamma serves all its Cs.
    struct Best {
        CrossValidation found;
        double c{};
        double gamma{};
    };
    std::vector<Best> best(grid.gamma.size());
    for (std::size_t g = 0; g < grid.gamma.size(); ++g) {
        KernelRows kernel(samples, kind, base, grid.gamma[g]);
        std::vector<CrossValidation> found(grid.c.size());
        in_parts(grid.c.size(), threads, [&](std::size_t, std::size_t first, std::size_t end) {
            for (std::size_t i = first; i < end; ++i) {
                found[i] = cross_validate(samples, kernel, folds, grid.c[i]);
            }
        });
        best[g] = {{{}, -1}, 0, grid.gamma[g]};
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (found[i].accuracy > best[g].found.accuracy) {  // of equals the smaller C, then the smaller gamma
                best[g].found = std::move(found[i]);
                best[g].c = grid.c[i];
            }
        }
    }
    const auto& winner = *std::max_element(best.begin(), best.end(), [](const Best& a, const Best& b) {
        return a.found.accuracy < b.found.accuracy;
    });
    KernelRows kernel(samples, kind, base, winner.gamma);
    std::vector<std::size_t> all(samples.size());
    std::iota(all.begin(), all.end(), 0U);
    auto machines = machines_of(samples, *train(samples, kernel, all, winner.c));
    machines.kernel = kind;
    machines.c = winner.c;
    machines.gamma = winner.gamma;
    machines.accuracy = winner.found.accuracy;
    calibrate(machines, samples, folds, winner.found.values);
    return std::make_unique<SvmMatcher>(std::move(gallery), std::move(machines), options.seed);
}

std::unique_ptr<Matcher> restore_svm(StateReader& in, std::shared_ptr<const gallery::Gallery> gallery,
                                     const SvmOptions& options) {
    State state{};
    in.read(state, State::learned);
    if (state == State::nothing) {
        in.finish();
        return nullptr;  // there was too little to learn from; look again
    }
    std::uint64_t of_gallery{};
    in.read(of_gallery);
    if (of_gallery != fingerprint(*gallery)) {
        return nullptr;
    }
    std::uint64_t seed{};
    in.read(seed);
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
    in.read_numbers(machines.sigmoid_a, machines.machines());
    in.read_numbers(machines.sigmoid_b, machines.machines());
    in.finish();
    const bool as_asked = (!options.kernel || *options.kernel == machines.kernel) && (!options.c || *options.c == machines.c) &&
                          (!options.gamma || *options.gamma == machines.gamma);
    return as_asked ? std::make_unique<SvmMatcher>(std::move(gallery), std::move(machines), seed) : nullptr;
}

}  // namespace mien::match
