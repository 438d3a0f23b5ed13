// SPDX-License-Identifier: MIT
#pragma once

/// libcurl, loaded when something is really asked of a server: linking it would cost every start of the program 7 ms.

#include <mien/core/error.hpp>

#include <curl/curl.h>

#include <memory>
#include <string>

namespace mien {

/// The functions that are used, from libcurl.so.4.
struct Curl {
    decltype(&::curl_global_init) global_init{};
    decltype(&::curl_easy_init) easy_init{};
    decltype(&::curl_easy_setopt) setopt{};
    decltype(&::curl_easy_getinfo) getinfo{};
    decltype(&::curl_easy_perform) perform{};
    decltype(&::curl_easy_cleanup) cleanup{};
    decltype(&::curl_easy_strerror) strerror{};
    decltype(&::curl_slist_append) slist_append{};
    decltype(&::curl_slist_free_all) slist_free_all{};
};

/// throws: Error{runtime} that names the package, where the library is absent or too old
const Curl& curl();

/// One connection's state. Not thread-safe.
using CurlHandle = std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)>;

/// throws: Error{runtime}
CurlHandle make_curl_handle();

/// throws: Error{runtime} where this libcurl does not know the option
template <class Value>
void set_curl(const CurlHandle& handle, CURLoption option, Value value) {
    if (const auto code = curl().setopt(handle.get(), option, value); code != CURLE_OK) {
        throw Error(ErrorCode::runtime, std::string("libcurl refuses a setting: ") + curl().strerror(code));
    }
}

}  // namespace mien
