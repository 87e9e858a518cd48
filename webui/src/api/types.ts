// The part of the HTTP API that this page uses, by hand. Fields that an older or newer manager may leave out are optional.

export type VmState =
    | "CREATED"
    | "STARTING"
    | "RUNNING"
    | "STOPPING"
    | "STOPPED"
    | "PAUSED"
    | "DELETED"
    | "ERROR";

export interface Vm {
    id: string;
    state: VmState;
    cpu: number;
    memMb: number;
    guestIp: string;
    outboundInternet: boolean;
    /** ISO 8601 */
    createdAt: string;
    imageId: string;
    name?: string;
    driver?: string;
    diskSizeMb?: number;
    allowIps?: string[];
    /** Why the VM is in state ERROR. */
    error?: string | null;
    /** The steps of its last start, milliseconds after the call; empty unless RUNNING. */
    bootTimeline?: { step: string; atMs: number }[];
    /** What the create call asked for and did not get yet. */
    warnings?: string[];
}

export interface Image {
    id: string;
    name: string;
    description?: string;
    isDefault: boolean;
    hasRootfs: boolean;
}

export interface CreateVmRequest {
    /** 1–8 */
    cpu: number;
    /** MiB, 128–8192 */
    memMb: number;
    /** IPv4 addresses, networks, domains, each optionally with :port */
    allowIps: string[];
    imageId?: string;
    name?: string;
}

export interface ExecRequest {
    /** A shell command. */
    cmd: string;
    /** Default /workspace */
    cwd?: string;
    /** Default 30,000 */
    timeoutMs?: number;
}

export interface ExecResult {
    /** 128+n for a death by signal n, -1 for a timeout */
    exitCode: number;
    stdout: string;
    stderr: string;
    timedOut?: boolean;
    signal?: string | null;
    oomKilled?: boolean;
    pidsLimited?: boolean;
    stdoutTruncated?: boolean;
    stderrTruncated?: boolean;
    durationMs?: number;
}

/** Who is signed in. A session made from an API key has no email. */
export interface Session {
    email?: string | null;
}
