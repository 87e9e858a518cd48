// Asks before a VM and its disk are gone.

import { useState } from "preact/hooks";

import { type ApiClient, ApiError, messageOf } from "../api/client";
import type { Vm } from "../api/types";
import { Dialog } from "../ui/dialog";
import { Message } from "../ui/message";
import { labelOf } from "./vm_actions";

export function DeleteDialog(props: { client: ApiClient; vm: Vm; onClose: () => void; onDeleted: () => void }) {
    const [busy, setBusy] = useState(false);
    const [failure, setFailure] = useState("");

    async function confirm(): Promise<void> {
        setBusy(true);
        setFailure("");
        try {
            await props.client.deleteVm(props.vm.id);
        } catch (error) {
            const alreadyGone = error instanceof ApiError && error.status === 404;
            if (!alreadyGone) {
                setFailure(messageOf(error));
                setBusy(false);
                return;
            }
        }
        props.onDeleted();
    }

    return (
        <Dialog title="Delete this VM?" onClose={props.onClose}>
            <p>
                <strong class="breakable">{labelOf(props.vm)}</strong> and everything on its disk will be gone for good. What runs
                in it is ended.
            </p>
            {failure !== "" && <Message tone="error">{failure}</Message>}
            <div class="dialog-actions">
                <button type="button" class="button" onClick={props.onClose} autofocus>
                    Keep it
                </button>
                <button type="button" class="button danger" disabled={busy} onClick={confirm}>
                    {busy ? "Deleting…" : "Delete VM"}
                </button>
            </div>
        </Dialog>
    );
}
