// SPDX-License-Identifier: MIT
#pragma once

/// Tables as text: RFC 4180, and what spreadsheets make of it.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

/// More than the largest encoding needs; a line of commas must not become a thousandfold of its size in memory.
inline constexpr std::size_t k_most_csv_fields = 20'000;

struct CsvRow {
    std::size_t line{};  ///< where it begins, counted from 1
    std::vector<std::string> fields;
};

/// Takes rows off a text one by one: fields between commas; a field in double quotes may hold commas, line ends and
/// doubled quotes; lines end with LF or CRLF, the last one perhaps with nothing. A byte order mark at the start and
/// empty lines are passed over. The text must outlive the reader.
class CsvReader {
public:
    explicit CsvReader(std::string_view text);

    /// The next row; false at the end.
    /// throws: Error{usage} that names the line: a quote that is never closed, letters behind a closed one, a quote in
    ///         the middle of a field, more than k_most_csv_fields fields. The next call goes on with the line below.
    bool next(CsvRow& row);

private:
    std::string field();
    [[noreturn]] void refuse(const std::string& reason);

    std::string_view m_rest;
    std::size_t m_line{1};
    std::size_t m_row_line{1};
};

/// A field as it is written: quoted where it has to be.
std::string csv_field(std::string_view text);

}  // namespace mien
