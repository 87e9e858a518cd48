// A labelled form control with an optional hint.

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface ControlIds {
    id: string;
    "aria-describedby"?: string;
}

export function Field(props: { label: string; hint?: string; children: (ids: ControlIds) => ComponentChildren }) {
    const id = useId();
    const ids: ControlIds = props.hint ? { id, "aria-describedby": `${id}-hint` } : { id };
    return (
        <div class="field">
            <label for={id}>{props.label}</label>
            {props.children(ids)}
            {props.hint && (
                <p class="hint" id={`${id}-hint`}>
                    {props.hint}
                </p>
            )}
        </div>
    );
}
