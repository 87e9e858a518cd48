// Untrusted program output as styled text. Colours and weights are kept as class names; every other escape sequence
// (cursor moves, titles, links, device strings) is left out; other control characters become visible signs. The result is
// plain text for text nodes: nothing in it is ever parsed as HTML.

export interface Segment {
    text: string;
    /** Class names, empty for unstyled text. */
    className: string;
}

/** Beyond this many style changes the rest is unstyled, so that hostile output can't make the page build millions of nodes. */
const maxSegments = 5000;
/** An unfinished title or device string longer than this is shown as text rather than swallowing the output after it. */
const maxStringLength = 4096;

const escape = 0x1b;

interface Style {
    foreground: number | null; // 0–15
    background: number | null;
    bold: boolean;
    dim: boolean;
    italic: boolean;
    underline: boolean;
    strike: boolean;
    inverse: boolean;
}

const plain: Style = {
    foreground: null,
    background: null,
    bold: false,
    dim: false,
    italic: false,
    underline: false,
    strike: false,
    inverse: false,
};

function classNameOf(style: Style): string {
    const names: string[] = [];
    if (style.foreground !== null) names.push(`fg-${style.foreground}`);
    if (style.background !== null) names.push(`bg-${style.background}`);
    for (const key of ["bold", "dim", "italic", "underline", "strike", "inverse"] as const) {
        if (style[key]) names.push(`t-${key}`);
    }
    return names.join(" ");
}

/** The nearest of the 16 colours that have a class. */
function nearestOf16(red: number, green: number, blue: number): number {
    const high = Math.max(red, green, blue);
    if (high - Math.min(red, green, blue) < 32) return high < 64 ? 0 : high < 144 ? 8 : high < 216 ? 7 : 15;
    const bit = (value: number): number => (value > high / 2 ? 1 : 0);
    return bit(red) + 2 * bit(green) + 4 * bit(blue) + (high > 200 ? 8 : 0);
}

function colourOf256(index: number): number | null {
    if (!(index >= 0 && index <= 255)) return null;
    if (index < 16) return index;
    if (index >= 232) {
        const level = 8 + (index - 232) * 10;
        return nearestOf16(level, level, level);
    }
    const cube = index - 16;
    const level = (step: number): number => (step === 0 ? 0 : 55 + step * 40);
    return nearestOf16(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

/** Applies "select graphic rendition" (CSI … m). Concealed text (8) stays visible. */
function applyRendition(style: Style, parameters: string): Style {
    const codes = parameters.split(/[;:]/).map((part) => (part === "" ? 0 : Number(part)));
    let next = { ...style };
    for (let at = 0; at < codes.length; at++) {
        const code = codes[at]!;
        if (code === 0) next = { ...plain };
        else if (code === 1) next.bold = true;
        else if (code === 2) next.dim = true;
        else if (code === 3) next.italic = true;
        else if (code === 4) next.underline = true;
        else if (code === 7) next.inverse = true;
        else if (code === 9) next.strike = true;
        else if (code === 22) next.bold = next.dim = false;
        else if (code === 23) next.italic = false;
        else if (code === 24) next.underline = false;
        else if (code === 27) next.inverse = false;
        else if (code === 29) next.strike = false;
        else if (code >= 30 && code <= 37) next.foreground = code - 30;
        else if (code >= 90 && code <= 97) next.foreground = code - 90 + 8;
        else if (code === 39) next.foreground = null;
        else if (code >= 40 && code <= 47) next.background = code - 40;
        else if (code >= 100 && code <= 107) next.background = code - 100 + 8;
        else if (code === 49) next.background = null;
        else if (code === 38 || code === 48) {
            let colour: number | null = null;
            if (codes[at + 1] === 5) {
                colour = colourOf256(codes[at + 2] ?? -1);
                at += 2;
            } else if (codes[at + 1] === 2) {
                colour = nearestOf16(codes[at + 2] ?? 0, codes[at + 3] ?? 0, codes[at + 4] ?? 0);
                at += 4;
            }
            if (code === 38) next.foreground = colour;
            else next.background = colour;
        }
    }
    return next;
}

interface Sequence {
    /** The index behind the sequence. */
    end: number;
    /** The parameters of a "select graphic rendition", else null. */
    rendition: string | null;
}

/** The escape sequence whose introducer ends at `body`; `kind` is the introducer's last character. */
function readSequence(text: string, kind: string, body: number): Sequence {
    let end = body;
    if (kind === "[") {
        while (end < text.length && inRange(text, end, 0x30, 0x3f)) end++;
        const parameters = text.slice(body, end);
        const intermediates = end;
        while (end < text.length && inRange(text, end, 0x20, 0x2f)) end++;
        if (end < text.length && inRange(text, end, 0x40, 0x7e)) {
            const selects = text[end] === "m" && end === intermediates && /^[\d;:]*$/.test(parameters);
            return { end: end + 1, rendition: selects ? parameters : null };
        }
        return { end, rendition: null };
    }
    if ("]PX^_".includes(kind)) {
        const limit = Math.min(text.length, body + maxStringLength);
        for (; end < limit; end++) {
            const code = text.charCodeAt(end);
            if (code === 0x07 || code === 0x9c) return { end: end + 1, rendition: null };
            if (code === escape) return { end: text[end + 1] === "\\" ? end + 2 : end, rendition: null };
            if (code < 0x20 || (code >= 0x7f && code < 0xa0)) break;
        }
        return { end: body, rendition: null };
    }
    if (inRange(kind, 0, 0x20, 0x2f)) {
        while (end < text.length && inRange(text, end, 0x20, 0x2f)) end++;
        return { end: Math.min(end + 1, text.length), rendition: null };
    }
    return { end: body, rendition: null };
}

function inRange(text: string, at: number, low: number, high: number): boolean {
    const code = text.charCodeAt(at);
    return code >= low && code <= high;
}

// Everything that needs a decision: C0 without tab and newline, DEL, C1, and the characters that reorder text.
const special = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

function visible(code: number): string {
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    return "\ufffd";
}

/** Linear in the length of the text, whatever it holds. */
export function parseTerminalText(text: string): Segment[] {
    const segments: Segment[] = [];
    let style = plain;
    let pending = "";

    const flush = (): void => {
        if (pending === "") return;
        segments.push({ text: pending, className: classNameOf(style) });
        pending = "";
    };

    special.lastIndex = 0;
    let at = 0;
    for (;;) {
        special.lastIndex = at;
        const match = special.exec(text);
        if (match === null) break;
        pending += text.slice(at, match.index);
        at = match.index + 1;
        const code = text.charCodeAt(match.index);

        if (code === 0x0d) {
            // A return alone overwrites the line on a terminal; here nothing is hidden.
            if (text[at] !== "\n") pending += "\n";
            continue;
        }
        let kind = "";
        if (code === escape && at < text.length && inRange(text, at, 0x20, 0x7e)) kind = text[at++]!;
        else if (code === 0x9b) kind = "[";
        else if (code === 0x9d) kind = "]";
        else if (code === 0x90) kind = "P";
        if (kind === "") {
            pending += visible(code);
            continue;
        }
        const sequence = readSequence(text, kind, at);
        at = sequence.end;
        if (sequence.rendition !== null && segments.length < maxSegments - 1) {
            flush();
            style = segments.length < maxSegments - 1 ? applyRendition(style, sequence.rendition) : plain;
        }
    }
    pending += text.slice(at);
    flush();
    return segments;
}

/** The text without escape sequences, safe to paste into a terminal. */
export function plainTextOf(segments: Segment[]): string {
    return segments.map((segment) => segment.text).join("");
}
