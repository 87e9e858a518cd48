// The sign-in form: with an API key, or with the operator's email and password.

import { useRef, useState } from "preact/hooks";

import { type ApiClient, messageOf } from "../api/client";
import { Field } from "../ui/field";
import { useTitle } from "../ui/hooks";
import { Logo } from "../ui/icons";
import { Message } from "../ui/message";

type Way = "key" | "password";

export function SignIn(props: { client: ApiClient; expired: boolean; onSignedIn: () => Promise<void> }) {
    const [way, setWay] = useState<Way>("key");
    const [busy, setBusy] = useState(false);
    const [failure, setFailure] = useState("");
    const form = useRef<HTMLFormElement>(null);
    useTitle("Sign in");

    async function submit(event: Event): Promise<void> {
        event.preventDefault();
        if (busy || !form.current) return;
        const entered = new FormData(form.current);
        const text = (name: string): string => String(entered.get(name) ?? "");
        setBusy(true);
        setFailure("");
        try {
            if (way === "key") await props.client.signInWithKey(text("apiKey").trim());
            else await props.client.signInWithPassword(text("email").trim(), text("password"));
            await props.onSignedIn();
        } catch (error) {
            setFailure(messageOf(error));
            setBusy(false);
            form.current?.querySelector<HTMLInputElement>("input[type=password]")?.select();
        }
    }

    function change(next: Way): void {
        setWay(next);
        setFailure("");
    }

    return (
        <main class="sign-in">
            <div class="sign-in-card">
                <h1 class="brand">
                    <Logo />
                    <span>hutch</span>
                </h1>
                <p class="lead">Small VMs for code you don’t trust.</p>
                {props.expired && failure === "" && (
                    <Message tone="info">Your session has ended. Sign in again to go on.</Message>
                )}
                {failure !== "" && <Message tone="error">{failure}</Message>}
                <form ref={form} onSubmit={submit} key={way}>
                    {way === "key" ? (
                        <Field label="API key" hint="The first key is printed when the manager starts for the first time.">
                            {(ids) => (
                                <input
                                    {...ids}
                                    name="apiKey"
                                    type="password"
                                    autocomplete="current-password"
                                    spellcheck={false}
                                    required
                                    autofocus
                                />
                            )}
                        </Field>
                    ) : (
                        <>
                            <Field label="Email">
                                {(ids) => <input {...ids} name="email" type="email" autocomplete="username" required autofocus />}
                            </Field>
                            <Field label="Password">
                                {(ids) => (
                                    <input {...ids} name="password" type="password" autocomplete="current-password" required />
                                )}
                            </Field>
                        </>
                    )}
                    <button class="button primary wide" type="submit" disabled={busy}>
                        {busy ? "Signing in…" : "Sign in"}
                    </button>
                </form>
                <button type="button" class="link" onClick={() => change(way === "key" ? "password" : "key")}>
                    {way === "key" ? "Use email and password instead" : "Use an API key instead"}
                </button>
            </div>
        </main>
    );
}
