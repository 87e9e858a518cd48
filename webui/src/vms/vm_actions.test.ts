import { expect, it } from "vitest";

import type { Vm, VmState } from "../api/types";
import { canExec, canStart, canStop, describeChanges, isPassing } from "./vm_actions";

function vm(id: string, state: VmState, name = ""): Vm {
    return {
        id,
        state,
        name,
        cpu: 1,
        memMb: 128,
        guestIp: "172.16.0.2",
        outboundInternet: false,
        createdAt: "2026-01-31T12:00:00.000Z",
        imageId: "img-1",
    };
}

it.each<[VmState, string]>([
    ["CREATED", "passing"],
    ["STARTING", "passing"],
    ["RUNNING", "stop exec"],
    ["PAUSED", "stop"],
    ["STOPPING", "passing"],
    ["STOPPED", "start"],
    ["ERROR", "start"],
    ["DELETED", ""],
])("in state %s: %s", (state, expected) => {
    const allowed = [
        canStart(state) && "start",
        canStop(state) && "stop",
        canExec(state) && "exec",
        isPassing(state) && "passing",
    ];
    expect(allowed.filter(Boolean).join(" ")).toBe(expected);
});

it("describes what changed between two lists", () => {
    const before = [vm("vm-1", "STARTING", "build"), vm("vm-2", "RUNNING"), vm("vm-3", "STOPPED")];
    const after = [vm("vm-1", "RUNNING", "build"), vm("vm-2", "RUNNING"), vm("vm-4", "STARTING")];
    expect(describeChanges(before, after)).toBe("build is running. vm-4 is starting. vm-3 is deleted.");
    expect(describeChanges(after, after)).toBe("");
});
