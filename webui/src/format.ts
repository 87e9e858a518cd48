// How figures and times are written.

/** "480 ms", "1.24 s", "2 min 5 s" */
export function formatDuration(milliseconds: number): string {
    if (!Number.isFinite(milliseconds) || milliseconds < 0) return "–";
    if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
    const seconds = milliseconds / 1000;
    if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
    if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
    const whole = Math.round(seconds);
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** "128 MiB", "1 GiB", "1.5 GiB" */
export function formatMebibytes(mebibytes: number): string {
    if (mebibytes < 1024) return `${mebibytes} MiB`;
    return `${Number((mebibytes / 1024).toFixed(2))} GiB`;
}

/** "1 line", "12,345 lines" */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
    return `${count.toLocaleString("en")} ${count === 1 ? singular : plural}`;
}

/** "just now", "5 min ago", "3 h ago", "2 days ago"; a time in the future (two clocks) is "just now". */
export function formatAge(iso: string, now: number): string {
    const then = Date.parse(iso);
    if (Number.isNaN(then)) return "–";
    const seconds = Math.floor((now - then) / 1000);
    if (seconds < 10) return "just now";
    if (seconds < 60) return `${seconds} s ago`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min ago`;
    const hours = Math.floor(minutes / 60);
    if (hours < 24) return `${hours} h ago`;
    return `${formatCount(Math.floor(hours / 24), "day")} ago`;
}

/** One address per line or separated by commas or blanks; empty ones left out. */
export function splitAddresses(text: string): string[] {
    return text.split(/[\s,]+/).filter((part) => part !== "");
}
