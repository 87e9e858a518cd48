// Asks for a VM's size and image, and waits until it runs.

import { useEffect, useRef, useState } from "preact/hooks";

import { type ApiClient, isAbort, messageOf } from "../api/client";
import type { CreateVmRequest, Image, Vm } from "../api/types";
import { formatMebibytes, splitAddresses } from "../format";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/field";
import { Message } from "../ui/message";

const memoryChoices = [128, 256, 512, 1024, 2048, 4096, 8192];

export function CreateDialog(props: {
    client: ApiClient;
    onClose: () => void;
    /** The call left: a VM in state STARTING may show up in the list. */
    onSent: () => void;
    /** Also after the dialog was closed. */
    onCreated: (vm: Vm) => void;
    /** The call failed after the dialog was closed. */
    onLateFailure: (message: string) => void;
}) {
    const [images, setImages] = useState<Image[] | undefined>(undefined);
    const [busy, setBusy] = useState(false);
    const [failure, setFailure] = useState("");
    const form = useRef<HTMLFormElement>(null);
    const shown = useRef(true);

    useEffect(() => {
        shown.current = true;
        const call = new AbortController();
        props.client.listImages(call.signal).then(setImages, (error: unknown) => {
            if (!isAbort(error)) setFailure(`The images can't be listed. ${messageOf(error)}`);
        });
        return () => {
            shown.current = false;
            call.abort();
        };
    }, [props.client]);

    async function submit(event: Event): Promise<void> {
        event.preventDefault();
        if (busy || !form.current) return;
        const entered = new FormData(form.current);
        const text = (name: string): string => String(entered.get(name) ?? "").trim();
        const request: CreateVmRequest = {
            cpu: Number(text("cpu")),
            memMb: Number(text("memMb")),
            allowIps: splitAddresses(text("allowIps")),
        };
        if (text("imageId") !== "") request.imageId = text("imageId");
        if (text("name") !== "") request.name = text("name");

        setBusy(true);
        setFailure("");
        const answer = props.client.createVm(request);
        props.onSent();
        try {
            props.onCreated(await answer);
            if (shown.current) props.onClose();
        } catch (error) {
            if (shown.current) {
                setFailure(messageOf(error));
                setBusy(false);
            } else {
                props.onLateFailure(`Creating a VM failed. ${messageOf(error)}`);
            }
        }
    }

    const usable = images?.filter((image) => image.hasRootfs) ?? [];
    const preselected = usable.find((image) => image.isDefault) ?? usable[0];

    return (
        <Dialog title="New VM" onClose={props.onClose}>
            <form ref={form} onSubmit={submit}>
                {failure !== "" && <Message tone="error">{failure}</Message>}
                {images !== undefined && usable.length === 0 && (
                    <Message tone="warning">There is no usable image yet, so no VM can be made.</Message>
                )}
                <Field label="Name" hint="Optional, for people. The id is given by the manager.">
                    {(ids) => <input {...ids} name="name" maxLength={128} autocomplete="off" spellcheck={false} autofocus />}
                </Field>
                <Field label="Image">
                    {(ids) => (
                        <select {...ids} name="imageId" disabled={usable.length === 0} key={preselected?.id ?? ""}>
                            {images === undefined && <option value="">Loading…</option>}
                            {images?.map((image) => (
                                <option
                                    key={image.id}
                                    value={image.id}
                                    disabled={!image.hasRootfs}
                                    selected={image.id === preselected?.id}
                                >
                                    {image.name || image.id}
                                    {image.isDefault ? " (default)" : ""}
                                    {image.hasRootfs ? "" : " – incomplete"}
                                </option>
                            ))}
                        </select>
                    )}
                </Field>
                <div class="field-row">
                    <Field label="vCPUs" hint="1 to 8">
                        {(ids) => <input {...ids} name="cpu" type="number" min={1} max={8} step={1} value={1} required />}
                    </Field>
                    <Field label="Memory">
                        {(ids) => (
                            <select {...ids} name="memMb">
                                {memoryChoices.map((choice) => (
                                    <option key={choice} value={choice} selected={choice === 256}>
                                        {formatMebibytes(choice)}
                                    </option>
                                ))}
                            </select>
                        )}
                    </Field>
                </div>
                <details class="more">
                    <summary>Network</summary>
                    <Field label="Allowed destinations" hint="IPv4 addresses, networks or domains, one per line. Empty: none.">
                        {(ids) => (
                            <textarea {...ids} name="allowIps" rows={3} spellcheck={false} placeholder="example.org:443" class="mono" />
                        )}
                    </Field>
                </details>
                <div class="dialog-actions">
                    <button type="button" class="button" onClick={props.onClose}>
                        {busy ? "Close" : "Cancel"}
                    </button>
                    <button type="submit" class="button primary" disabled={busy || usable.length === 0}>
                        {busy ? "Starting…" : "Create VM"}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
