// SPDX-License-Identifier: MIT

// libcpp-jwt checks the signatures. What it leaves open is closed here, before it sees a token: the algorithm is the
// configured one, "crit" is refused, "exp" is demanded, HMACs are compared in constant time (it compares text), and
// everything is bounded.

#include <mien/http/auth.hpp>

#include <mien/core/error.hpp>
#include <mien/http/base64.hpp>
#include <mien/http/form.hpp>

#include <jwt/jwt.hpp>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mien::http {
namespace {

constexpr std::size_t k_longest_token = 8192;
constexpr double k_last_second = 253'402'300'799.0;  // of the year 9999
constexpr int k_least_rsa_bits = 2048;
constexpr std::size_t k_es256_signature = 64;

struct Bad {
    const char* why;
};

std::string decoded_part(std::string_view part) {
    std::string standard(part);
    for (auto& c : standard) {
        if (c == '+' || c == '/' || c == '=' || c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            throw Bad{"it is not base64url"};
        }
        c = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    auto bytes = base64_decoded(standard);
    if (!bytes) {
        throw Bad{"it is not base64url"};
    }
    return std::move(*bytes);
}

Json decoded_object(std::string_view part) {
    try {
        auto json = parse_json(decoded_part(part));
        if (json.is_object()) {
            return json;
        }
    } catch (const Refusal&) {
        throw Bad{"it holds no JSON"};
    }
    throw Bad{"it holds no JSON object"};
}

/// A NumericDate: seconds since 1970, perhaps with a fraction.
std::optional<double> time_of(const Json& claims, const char* name) {
    const auto found = claims.find(name);
    if (found == claims.end()) {
        return std::nullopt;
    }
    const double time = found->is_number() ? found->get<double>() : std::nan("");
    if (!(time >= 0 && time <= k_last_second)) {
        throw Bad{"a time in it is not one"};
    }
    return time;
}

bool same_hmac(const std::string& key, std::string_view signed_part, const std::string& signature) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    const auto* made =
        HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size(), mac.data(), &size);
    return made != nullptr && signature.size() == size && CRYPTO_memcmp(mac.data(), signature.data(), size) == 0;
}

bool audience_fits(const Json& claims, const std::string& wanted) {
    const auto found = claims.find("aud");
    if (found == claims.end()) {
        return false;
    }
    return found->is_array() ? std::find(found->begin(), found->end(), wanted) != found->end() : *found == wanted;
}

void check_public_key(const std::string& algorithm, const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                        BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    const auto refuse = [&algorithm](const std::string& why) {
        throw Error(ErrorCode::usage, "--jwt-key-file for " + algorithm + ": " + why);
    };
    if (!key) {
        refuse("it holds no public key in PEM form (-----BEGIN PUBLIC KEY-----)");
    }
    if (algorithm == "RS256" &&
        (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key.get()) < k_least_rsa_bits)) {
        refuse("it holds no RSA key of at least 2048 bits");
    }
    if (algorithm == "ES256") {
        std::array<char, 64> curve{};
        std::size_t size = 0;
        const bool known = EVP_PKEY_get_group_name(key.get(), curve.data(), curve.size(), &size) == 1;
        if (!known || std::string_view(curve.data(), size) != "prime256v1") {
            refuse("it holds no key of the curve P-256");
        }
    }
}

/// What manuals and templates say in the place of a secret.
bool is_example(std::string_view secret) {
    auto text = to_lower(secret);
    std::replace(text.begin(), text.end(), '_', '-');
    constexpr std::array<std::string_view, 6> examples{"your-secret", "your-super-secret", "your-jwt-secret",
                                                       "change-me",   "changeme",          "change-this"};
    return std::any_of(examples.begin(), examples.end(),
                       [&text](std::string_view each) { return text.find(each) != std::string::npos; });
}

}  // namespace

