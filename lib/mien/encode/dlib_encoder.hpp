// SPDX-License-Identifier: MIT
#pragma once

/// dlib's two face networks ("dlib", "dlib-densenet"), read from dlib's files and run by OpenCV's DNN, which is faster.

#include <mien/encode/encoder.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace mien::encode {

/// card: of a network whose file is dlib's; "dlib" is the 29-layer ResNet, every other name the DenseNet.
/// throws: Error{model_missing} if the file is not what the card says
std::unique_ptr<Encoder> make_dlib_encoder(const models::Card& card, const std::filesystem::path& file,
                                           std::string digest);

}  // namespace mien::encode
