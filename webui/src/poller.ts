// Loads something again and again while somebody looks. One call at a time; the next one is due an interval after the last one ended,
// later and later while it fails.

export interface PollState<T> {
    /** The last value, kept while loading fails. Undefined before the first. */
    value: T | undefined;
    /** When `value` was loaded, milliseconds since the epoch. */
    loadedAt: number;
    /** Why the last load failed, else undefined. */
    error: unknown;
}

export interface PollerOptions<T> {
    load: (signal: AbortSignal) => Promise<T>;
    onChange: (state: PollState<T>) => void;
    /** From the end of one load to the start of the next. */
    intervalMs: number;
    /** The longest pause while loading fails. */
    maxIntervalMs: number;
}

export class Poller<T> {
    private state: PollState<T> = { value: undefined, loadedAt: 0, error: undefined };
    private timer: ReturnType<typeof setTimeout> | undefined;
    private inFlight: AbortController | undefined;
    private failures = 0;
    private active = false;

    constructor(private readonly options: PollerOptions<T>) {}

    /** Loads at once and keeps loading. */
    start(): void {
        if (this.active) return;
        this.active = true;
        this.refresh();
    }

    /** Nothing is loaded or reported until the next start. */
    stop(): void {
        this.active = false;
        this.cancel();
    }

    /** Loads now; an answer under way is dropped, for it may be older than what the caller just changed. */
    refresh(): void {
        if (!this.active) return;
        this.cancel();
        void this.run();
    }

    private cancel(): void {
        clearTimeout(this.timer);
        this.inFlight?.abort();
        this.inFlight = undefined;
    }

    private async run(): Promise<void> {
        const call = new AbortController();
        this.inFlight = call;
        let next: PollState<T>;
        try {
            next = { value: await this.options.load(call.signal), loadedAt: Date.now(), error: undefined };
        } catch (error) {
            next = { ...this.state, error };
        }
        if (this.inFlight !== call) return; // cancelled meanwhile
        this.inFlight = undefined;
        this.failures = next.error === undefined ? 0 : this.failures + 1;
        const pause = Math.min(this.options.intervalMs * 2 ** this.failures, this.options.maxIntervalMs);
        this.timer = setTimeout(() => void this.run(), pause);
        this.state = next;
        this.options.onChange(next);
    }
}
