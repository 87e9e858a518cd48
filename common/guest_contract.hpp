#pragma once

// What host and guest agree on. See docs/design.md and docs/guest-contract.md.

#include <cstddef>
#include <cstdint>

namespace hutch::guest_contract {

/// The agent's HTTP port on the guest's vsock.
inline constexpr std::uint32_t agent_port = 8080;
/// The host's port that the agent connects to the moment it serves.
inline constexpr std::uint32_t ready_port = 1024;
/// The host's context id (VMADDR_CID_HOST) and the one every guest has: the bus is private to one VM, so all
/// are alike.
inline constexpr std::uint32_t host_cid = 2;
inline constexpr std::uint32_t guest_cid = 3;
/// Version of the contract, in the ready line and /health.
inline constexpr int version = 1;

/// The uid and gid of user code in the guest.
inline constexpr std::uint32_t user_id = 1000;

/// Longest ready line the host accepts, in bytes, newline included.
inline constexpr std::size_t max_ready_line = 4096;
/// Most bytes of stdout, and of stderr, that an exec result carries by default.
inline constexpr std::size_t default_max_output = 1'000'000;
/// Default timeout of an exec, in milliseconds.
inline constexpr std::int64_t default_exec_timeout_ms = 30'000;

}  // namespace hutch::guest_contract
