// SPDX-License-Identifier: MIT
#include <mien/core/hash.hpp>

#include <mien/core/error.hpp>
#include <mien/core/hex.hpp>

#include <openssl/evp.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // XXH3 with AVX2 or AVX-512 where the processor has it
#else
#include <xxhash.h>
#endif

#include <cstring>

namespace mien {

struct Sha256Stream::State {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

Sha256Stream::Sha256Stream() : m_state(std::make_unique<State>()) {
    if (!m_state->context || EVP_DigestInit_ex(m_state->context.get(), EVP_sha256(), nullptr) != 1) {
        throw Error(ErrorCode::runtime, "cannot start SHA-256: OpenSSL refused");
    }
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::update(Bytes data) {
    if (EVP_DigestUpdate(m_state->context.get(), data.data(), data.size()) != 1) {
        throw Error(ErrorCode::runtime, "cannot compute SHA-256: OpenSSL refused");
    }
}

Sha256 Sha256Stream::finish() {
    Sha256 digest;
    if (EVP_DigestFinal_ex(m_state->context.get(), digest.bytes.data(), nullptr) != 1) {
        throw Error(ErrorCode::runtime, "cannot finish SHA-256: OpenSSL refused");
    }
    return digest;
}

Sha256 sha256(Bytes data) {
    Sha256Stream stream;
    stream.update(data);
    return stream.finish();
}

Sha256 sha256(std::string_view text) { return sha256(std::as_bytes(std::span(text))); }

std::string to_hex(const Sha256& digest) {
    return to_hex(std::string_view(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()));
}

Sha256 sha256_from_hex(std::string_view text) {
    const auto value = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    Sha256 digest;
    bool good = text.size() == 64;
    for (std::size_t i = 0; good && i < 32; ++i) {
        const int high = value(text[2 * i]);
        const int low = value(text[2 * i + 1]);
        good = high >= 0 && low >= 0;
        digest.bytes[i] = static_cast<std::uint8_t>((high << 4) | low);
    }
    if (!good) {
        throw Error(ErrorCode::usage, "not a SHA-256 digest (64 hexadecimal digits): " + std::string(text));
    }
    return digest;
}

std::uint64_t xxh3(Bytes data) { return XXH3_64bits(data.data(), data.size()); }

std::size_t Sha256Hash::operator()(const Sha256& digest) const noexcept {
    std::size_t value{};
    std::memcpy(&value, digest.bytes.data(), sizeof value);
    return value;
}

}  // namespace mien
