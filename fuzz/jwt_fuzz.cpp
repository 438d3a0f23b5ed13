// SPDX-License-Identifier: MIT

// JSON Web Tokens. Nothing may be thrown, and what is accepted must carry the one right signature.

#include <mien/http/auth.hpp>
#include <mien/http/base64.hpp>

#include <openssl/hmac.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view k_secret = "a secret of the fuzz target, 40 letters.";

std::string sign(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    HMAC(EVP_sha256(), k_secret.data(), static_cast<int>(k_secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
    auto signature = mien::http::base64_encoded({reinterpret_cast<const char*>(mac.data()), size});
    while (signature.back() == '=') {
        signature.pop_back();
    }
    for (auto& c : signature) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    return signature;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const mien::http::JwtVerifier verifier("HS256", std::string(k_secret), "", "", 0);
    constexpr std::int64_t now = 1'700'000'000;
    const std::string input(reinterpret_cast<const char*>(data), size);
    const auto claims = verifier.verify(input, now);
    const auto dot = input.rfind('.');
    if (claims.authenticated && (dot == std::string::npos || input.substr(dot + 1) != sign(input.substr(0, dot)))) {
        std::abort();  // a forgery
    }
    // The same with a good signature, so that what lies behind it is reached.
    static_cast<void>(verifier.verify(input + "." + sign(input), now));
    return 0;
}
