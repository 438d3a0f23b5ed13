// SPDX-License-Identifier: MIT
#include <mien/http/config.hpp>

#include <mien/core/error.hpp>
#include <mien/core/file.hpp>
#include <mien/core/text.hpp>
#include <mien/gallery/augmented.hpp>
#include <mien/http/dotenv.hpp>
#include <mien/http/message.hpp>
#include <mien/service/workspace.hpp>

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <thread>

namespace mien::http {
namespace {

using Strings = std::vector<std::string>;

constexpr std::uint64_t k_largest_config_file = 1UL << 20U;
constexpr double k_dlib_usual = 0.6;
constexpr double k_similarity_usual = 0.5;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::usage, why); }

// --- one value from text ---

template <typename Number>
Number number_in(const std::string& text, Number least, Number most) {
    Number number{};
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || !(number >= least) || !(number <= most)) {
        std::string range;
        if constexpr (std::is_floating_point_v<Number>) {
            std::array<char, 64> figures{};
            std::snprintf(figures.data(), figures.size(), "%g and %g", static_cast<double>(least),
                          static_cast<double>(most));
            range = figures.data();
        } else {
            range = std::to_string(least) + " and " + std::to_string(most);
        }
        refuse("it must be a number between " + range);
    }
    return number;
}

bool flag_in(const std::string& text) {
    const auto word = to_lower(text);
    if (word == "true" || word == "1" || word == "yes" || word == "on") {
        return true;
    }
    if (word == "false" || word == "0" || word == "no" || word == "off") {
        return false;
    }
    refuse("it must be true or false");
}

/// "16M", "20KiB", "1048576"
std::uint64_t bytes_in(const std::string& text) {
    auto number = to_lower(text);
    for (const std::string_view ending : {"ib", "b"}) {
        if (number.ends_with(ending)) {
            number.resize(number.size() - ending.size());
            break;
        }
    }
    std::uint64_t unit = 1;
    if (!number.empty()) {
        const auto at = std::string_view("kmg").find(number.back());
        if (at != std::string_view::npos) {
            unit = 1ULL << (10 * (at + 1));
            number.pop_back();
        }
    }
    constexpr std::uint64_t most = 1ULL << 40U;
    const auto value = number_in<std::uint64_t>(number, 0, most);
    if (value > most / unit) {
        refuse("it is too large");
    }
    return value * unit;
}

