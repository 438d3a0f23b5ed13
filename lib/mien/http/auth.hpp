// SPDX-License-Identifier: MIT
#pragma once

/// Who asks: bearer tokens from a list, or JSON Web Tokens.

#include <mien/http/config.hpp>
#include <mien/http/message.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace mien::http {

/// Thread-safe once made.
class Authenticator {
public:
    virtual ~Authenticator() = default;

    /// What the Authorization header proves. Never throws for what a client sent; Claims::why says what was wrong.
    [[nodiscard]] virtual Claims examine(const Request& request) const = 0;
};

/// throws: Error{usage} for a secret that is absent or weak, a key that does not fit the algorithm, a token list that
/// is empty or holds weak tokens
std::unique_ptr<Authenticator> make_authenticator(const Config& config);

/// A secret of HS256 has at least so many bytes (RFC 7518, 3.2).
inline constexpr std::size_t k_shortest_secret = 32;
/// Tokens of the list have at least so many bytes.
inline constexpr std::size_t k_shortest_token = 16;

/// The token of "Authorization: Bearer TOKEN"; empty where there is none.
std::string_view bearer_token(const Request& request);

/// Verifies one JSON Web Token. Pure: what it says depends on its arguments only.
class JwtVerifier {
public:
    /// algorithm: HS256, RS256 or ES256, nothing else is ever accepted. key: the secret, or a public key in PEM.
    /// throws: Error{usage}
    JwtVerifier(std::string algorithm, std::string key, std::string issuer, std::string audience, std::int64_t leeway);

    /// now: seconds since 1970
    [[nodiscard]] Claims verify(std::string_view token, std::int64_t now) const;

private:
    std::string m_algorithm;
    std::string m_key;
    std::string m_issuer;
    std::string m_audience;
    std::int64_t m_leeway;
};

}  // namespace mien::http
