// A sentence that must not be overlooked, above what it is about.

import type { ComponentChildren } from "preact";

import { AlertIcon, CloseIcon } from "./icons";

export type Tone = "error" | "warning" | "info";

export function Message(props: { tone: Tone; children: ComponentChildren; onDismiss?: () => void }) {
    return (
        <div class={`message ${props.tone}`} role={props.tone === "error" ? "alert" : "status"}>
            <AlertIcon />
            <div class="message-text">{props.children}</div>
            {props.onDismiss && (
                <button type="button" class="button quiet icon-only" aria-label="Dismiss" onClick={props.onDismiss}>
                    <CloseIcon />
                </button>
            )}
        </div>
    );
}
