// SPDX-License-Identifier: MIT
#pragma once

/// Photos that another process looks at, because it has the models loaded already: what both sides say to each other.

#include <mien/pipeline/pipeline.hpp>

#include <optional>
#include <string_view>

namespace mien::pipeline {

/// The tools of the other process.
struct Offer {
    Json settings;       ///< Blueprint::settings()
    bool chosen_size{};  ///< its detect_size was asked for; else it is the detector's own
    ModelContract contract;
};

/// The other process. Thread-safe.
class Remote {
public:
    virtual ~Remote() = default;

    /// Nothing: nobody is there who can help, and that is no error.
    virtual std::optional<Offer> offer() = 0;

    /// What a worker with the tools of that fingerprint makes of a photo. The encodings know no model yet.
    /// Nothing: the other one cannot take this photo, which is no error either.
    virtual std::optional<PhotoResult> process(Bytes photo, Faces faces, const std::string& fingerprint) = 0;
};

std::string_view to_string(Faces faces);
/// Nothing for another word.
std::optional<Faces> faces_from(std::string_view name);

Json to_json(const Offer& offer);
Json to_json(const PhotoResult& result);

/// throws: Error{runtime} for anything that to_json() did not write
Offer offer_from(const Json& json);
/// dim: numbers of an encoding. throws: as offer_from
PhotoResult result_from(const Json& json, std::uint32_t dim);

}  // namespace mien::pipeline
