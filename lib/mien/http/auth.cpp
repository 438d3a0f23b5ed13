// SPDX-License-Identifier: MIT
#include <mien/http/auth.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/hash.hpp>

#include <openssl/crypto.h>

#include <chrono>
#include <span>
#include <sstream>

namespace mien::http {
namespace {

constexpr std::uint64_t k_largest_secret_file = 1UL << 20U;

std::string read_text(const std::filesystem::path& path) {
    const auto bytes = read_file(path, k_largest_secret_file);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Everybody : public Authenticator {
public:
    [[nodiscard]] Claims examine(const Request&) const override { return {true, false, {}, Role::admin, {}}; }
};

class TokenList : public Authenticator {
public:
    explicit TokenList(const Config& config) {
        auto text = config.tokens;
        std::replace(text.begin(), text.end(), ',', '\n');
        if (!config.token_file.empty()) {
            text += "\n" + read_text(config.token_file);
        }
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            add(line);
        }
        if (m_entries.empty()) {
            throw Error(ErrorCode::usage,
                        "--auth token needs tokens: name a file with --token-file, or set MIEN_TOKENS; a line is "
                        "'TOKEN [NAME [user|admin]]' (for a good token: openssl rand -hex 32)");
        }
    }

    [[nodiscard]] Claims examine(const Request& request) const override {
        const auto token = bearer_token(request);
        if (token.empty()) {
            return {false, false, {}, Role::user, "no bearer token was sent"};
        }
        // Digests are compared, and all of them, so that time tells nothing about any token.
        const auto digest = sha256(token);
        const Entry* found = nullptr;
        for (const auto& entry : m_entries) {
            if (CRYPTO_memcmp(digest.bytes.data(), entry.digest.bytes.data(), digest.bytes.size()) == 0) {
                found = &entry;
            }
        }
        if (found == nullptr) {
            return {false, false, {}, Role::user, "the token is not known"};
        }
        return {true, true, found->name, found->role, {}};
    }

private:
    struct Entry {
        Sha256 digest;
        std::string name;
        Role role{Role::user};
    };

    void add(const std::string& line) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string token;
        std::string name;
        std::string role{"user"};
        if (!(words >> token)) {
            return;
        }
        words >> name >> role;
        if (token.size() < k_shortest_token) {
            throw Error(ErrorCode::usage, "token " + std::to_string(m_entries.size() + 1) +
                                              " of the list is shorter than " + std::to_string(k_shortest_token) +
                                              " characters (for a good one: openssl rand -hex 32)");
        }
        if (role != "user" && role != "admin") {
            throw Error(ErrorCode::usage, "token " + std::to_string(m_entries.size() + 1) +
                                              " of the list has a role that is neither user nor admin");
        }
        m_entries.push_back({sha256(token), name, role == "admin" ? Role::admin : Role::user});
    }

    std::vector<Entry> m_entries;
};

class JwtAuthenticator : public Authenticator {
public:
    explicit JwtAuthenticator(const Config& config)
        : m_verifier(config.jwt_algorithm, key_of(config), config.jwt_issuer, config.jwt_audience,
                     config.jwt_leeway.count()) {}

    [[nodiscard]] Claims examine(const Request& request) const override {
        const auto token = bearer_token(request);
        if (token.empty()) {
            return {false, false, {}, Role::user, "no bearer token was sent"};
        }
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        return m_verifier.verify(token, std::chrono::duration_cast<std::chrono::seconds>(now).count());
    }

private:
    static std::string key_of(const Config& config) {
        if (config.jwt_key_file.empty()) {
            return config.jwt_secret;
        }
        auto key = read_text(config.jwt_key_file);
        while (config.jwt_algorithm == "HS256" && (key.ends_with('\n') || key.ends_with('\r'))) {
            key.pop_back();
        }
        return key;
    }

    JwtVerifier m_verifier;
};

}  // namespace

std::string_view bearer_token(const Request& request) {
    const auto header = request.headers.get("Authorization").value_or("");
    constexpr std::string_view scheme = "Bearer ";
    if (!equal_without_case(header.substr(0, scheme.size()), scheme)) {
        return {};
    }
    return trimmed(header.substr(scheme.size()));
}

std::unique_ptr<Authenticator> make_authenticator(const Config& config) {
    switch (config.auth) {
        case AuthMode::token: return std::make_unique<TokenList>(config);
        case AuthMode::jwt: return std::make_unique<JwtAuthenticator>(config);
        case AuthMode::none: break;
    }
    return std::make_unique<Everybody>();
}

}  // namespace mien::http
