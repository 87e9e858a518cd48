// All VMs, live.

import type { Vm } from "../api/types";
import { formatAge, formatCount, formatMebibytes } from "../format";
import { useNow, useTitle } from "../ui/hooks";
import { Logo, PlusIcon } from "../ui/icons";
import { StateBadge } from "./state_badge";
import { labelOf } from "./vm_actions";
import { VmButtons, type VmCommands } from "./vm_buttons";

export function ListPage(props: { vms: Vm[] | undefined; commands: VmCommands; onCreate: () => void }) {
    useTitle("Virtual machines");
    const { vms } = props;
    return (
        <>
            <div class="page-header">
                <div>
                    <h1>Virtual machines</h1>
                    <p class="subtitle">{vms === undefined ? "Loading…" : summaryOf(vms)}</p>
                </div>
                <button type="button" class="button primary" onClick={props.onCreate}>
                    <PlusIcon />
                    <span>New VM</span>
                </button>
            </div>
            {vms !== undefined && (vms.length === 0 ? <Empty onCreate={props.onCreate} /> : <Table vms={vms} commands={props.commands} />)}
        </>
    );
}

function summaryOf(vms: Vm[]): string {
    const running = vms.filter((vm) => vm.state === "RUNNING").length;
    const failed = vms.filter((vm) => vm.state === "ERROR").length;
    if (vms.length === 0) return "None yet";
    return `${formatCount(vms.length, "VM")}, ${running} running${failed > 0 ? `, ${failed} failed` : ""}`;
}

function Empty(props: { onCreate: () => void }) {
    return (
        <div class="empty">
            <Logo />
            <h2>No virtual machines</h2>
            <p>Make one, and run a command in it a moment later.</p>
            <button type="button" class="button" onClick={props.onCreate}>
                <PlusIcon />
                <span>New VM</span>
            </button>
        </div>
    );
}

// The roles are spelled out because a narrow screen lays rows out as cards, and browsers drop the roles of tables then.
function Table(props: { vms: Vm[]; commands: VmCommands }) {
    const now = useNow(5000);
    return (
        <div class="table-frame">
            <table class="vms" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">Name</th>
                        <th role="columnheader" scope="col">State</th>
                        <th role="columnheader" scope="col" class="wide-only">
                            Size
                        </th>
                        <th role="columnheader" scope="col" class="wide-only">
                            Address
                        </th>
                        <th role="columnheader" scope="col" class="wide-only">
                            Created
                        </th>
                        <th role="columnheader" scope="col">
                            <span class="visually-hidden">Actions</span>
                        </th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {props.vms.map((vm) => (
                        <Row key={vm.id} vm={vm} now={now} commands={props.commands} />
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function Row(props: { vm: Vm; now: number; commands: VmCommands }) {
    const { vm } = props;
    const size = `${formatCount(vm.cpu, "vCPU")}, ${formatMebibytes(vm.memMb)}`;
    return (
        <tr role="row" data-vm={vm.id}>
            <td role="cell" class="vm-name">
                <a href={`#/vms/${encodeURIComponent(vm.id)}`}>{labelOf(vm)}</a>
                {vm.name && <span class="id">{vm.id}</span>}
                <span class="narrow-only secondary">{size}</span>
                {vm.state === "ERROR" && vm.error && <span class="reason">{vm.error}</span>}
            </td>
            <td role="cell" class="vm-state">
                <StateBadge state={vm.state} />
            </td>
            <td role="cell" class="wide-only nowrap">{size}</td>
            <td role="cell" class="wide-only mono">{vm.guestIp || "–"}</td>
            <td role="cell" class="wide-only nowrap">
                <time dateTime={vm.createdAt} title={vm.createdAt}>
                    {formatAge(vm.createdAt, props.now)}
                </time>
            </td>
            <td role="cell" class="actions">
                <VmButtons vm={vm} commands={props.commands} place="row" />
            </td>
        </tr>
    );
}
