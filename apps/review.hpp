// SPDX-License-Identifier: MIT
#pragma once

/// The interactive review of the inbox.

#include <shared_options.hpp>

#include <mien/models/models.hpp>
#include <mien/service/confirm.hpp>

#include <string>

namespace mien::app {

/// One cluster after the other: shows it, asks, decides. Each decision is durable before the next question.
/// pictures: draw faces in the terminal where it can
/// returns: the exit status; 130 after Ctrl-C
int review(service::Confirmer& confirmer, const service::ConfirmOptions& options, const models::Finder& finder,
           const SharedOptions& shared, bool pictures);

/// For people, one line.
std::string describe(const service::Confirmed& answer);

}  // namespace mien::app
