// Hooks shared by the views.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { Poller, type PollState } from "../poller";

/** Polls while the page is visible. `refresh` loads at once, after a change for instance. `load` must be stable. */
export function usePolling<T>(load: (signal: AbortSignal) => Promise<T>, intervalMs: number) {
    const [state, setState] = useState<PollState<T>>({ value: undefined, loadedAt: 0, error: undefined });
    const current = useRef<Poller<T> | null>(null);

    useEffect(() => {
        const poller = new Poller<T>({ load, onChange: setState, intervalMs, maxIntervalMs: 10_000 });
        current.current = poller;
        const follow = (): void => (document.hidden ? poller.stop() : poller.start());
        const retry = (): void => poller.refresh();
        follow();
        document.addEventListener("visibilitychange", follow);
        window.addEventListener("online", retry);
        return () => {
            document.removeEventListener("visibilitychange", follow);
            window.removeEventListener("online", retry);
            poller.stop();
        };
    }, [load, intervalMs]);

    const refresh = useCallback(() => current.current?.refresh(), []);
    return { state, refresh };
}

/** The time, renewed every `intervalMs` while the component is shown. */
export function useNow(intervalMs: number): number {
    const [now, setNow] = useState(Date.now);
    useEffect(() => {
        const timer = setInterval(() => setNow(Date.now()), intervalMs);
        return () => clearInterval(timer);
    }, [intervalMs]);
    return now;
}

/** The part of the address behind `#`, "/" when there is none. */
export function useRoute(): string {
    const read = (): string => location.hash.replace(/^#/, "") || "/";
    const [route, setRoute] = useState(read);
    useEffect(() => {
        const follow = (): void => setRoute(read());
        window.addEventListener("hashchange", follow);
        return () => window.removeEventListener("hashchange", follow);
    }, []);
    return route;
}

export function useTitle(title: string): void {
    useEffect(() => {
        document.title = title === "" ? "hutch" : `${title} · hutch`;
    }, [title]);
}

export function nothingFocused(): boolean {
    return document.activeElement === null || document.activeElement === document.body;
}
