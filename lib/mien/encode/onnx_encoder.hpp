// SPDX-License-Identifier: MIT
#pragma once

#include <mien/core/hash.hpp>
#include <mien/encode/encoder.hpp>

#include <memory>
#include <string>

namespace mien::encode {

/// An ONNX network that takes one aligned face, run by OpenCV DNN.
/// network: the file's bytes. digest: their sha256.
/// throws: Error{model_missing} if OpenCV cannot read it or its output is not card.dim numbers
std::unique_ptr<Encoder> make_onnx_encoder(const models::Card& card, Bytes network, std::string digest);

}  // namespace mien::encode
