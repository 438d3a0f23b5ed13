// SPDX-License-Identifier: MIT

// Bodies of multipart/form-data: the first line is the Content-Type, the rest the body. What comes out must lie inside
// the body, and only Refusal may be thrown.

#include <mien/http/form.hpp>
#include <mien/http/multipart.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mien::http;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto line = std::min(input.find('\n'), input.size());
    Request request;
    request.headers.add("Content-Type", std::string(input.substr(0, line)));
    request.body = input.substr(std::min(line + 1, input.size()));
    try {
        if (const auto boundary = boundary_of(input.substr(0, line))) {
            for (const auto& part : parse_multipart(request.body, *boundary)) {
                const auto* begin = request.body.data();
                const auto* end = begin + request.body.size();
                if (!part.body.empty() && (part.body.data() < begin || part.body.data() + part.body.size() > end)) {
                    std::abort();
                }
            }
        }
        static_cast<void>(read_form(request));
    } catch (const Refusal&) {
        // the documented answer
    }
    return 0;
}
