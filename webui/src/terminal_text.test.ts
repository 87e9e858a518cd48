import { describe, expect, it } from "vitest";

import { parseTerminalText, plainTextOf } from "./terminal_text";

const shown = (text: string): string => plainTextOf(parseTerminalText(text));

describe("parseTerminalText", () => {
    it("leaves ordinary text alone", () => {
        expect(parseTerminalText("a\tb\nä 🐇\n")).toEqual([{ text: "a\tb\nä 🐇\n", className: "" }]);
        expect(parseTerminalText("")).toEqual([]);
    });

    it("keeps HTML as text", () => {
        expect(shown('<img src=x onerror="alert(1)">')).toBe('<img src=x onerror="alert(1)">');
    });

    it("turns colours and weights into classes", () => {
        expect(parseTerminalText("\x1b[1;31mred\x1b[0m plain \x1b[92;44mx\x1b[39;49my")).toEqual([
            { text: "red", className: "fg-1 t-bold" },
            { text: " plain ", className: "" },
            { text: "x", className: "fg-10 bg-4" },
            { text: "y", className: "" },
        ]);
    });

    it("maps 256 and 24-bit colours to the nearest of 16", () => {
        expect(parseTerminalText("\x1b[38;5;196ma\x1b[38;2;0;0;255mb\x1b[38;5;244mc\x1b[48;5;3md")).toEqual([
            { text: "a", className: "fg-9" },
            { text: "b", className: "fg-12" },
            { text: "c", className: "fg-8" },
            { text: "d", className: "fg-8 bg-3" },
        ]);
    });

    it.each([
        ["cursor and erase", "a\x1b[2J\x1b[10;10H\x1b[?25lb"],
        ["title, ended by BEL", "a\x1b]0;title\x07b"],
        ["link, ended by ST", "a\x1b]8;;http://example.org\x1b\\b"],
        ["device string", "a\x1bPq#0\x1b\\b"],
        ["character set", "a\x1b(Bb"],
        ["reset", "a\x1bcb"],
        ["eight-bit forms", "a\x9b31m\x9d0;title\x9cb"],
        ["rendition with unknown parameters", "a\x1b[>4;1m\x1b[999mb"],
    ])("leaves out: %s", (_what, text) => {
        expect(shown(text)).toBe("ab");
    });

    it("does not let an unfinished string swallow what follows", () => {
        expect(shown("\x1b]0;never ended\nnext line")).toBe("0;never ended\nnext line");
        expect(shown(`\x1b]${"x".repeat(10_000)}`)).toBe("x".repeat(10_000));
    });

    it("shows sequences cut at the end as nothing or a sign", () => {
        expect(shown("a\x1b[3")).toBe("a");
        expect(shown("a\x1b")).toBe("a␛");
    });

    it("makes control characters and reordering visible", () => {
        expect(shown("\x00\x07\x7f")).toBe("␀␇␡");
        expect(shown("a\u202eb")).toBe("a\ufffdb");
    });

    it("breaks the line at a lone return", () => {
        expect(shown("10%\r20%\r\ndone")).toBe("10%\n20%\ndone");
    });

    it("gives every control character a bounded look ahead", () => {
        const introducers = "\x9d".repeat(1_000_000);
        expect(shown(introducers)).toBe("");
    });

    it("bounds the number of segments and loses no text", () => {
        const segments = parseTerminalText("\x1b[31ma\x1b[32mb".repeat(50_000));
        expect(segments.length).toBeLessThanOrEqual(5000);
        expect(plainTextOf(segments)).toBe("ab".repeat(50_000));
    });
});
