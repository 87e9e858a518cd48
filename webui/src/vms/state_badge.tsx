import type { VmState } from "../api/types";
import { isPassing } from "./vm_actions";

/** The state in words; colour and movement only repeat them. */
export function StateBadge(props: { state: VmState }) {
    const passing = isPassing(props.state) ? " passing" : "";
    return (
        <span class={`badge state-${props.state.toLowerCase()}${passing}`} data-state={props.state}>
            <span class="dot" aria-hidden="true" />
            {props.state}
        </span>
    );
}
