import { describe, expect, it, vi } from "vitest";

import { ApiClient, ApiError, isAbort } from "./client";

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return new Response(status === 204 ? null : text, { status, statusText: "Text", headers });
}

function clientAnswering(...answers: (Response | Error)[]) {
    const fetcher = vi.fn<typeof fetch>(async () => {
        const next = answers.shift();
        if (next === undefined) throw new Error("no answer left");
        if (next instanceof Error) throw next;
        return next;
    });
    const client = new ApiClient(fetcher);
    const unauthorized = vi.fn();
    client.onUnauthorized = unauthorized;
    return { client, fetcher, unauthorized };
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
    const error = await promise.then(
        () => undefined,
        (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ApiError);
    return error as ApiError;
}

describe("ApiClient", () => {
    it("sends JSON and returns the answer", async () => {
        const { client, fetcher } = clientAnswering(answer(200, { exitCode: 0, stdout: "x", stderr: "" }));
        const result = await client.exec("vm-1", { cmd: "echo x" });
        expect(result.stdout).toBe("x");
        const [path, init] = fetcher.mock.calls[0]!;
        expect(path).toBe("/v1/vms/vm-1/exec");
        expect(init).toMatchObject({
            method: "POST",
            body: '{"cmd":"echo x"}',
            headers: { "Content-Type": "application/json" },
            credentials: "same-origin",
            redirect: "error",
        });
    });

    it("never lets an id leave its place in the path", async () => {
        const { client, fetcher } = clientAnswering(answer(204, ""));
        await client.deleteVm("../images/x?y#z");
        expect(fetcher.mock.calls[0]![0]).toBe("/v1/vms/..%2Fimages%2Fx%3Fy%23z");
    });

    it("shows the manager's message and keeps its code", async () => {
        const { client } = clientAnswering(answer(409, { message: "The VM is STOPPED.", code: "vm_not_running" }));
        const error = await failure(client.exec("vm-1", { cmd: "x" }));
        expect(error).toMatchObject({ kind: "http", status: 409, code: "vm_not_running", message: "The VM is STOPPED." });
    });

    it.each(["<html>nope</html>", "[]", "null", '{"message":7}', ""])("makes a sentence of the refusal %j", async (body) => {
        const { client } = clientAnswering(answer(502, body));
        const error = await failure(client.listVms());
        expect(error.message).toBe("The manager answered 502 Text without a reason.");
    });

    it("says when to try again", async () => {
        const { client } = clientAnswering(answer(429, { message: "Too many calls." }, { "Retry-After": "7" }));
        expect((await failure(client.listVms())).message).toBe("Too many calls. Try again in 7 s.");
    });

    it("tells an unreachable manager from a refusing one", async () => {
        const { client } = clientAnswering(new TypeError("Failed to fetch"));
        expect(await failure(client.listVms())).toMatchObject({ kind: "network", status: 0 });
    });

    it("lets an abort through as an abort", async () => {
        const { client } = clientAnswering(new DOMException("gone", "AbortError"));
        const error = await client.exec("vm-1", { cmd: "x" }).catch((reason: unknown) => reason);
        expect(isAbort(error)).toBe(true);
    });

    it.each(["<!doctype html>", ""])("refuses a 200 that is not JSON: %j", async (body) => {
        const { client } = clientAnswering(answer(200, body));
        expect((await failure(client.listVms())).kind).toBe("answer");
    });

    it("refuses a 200 of another shape", async () => {
        const { client } = clientAnswering(answer(200, { vms: [] }), answer(200, []));
        expect((await failure(client.listVms())).kind).toBe("answer");
        expect((await failure(client.createVm({ cpu: 1, memMb: 128, allowIps: [] }))).kind).toBe("answer");
    });

    it("follows the pages of the list", async () => {
        const { client, fetcher } = clientAnswering(
            answer(200, [{ id: "vm-1" }], { "X-Next-Cursor": "a/b" }),
            answer(200, [{ id: "vm-2" }]),
        );
        expect((await client.listVms()).map((vm) => vm.id)).toEqual(["vm-1", "vm-2"]);
        expect(fetcher.mock.calls[1]![0]).toBe("/v1/vms?cursor=a%2Fb");
    });

    it("reports a session that ended, but not a wrong key", async () => {
        const { client, unauthorized } = clientAnswering(
            answer(401, { message: "That key is not valid." }),
            answer(401, { message: "Sign in first." }),
            answer(401, { message: "Sign in first." }),
        );
        expect((await failure(client.signInWithKey("wrong"))).message).toBe("That key is not valid.");
        expect(await client.session()).toBeNull();
        expect(unauthorized).not.toHaveBeenCalled();
        await failure(client.listVms());
        expect(unauthorized).toHaveBeenCalledTimes(1);
    });
});
