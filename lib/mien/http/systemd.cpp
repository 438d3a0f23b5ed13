// SPDX-License-Identifier: MIT
#include <mien/http/systemd.hpp>

#include <mien/core/file.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace mien::http {

void notify_systemd(std::string_view state) {
    const auto target = environment("NOTIFY_SOCKET");
    struct sockaddr_un address {};
    if (!target || target->size() >= sizeof(address.sun_path) || ((*target)[0] != '/' && (*target)[0] != '@')) {
        return;
    }
    std::string message(state);
    if (state == "RELOADING=1") {
        struct timespec now {};
        clock_gettime(CLOCK_MONOTONIC, &now);
        message += "\nMONOTONIC_USEC=" + std::to_string(now.tv_sec * 1'000'000 + now.tv_nsec / 1000);
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, target->data(), target->size());
    if (address.sun_path[0] == '@') {
        address.sun_path[0] = '\0';  // the abstract name space
    }
    const FileDescriptor fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + target->size());
    static_cast<void>(::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const struct sockaddr*>(&address), size) < 0);
}

}  // namespace mien::http
