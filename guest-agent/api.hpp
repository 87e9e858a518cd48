#pragma once

#include <string>

#include "guest-agent/exec_service.hpp"
#include "guest-agent/http_server.hpp"

namespace hutch::guest_agent {

/// What the agent knows about the boot it belongs to.
struct BootInfo {
    std::string boot_id;  ///< /proc/sys/kernel/random/boot_id
};

/// Registers the agent's calls (docs/design.md) on `server`. `service` must outlive it.
void register_api(HttpServer& server, ExecService& service, const BootInfo& boot);

}  // namespace hutch::guest_agent
