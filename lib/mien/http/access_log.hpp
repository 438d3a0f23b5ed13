// SPDX-License-Identifier: MIT
#pragma once

/// One JSON line a request. No bodies, no queries, no headers but the trace: nothing that shows a person or a secret.

#include <mien/core/file.hpp>
#include <mien/core/json.hpp>

#include <mutex>
#include <string>

namespace mien::http {

/// Thread-safe.
class AccessLog {
public:
    /// target: "-" standard output, "off", else a file that is appended to
    /// throws: Error{runtime}
    explicit AccessLog(std::string target);
    void write(const Json& line);
    /// After the file was moved away (log rotation).
    void reopen();
    [[nodiscard]] bool on() const { return m_target != "off"; }

private:
    std::string m_target;
    std::mutex m_mutex;
    FileDescriptor m_file;
};

}  // namespace mien::http
