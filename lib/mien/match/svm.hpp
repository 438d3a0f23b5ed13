// SPDX-License-Identifier: MIT
#pragma once

/// A support vector machine for every two people, with calibrated probabilities.
///
/// C and gamma are those of a grid with the best accuracy, each person counting the same, in a cross-validation whose
/// folds hold out photos of every person who has two. The same held-out values calibrate the probabilities. libsvm
/// solves the machines and couples their beliefs (Wu, Lin, Weng).
///
/// Altered copies of a face that the gallery keeps (gallery/augmented.hpp) are learned from like photos. They are held
/// out with their photo and never asked about: an answer about a copy of what was learned would say nothing.

#include <mien/match/matcher.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace mien::match {

class StateReader;

/// More than this is refused: the machines grow with the square of the people, the kernel with that of the encodings.
inline constexpr std::size_t k_most_svm_people = 500;
inline constexpr std::size_t k_most_svm_encodings = 5000;

struct SvmGrid {
    std::vector<double> c;
    std::vector<double> gamma;  ///< one entry that does not count where the kernel is linear
};

/// What fit_svm() tries where options leave it open. points: n × dim.
SvmGrid svm_grid(const SvmOptions& options, std::span<const float> points, std::size_t dim);

inline constexpr std::size_t k_svm_folds = 5;

/// How many of each class each fold holds out: all folds are of the same size, and hold of each class the same number,
/// give or take one. The numbers of scikit-learn's StratifiedKFold. sizes: of each class
std::vector<std::array<std::size_t, k_svm_folds>> stratified(std::span<const std::size_t> sizes);

/// The fold that holds out each row of the gallery, the same for all faces of a photo; k_svm_folds for vacant rows and
/// for people with one photo, who are always learned.
std::vector<std::size_t> svm_folds(const gallery::Gallery& gallery, std::uint64_t seed);

/// Where there are fewer than two people with two photos, the answer is the nearest by cosine (method() says so).
/// The same gallery, options and seed give the same machines, whatever the number of threads.
/// throws: Error{usage} where the gallery is too large, or C or gamma are no positive numbers
std::unique_ptr<Matcher> fit_svm(std::shared_ptr<const gallery::Gallery> gallery, const SvmOptions& options,
                                 int threads);

/// What was asked for when it was fitted, from the beginning of the state.
/// throws: Error{store_corrupt}, cereal::Exception; so below
SvmOptions read_svm_options(StateReader& in);

/// Null where it was fitted to other encodings, or with other options than are asked for.
std::unique_ptr<Matcher> restore_svm(StateReader& in, std::shared_ptr<const gallery::Gallery> gallery,
                                     const SvmOptions& options);

}  // namespace mien::match
