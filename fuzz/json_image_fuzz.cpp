// SPDX-License-Identifier: MIT

// Photos as base64 in JSON. Only Refusal may be thrown, and what was decoded must give the same text again.

#include <mien/http/base64.hpp>
#include <mien/http/form.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mien::http;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto bytes = base64_decoded(input); bytes && base64_decoded(base64_encoded(*bytes)) != bytes) {
        std::abort();
    }
    Request request;
    request.headers.add("Content-Type", "application/json");
    request.body = input;
    try {
        const auto form = read_form(request);
        static_cast<void>(form.text("user_id"));
    } catch (const Refusal&) {
        // the documented answer
    }
    return 0;
}
