// Runs commands and keeps what they answered, also while another VM is looked at.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { type ApiClient, ApiError, isAbort, messageOf } from "../api/client";
import type { ExecRequest, Vm } from "../api/types";
import { type ExecEntry, type ExecOutcome, withEntry, withOutcome } from "./exec_log";

export function useExecLog(client: ApiClient) {
    const [log, setLog] = useState<ExecEntry[]>([]);
    const calls = useRef(new Map<number, AbortController>());
    const lastNumber = useRef(0);

    useEffect(() => {
        const running = calls.current;
        return () => running.forEach((call) => call.abort());
    }, []);

    const run = useCallback(
        async (vm: Vm, request: ExecRequest): Promise<void> => {
            const number = ++lastNumber.current;
            const call = new AbortController();
            calls.current.set(number, call);
            setLog((old) => withEntry(old, { number, vmId: vm.id, request, startedAt: Date.now(), outcome: { kind: "running" } }));
            let outcome: ExecOutcome;
            try {
                outcome = { kind: "done", result: await client.exec(vm.id, request, call.signal) };
            } catch (error) {
                outcome = isAbort(error) ? { kind: "cancelled" } : { kind: "failed", message: failureOf(error) };
            }
            calls.current.delete(number);
            setLog((old) => withOutcome(old, number, outcome));
        },
        [client],
    );

    const cancel = useCallback((number: number) => calls.current.get(number)?.abort(), []);
    return { log, run, cancel };
}

function failureOf(error: unknown): string {
    const unknownEnd = error instanceof ApiError && error.kind !== "http";
    return unknownEnd ? `${messageOf(error)} Whether the command ran, and how it ended, is not known.` : messageOf(error);
}
