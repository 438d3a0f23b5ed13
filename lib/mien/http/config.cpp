// SPDX-License-Identifier: MIT
#include <mien/http/config.hpp>

#include <mien/service/workspace.hpp>

#include <algorithm>
#include <thread>

namespace mien::http {

std::string_view to_string(AuthMode mode) {
    switch (mode) {
        case AuthMode::token: return "token";
        case AuthMode::jwt: return "jwt";
        case AuthMode::none: break;
    }
    return "none";
}

double Threshold::distance(double usual) const {
    constexpr double dlib_usual = 0.6;
    constexpr double similarity_usual = 0.5;
    switch (scale) {
        case Scale::dlib: return usual * value / dlib_usual;
        case Scale::similarity: return usual * (1 - value) / (1 - similarity_usual);
        case Scale::encoder: break;
    }
    return value;
}

std::filesystem::path Config::store_file() const {
    return store.empty() ? service::Workspace{workspace}.store() : store;
}

int Config::worker_count() const {
    return workers > 0 ? workers : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int Config::queue_length() const { return queue > 0 ? queue : 8 * worker_count(); }

}  // namespace mien::http
