// SPDX-License-Identifier: MIT
#pragma once

/// JSON with the field order that we write, for people and diffs.

#include <mien/core/text.hpp>
#include <mien/core/types.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

namespace mien {

using Json = nlohmann::ordered_json;

/// One line. Bytes that are not UTF-8 become U+FFFD.
inline std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

inline Json to_json(const Box& box) {
    return {{"left", box.left}, {"top", box.top}, {"width", box.width}, {"height", box.height}};
}

/// value rounded to `places` decimals, so that lines stay short and stable.
double rounded(double value, int places);

}  // namespace mien
