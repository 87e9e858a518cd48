// One VM: its state, what it is made of, and the command box.

import type { ComponentChildren } from "preact";

import type { ExecRequest, Vm } from "../api/types";
import { formatAge, formatCount, formatDuration, formatMebibytes } from "../format";
import { useNow, useTitle } from "../ui/hooks";
import { BackIcon } from "../ui/icons";
import { Message } from "../ui/message";
import type { ExecEntry } from "./exec_log";
import { ExecPanel } from "./exec_panel";
import { StateBadge } from "./state_badge";
import { labelOf } from "./vm_actions";
import { VmButtons, type VmCommands } from "./vm_buttons";

export function VmPage(props: {
    id: string;
    vms: Vm[] | undefined;
    commands: VmCommands;
    entries: ExecEntry[];
    onRun: (vm: Vm, request: ExecRequest) => void;
    onCancel: (number: number) => void;
}) {
    const now = useNow(5000);
    const vm = props.vms?.find((one) => one.id === props.id);
    useTitle(vm ? labelOf(vm) : "Virtual machine");

    const back = (
        <a class="back" href="#/">
            <BackIcon />
            <span>Virtual machines</span>
        </a>
    );
    if (props.vms === undefined) {
        return (
            <>
                {back}
                <p class="subtitle">Loading…</p>
            </>
        );
    }
    if (vm === undefined) {
        return (
            <>
                {back}
                <div class="empty">
                    <h1>This VM is not there</h1>
                    <p>
                        There is no VM <code class="breakable">{props.id}</code>. It may have been deleted.
                    </p>
                </div>
            </>
        );
    }
    return (
        <>
            {back}
            <div class="page-header">
                <div class="vm-title">
                    <h1 class="breakable">{labelOf(vm)}</h1>
                    <StateBadge state={vm.state} />
                </div>
                <VmButtons vm={vm} commands={props.commands} place="page" />
            </div>
            {vm.state === "ERROR" && (
                <Message tone="error">
                    <strong>This VM failed.</strong> {vm.error || "The manager gave no reason."}
                </Message>
            )}
            <dl class="facts">
                <Fact name="Id">
                    <code>{vm.id}</code>
                </Fact>
                <Fact name="Size">
                    {formatCount(vm.cpu, "vCPU")}, {formatMebibytes(vm.memMb)}
                </Fact>
                {vm.diskSizeMb ? <Fact name="Disk">{formatMebibytes(vm.diskSizeMb)}</Fact> : null}
                <Fact name="Address">
                    <code>{vm.guestIp || "–"}</code>
                </Fact>
                <Fact name="Image">
                    <code>{vm.imageId}</code>
                </Fact>
                {vm.driver ? <Fact name="Driver">{vm.driver}</Fact> : null}
                <Fact name="Created">
                    <time dateTime={vm.createdAt} title={vm.createdAt}>
                        {formatAge(vm.createdAt, now)}
                    </time>
                </Fact>
                {vm.allowIps && vm.allowIps.length > 0 ? (
                    <Fact name="Allowed destinations">
                        <code>{vm.allowIps.join(", ")}</code>
                    </Fact>
                ) : null}
            </dl>
            {vm.bootTimeline && vm.bootTimeline.length > 0 && <BootTimeline steps={vm.bootTimeline} />}
            <ExecPanel
                key={vm.id}
                vm={vm}
                entries={props.entries}
                onRun={(request) => props.onRun(vm, request)}
                onCancel={props.onCancel}
            />
        </>
    );
}

function Fact(props: { name: string; children: ComponentChildren }) {
    return (
        <div class="fact">
            <dt>{props.name}</dt>
            <dd>{props.children}</dd>
        </div>
    );
}

function BootTimeline(props: { steps: { step: string; atMs: number }[] }) {
    return (
        <details class="more timeline">
            <summary>Ready {formatDuration(props.steps.at(-1)?.atMs ?? 0)} after the call</summary>
            <ol>
                {props.steps.map((step, index) => (
                    <li key={index}>
                        <span class="at">{formatDuration(step.atMs)}</span> {step.step}
                    </li>
                ))}
            </ol>
        </details>
    );
}
