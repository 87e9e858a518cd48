// Start or stop, and delete: the buttons of one VM, in the list and on its own page.

import type { Vm } from "../api/types";
import { PlayIcon, StopIcon, TrashIcon } from "../ui/icons";
import { canStart, canStop, labelOf } from "./vm_actions";

export interface VmCommands {
    start: (vm: Vm) => void;
    stop: (vm: Vm) => void;
    /** Asks first. */
    remove: (vm: Vm) => void;
    /** Ids of VMs with a call under way. */
    busy: ReadonlySet<string>;
}

/** `row`: small, in the list. `page`: the delete button is spelled out. */
export function VmButtons(props: { vm: Vm; commands: VmCommands; place: "row" | "page" }) {
    const { vm, commands } = props;
    const busy = commands.busy.has(vm.id);
    const of = <span class="visually-hidden"> {labelOf(vm)}</span>;
    return (
        <div class="vm-buttons">
            {canStart(vm.state) && (
                <button type="button" class="button small" disabled={busy} onClick={() => commands.start(vm)}>
                    <PlayIcon />
                    <span>Start{of}</span>
                </button>
            )}
            {canStop(vm.state) && (
                <button type="button" class="button small" disabled={busy} onClick={() => commands.stop(vm)}>
                    <StopIcon />
                    <span>Stop{of}</span>
                </button>
            )}
            <button type="button" class="button small quiet delete" title="Delete" onClick={() => commands.remove(vm)}>
                <TrashIcon />
                <span class={props.place === "row" ? "visually-hidden" : ""}>Delete{of}</span>
            </button>
        </div>
    );
}
