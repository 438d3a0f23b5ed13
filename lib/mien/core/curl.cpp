// SPDX-License-Identifier: MIT
#include <mien/core/curl.hpp>

#include <dlfcn.h>

#include <type_traits>

namespace mien {

const Curl& curl() {
    static const Curl k_curl = [] {
        void* library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);  // never closed: it keeps state of its own
        if (library == nullptr) {
            throw Error(ErrorCode::runtime,
                        "this needs libcurl.so.4 (Debian: apt install libcurl4), which cannot be loaded");
        }
        Curl loaded;
        const auto load = [&](auto& function, const char* name) {
            function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
            if (function == nullptr) {
                throw Error(ErrorCode::runtime, std::string("libcurl.so.4 is too old: it has no ") + name);
            }
        };
        load(loaded.global_init, "curl_global_init");
        load(loaded.easy_init, "curl_easy_init");
        load(loaded.setopt, "curl_easy_setopt");
        load(loaded.getinfo, "curl_easy_getinfo");
        load(loaded.perform, "curl_easy_perform");
        load(loaded.cleanup, "curl_easy_cleanup");
        load(loaded.strerror, "curl_easy_strerror");
        load(loaded.slist_append, "curl_slist_append");
        load(loaded.slist_free_all, "curl_slist_free_all");
        if (loaded.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
            throw Error(ErrorCode::runtime, "libcurl cannot start");
        }
        return loaded;
    }();
    return k_curl;
}

CurlHandle make_curl_handle() {
    CurlHandle handle(curl().easy_init(), curl().cleanup);
    if (!handle) {
        throw Error(ErrorCode::runtime, "libcurl cannot start");
    }
    return handle;
}

}  // namespace mien
