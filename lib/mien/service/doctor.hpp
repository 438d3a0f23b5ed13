// SPDX-License-Identifier: MIT
#pragma once

/// `doctor`: what is wrong on this machine, and the command that mends it.

#include <mien/core/json.hpp>
#include <mien/models/models.hpp>
#include <mien/service/workspace.hpp>

#include <string>
#include <vector>

namespace mien::service {

enum class Health { good, warning, bad };

std::string_view to_string(Health health);

struct Finding {
    Health health{Health::good};
    std::string subject;  ///< processor, library, model, workspace, store
    std::string detail;
    std::string remedy;  ///< a command or an action; empty where nothing is wrong
};

std::vector<Finding> examine(const Workspace& workspace, const models::Finder& finder);

Json to_json(const Finding& finding);

}  // namespace mien::service
