import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Poller, type PollState } from "./poller";

beforeEach(() => {
    vi.useFakeTimers();
});
afterEach(() => {
    vi.useRealTimers();
});

function pollerOf(load: (signal: AbortSignal) => Promise<number>) {
    const states: PollState<number>[] = [];
    const poller = new Poller({ load, onChange: (state) => states.push(state), intervalMs: 1000, maxIntervalMs: 8000 });
    return { poller, states };
}

it("loads at once, then every interval, until stopped", async () => {
    let count = 0;
    const { poller, states } = pollerOf(async () => ++count);
    poller.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(states.map((state) => state.value)).toEqual([1]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(states.map((state) => state.value)).toEqual([1, 2, 3]);
    poller.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(count).toBe(3);
});

it("keeps the last value while loading fails, and asks less often", async () => {
    let calls = 0;
    const { poller, states } = pollerOf(async () => {
        if (++calls > 1) throw new Error("down");
        return 7;
    });
    poller.start();
    await vi.advanceTimersByTimeAsync(1000);
    expect(states.at(-1)).toMatchObject({ value: 7, error: new Error("down") });
    await vi.advanceTimersByTimeAsync(1999);
    expect(calls).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toBe(3);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toBeGreaterThan(8); // the pause has an upper bound
});

it("drops an answer that was under way at a refresh", async () => {
    const answers: ((value: number) => void)[] = [];
    const aborted: boolean[] = [];
    const { poller, states } = pollerOf(
        (signal) =>
            new Promise((resolve) => {
                const index = answers.push(resolve) - 1;
                signal.addEventListener("abort", () => (aborted[index] = true));
            }),
    );
    poller.start();
    poller.refresh();
    answers[1]!(2);
    answers[0]!(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(states.map((state) => state.value)).toEqual([2]);
    expect(aborted).toEqual([true]);
});
