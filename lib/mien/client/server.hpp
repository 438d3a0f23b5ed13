// SPDX-License-Identifier: MIT
#pragma once

/// A running `mien serve`, for verbs that would rather not load models.

#include <mien/pipeline/remote.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace mien::client {

// What the environment may say of it.
inline constexpr const char* k_server_variable = "MIEN_SERVER";
inline constexpr const char* k_token_variable = "MIEN_TOKEN";

struct ServerChoice {
    /// As MIEN_SERVER says it: "http://…", "https://…", "unix:/path", "none", or empty: whoever listens on `socket`.
    std::string address;
    std::filesystem::path socket;  ///< of the workspace; taken only if this user made it
    std::string token;             ///< for an address; a socket asks for none
};

/// Who looks at photos; null where nobody is to be asked. Connects when the first question comes.
///
/// A server that is named must answer: its methods throw Error{server} where it does not, or refuses. One that was
/// found is left aside for good, with a line for debugging, as soon as it does not answer as it should.
/// throws: Error{usage} for an address that is none
std::shared_ptr<pipeline::Remote> find_server(const ServerChoice& choice);

}  // namespace mien::client
