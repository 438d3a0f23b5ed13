// SPDX-License-Identifier: MIT
#include <mien/core/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace mien {
namespace {

constexpr std::array k_table{
    ErrorRow{ErrorCode::usage, "usage", 2, 400},
    ErrorRow{ErrorCode::runtime, "runtime", 3, 500},
    ErrorRow{ErrorCode::unreadable, "unreadable", 4, 400},
    ErrorRow{ErrorCode::store_missing, "store_missing", 10, 404},
    ErrorRow{ErrorCode::store_locked, "store_locked", 11, 409},
    ErrorRow{ErrorCode::store_corrupt, "store_corrupt", 12, 500},
    ErrorRow{ErrorCode::model_mismatch, "model_mismatch", 12, 500},
    ErrorRow{ErrorCode::model_missing, "model_missing", 13, 503},
    ErrorRow{ErrorCode::server, "server", 14, 503},
    ErrorRow{ErrorCode::interrupted, "interrupted", 130, 503},
};

}  // namespace

std::span<const ErrorRow> error_table() { return k_table; }

const ErrorRow& error_row(ErrorCode code) {
    return *std::find_if(k_table.begin(), k_table.end(), [code](const ErrorRow& row) { return row.code == code; });
}

void throw_errno(const std::string& what, ErrorCode code) {
    throw Error(code, what + ": " + std::generic_category().message(errno));
}

}  // namespace mien
