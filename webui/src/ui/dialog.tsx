// A modal dialog: the browser keeps the focus inside, closes it on Escape and gives the focus back afterwards.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { CloseIcon } from "./icons";

export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
    const dialog = useRef<HTMLDialogElement>(null);
    const titleId = useId();

    useEffect(() => {
        const element = dialog.current;
        if (element && !element.open) element.showModal();
        return () => element?.close();
    }, []);

    return (
        <dialog
            ref={dialog}
            class="dialog"
            aria-labelledby={titleId}
            onCancel={(event) => {
                event.preventDefault();
                props.onClose();
            }}
        >
            <header class="dialog-header">
                <h2 id={titleId}>{props.title}</h2>
                <button type="button" class="button quiet icon-only" aria-label="Close" onClick={props.onClose}>
                    <CloseIcon />
                </button>
            </header>
            {props.children}
        </dialog>
    );
}
