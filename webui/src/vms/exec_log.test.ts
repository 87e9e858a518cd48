import { expect, it } from "vitest";

import { endingOf, type ExecEntry, withEntry, withOutcome } from "./exec_log";

function entry(number: number, vmId: string, kind: "running" | "cancelled" = "cancelled"): ExecEntry {
    return { number, vmId, request: { cmd: "x" }, startedAt: 0, outcome: { kind } };
}

it("keeps the newest of each VM, and every one that still runs", () => {
    let log = [entry(1, "vm-a", "running"), entry(2, "vm-b")];
    for (let number = 3; number < 40; number++) log = withEntry(log, entry(number, "vm-a"));
    const ofA = log.filter((one) => one.vmId === "vm-a").map((one) => one.number);
    expect(ofA.length).toBe(21);
    expect(ofA[0]).toBe(39);
    expect(ofA).toContain(1);
    expect(log.some((one) => one.vmId === "vm-b")).toBe(true);
});

it("sets one outcome", () => {
    const log = withOutcome([entry(2, "vm-a", "running"), entry(1, "vm-a", "running")], 1, { kind: "failed", message: "no" });
    expect(log.map((one) => one.outcome.kind)).toEqual(["running", "failed"]);
});

it("says how a command ended", () => {
    expect(endingOf({ exitCode: 0, stdout: "", stderr: "" })).toEqual([{ words: "exit 0", good: true }]);
    const bad = endingOf({ exitCode: 137, stdout: "", stderr: "", timedOut: true, signal: "SIGKILL", oomKilled: true, pidsLimited: true });
    expect(bad.map((one) => one.words)).toEqual([
        "exit 137",
        "timed out",
        "killed by SIGKILL",
        "out of memory",
        "process limit reached",
    ]);
    expect(bad.every((one) => !one.good)).toBe(true);
});