JwtVerifier::JwtVerifier(std::string algorithm, std::string key, std::string issuer, std::string audience,
                         std::int64_t leeway)
    : m_algorithm(std::move(algorithm)),
      m_key(std::move(key)),
      m_issuer(std::move(issuer)),
      m_audience(std::move(audience)),
      m_leeway(leeway) {
    if (m_algorithm == "HS256") {
        if (m_key.empty()) {
            throw Error(ErrorCode::usage,
                        "--auth jwt needs a secret: set JWT_SECRET_KEY or MIEN_JWT_SECRET, or name a "
                        "file with --jwt-key-file (for a good one: openssl rand -hex 32)");
        }
        if (m_key.size() < k_shortest_secret) {
            throw Error(ErrorCode::usage, "the JWT secret is shorter than " + std::to_string(k_shortest_secret) +
                                              " characters (for a good one: openssl rand -hex 32)");
        }
        if (std::all_of(m_key.begin(), m_key.end(), [this](char c) { return c == m_key.front(); })) {
            throw Error(ErrorCode::usage,
                        "the JWT secret is one character again and again (for a good one: openssl "
                        "rand -hex 32)");
        }
        if (is_example(m_key)) {
            throw Error(ErrorCode::usage,
                        "the JWT secret is an example that everybody can read (for a good one: openssl rand -hex 32)");
        }
    } else if (m_algorithm == "RS256" || m_algorithm == "ES256") {
        check_public_key(m_algorithm, m_key);
    } else {
        throw Error(ErrorCode::usage, "--jwt-algorithm is HS256, RS256 or ES256, not '" + m_algorithm + "'");
    }
}

Claims JwtVerifier::verify(std::string_view token, std::int64_t now) const {
    Claims claims;
    try {
        if (token.size() > k_longest_token) {
            throw Bad{"it is too long"};
        }
        const auto first = token.find('.');
        const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
        if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
            throw Bad{"it has not three parts"};
        }
        const auto header = decoded_object(token.substr(0, first));
        if (header.value("alg", Json()) != m_algorithm) {
            throw Bad{"it is of another algorithm"};
        }
        if (header.contains("crit")) {
            throw Bad{"it demands extensions (crit)"};
        }
        if (header.contains("typ") && !header["typ"].is_string()) {
            throw Bad{"its typ is no text"};
        }
        const auto signature = decoded_part(token.substr(second + 1));
        if (m_algorithm == "HS256" && !same_hmac(m_key, token.substr(0, second), signature)) {
            throw Bad{"its signature is wrong"};
        }
        if (m_algorithm == "ES256" && signature.size() != k_es256_signature) {
            throw Bad{"its signature is wrong"};
        }
        const auto payload = decoded_object(token.substr(first + 1, second - first - 1));
        const auto expires = time_of(payload, "exp");
        const auto begins = time_of(payload, "nbf");
        if (!expires) {
            throw Bad{"it has no exp"};
        }
        if (static_cast<double>(now) >= *expires + static_cast<double>(m_leeway)) {
            throw Bad{"it has expired"};
        }
        if (begins && static_cast<double>(now) + static_cast<double>(m_leeway) < *begins) {
            throw Bad{"it is not valid yet"};
        }
        if (!m_issuer.empty() && payload.value("iss", Json()) != m_issuer) {
            throw Bad{"it is of another issuer"};
        }
        if (!m_audience.empty() && !audience_fits(payload, m_audience)) {
            throw Bad{"it is for another audience"};
        }
        std::error_code error;
        // The times were judged above by `now`; what the library thinks of them by its own clock must not differ.
        namespace params = jwt::params;
        static_cast<void>(jwt::decode(jwt::string_view(token.data(), token.size()), params::algorithms({m_algorithm}),
                                      error, params::secret(m_key), params::verify(true),
                                      params::leeway(static_cast<std::uint32_t>(m_leeway))));
        if (error) {
            throw Bad{"its signature is wrong"};
        }
        const auto subject = payload.find("sub");
        if (subject != payload.end() && !subject->is_string() && !subject->is_number_integer()) {
            throw Bad{"its sub is no text"};
        }
        if (subject != payload.end()) {
            claims.subject = subject->is_string() ? subject->get<std::string>() : subject->dump();
        }
        claims.role = payload.value("role", Json()) == "admin" ? Role::admin : Role::user;
        claims.authenticated = true;
        claims.proved = true;
    } catch (const Bad& bad) {
        claims = {};
        claims.why = std::string("the token is refused: ") + bad.why;
    } catch (const std::exception&) {
        claims = {};
        claims.why = "the token is refused: it cannot be read";
    }
    return claims;
}

}  // namespace mien::http
