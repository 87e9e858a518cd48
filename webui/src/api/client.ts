// The HTTP API as typed calls. Every failure is an ApiError with a sentence for the user; a session that ended is also
// reported to `onUnauthorized`, whichever call met it.

import type { CreateVmRequest, ExecRequest, ExecResult, Image, Session, Vm } from "./types";

/** `http`: the manager refused; `network`: it could not be reached; `answer`: what came back is not its API. */
export type ApiErrorKind = "http" | "network" | "answer";

export class ApiError extends Error {
    override readonly name = "ApiError";

    constructor(
        readonly kind: ApiErrorKind,
        message: string,
        /** 0 when nothing came back */
        readonly status: number = 0,
        /** The manager's stable code such as `vm_not_running`, empty when it gave none. */
        readonly code: string = "",
    ) {
        super(message);
    }
}

export function isAbort(error: unknown): boolean {
    return error instanceof DOMException && error.name === "AbortError";
}

/** A sentence for the user about anything that was thrown. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

interface Call {
    method?: "GET" | "POST" | "DELETE";
    body?: unknown;
    signal?: AbortSignal | undefined;
}

const maxListPages = 100;

export class ApiClient {
    /** Called when a call other than signing in was answered with 401. */
    onUnauthorized: () => void = () => {};

    constructor(private readonly fetcher: typeof fetch = (input, init) => fetch(input, init)) {}

    /** Null when nobody is signed in. */
    async session(signal?: AbortSignal): Promise<Session | null> {
        try {
            return await this.json<Session>("/auth/me", { signal });
        } catch (error) {
            if (error instanceof ApiError && error.status === 401) return null;
            throw error;
        }
    }

    async signInWithKey(apiKey: string): Promise<void> {
        await this.send("/auth/session", { method: "POST", body: { apiKey } });
    }

    async signInWithPassword(email: string, password: string): Promise<void> {
        await this.send("/auth/login", { method: "POST", body: { email, password } });
    }

    async signOut(): Promise<void> {
        await this.send("/auth/logout", { method: "POST" });
    }

    /** All VMs, oldest first. */
    async listVms(signal?: AbortSignal): Promise<Vm[]> {
        const vms: Vm[] = [];
        let cursor = "";
        for (let page = 0; page < maxListPages; page++) {
            const path = cursor === "" ? "/v1/vms" : `/v1/vms?cursor=${encodeURIComponent(cursor)}`;
            const response = await this.guarded(path, { signal });
            vms.push(...arrayIn<Vm>(await parse(response), path));
            cursor = response.headers.get("X-Next-Cursor") ?? "";
            if (cursor === "") break;
        }
        return vms;
    }

    /** Answers when the VM runs and can take commands. */
    createVm(request: CreateVmRequest): Promise<Vm> {
        return this.json<Vm>("/v1/vms", { method: "POST", body: request });
    }

    async startVm(id: string): Promise<void> {
        await this.guarded(`${vmPath(id)}/start`, { method: "POST" });
    }

    async stopVm(id: string): Promise<void> {
        await this.guarded(`${vmPath(id)}/stop`, { method: "POST" });
    }

    async deleteVm(id: string): Promise<void> {
        await this.guarded(vmPath(id), { method: "DELETE" });
    }

    /** Aborting the signal ends the command in the guest. */
    exec(id: string, request: ExecRequest, signal?: AbortSignal): Promise<ExecResult> {
        return this.json<ExecResult>(`${vmPath(id)}/exec`, { method: "POST", body: request, signal });
    }

    async listImages(signal?: AbortSignal): Promise<Image[]> {
        const path = "/v1/images";
        return arrayIn<Image>(await parse(await this.guarded(path, { signal })), path);
    }

    private async json<T>(path: string, call: Call): Promise<T> {
        const value = await parse(await (path.startsWith("/auth/") ? this.send(path, call) : this.guarded(path, call)));
        if (typeof value !== "object" || value === null || Array.isArray(value)) throw notTheApi(path);
        return value as T;
    }

    private async guarded(path: string, call: Call): Promise<Response> {
        try {
            return await this.send(path, call);
        } catch (error) {
            if (error instanceof ApiError && error.status === 401) this.onUnauthorized();
            throw error;
        }
    }

    private async send(path: string, call: Call): Promise<Response> {
        const init: RequestInit = {
            method: call.method ?? "GET",
            headers: { Accept: "application/json" },
            credentials: "same-origin",
            cache: "no-store",
            redirect: "error",
        };
        if (call.body !== undefined) {
            init.headers = { ...init.headers, "Content-Type": "application/json" };
            init.body = JSON.stringify(call.body);
        }
        if (call.signal) init.signal = call.signal;

        let response: Response;
        try {
            response = await this.fetcher(path, init);
        } catch (error) {
            if (isAbort(error)) throw error;
            throw new ApiError("network", "The manager can't be reached.");
        }
        if (!response.ok) throw await errorOf(response);
        return response;
    }
}

function vmPath(id: string): string {
    return `/v1/vms/${encodeURIComponent(id)}`;
}

async function errorOf(response: Response): Promise<ApiError> {
    let message = "";
    let code = "";
    try {
        const body: unknown = JSON.parse(await response.text());
        if (typeof body === "object" && body !== null) {
            if ("message" in body && typeof body.message === "string") message = body.message;
            if ("code" in body && typeof body.code === "string") code = body.code;
        }
    } catch {
        // Not the manager's own answer, a proxy's page perhaps: the status has to do.
    }
    if (message === "") {
        message = `The manager answered ${response.status} ${response.statusText}`.trimEnd() + " without a reason.";
    }
    const retryAfter = Number(response.headers.get("Retry-After"));
    if (response.status === 429 && Number.isFinite(retryAfter) && retryAfter > 0) {
        message += ` Try again in ${retryAfter} s.`;
    }
    return new ApiError("http", message, response.status, code);
}

async function parse(response: Response): Promise<unknown> {
    let text: string;
    try {
        text = await response.text();
    } catch (error) {
        if (isAbort(error)) throw error;
        throw new ApiError("network", "The connection broke off in the middle of the answer.", response.status);
    }
    try {
        return JSON.parse(text) as unknown;
    } catch {
        throw new ApiError("answer", "The manager's answer is not JSON. Is there a proxy in between?", response.status);
    }
}

function arrayIn<T>(value: unknown, path: string): T[] {
    if (!Array.isArray(value)) throw notTheApi(path);
    return value as T[];
}

function notTheApi(path: string): ApiError {
    return new ApiError("answer", `The answer to ${path} has an unexpected shape. Do page and manager belong together?`);
}
