// SPDX-License-Identifier: MIT
#pragma once

/// Where tests find photos and weights.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace mien::test {

inline std::filesystem::path source_dir() { return MIEN_SOURCE_DIR; }
inline std::filesystem::path shared_dir() { return MIEN_SHARED_DIR; }
inline std::filesystem::path shared_models() { return shared_dir() / "models"; }
inline std::filesystem::path shared_faces() { return shared_dir() / "faces"; }

/// A fresh folder that goes with the object.
class TemporaryFolder {
public:
    TemporaryFolder() {
        auto pattern = (std::filesystem::temp_directory_path() / "mien-test-XXXXXX").native();
        m_path = ::mkdtemp(pattern.data());
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

private:
    std::filesystem::path m_path;
};

}  // namespace mien::test

/// Skips the test, with the reason, where the weights and photos beside the project are absent.
#define MIEN_NEEDS(path)                                             \
    if (!std::filesystem::exists(path)) {                            \
        GTEST_SKIP() << "needs " << (path) << ", which is not here"; \
    }
