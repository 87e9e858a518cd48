// What somebody sees who is signed in: the header, the page that the address names, and the dialogs.

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";

import { type ApiClient, ApiError, messageOf } from "./api/client";
import type { Session, Vm } from "./api/types";
import { nothingFocused, usePolling, useRoute } from "./ui/hooks";
import { Logo } from "./ui/icons";
import { Message, type Tone } from "./ui/message";
import { CreateDialog } from "./vms/create_dialog";
import { DeleteDialog } from "./vms/delete_dialog";
import { ListPage } from "./vms/list_page";
import { useExecLog } from "./vms/use_exec_log";
import { describeChanges, labelOf } from "./vms/vm_actions";
import type { VmCommands } from "./vms/vm_buttons";
import { VmPage } from "./vms/vm_page";

const pollIntervalMs = 1500;

interface Notice {
    tone: Tone;
    text: string;
}

type OpenDialog = { kind: "create" } | { kind: "delete"; vm: Vm } | null;

export function Workspace(props: { client: ApiClient; session: Session; onSignedOut: () => void }) {
    const { client } = props;
    const route = useRoute();
    const loadVms = useCallback((signal: AbortSignal) => client.listVms(signal), [client]);
    const { state: polled, refresh } = usePolling(loadVms, pollIntervalMs);
    const [notices, setNotices] = useState<Notice[]>([]);
    const [dialog, setDialog] = useState<OpenDialog>(null);
    const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
    const exec = useExecLog(client);
    const announcement = useAnnouncement(polled.value);

    const notify = useCallback((tone: Tone, text: string) => {
        setNotices((old) => [...old.filter((notice) => notice.text !== text), { tone, text }].slice(-4));
    }, []);

    const change = useCallback(
        async (vm: Vm, verb: string, call: () => Promise<void>): Promise<void> => {
            setBusy((old) => new Set(old).add(vm.id));
            try {
                const done = call();
                refresh();
                await done;
            } catch (error) {
                notify("error", `${labelOf(vm)} could not be ${verb}. ${messageOf(error)}`);
            }
            setBusy((old) => new Set([...old].filter((id) => id !== vm.id)));
            refresh();
        },
        [notify, refresh],
    );

    const commands: VmCommands = useMemo(
        () => ({
            start: (vm) => void change(vm, "started", () => client.startVm(vm.id)),
            stop: (vm) => void change(vm, "stopped", () => client.stopVm(vm.id)),
            remove: (vm) => setDialog({ kind: "delete", vm }),
            busy,
        }),
        [busy, change, client],
    );

    async function signOut(): Promise<void> {
        try {
            await client.signOut();
        } catch (error) {
            const alreadyOut = error instanceof ApiError && error.status === 401;
            if (!alreadyOut) {
                notify("error", `You are still signed in. ${messageOf(error)}`);
                return;
            }
        }
        props.onSignedOut();
    }

    // A followed link is gone with its page, and the focus with it: keyboard and screen reader go on at the new page's start.
    useEffect(() => {
        if (nothingFocused()) document.getElementById("main")?.focus({ preventScroll: true });
    }, [route]);

    const vmId = /^\/vms\/([^/]+)$/.exec(route)?.[1];
    const shownVm = vmId === undefined ? undefined : decode(vmId);

    return (
        <>
            <a class="skip-link" href="#main" onClick={skipToMain}>
                Skip to content
            </a>
            <header class="top-bar">
                <div class="top-bar-inner">
                    <a class="brand" href="#/" aria-label="hutch, virtual machines">
                        <Logo />
                        <span>hutch</span>
                    </a>
                    <Liveness error={polled.error} loaded={polled.value !== undefined} />
                    <span class="spacer" />
                    {props.session.email && <span class="who">{props.session.email}</span>}
                    <button type="button" class="button quiet small" onClick={signOut}>
                        Sign out
                    </button>
                </div>
            </header>
            <main id="main" tabIndex={-1} class={polled.error === undefined ? "" : "stale"}>
                {polled.error !== undefined && (
                    <Message tone="error">
                        {messageOf(polled.error)}{" "}
                        {polled.value === undefined
                            ? "Trying again…"
                            : `What you see is from ${new Date(polled.loadedAt).toLocaleTimeString()}. Trying again…`}
                    </Message>
                )}
                {notices.map((notice) => (
                    <Message
                        key={notice.text}
                        tone={notice.tone}
                        onDismiss={() => setNotices((old) => old.filter((one) => one !== notice))}
                    >
                        {notice.text}
                    </Message>
                ))}
                {shownVm === undefined ? (
                    <ListPage vms={polled.value} commands={commands} onCreate={() => setDialog({ kind: "create" })} />
                ) : (
                    <VmPage
                        id={shownVm}
                        vms={polled.value}
                        commands={commands}
                        entries={exec.log.filter((entry) => entry.vmId === shownVm)}
                        onRun={exec.run}
                        onCancel={exec.cancel}
                    />
                )}
            </main>
            <div class="visually-hidden" role="status" aria-live="polite">
                {announcement}
            </div>
            {dialog?.kind === "create" && (
                <CreateDialog
                    client={client}
                    onClose={() => setDialog(null)}
                    onSent={refresh}
                    onCreated={(vm) => {
                        vm.warnings?.forEach((warning) => notify("warning", `${labelOf(vm)}: ${warning}`));
                        refresh();
                    }}
                    onLateFailure={(message) => {
                        notify("error", message);
                        refresh();
                    }}
                />
            )}
            {dialog?.kind === "delete" && (
                <DeleteDialog
                    client={client}
                    vm={dialog.vm}
                    onClose={() => setDialog(null)}
                    onDeleted={() => {
                        if (shownVm === dialog.vm.id) location.hash = "#/";
                        setDialog(null);
                        refresh();
                    }}
                />
            )}
        </>
    );
}

function Liveness(props: { error: unknown; loaded: boolean }) {
    if (props.error !== undefined) return <span class="liveness offline">Offline</span>;
    return props.loaded ? <span class="liveness live">Live</span> : null;
}

/** The hash is the route, so the link itself must not change it. */
function skipToMain(event: Event): void {
    event.preventDefault();
    document.getElementById("main")?.focus();
}

function decode(part: string): string {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

/** What changed since the last list, for screen readers. */
function useAnnouncement(vms: Vm[] | undefined): string {
    const [text, setText] = useState("");
    const before = useRef<Vm[] | undefined>(undefined);
    useEffect(() => {
        if (vms === undefined) return;
        if (before.current !== undefined) {
            const changes = describeChanges(before.current, vms);
            if (changes !== "") setText(changes);
        }
        before.current = vms;
    }, [vms]);
    return text;
}
