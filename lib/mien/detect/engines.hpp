// SPDX-License-Identifier: MIT
#pragma once

/// The detectors themselves, one .cpp each; make_detector() (detector.hpp) chooses and finds the weights.

#include <mien/detect/detector.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace mien::detect {

/// dlib's frontal face detector: five filters over oriented gradients, built in. The same faces as dlib's, to a pixel.
std::unique_ptr<Detector> make_hog();

/// dlib's max-margin network.
/// throws: Error{model_missing} if the file is not dlib's mmod_human_face_detector.dat
std::unique_ptr<Detector> make_cnn(const std::filesystem::path& weights_file, std::string weights_digest);

/// YuNet in OpenCV's DNN.
std::unique_ptr<Detector> make_yunet(const std::filesystem::path& weights_file, std::string weights_digest);

/// Of two boxes, the share of their union that both cover.
float overlap(const Rect& a, const Rect& b);

}  // namespace mien::detect
