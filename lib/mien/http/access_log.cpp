// SPDX-License-Identifier: MIT
#include <mien/http/access_log.hpp>

#include <mien/core/error.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace mien::http {
namespace {

FileDescriptor open_log(const std::string& target) {
    if (target == "-" || target == "off") {
        return {};
    }
    FileDescriptor file(::open(target.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
    if (!file.is_open()) {
        throw_errno("cannot open the access log " + target);
    }
    return file;
}

}  // namespace

AccessLog::AccessLog(std::string target) : m_target(std::move(target)), m_file(open_log(m_target)) {}

void AccessLog::write(const Json& line) {
    if (!on()) {
        return;
    }
    const auto text = to_line(line) + "\n";
    const std::lock_guard lock(m_mutex);
    // One write a line, so that lines of several processes stay whole. A full disk must not stop the answers.
    static_cast<void>(::write(m_file.is_open() ? m_file.get() : STDOUT_FILENO, text.data(), text.size()) < 0);
}

void AccessLog::reopen() {
    auto file = open_log(m_target);
    const std::lock_guard lock(m_mutex);
    m_file = std::move(file);
}

}  // namespace mien::http
