// SPDX-License-Identifier: MIT
#pragma once

/// What `mien serve` can be told, and where it was told it (man mien-config).

#include <mien/core/json.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mien::http {

enum class AuthMode { none, token, jwt };

std::string_view to_string(AuthMode mode);

/// A token bucket's size and how fast it fills: "10/min", "2/s", "100/h"; count 0: no limit ("off").
struct Rate {
    std::uint32_t count{};
    std::chrono::seconds per{60};
    friend bool operator==(const Rate&, const Rate&) = default;
};

/// A threshold as the settings gave it.
struct Threshold {
    enum class Scale {
        encoder,     ///< a distance of the store's own encoder
        dlib,        ///< a distance of dlib's encoder, whose default is 0.6; smaller is stricter
        similarity,  ///< 0..1, default 0.5; smaller is easier
    };
    Scale scale{Scale::encoder};
    double value{};

    /// The distance that it means for an encoder whose own threshold is `usual`. The old services' scales belong to
    /// encoders that are not the store's, so their default means the encoder's own threshold, and the rest is in
    /// proportion: 0.6 -> usual, 0.3 -> usual/2; similarity 0.5 -> usual, 0.75 -> usual/2.
    [[nodiscard]] double distance(double usual) const;
    friend bool operator==(const Threshold&, const Threshold&) = default;
};

/// What becomes of a new photo of somebody who has as many as are kept.
enum class OnLimit { oldest, worst, reject };

struct Config {
    // where it listens
    std::vector<std::string> hosts{"127.0.0.1"};
    std::vector<std::uint16_t> ports{8000, 5000};
    bool ports_given{};  ///< false: the default ones, of which a busy one is passed over
    std::filesystem::path unix_socket;
    std::filesystem::path tls_cert;
    std::filesystem::path tls_key;
    std::filesystem::path ready_file;

    // who may ask
    AuthMode auth{AuthMode::none};
    bool allow_unauthenticated{};
    bool auth_verify{};
    std::filesystem::path token_file;
    std::string tokens;  ///< lines as in the token file
    std::string jwt_algorithm{"HS256"};
    std::string jwt_secret;
    std::filesystem::path jwt_key_file;  ///< the secret, or the public key in PEM
    std::string jwt_issuer;
    std::string jwt_audience;
    std::chrono::seconds jwt_leeway{0};
    std::vector<std::string> allowed_origins;  ///< "*": all
    Rate rate_enrol{10, std::chrono::seconds(60)};
    Rate rate_verify{10, std::chrono::seconds(60)};
    std::vector<std::string> trusted_proxies;  ///< addresses and CIDR blocks; "unix": whoever uses the Unix socket

    // recognition
    std::filesystem::path workspace{"."};
    std::filesystem::path store;  ///< empty: train.mien in the workspace
    std::optional<Threshold> threshold;
    std::uint32_t max_per_person{5};
    OnLimit on_limit{OnLimit::oldest};
    std::optional<double> quality_threshold;
    bool keep_photos{};
    bool compat{};  ///< the old services' 400 where mien answers 200 (a photo without a face, an empty store)
    std::string detector{"auto"};
    std::int64_t max_pixels{100'000'000};

    // how much at once
    int workers{};  ///< 0: one a core
    int queue{};    ///< photos that wait; 0: 8 a worker
    int io_threads{2};
    int side_threads{2};
    std::uint32_t max_connections{4096};
    std::uint64_t max_header{20UL * 1024};
    std::uint64_t max_body{16UL * 1024 * 1024};
    std::uint64_t max_body_memory{512UL * 1024 * 1024};  ///< all bodies that are being received or worked on
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds body_timeout{30'000};
    std::chrono::milliseconds idle_timeout{60'000};
    std::chrono::milliseconds write_timeout{30'000};
    std::chrono::milliseconds request_timeout{30'000};  ///< in the queue, at most
    std::chrono::milliseconds drain_timeout{30'000};

    // what it says
    std::string environment{"production"};
    std::string log_level{"info"};
    std::string access_log{"-"};  ///< "-": stdout; "off"; else a file

    [[nodiscard]] std::filesystem::path store_file() const;
    [[nodiscard]] int worker_count() const;
    [[nodiscard]] int queue_length() const;
};

}  // namespace mien::http
