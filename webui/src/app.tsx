// Decides between signing in and the workspace.

import { useCallback, useEffect, useState } from "preact/hooks";

import { type ApiClient, messageOf } from "./api/client";
import type { Session } from "./api/types";
import { SignIn } from "./session/sign_in";
import { Message } from "./ui/message";
import { Workspace } from "./workspace";

type Access =
    | { kind: "asking" }
    | { kind: "unreachable"; reason: string }
    | { kind: "signed-out"; expired: boolean }
    | { kind: "signed-in"; session: Session };

const retryAfterMs = 3000;

export function App(props: { client: ApiClient }) {
    const { client } = props;
    const [access, setAccess] = useState<Access>({ kind: "asking" });

    const ask = useCallback(async (): Promise<void> => {
        try {
            const session = await client.session();
            setAccess(session === null ? { kind: "signed-out", expired: false } : { kind: "signed-in", session });
        } catch (error) {
            setAccess({ kind: "unreachable", reason: messageOf(error) });
        }
    }, [client]);

    /** Throws when signing in went well but the browser did not keep the cookie. */
    async function enter(): Promise<void> {
        const session = await client.session();
        if (session === null) throw new Error("The browser did not keep the session cookie. Are cookies allowed for this page?");
        setAccess({ kind: "signed-in", session });
    }

    useEffect(() => {
        client.onUnauthorized = () => setAccess({ kind: "signed-out", expired: true });
        void ask();
    }, [ask, client]);

    useEffect(() => {
        if (access.kind !== "unreachable") return;
        const timer = setTimeout(() => void ask(), retryAfterMs);
        return () => clearTimeout(timer);
    }, [access, ask]);

    switch (access.kind) {
        case "asking":
            return null;
        case "unreachable":
            return (
                <main class="sign-in">
                    <Message tone="error">{access.reason} Trying again…</Message>
                </main>
            );
        case "signed-out":
            return <SignIn client={client} expired={access.expired} onSignedIn={enter} />;
        case "signed-in":
            return (
                <Workspace
                    client={client}
                    session={access.session}
                    onSignedOut={() => setAccess({ kind: "signed-out", expired: false })}
                />
            );
    }
}
