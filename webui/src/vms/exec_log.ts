// The commands run from this page, newest first per VM, kept until the page is left.

import type { ExecRequest, ExecResult } from "../api/types";

export type ExecOutcome =
    | { kind: "running" }
    | { kind: "done"; result: ExecResult }
    /** No result: the call itself failed. */
    | { kind: "failed"; message: string }
    | { kind: "cancelled" };

export interface ExecEntry {
    number: number;
    vmId: string;
    request: ExecRequest;
    /** Milliseconds since the epoch. */
    startedAt: number;
    outcome: ExecOutcome;
}

/** Outputs may be megabytes, so the number kept per VM is small. */
const keptPerVm = 20;

export function withEntry(log: ExecEntry[], entry: ExecEntry): ExecEntry[] {
    let seen = 0;
    return [entry, ...log].filter((other) => other.vmId !== entry.vmId || other.outcome.kind === "running" || ++seen <= keptPerVm);
}

export function withOutcome(log: ExecEntry[], number: number, outcome: ExecOutcome): ExecEntry[] {
    return log.map((entry) => (entry.number === number ? { ...entry, outcome } : entry));
}

/** How a command ended, in a few words, most important first. */
export function endingOf(result: ExecResult): { words: string; good: boolean }[] {
    const endings = [{ words: `exit ${result.exitCode}`, good: result.exitCode === 0 }];
    const add = (words: string): void => void endings.push({ words, good: false });
    if (result.timedOut) add("timed out");
    if (result.signal) add(`killed by ${result.signal}`);
    if (result.oomKilled) add("out of memory");
    if (result.pidsLimited) add("process limit reached");
    return endings;
}
