import { expect, it } from "vitest";

import { formatAge, formatCount, formatDuration, formatMebibytes, splitAddresses } from "./format";

it.each([
    [0, "0 ms"],
    [12.4, "12 ms"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [9990, "9.99 s"],
    [9996, "10.0 s"],
    [59_940, "59.9 s"],
    [59_960, "1 min 0 s"],
    [125_000, "2 min 5 s"],
    [-1, "–"],
    [Number.NaN, "–"],
])("duration of %d ms is %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
});

it.each([
    [64, "64 MiB"],
    [1023, "1023 MiB"],
    [1024, "1 GiB"],
    [1536, "1.5 GiB"],
    [8192, "8 GiB"],
])("%d MiB is %s", (mebibytes, text) => {
    expect(formatMebibytes(mebibytes)).toBe(text);
});

it("counts", () => {
    expect(formatCount(1, "line")).toBe("1 line");
    expect(formatCount(12345, "line")).toBe("12,345 lines");
});

it.each([
    [-5, "just now"],
    [9, "just now"],
    [59, "59 s ago"],
    [60, "1 min ago"],
    [3600, "1 h ago"],
    [86_400, "1 day ago"],
    [200_000, "2 days ago"],
])("an age of %d s is %s", (seconds, text) => {
    const then = "2026-01-31T12:00:00.000Z";
    expect(formatAge(then, Date.parse(then) + seconds * 1000)).toBe(text);
});

it("shows a dash for a time it can't read", () => {
    expect(formatAge("yesterday", 0)).toBe("–");
});

it("splits addresses", () => {
    expect(splitAddresses(" 10.0.0.1,\n192.168.0.0/16  ,, ")).toEqual(["10.0.0.1", "192.168.0.0/16"]);
    expect(splitAddresses(" \n")).toEqual([]);
});
