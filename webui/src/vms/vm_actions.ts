// What may be done with a VM in each state, as the API allows it.

import type { Vm, VmState } from "../api/types";

export function canStart(state: VmState): boolean {
    return state === "STOPPED" || state === "ERROR";
}

export function canStop(state: VmState): boolean {
    return state === "RUNNING" || state === "PAUSED";
}

export function canExec(state: VmState): boolean {
    return state === "RUNNING";
}

/** A state that ends by itself. */
export function isPassing(state: VmState): boolean {
    return state === "CREATED" || state === "STARTING" || state === "STOPPING";
}

/** What a person calls it: the name, else the id. */
export function labelOf(vm: Vm): string {
    return vm.name ? vm.name : vm.id;
}

/** One sentence per VM that came, went or changed its state, for screen readers. */
export function describeChanges(before: Vm[], after: Vm[]): string {
    const sentences: string[] = [];
    const old = new Map(before.map((vm) => [vm.id, vm]));
    for (const vm of after) {
        const previous = old.get(vm.id);
        if (previous === undefined || previous.state !== vm.state) {
            sentences.push(`${labelOf(vm)} is ${vm.state.toLowerCase()}.`);
        }
        old.delete(vm.id);
    }
    for (const gone of old.values()) sentences.push(`${labelOf(gone)} is deleted.`);
    return sentences.join(" ");
}
