#pragma once

#include "manager/store/records.hpp"

namespace hutch::vm {

/// Whether a VM may go from one state to another. The one table:
///
///   CREATED   the row is written, nothing else need exist     → STARTING, STOPPED (found after a crash)
///   STARTING  its processes are being started                 → RUNNING, ERROR, STOPPED (found after a
///   crash) RUNNING   the agent has said that it serves               → STOPPING, ERROR, STOPPED (found after
///   a crash) STOPPING  the guest is powering off                       → STOPPED STOPPED   no process; the
///   overlay disk is kept            → STARTING ERROR     it ended by itself or did not start; as STOPPED →
///   STARTING DELETED   being removed; reached from every state, left by the row's removal
[[nodiscard]] bool is_legal_move(store::VmState from, store::VmState to);

}  // namespace hutch::vm
