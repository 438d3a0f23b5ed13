// SPDX-License-Identifier: MIT
#pragma once

/// Turns aligned faces into vectors.

#include <mien/core/types.hpp>
#include <mien/models/models.hpp>

#include <opencv2/core/mat.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mien::encode {

/// ◆ Implementations: dlib's networks, ONNX networks. One instance per worker; not thread-safe.
class Encoder {
public:
    virtual ~Encoder() = default;

    /// What it is, how it wants its chips, its threshold.
    [[nodiscard]] virtual const models::Card& card() const = 0;

    /// The promise that its encodings carry.
    [[nodiscard]] virtual ContractPtr contract() const = 0;

    /// Encodes n aligned faces, in order. The same chip gives the same bits in any batch.
    /// chips: each as card().chip asks, 8-bit BGR (the encoder reorders)
    /// returns: n × float[dim]; compare by contract()->metric
    /// throws: Error{runtime}
    virtual std::vector<Encoding> encode(std::span<const cv::Mat> chips) = 0;
};

/// name: a catalogue name, "onnx:FILE", or "auto": the strongest that is present.
/// flip: encode the mirrored chip too and take the mean of both, in twice the time; nothing: as the card says.
/// throws: Error{usage}, Error{model_missing} with the command that gets the weights
std::unique_ptr<Encoder> make_encoder(const std::string& name, const models::Finder& finder,
                                      std::optional<bool> flip = std::nullopt);

/// The card of make_encoder(name, …), without loading anything. resolved: as resolve_encoder() gives it.
/// throws: Error{usage}, Error{model_missing} for "onnx:FILE"
models::Card encoder_card(const std::string& resolved, const models::Finder& finder);

/// What "auto" means on this machine; other names come back as they are, "onnx:FILE" with an absolute path.
std::string resolve_encoder(const std::string& name, const models::Finder& finder);

}  // namespace mien::encode
