// SPDX-License-Identifier: MIT
#pragma once

/// Failures. Answers about photos are values (see Verdict); everything that stops a verb is an Error whose message
/// names the file and the remedy. The table below is the only place where codes meet exit statuses and HTTP.

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mien {

enum class ErrorCode {
    usage,       ///< the request makes no sense; nothing was opened
    runtime,     ///< everything that has no code of its own
    unreadable,  ///< a photo that cannot be decoded; batches report it and go on
    store_missing,
    store_locked,
    store_corrupt,
    model_mismatch,  ///< encodings of two models would meet
    model_missing,   ///< also: a weights file whose digest is not the published one
    server,          ///< the server of MIEN_SERVER does not answer, or refuses
    interrupted,
};

/// One row of the table that every man page prints.
struct ErrorRow {
    ErrorCode code;
    std::string_view name;  ///< stable, for JSON
    int exit_status;
    int http_status;
};

std::span<const ErrorRow> error_table();
const ErrorRow& error_row(ErrorCode code);

/// Exit statuses that are answers, not errors.
inline constexpr int k_exit_success = 0;
inline constexpr int k_exit_negative = 1;     ///< unknown, no match
inline constexpr int k_exit_some_failed = 4;  ///< some photos failed, the rest is done

class Error : public std::runtime_error {
public:
    Error(ErrorCode code, const std::string& message) : std::runtime_error(message), m_code(code) {}
    [[nodiscard]] ErrorCode code() const noexcept { return m_code; }

private:
    ErrorCode m_code;
};

/// Error{runtime} with errno's text: "cannot open a.jpg: Permission denied"
[[noreturn]] void throw_errno(const std::string& what, ErrorCode code = ErrorCode::runtime);

}  // namespace mien
