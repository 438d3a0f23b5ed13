// SPDX-License-Identifier: MIT
#pragma once

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/hash.hpp>

#include <support/shared.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace mien::models::test {

inline void write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

/// The whole file; nothing where there is none.
inline std::string read(const std::filesystem::path& path) {
    const auto bytes =
        std::filesystem::exists(path) ? read_file(path, std::uint64_t{1} << 30U) : std::vector<std::byte>{};
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string hex_digest(const std::string& text) { return to_hex(sha256(text)); }

/// An environment variable that gets its old value back.
class Environment {
public:
    Environment(const char* name, const std::string& value) : m_name(name) {
        if (const char* old = std::getenv(name)) {
            m_old = old;
        }
        if (value.empty()) {
            ::unsetenv(name);
        } else {
            ::setenv(name, value.c_str(), 1);
        }
    }
    ~Environment() {
        if (m_old) {
            ::setenv(m_name, m_old->c_str(), 1);
        } else {
            ::unsetenv(m_name);
        }
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

private:
    const char* m_name;
    std::optional<std::string> m_old;
};

/// The Error that call throws; a failed test where it throws none.
template <class Call>
Error error_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorCode::runtime, ""};
}

inline bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

#define EXPECT_HOLDS(text, part) EXPECT_PRED2(::mien::models::test::holds, std::string(text), std::string(part))

}  // namespace mien::models::test
