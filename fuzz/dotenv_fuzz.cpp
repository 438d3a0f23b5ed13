// SPDX-License-Identifier: MIT

// .env files. Only Error may be thrown.

#include <mien/core/error.hpp>
#include <mien/http/dotenv.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        static_cast<void>(mien::http::parse_dotenv({reinterpret_cast<const char*>(data), size}));
    } catch (const mien::Error&) {
        // the documented answer
    }
    return 0;
}