/// "10", "500ms", "2m", "1h"
std::chrono::milliseconds time_in(const std::string& text) {
    auto number = text;
    std::int64_t unit = 1000;
    for (const auto& [ending, ms] :
         {std::pair<std::string_view, std::int64_t>{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}) {
        if (number.ends_with(ending)) {
            number.resize(number.size() - ending.size());
            unit = ms;
            break;
        }
    }
    return std::chrono::milliseconds(number_in<std::int64_t>(number, 1, 86'400'000) * unit);
}

std::string text_of(std::chrono::milliseconds time) {
    const auto ms = time.count();
    return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

std::string text_of(double number) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g", number);
    return text.data();
}

std::string text_of(bool flag) { return flag ? "true" : "false"; }

/// "10/min", "2/s", "100/h", "off", "0", "10" (a minute)
Rate rate_in(const std::string& text) {
    const auto word = to_lower(text);
    if (word == "off" || word == "0") {
        return {0, std::chrono::seconds(60)};
    }
    const auto slash = std::min(word.find('/'), word.size());
    Rate rate{number_in<std::uint32_t>(word.substr(0, slash), 1, 1'000'000), std::chrono::seconds(60)};
    const auto unit = slash < word.size() ? word.substr(slash + 1) : "min";
    if (unit == "s" || unit == "second") {
        rate.per = std::chrono::seconds(1);
    } else if (unit == "h" || unit == "hour") {
        rate.per = std::chrono::seconds(3600);
    } else if (unit != "min" && unit != "minute" && unit != "m") {
        refuse("it must be like 10/min, 2/s, 100/h, or off");
    }
    return rate;
}

std::string text_of(const Rate& rate) {
    if (rate.count == 0) {
        return "off";
    }
    const auto* unit = rate.per.count() == 1 ? "s" : rate.per.count() == 3600 ? "h" : "min";
    return std::to_string(rate.count) + "/" + unit;
}

Threshold threshold_in(const std::string& text) {
    using Scale = Threshold::Scale;
    const auto colon = text.find(':');
    const auto scale = colon == std::string::npos ? "" : text.substr(0, colon);
    const auto number = colon == std::string::npos ? text : text.substr(colon + 1);
    if (scale == "dlib") {
        return {Scale::dlib, number_in(number, 0.0, 2.0)};
    }
    if (scale == "similarity") {
        return {Scale::similarity, number_in(number, 0.0, 1.0)};
    }
    if (!scale.empty()) {
        refuse("its scale must be dlib or similarity, or none for a distance of the store's encoder");
    }
    return {Scale::encoder, number_in(number, 0.0, 100.0)};
}

std::string text_of(const Threshold& threshold) {
    using Scale = Threshold::Scale;
    const auto* scale = threshold.scale == Scale::dlib         ? "dlib:"
                        : threshold.scale == Scale::similarity ? "similarity:"
                                                               : "";
    return scale + text_of(threshold.value);
}

std::string one_of(const std::string& text, std::initializer_list<const char*> words) {
    const auto word = to_lower(text);
    std::string list;
    for (const auto* each : words) {
        if (word == each) {
            return word;
        }
        list += (list.empty() ? "" : ", ") + std::string(each);
    }
    refuse("it must be one of " + list);
}

// --- the table ---

using Set = std::function<void(Config&, const Strings&)>;
using Get = std::function<Strings(const Config&)>;

Set set_text(std::string Config::*member) {
    return [member](Config& config, const Strings& values) { config.*member = values.back(); };
}
Get get_text(std::string Config::*member) {
    return [member](const Config& config) { return Strings{config.*member}; };
}
Set set_path(std::filesystem::path Config::*member) {
    return [member](Config& config, const Strings& values) { config.*member = values.back(); };
}
Get get_path(std::filesystem::path Config::*member) {
    return [member](const Config& config) { return Strings{(config.*member).native()}; };
}
Set set_list(Strings Config::*member) {
    return [member](Config& config, const Strings& values) {
        (config.*member).clear();
        for (const auto& value : values) {
            for (auto& part : split_list(value)) {
                (config.*member).push_back(std::move(part));
            }
        }
    };
}
Get get_list(Strings Config::*member) {
    return [member](const Config& config) { return config.*member; };
}
Set set_flag(bool Config::*member) {
    return [member](Config& config, const Strings& values) { config.*member = flag_in(values.back()); };
}
Get get_flag(bool Config::*member) {
    return [member](const Config& config) { return Strings{text_of(config.*member)}; };
}
template <typename Number>
Set set_number(Number Config::*member, Number least, Number most) {
    return [=](Config& config, const Strings& values) { config.*member = number_in(values.back(), least, most); };
}
template <typename Number>
Get get_number(Number Config::*member) {
    return [member](const Config& config) {
        if constexpr (std::is_floating_point_v<Number>) {
            return Strings{text_of(config.*member)};
        } else {
            return Strings{std::to_string(config.*member)};
        }
    };
}
Set set_bytes(std::uint64_t Config::*member, std::uint64_t least) {
    return [=](Config& config, const Strings& values) {
        config.*member = bytes_in(values.back());
        if (config.*member < least) {
            refuse("it must be at least " + std::to_string(least) + " bytes");
        }
    };
}
Set set_time(std::chrono::milliseconds Config::*member) {
    return [member](Config& config, const Strings& values) { config.*member = time_in(values.back()); };
}
Get get_time(std::chrono::milliseconds Config::*member) {
    return [member](const Config& config) { return Strings{text_of(config.*member)}; };
}
Set set_rate(Rate Config::*member) {
    return [member](Config& config, const Strings& values) { config.*member = rate_in(values.back()); };
}
Get get_rate(Rate Config::*member) {
    return [member](const Config& config) { return Strings{text_of(config.*member)}; };
}

constexpr std::string_view k_listening = "Where it listens";
constexpr std::string_view k_rights = "Who may ask";
constexpr std::string_view k_recognition = "Recognition";
constexpr std::string_view k_limits = "How much at once";
constexpr std::string_view k_says = "What it says";

void set_ports(Config& config, const Strings& values) {
    config.ports.clear();
    for (const auto& value : values) {
        for (const auto& port : split_list(value)) {
            const auto number = number_in<std::uint16_t>(port, 0, 65535);
            // 0 asks for any free port, each time anew.
            if (number == 0 || std::find(config.ports.begin(), config.ports.end(), number) == config.ports.end()) {
                config.ports.push_back(number);
            }
        }
    }
    config.ports_given = true;
}

Strings get_ports(const Config& config) {
    Strings ports;
    for (const auto port : config.ports) {
        ports.push_back(std::to_string(port));
    }
    return ports;
}

std::vector<Setting> make_settings() {
    std::vector<Setting> list;
    const auto add = [&list](Setting setting) { list.push_back(std::move(setting)); };
    constexpr int most_threads = 1024;
    // clang-format off
    add({"host", k_listening, "ADDRESS", "Listen on this address; repeatable", {{"API_HOST", ""}, {"FLASK_HOST", ""}}, true, false, false, true,
         set_list(&Config::hosts), get_list(&Config::hosts)});
    add({"port", k_listening, "PORT", "Listen on this port; repeatable; 0: any that is free", {{"API_PORT", ""}, {"FLASK_PORT", ""}}, true, true, false, true,
         set_ports, get_ports});
    add({"unix-socket", k_listening, "FILE", "Listen on this Unix socket too", {}, false, false, false, true,
         set_path(&Config::unix_socket), get_path(&Config::unix_socket)});
    add({"tls-cert", k_listening, "FILE", "Certificate chain in PEM; with it everything is HTTPS", {}, false, false, false, false,
         set_path(&Config::tls_cert), get_path(&Config::tls_cert)});
    add({"tls-key", k_listening, "FILE", "Its private key in PEM", {}, false, false, false, false,
         set_path(&Config::tls_key), get_path(&Config::tls_key)});
    add({"ready-file", k_listening, "FILE", "Write the addresses there once requests are taken", {}, false, false, false, true,
         set_path(&Config::ready_file), get_path(&Config::ready_file)});

    add({"auth", k_rights, "MODE", "none, token or jwt; default: jwt where a secret or key is set, token where tokens are, else none", {}, false, false, false, false,
         [](Config& config, const Strings& values) {
             const auto mode = one_of(values.back(), {"none", "token", "jwt"});
             config.auth = mode == "token" ? AuthMode::token : mode == "jwt" ? AuthMode::jwt : AuthMode::none;
         },
         [](const Config& config) { return Strings{std::string(to_string(config.auth))}; }});
    add({"allow-unauthenticated", k_rights, "", "Let --auth none listen on addresses that others reach", {}, false, false, false, false,
         set_flag(&Config::allow_unauthenticated), get_flag(&Config::allow_unauthenticated)});
    add({"auth-verify", k_rights, "", "Ask for a token where faces are verified, too", {}, false, false, false, false,
         set_flag(&Config::auth_verify), get_flag(&Config::auth_verify)});
    add({"tokens", k_rights, "LINES", "Tokens: 'TOKEN [NAME [user|admin]]', separated by commas or line breaks", {}, false, false, true, false,
         set_text(&Config::tokens), get_text(&Config::tokens)});
    add({"token-file", k_rights, "FILE", "The same, a line each", {}, false, false, false, false,
         set_path(&Config::token_file), get_path(&Config::token_file)});
    add({"jwt-algorithm", k_rights, "ALG", "HS256, RS256 or ES256; no other is accepted", {{"JWT_ALGORITHM", ""}}, false, false, false, false,
         [](Config& config, const Strings& values) {
             if (values.back() != "HS256" && values.back() != "RS256" && values.back() != "ES256") {
                 refuse("it must be HS256, RS256 or ES256");
             }
             config.jwt_algorithm = values.back();
         }, get_text(&Config::jwt_algorithm)});
    add({"jwt-secret", k_rights, "TEXT", "Secret of HS256, at least 32 characters", {{"JWT_SECRET_KEY", ""}}, false, false, true, false,
         set_text(&Config::jwt_secret), get_text(&Config::jwt_secret)});
    add({"jwt-key-file", k_rights, "FILE", "The secret, or the public key of RS256 or ES256 in PEM", {}, false, false, false, false,
         set_path(&Config::jwt_key_file), get_path(&Config::jwt_key_file)});
    add({"jwt-issuer", k_rights, "TEXT", "Accept only tokens of this issuer (iss)", {}, false, false, false, false,
         set_text(&Config::jwt_issuer), get_text(&Config::jwt_issuer)});
    add({"jwt-audience", k_rights, "TEXT", "Accept only tokens for this audience (aud)", {}, false, false, false, false,
         set_text(&Config::jwt_audience), get_text(&Config::jwt_audience)});
    add({"jwt-leeway", k_rights, "TIME", "How far clocks may differ", {}, false, false, false, false,
         [](Config& config, const Strings& values) { config.jwt_leeway = std::chrono::seconds(number_in<std::int64_t>(values.back(), 0, 600)); },
         [](const Config& config) { return Strings{std::to_string(config.jwt_leeway.count())}; }});
    add({"allowed-origins", k_rights, "ORIGIN", "Let pages of these origins ask (CORS); *: all; repeatable", {{"ALLOWED_ORIGINS", ""}}, true, false, false, false,
         set_list(&Config::allowed_origins), get_list(&Config::allowed_origins)});
    add({"rate-limit", k_rights, "RATE", "Of each client, where faces are enrolled or verified: 10/min, 2/s, off", {}, false, false, false, false,
         [](Config& config, const Strings& values) { config.rate_enrol = config.rate_verify = rate_in(values.back()); },
         get_rate(&Config::rate_enrol)});
    add({"rate-limit-enrol", k_rights, "RATE", "The same for enrolling only", {}, false, false, false, false,
         set_rate(&Config::rate_enrol), get_rate(&Config::rate_enrol)});
    add({"rate-limit-verify", k_rights, "RATE", "The same for verifying only", {}, false, false, false, false,
         set_rate(&Config::rate_verify), get_rate(&Config::rate_verify)});
    add({"trusted-proxies", k_rights, "ADDRESS", "Believe X-Forwarded-For of these addresses, blocks, or unix; repeatable", {}, true, false, false, false,
         set_list(&Config::trusted_proxies), get_list(&Config::trusted_proxies)});

    add({"store", k_recognition, "FILE", "Store to serve; default: train.mien in the workspace", {}, false, false, false, false,
         set_path(&Config::store), get_path(&Config::store)});
    add({"tolerance", k_recognition, "DISTANCE", "Largest distance that counts as known; default: the model's; dlib:0.6 and similarity:0.5 are scales of their own",
         {{"FACE_RECOGNITION_TOLERANCE", "dlib:"}, {"FACE_RECOGNITION_THRESHOLD", "dlib:"}, {"RECOGNITION_TOLERANCE", "dlib:"}, {"RECOGNITION_THRESHOLD", "similarity:"}}, false, false, false, false,
         [](Config& config, const Strings& values) { config.threshold = threshold_in(values.back()); },
         [](const Config& config) { return config.threshold ? Strings{text_of(*config.threshold)} : Strings{}; }});
    add({"max-per-person", k_recognition, "N", "Photos kept of a person", {{"MAX_FACE_ENCODINGS_PER_USER", ""}, {"MAX_ENCODINGS_PER_USER", ""}, {"MAX_FACES_PER_USER", ""}}, false, false, false, false,
         set_number<std::uint32_t>(&Config::max_per_person, 1, 1'000'000), get_number(&Config::max_per_person)});
    add({"on-limit", k_recognition, "CHOICE", "What a new photo of somebody with as many replaces: oldest, worst, or reject the new one", {}, false, false, false, false,
         [](Config& config, const Strings& values) {
             config.on_limit = service::on_limit_from(one_of(values.back(), {"oldest", "worst", "reject"}));
         },
         [](const Config& config) { return Strings{std::string(service::to_string(config.on_limit))}; }});
    add({"quality-threshold", k_recognition, "QUALITY", "Refuse worse photos when people are enrolled, 0 to 1", {{"FACE_QUALITY_THRESHOLD", ""}}, false, false, false, false,
         [](Config& config, const Strings& values) { config.quality_threshold = number_in(values.back(), 0.0, 1.0); },
         [](const Config& config) { return config.quality_threshold ? Strings{text_of(*config.quality_threshold)} : Strings{}; }});
    add({"keep-photos", k_recognition, "", "Keep enrolled photos, not only their encodings", {}, false, false, false, false,
         set_flag(&Config::keep_photos), get_flag(&Config::keep_photos)});
    add({"compat", k_recognition, "", "Answer 400 as the old services did where mien says 200 (no face, empty store)", {}, false, false, false, false,
         set_flag(&Config::compat), get_flag(&Config::compat)});
    add({"method", k_recognition, "NAME", "Detector: auto, yunet, hog, cnn", {}, false, false, false, false,
         [](Config& config, const Strings& values) { config.detector = one_of(values.back(), {"auto", "yunet", "hog", "cnn"}); },
         get_text(&Config::detector)});
    add({"max-pixels", k_recognition, "N", "Refuse photos with more pixels", {}, false, false, false, false,
         set_number<std::int64_t>(&Config::max_pixels, 1, 4'000'000'000), get_number(&Config::max_pixels)});
    add({"svm-kernel", k_recognition, "NAME", "Kernel of the svm that /api/v1's train-model fits: rbf or linear", {{"SVM_KERNEL", ""}}, false, false, false, false,
         [](Config& config, const Strings& values) {
             config.svm_kernel = one_of(values.back(), {"rbf", "linear"}) == "rbf" ? match::Kernel::rbf : match::Kernel::linear;
         },
         [](const Config& config) { return config.svm_kernel ? Strings{*config.svm_kernel == match::Kernel::rbf ? "rbf" : "linear"} : Strings{}; }});
    add({"svm-c", k_recognition, "C", "C of that svm", {{"SVM_C", ""}}, false, false, false, false,
         [](Config& config, const Strings& values) { config.svm_c = number_in(values.back(), 1e-6, 1e9); },
         [](const Config& config) { return config.svm_c ? Strings{text_of(*config.svm_c)} : Strings{}; }});
    add({"svm-gamma", k_recognition, "GAMMA", "Gamma of that svm's rbf kernel", {{"SVM_GAMMA", ""}}, false, false, false, false,
         [](Config& config, const Strings& values) { config.svm_gamma = number_in(values.back(), 1e-9, 1e9); },
         [](const Config& config) { return config.svm_gamma ? Strings{text_of(*config.svm_gamma)} : Strings{}; }});
    add({"augmentation-count", k_recognition, "N", "Altered copies of each face that that svm learns from, too", {{"AUGMENTATION_COUNT", ""}}, false, false, false, false,
         [](Config& config, const Strings& values) {
             config.augmentation_count = number_in<std::uint32_t>(values.back(), 0, gallery::k_most_augmented);
         },
         [](const Config& config) { return config.augmentation_count ? Strings{std::to_string(*config.augmentation_count)} : Strings{}; }});

    add({"workers", k_limits, "N", "Photos worked on at a time; 0: one a core", {}, false, false, false, true,
         set_number(&Config::workers, 0, most_threads), get_number(&Config::workers)});
    add({"queue", k_limits, "N", "Photos that may wait; more are refused with 503; 0: 8 a worker", {}, false, false, false, true,
         set_number(&Config::queue, 0, 1'000'000), get_number(&Config::queue)});
    add({"io-threads", k_limits, "N", "Threads that serve connections", {}, false, false, false, true,
         set_number(&Config::io_threads, 1, most_threads), get_number(&Config::io_threads)});
    add({"side-threads", k_limits, "N", "Threads for what waits for the disk", {}, false, false, false, true,
         set_number(&Config::side_threads, 1, most_threads), get_number(&Config::side_threads)});
    add({"max-connections", k_limits, "N", "Open connections; more are refused with 503", {}, false, false, false, false,
         set_number<std::uint32_t>(&Config::max_connections, 1, 1'000'000), get_number(&Config::max_connections)});
    add({"max-header", k_limits, "BYTES", "Refuse larger headers with 431", {}, false, false, false, false,
         [](Config& config, const Strings& values) {
             config.max_header = bytes_in(values.back());
             if (config.max_header < 1024 || config.max_header > (1UL << 20U)) {
                 refuse("it must be between 1K and 1M");
             }
         }, get_number(&Config::max_header)});
    add({"max-body", k_limits, "BYTES", "Refuse larger bodies with 413", {}, false, false, false, false,
         set_bytes(&Config::max_body, 1024), get_number(&Config::max_body)});
    add({"max-body-memory", k_limits, "BYTES", "All bodies together; beyond it 503", {}, false, false, false, false,
         set_bytes(&Config::max_body_memory, 1024), get_number(&Config::max_body_memory)});
    add({"header-timeout", k_limits, "TIME", "For a header to arrive", {}, false, false, false, false,
         set_time(&Config::header_timeout), get_time(&Config::header_timeout)});
    add({"body-timeout", k_limits, "TIME", "For a body to arrive", {}, false, false, false, false,
         set_time(&Config::body_timeout), get_time(&Config::body_timeout)});
    add({"idle-timeout", k_limits, "TIME", "Between two requests of a connection", {}, false, false, false, false,
         set_time(&Config::idle_timeout), get_time(&Config::idle_timeout)});
    add({"write-timeout", k_limits, "TIME", "For an answer to be taken", {}, false, false, false, false,
         set_time(&Config::write_timeout), get_time(&Config::write_timeout)});
    add({"request-timeout", k_limits, "TIME", "In the queue, else 503", {}, false, false, false, false,
         set_time(&Config::request_timeout), get_time(&Config::request_timeout)});
    add({"drain-timeout", k_limits, "TIME", "For what was accepted, after SIGTERM", {}, false, false, false, false,
         set_time(&Config::drain_timeout), get_time(&Config::drain_timeout)});

    add({"environment", k_says, "NAME", "What /ml/health calls this installation", {{"ENVIRONMENT", ""}}, false, false, false, false,
         set_text(&Config::environment), get_text(&Config::environment)});
    add({"log-level", k_says, "LEVEL", "debug, info, warning or error, on stderr", {{"LOG_LEVEL", ""}}, false, false, false, false,
         [](Config& config, const Strings& values) {
             const auto word = one_of(values.back(), {"debug", "info", "warning", "warn", "error", "critical"});
             config.log_level = word == "warn" ? "warning" : word == "critical" ? "error" : word;
         }, get_text(&Config::log_level)});
    add({"access-log", k_says, "FILE", "A JSON line a request: a file, - for stdout, or off", {}, false, false, false, true,
         set_text(&Config::access_log), get_text(&Config::access_log)});
    // clang-format on
    return list;
}

// --- where values come from ---

constexpr std::string_view k_prefix = "MIEN_";

/// How many letters must be put in, left out or be others to make b of a.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto replaced = diagonal + (a[i] == b[j] ? 0U : 1U);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
        }
    }
    return row[b.size()];
}

/// The name that was probably meant; empty where none is near.
std::string nearest_name(std::string_view name, const Strings& known) {
    const auto nearest = std::min_element(
        known.begin(), known.end(), [name](const auto& a, const auto& b) { return edits(name, a) < edits(name, b); });
    constexpr std::size_t k_near = 3;
    const bool near =
        nearest != known.end() && edits(name, *nearest) <= std::min(k_near, (name.size() - k_prefix.size()) / 2);
    return near ? *nearest : std::string();
}

std::string environment_name(std::string_view setting) {
    std::string name(k_prefix);
    for (const char c : setting) {
        name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return name;
}

std::string read_text(const std::filesystem::path& path) {
    const auto bytes = read_file(path, k_largest_config_file);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string toml_text(const toml::node& node, const std::string& where) {
    if (const auto* text = node.as_string()) {
        return text->get();
    }
    if (const auto* number = node.as_integer()) {
        return std::to_string(number->get());
    }
    if (const auto* number = node.as_floating_point()) {
        std::array<char, 40> text{};
        std::snprintf(text.data(), text.size(), "%.17g", number->get());
        return text.data();
    }
    if (const auto* flag = node.as_boolean()) {
        return text_of(flag->get());
    }
    refuse(where + ": it must be a text, a number, true, false, or a list of those");
}

/// Settings of the table [serve].
std::map<std::string, Strings> read_toml(const std::filesystem::path& file) {
    std::map<std::string, Strings> values;
    toml::table document;
    try {
        document = toml::parse(read_text(file), file.native());
    } catch (const toml::parse_error& error) {
        refuse(file.native() + ", line " + std::to_string(error.source().begin.line) + ": " +
               std::string(error.description()));
    }
    const auto* section = document["serve"].as_table();
    if (document.contains("serve") && section == nullptr) {
        refuse(file.native() + ": serve must be a table: [serve]");
    }
    if (section == nullptr) {
        return values;
    }
    for (const auto& [key, node] : *section) {
        const std::string name(key.str());
        const auto where = file.native() + ": " + name;
        const auto known = std::any_of(settings().begin(), settings().end(),
                                       [&name](const Setting& setting) { return setting.name == name; });
        if (!known) {
            refuse(where + ": there is no such setting (see 'man mien-config')");
        }
        if (const auto* list = node.as_array()) {
            for (const auto& entry : *list) {
                values[name].push_back(toml_text(entry, where));
            }
        } else {
            values[name].push_back(toml_text(node, where));
        }
    }
    return values;
}

/// A variable of an older service that says nothing here, and what does instead.
struct Unused {
    const char* name;
    const char* instead;
};

constexpr std::array k_unused{
    Unused{"FACE_DATA_DIR", "faces are in the workspace's store: --workspace"},
    Unused{"DATABASE_URL", "there is no database, only the workspace's store: --workspace, and 'mien import'"},
    Unused{"DB_PASSWORD", "there is no database"},
    Unused{"SUPABASE_URL", "there is no database, only the workspace's store: --workspace"},
    Unused{"SUPABASE_ANON_KEY", "there is no database"},
    Unused{"SUPABASE_SERVICE_ROLE_KEY", "there is no database"},
    Unused{"SECRET_KEY", "tokens are signed with JWT_SECRET_KEY"},
    Unused{"JWT_EXPIRATION_MINUTES", "a token says itself when it ends: exp"},
    Unused{"LOG_DIR", "requests are logged to --access-log, all else to standard error"},
    Unused{"FLASK_DEBUG", "--log-level debug says more"},
    Unused{"CAMERA_WIDTH", "the server opens no camera"},
    Unused{"CAMERA_HEIGHT", "the server opens no camera"},
    Unused{"PREDICT_INTERVAL", "the server opens no camera"},
};

struct Variable {
    std::string value;
    std::string source;
};

class Loader {
public:
    explicit Loader(const Sources& sources) : m_sources(sources) {
        const auto file = sources.file.empty() ? sources.workspace / "mien.toml" : sources.file;
        if (!sources.file.empty() || std::filesystem::exists(file)) {
            m_toml = read_toml(file);
            m_toml_name = file.filename().native();
        }
        const auto dotenv = sources.workspace / ".env";
        if (std::filesystem::is_regular_file(dotenv)) {
            try {
                m_dotenv = parse_dotenv(read_text(dotenv));
            } catch (const Error& error) {
                refuse(dotenv.native() + ", " + error.what());
            }
        }
    }

    LoadedConfig load() {
        LoadedConfig loaded;
        bool auth_said = false;
        for (const auto& setting : settings()) {
            auto [values, source] = find(setting);
            if (!source.empty()) {
                apply(setting, values, source, loaded.config);
                auth_said = auth_said || setting.name == "auth";
            }
            loaded.origins.push_back({&setting, source.empty() ? "default" : source});
        }
        finish(loaded, auth_said);
        for (const auto& unused : k_unused) {
            if (const auto found = variable(unused.name)) {
                loaded.unheeded.push_back({found->source, unused.instead});
            }
        }
        add_mistyped(loaded.unheeded);
        return loaded;
    }

private:
    std::pair<Strings, std::string> find(const Setting& setting) const {
        const std::string name(setting.name);
        if (const auto found = m_sources.options.find(name); found != m_sources.options.end()) {
            return {found->second, "--" + name};
        }
        const auto variable = environment_name(name);
        if (auto value = m_sources.environment(variable.c_str())) {
            return {{std::move(*value)}, variable};
        }
        if (const auto found = m_toml.find(name); found != m_toml.end()) {
            return {found->second, m_toml_name};
        }
        if (const auto found = m_dotenv.find(variable); found != m_dotenv.end() && !found->second.empty()) {
            return {{found->second}, ".env: " + variable};
        }
        return from_aliases(setting);
    }

    void add_mistyped(std::vector<Unheeded>& unheeded) const {
        Strings ours;
        for (const auto& setting : settings()) {
            ours.push_back(environment_name(setting.name));
        }
        const auto has = [](const Strings& names, const std::string& name) {
            return std::find(names.begin(), names.end(), name) != names.end();
        };
        auto known = ours;
        known.insert(known.end(), m_sources.names_of_others.begin(), m_sources.names_of_others.end());
        const auto take = [&](const std::string& name, const std::string& source) {
            const auto nearest = nearest_name(name, known);
            unheeded.push_back({source, has(known, name)
                                            ? "it counts in the environment only"
                                            : "there is no such setting (see 'man mien-config')" +
                                                  (nearest.empty() ? "" : "; did you mean " + nearest + "?")});
        };
        for (const auto& name : m_sources.names) {
            if (name.starts_with(k_prefix) && !has(known, name) && m_sources.environment(name.c_str())) {
                take(name, name);
            }
        }
        for (const auto& [name, value] : m_dotenv) {
            if (name.starts_with(k_prefix) && !has(ours, name) && !value.empty()) {
                take(name, ".env: " + name);
            }
        }
    }

    std::optional<Variable> variable(std::string_view name) const {
        const std::string key(name);
        if (auto value = m_sources.environment(key.c_str())) {
            return Variable{std::move(*value), key};
        }
        if (const auto found = m_dotenv.find(key); found != m_dotenv.end() && !found->second.empty()) {
            return Variable{found->second, ".env: " + key};
        }
        return std::nullopt;
    }

    std::pair<Strings, std::string> from_aliases(const Setting& setting) const {
        Strings values;
        std::string source;
        for (const auto& alias : setting.aliases) {
            auto found = variable(alias.name);
            if (!found) {
                continue;
            }
            auto value = std::string(alias.prefix) + found->value;
            if (!values.empty() && !setting.aliases_add) {
                if (!agree(setting, values.front(), source, value, found->source)) {
                    refuse(source + " and " + found->source + " disagree about " + std::string(setting.name) +
                           "; unset one of them, or say which is meant with --" + std::string(setting.name));
                }
                continue;
            }
            values.push_back(std::move(value));
            source += (source.empty() ? "" : ", ") + found->source;
        }
        return {std::move(values), std::move(source)};
    }

    static bool agree(const Setting& setting, const std::string& one, const std::string& its_source,
                      const std::string& other, const std::string& other_source) {
        Config a;
        Config b;
        apply(setting, {one}, its_source, a);
        apply(setting, {other}, other_source, b);
        if (a.threshold && b.threshold) {
            return std::abs(a.threshold->distance(1) - b.threshold->distance(1)) < 1e-9;
        }
        return setting.get(a) == setting.get(b);
    }

    static void apply(const Setting& setting, const Strings& values, const std::string& source, Config& config) {
        const auto shown = setting.secret || values.empty() ? std::string() : " '" + printable(values.back()) + "'";
        try {
            if (values.empty() && !setting.several) {
                refuse("it has no value");
            }
            setting.set(config, values);
        } catch (const Error& error) {
            refuse(std::string(setting.name) + shown + " (from " + source + "): " + error.what());
        }
    }

    void finish(LoadedConfig& loaded, bool auth_said) const {
        auto& config = loaded.config;
        config.workspace = m_sources.workspace;
        const auto origin = [&loaded](std::string_view name) -> std::string& {
            return std::find_if(loaded.origins.begin(), loaded.origins.end(),
                                [name](const SettingOrigin& each) { return each.setting->name == name; })
                ->source;
        };
        const auto is_set = [&origin](std::string_view name) { return origin(name) != "default"; };
        if (!auth_said) {
            for (const std::string_view name : {"jwt-secret", "jwt-key-file", "tokens", "token-file"}) {
                if (is_set(name)) {
                    config.auth = name.starts_with("jwt") ? AuthMode::jwt : AuthMode::token;
                    origin("auth") = "because of " + origin(name);
                    break;
                }
            }
        }
        // The settings of one class are read after the one for both; what was not said follows that.
        for (const std::string_view name : {"rate-limit-enrol", "rate-limit-verify"}) {
            if (!is_set(name) && is_set("rate-limit")) {
                origin(name) = origin("rate-limit");
            }
        }
        if (config.tls_cert.empty() != config.tls_key.empty()) {
            refuse("--tls-cert and --tls-key belong together; only one of them is set");
        }
        if (config.ports.empty() || config.hosts.empty()) {
            refuse("there is nothing to listen on: --host and --port must not be empty");
        }
    }

    const Sources& m_sources;
    std::map<std::string, Strings> m_toml;
    std::string m_toml_name;
    std::map<std::string, std::string> m_dotenv;
};

std::string toml_quoted(const std::string& text) {
    return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string_view to_string(AuthMode mode) {
    switch (mode) {
        case AuthMode::token: return "token";
        case AuthMode::jwt: return "jwt";
        case AuthMode::none: break;
    }
    return "none";
}

double Threshold::distance(double usual) const {
    switch (scale) {
        case Scale::dlib: return usual * value / k_dlib_usual;
        case Scale::similarity: return usual * (1 - value) / (1 - k_similarity_usual);
        case Scale::encoder: break;
    }
    return value;
}

std::filesystem::path Config::store_file() const { return service::Workspace{workspace}.store(store); }

int Config::worker_count() const {
    return workers > 0 ? workers : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int Config::queue_length() const { return queue > 0 ? queue : 8 * worker_count(); }

const std::vector<Setting>& settings() {
    static const auto list = make_settings();
    return list;
}

LoadedConfig load_config(const Sources& sources) { return Loader(sources).load(); }

std::string to_toml(const LoadedConfig& loaded) {
    std::string text = "[serve]\n";
    for (const auto& [setting, source] : loaded.origins) {
        const auto values = setting->get(loaded.config);
        const std::string name(setting->name);
        std::string line;
        const bool absent = values.empty() || (values.size() == 1 && values.front().empty());
        if (setting->secret) {
            line = absent ? "# " + name + " is not set" : "# " + name + " = \"********\"";
        } else if (setting->several) {
            for (const auto& value : values) {
                line += (line.empty() ? "" : ", ") + toml_quoted(value);
            }
            line = name + " = [" + line + "]";
        } else if (absent) {
            line = "# " + name + " is not set";
        } else if (setting->type.empty()) {
            line = name + " = " + values.front();
        } else {
            line = name + " = " + toml_quoted(values.front());
        }
        const auto* from = source.starts_with("because of ") ? "  # " : "  # from ";
        text += line + (source == "default" ? "" : from + source) + "\n";
    }
    for (const auto& [source, why] : loaded.unheeded) {
        text += "# " + source + " is not used; " + why + "\n";
    }
    return text;
}

Json to_json(const LoadedConfig& loaded) {
    auto list = Json::array();
    for (const auto& [setting, source] : loaded.origins) {
        const auto values = setting->get(loaded.config);
        const bool absent = values.empty() || (values.size() == 1 && values.front().empty());
        Json value;
        if (setting->several) {
            value = values;
        } else if (!absent) {
            value = setting->secret ? "********" : values.front();
        }
        list.push_back({{"name", setting->name}, {"value", value}, {"source", source}});
    }
    return list;
}

}  // namespace mien::http
