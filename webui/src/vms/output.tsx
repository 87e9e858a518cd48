// One output stream of a command. Long output is cut on the page, never in the copy or the download.

import { useMemo, useState } from "preact/hooks";

import { formatCount } from "../format";
import { parseTerminalText, plainTextOf } from "../terminal_text";
import { CopyIcon, DownloadIcon } from "../ui/icons";

/** So many characters are laid out at first; a browser takes seconds for a megabyte of wrapped text. */
const shownAtFirst = 100_000;

export function Output(props: { name: "stdout" | "stderr"; text: string; truncated: boolean; fileName: string }) {
    const [all, setAll] = useState(false);
    const [copied, setCopied] = useState(false);
    const cut = !all && props.text.length > shownAtFirst;
    const segments = useMemo(
        () => parseTerminalText(cut ? props.text.slice(0, shownAtFirst) : props.text),
        [props.text, cut],
    );

    async function copy(): Promise<void> {
        await navigator.clipboard.writeText(plainTextOf(parseTerminalText(props.text)));
        setCopied(true);
        setTimeout(() => setCopied(false), 1500);
    }

    function download(): void {
        const url = URL.createObjectURL(new Blob([props.text], { type: "application/octet-stream" }));
        const link = document.createElement("a");
        link.href = url;
        link.download = props.fileName;
        link.click();
        setTimeout(() => URL.revokeObjectURL(url), 10_000);
    }

    return (
        <figure class={`output ${props.name}`}>
            <figcaption>
                <span class="stream-name">{props.name}</span>
                <span class="stream-size">{formatCount(props.text.length, "character")}</span>
                {props.truncated && <span class="tag bad">cut by the manager’s limit</span>}
                <span class="spacer" />
                {navigator.clipboard !== undefined && (
                    <button type="button" class="button quiet small" onClick={copy}>
                        <CopyIcon />
                        <span class="button-label" aria-live="polite">{copied ? "Copied" : "Copy"}</span>
                    </button>
                )}
                <button type="button" class="button quiet small" onClick={download}>
                    <DownloadIcon />
                    <span class="button-label">Save</span>
                </button>
            </figcaption>
            <pre tabIndex={0} role="region" aria-label={`${props.name} of the command`} data-stream={props.name}>
                {segments.map((segment, index) =>
                    segment.className === "" ? (
                        segment.text
                    ) : (
                        <span key={index} class={segment.className}>
                            {segment.text}
                        </span>
                    ),
                )}
            </pre>
            {cut && (
                <button type="button" class="button quiet small more-output" onClick={() => setAll(true)}>
                    Show all {formatCount(props.text.length, "character")}
                </button>
            )}
        </figure>
    );
}
