// SPDX-License-Identifier: MIT
#pragma once

/// What `mien serve` can be told, and where it was told it (man mien-config).

#include <mien/core/json.hpp>
#include <mien/match/matcher.hpp>
#include <mien/service/on_limit.hpp>

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
    service::OnLimit on_limit{service::OnLimit::oldest};
    std::optional<double> quality_threshold;
    bool keep_photos{};
    bool compat{};  ///< the old services' 400 where mien answers 200 (a photo without a face, an empty store)
    // what train-model fits; all absent: the matcher that the store keeps
    std::optional<match::Kernel> svm_kernel;
    std::optional<double> svm_c;
    std::optional<double> svm_gamma;
    /// Altered copies of each face that an svm of train-model learns from, too; absent: as many as the store has.
    std::optional<std::uint32_t> augmentation_count;
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
    std::string environment{"development"};
    std::string log_level{"info"};
    std::string access_log{"-"};  ///< "-": stdout; "off"; else a file

    [[nodiscard]] std::filesystem::path store_file() const;
    [[nodiscard]] int worker_count() const;
    [[nodiscard]] int queue_length() const;
};

/// Where settings come from. What stands first wins: options, MIEN_* of the environment, mien.toml, MIEN_* of .env, the
/// old services' variables (environment before .env).
struct Sources {
    /// By name without "--"; flags have the value "true".
    std::map<std::string, std::vector<std::string>> options;
    /// Of the process; nothing where it is unset or empty.
    std::function<std::optional<std::string>(const char*)> environment;
    /// The names of the process's variables, and those of which the rest of the program reads: whatever else begins
    /// with MIEN_ was mistyped.
    std::vector<std::string> names;
    std::vector<std::string> names_of_others;
    std::filesystem::path workspace{"."};
    /// Empty: mien.toml in the workspace, where there is one.
    std::filesystem::path file;
};

/// One way of saying a setting that another service had.
struct Alias {
    std::string_view name;    ///< of the variable
    std::string_view prefix;  ///< what is put before its value: a scale
};

struct Setting {
    std::string_view name;  ///< "max-body": --max-body, MIEN_MAX_BODY, max-body in [serve] of mien.toml
    std::string_view group;
    std::string_view type;  ///< empty: a flag
    std::string_view about;
    std::vector<Alias> aliases;
    bool several{};        ///< a list
    bool aliases_add{};    ///< values of several aliases are taken together, they cannot disagree
    bool secret{};         ///< never an option (others see those), never printed
    bool at_start_only{};  ///< a reload does not change it
    std::function<void(Config&, const std::vector<std::string>&)> set;  ///< throws Error{usage} without the source
    std::function<std::vector<std::string>(const Config&)> get;
};

/// All of them, in the order of the manual.
const std::vector<Setting>& settings();

struct SettingOrigin {
    const Setting* setting{};
    std::string source;  ///< "--port", "MIEN_PORT", "mien.toml", ".env: API_PORT", "default"
};

/// A variable that is set and says nothing here.
struct Unheeded {
    std::string source;  ///< "FACE_DATA_DIR", ".env: FACE_DATA_DIR"
    std::string why;     ///< and what to use instead
};

struct LoadedConfig {
    Config config;
    std::vector<SettingOrigin> origins;  ///< one a setting
    std::vector<Unheeded> unheeded;
};

/// throws: Error{usage} that names the setting, its value (unless it is a secret) and its source; also where two
/// variables of old services disagree, with both names
LoadedConfig load_config(const Sources& sources);

/// As lines of a mien.toml with the sources as comments, and comments about what is not heeded; secrets masked.
std::string to_toml(const LoadedConfig& loaded);
/// [{"name","value","source"}]; secrets masked
Json to_json(const LoadedConfig& loaded);

}  // namespace mien::http
