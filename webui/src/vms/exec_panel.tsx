// A box that runs a command in a VM, and what the commands answered.

import { useEffect, useRef, useState } from "preact/hooks";

import type { ExecRequest, Vm } from "../api/types";
import { formatDuration } from "../format";
import { Field } from "../ui/field";
import { nothingFocused, useNow } from "../ui/hooks";
import { PlayIcon, StopIcon } from "../ui/icons";
import { Message } from "../ui/message";
import { endingOf, type ExecEntry } from "./exec_log";
import { Output } from "./output";
import { canExec } from "./vm_actions";

export function ExecPanel(props: {
    vm: Vm;
    entries: ExecEntry[];
    onRun: (request: ExecRequest) => void;
    onCancel: (number: number) => void;
}) {
    const [command, setCommand] = useState("");
    const [cwd, setCwd] = useState("");
    const [seconds, setSeconds] = useState("");
    const [recalled, setRecalled] = useState(-1);
    const input = useRef<HTMLTextAreaElement>(null);
    const form = useRef<HTMLFormElement>(null);
    const more = useRef<HTMLDetailsElement>(null);
    const ready = canExec(props.vm.state);

    useEffect(() => {
        // Never takes the focus from where somebody is at work.
        if (ready && nothingFocused()) input.current?.focus({ preventScroll: true });
    }, [props.vm.id, ready]);

    useEffect(() => {
        const element = input.current;
        if (!element) return;
        element.rows = Math.min(10, Math.max(1, command.split("\n").length));
    }, [command]);

    function run(event: Event): void {
        event.preventDefault();
        if (!ready || command.trim() === "") return;
        const request: ExecRequest = { cmd: command };
        if (seconds !== "") request.timeoutMs = Math.round(Number(seconds) * 1000);
        if (cwd.trim() !== "") request.cwd = cwd.trim();
        props.onRun(request);
        setCommand("");
        setRecalled(-1);
    }

    /** A browser can only point at a wrong value that is shown. */
    function showFields(): void {
        if (more.current) more.current.open = true;
    }

    function recall(index: number): void {
        const entry = props.entries[index];
        if (index >= 0 && entry === undefined) return;
        setRecalled(index);
        setCommand(entry?.request.cmd ?? "");
    }

    function onKeyDown(event: KeyboardEvent): void {
        if (event.isComposing) return;
        const oneLine = !command.includes("\n");
        if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            form.current?.requestSubmit();
        } else if (event.key === "ArrowUp" && oneLine) {
            event.preventDefault();
            recall(recalled + 1);
        } else if (event.key === "ArrowDown" && oneLine && recalled >= 0) {
            event.preventDefault();
            recall(recalled - 1);
        }
    }

    return (
        <section class="exec" aria-labelledby="exec-title">
            <h2 id="exec-title">Run a command</h2>
            <form ref={form} class="exec-form" onSubmit={run} onInvalidCapture={showFields}>
                <div class="prompt">
                    <span class="prompt-sign" aria-hidden="true">
                        $
                    </span>
                    <textarea
                        ref={input}
                        class="mono"
                        name="cmd"
                        rows={1}
                        value={command}
                        disabled={!ready}
                        spellcheck={false}
                        autocapitalize="off"
                        autocomplete="off"
                        aria-label="Command"
                        aria-describedby="exec-hint"
                        placeholder={ready ? "uname -a" : ""}
                        onInput={(event) => setCommand(event.currentTarget.value)}
                        onKeyDown={onKeyDown}
                    />
                    <button type="submit" class="button primary" disabled={!ready || command.trim() === ""}>
                        <PlayIcon />
                        <span>Run</span>
                    </button>
                </div>
                <p class="hint" id="exec-hint">
                    {ready ? (
                        <>
                            <kbd>Enter</kbd> runs it, <kbd>Shift</kbd> <kbd>Enter</kbd> adds a line, <kbd>↑</kbd> brings back
                            earlier ones.
                        </>
                    ) : (
                        `Commands can be run while the VM is RUNNING; now it is ${props.vm.state}.`
                    )}
                </p>
                <details class="more" ref={more}>
                    <summary>Folder and time limit</summary>
                    <div class="field-row">
                        <Field label="Folder" hint="Inside /workspace">
                            {(ids) => (
                                <input
                                    {...ids}
                                    class="mono"
                                    name="cwd"
                                    value={cwd}
                                    placeholder="/workspace"
                                    spellcheck={false}
                                    autocomplete="off"
                                    onInput={(event) => setCwd(event.currentTarget.value)}
                                />
                            )}
                        </Field>
                        <Field label="Time limit" hint="Seconds; 30 when empty">
                            {(ids) => (
                                <input
                                    {...ids}
                                    name="timeout"
                                    type="number"
                                    min={0.001}
                                    step="any"
                                    placeholder="30"
                                    value={seconds}
                                    onInput={(event) => setSeconds(event.currentTarget.value)}
                                />
                            )}
                        </Field>
                    </div>
                </details>
            </form>
            {props.entries.length === 0 ? (
                <p class="exec-empty">What commands answer shows up here.</p>
            ) : (
                <ol class="exec-log" reversed aria-label="Commands, newest first">
                    {props.entries.map((entry) => (
                        <li key={entry.number}>
                            <Entry entry={entry} onCancel={() => props.onCancel(entry.number)} />
                        </li>
                    ))}
                </ol>
            )}
        </section>
    );
}

function Entry(props: { entry: ExecEntry; onCancel: () => void }) {
    const { outcome, request, startedAt, number } = props.entry;
    return (
        <article class="exec-entry" data-outcome={outcome.kind}>
            <header>
                <code class="command">{request.cmd}</code>
                <div class="ending" role="status">
                    {outcome.kind === "running" && <Running startedAt={startedAt} onCancel={props.onCancel} />}
                    {outcome.kind === "cancelled" && <span class="tag bad">cancelled</span>}
                    {outcome.kind === "failed" && <span class="tag bad">no answer</span>}
                    {outcome.kind === "done" &&
                        endingOf(outcome.result).map((ending) => (
                            <span key={ending.words} class={ending.good ? "tag good" : "tag bad"}>
                                {ending.words}
                            </span>
                        ))}
                    {outcome.kind === "done" && outcome.result.durationMs !== undefined && (
                        <span class="tag">{formatDuration(outcome.result.durationMs)}</span>
                    )}
                </div>
            </header>
            {outcome.kind === "failed" && <Message tone="error">{outcome.message}</Message>}
            {outcome.kind === "done" && (
                <>
                    {(outcome.result.stdout !== "" || outcome.result.stdoutTruncated) && (
                        <Output
                            name="stdout"
                            text={outcome.result.stdout}
                            truncated={outcome.result.stdoutTruncated ?? false}
                            fileName={`command-${number}-stdout.txt`}
                        />
                    )}
                    {(outcome.result.stderr !== "" || outcome.result.stderrTruncated) && (
                        <Output
                            name="stderr"
                            text={outcome.result.stderr}
                            truncated={outcome.result.stderrTruncated ?? false}
                            fileName={`command-${number}-stderr.txt`}
                        />
                    )}
                    {outcome.result.stdout === "" && outcome.result.stderr === "" && <p class="no-output">No output.</p>}
                </>
            )}
        </article>
    );
}

function Running(props: { startedAt: number; onCancel: () => void }) {
    const now = useNow(1000);
    return (
        <>
            <span class="tag running">running</span>
            <span class="elapsed" aria-hidden="true">
                {Math.max(0, Math.floor((now - props.startedAt) / 1000))} s
            </span>
            <button type="button" class="button small" onClick={props.onCancel}>
                <StopIcon />
                <span>Cancel</span>
            </button>
        </>
    );
}
