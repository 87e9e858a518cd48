// The admin page in a real browser against a real manager with real guests.
//
// HUTCH_URL          where the manager listens
// HUTCH_API_KEY      its key
// HUTCH_SCREENSHOTS  optional: a folder for pictures of each step

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { accessibilityFaults, openBrowser } from "./browser.mjs";

const managerUrl = process.env.HUTCH_URL;
const apiKey = process.env.HUTCH_API_KEY;
const pictures = process.env.HUTCH_SCREENSHOTS;
assert.ok(managerUrl && apiKey, "HUTCH_URL and HUTCH_API_KEY must be set; tests/webui/run.sh does that");
const origin = new URL(managerUrl).origin;

/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let browser;
let page;
const vmName = `browser-${randomUUID().slice(0, 8)}`;

before(async () => {
    if (pictures) await mkdir(pictures, { recursive: true });
    browser = await openBrowser(origin);
    page = browser.page;
});

after(async () => {
    await browser?.close();
});

/** A view that is worth a look: a picture if wanted, and no accessibility faults in either colour scheme. */
async function inspect(name) {
    for (const colorScheme of ["dark", "light"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await picture(`${name}-${colorScheme}`);
        assert.deepEqual(await accessibilityFaults(page), [], `${name}, ${colorScheme}`);
    }
}

async function picture(name) {
    if (pictures) await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
}

async function signIn(key) {
    await page.getByLabel("API key").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
}

/** Runs a command in the box and waits for its answer, which is the topmost entry. */
async function run(command) {
    const entries = page.locator(".exec-entry");
    const before = await entries.count();
    await page.getByRole("textbox", { name: "Command" }).fill(command);
    await page.keyboard.press("Enter");
    await entries.nth(before).waitFor(); // one more than there was
    const entry = entries.first();
    await page.locator('.exec-log > li:first-child > :not([data-outcome="running"])').waitFor();
    assert.equal(await entry.getAttribute("data-outcome"), "done", await entry.innerText());
    return {
        entry,
        ending: await entry.locator(".ending").innerText(),
        stdout: entry.locator('pre[data-stream="stdout"]'),
        stderr: entry.locator('pre[data-stream="stderr"]'),
    };
}

function row() {
    return page.getByRole("row").filter({ hasText: vmName });
}

function state(name) {
    return page.locator(`[data-state="${name}"]`);
}

// The steps build on each other, so the first that fails ends the walk.
test("an operator's walk through the page", async (walk) => {
    let broken = false;
    const step = (name, body) =>
        walk.test(name, { skip: broken && "an earlier step failed" }, async () => {
            try {
                await body();
            } catch (error) {
                broken = true;
                await picture("failure");
                throw error;
            }
        });

    await step("the page is served with a strict content security policy", async () => {
        const response = await page.goto("/");
        assert.equal(response.status(), 200);
        const policy = response.headers()["content-security-policy"] ?? "";
        assert.match(policy, /default-src '(self|none)'/);
        assert.doesNotMatch(policy, /unsafe/);
        await page.getByRole("heading", { name: "hutch" }).waitFor();
        await inspect("01-sign-in");
    });

    await step("a wrong key is refused with a reason", async () => {
        await signIn(`${apiKey}-wrong`);
        const alert = page.getByRole("alert");
        await alert.waitFor();
        assert.notEqual((await alert.innerText()).trim(), "");
        assert.equal((await browser.context.cookies()).length, 0);
        await inspect("02-wrong-key");
    });

    await step("the right key opens the list", async () => {
        await signIn(apiKey);
        await page.getByRole("heading", { name: "Virtual machines", exact: true }).waitFor();
        await page.getByText("No virtual machines").waitFor();
        const cookie = (await browser.context.cookies()).find((one) => one.name === "hutch_session");
        assert.equal(cookie?.httpOnly, true);
        assert.equal(cookie?.sameSite, "Lax");
        const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
        assert.ok(!kept.includes(apiKey), "the page keeps the key where scripts can read it");
        await inspect("03-empty-list");
    });

    await step("what the API refuses is shown in the form", async () => {
        await page.getByRole("button", { name: "New VM" }).first().click();
        const dialog = page.getByRole("dialog", { name: "New VM" });
        await dialog.getByText("Network", { exact: true }).click();
        await dialog.getByLabel("Allowed destinations").fill("999.1.2.3");
        await dialog.getByRole("button", { name: "Create VM" }).click();
        assert.match(await dialog.getByRole("alert").innerText(), /allowIps/);
        await inspect("04-refused");
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "detached" });
    });

    await step("a VM is created and shows up as RUNNING", async () => {
        await page.getByRole("button", { name: "New VM" }).first().click();
        const dialog = page.getByRole("dialog", { name: "New VM" });
        await dialog.getByLabel("Name").fill(vmName);
        await dialog.getByLabel("Memory").selectOption("128");
        await inspect("05-create");
        await dialog.getByRole("button", { name: "Create VM" }).click();
        await row().waitFor();
        await row().locator('[data-state="RUNNING"]').waitFor();
        await dialog.waitFor({ state: "detached" });
        await inspect("06-running");
    });

    await step("a command's output and exit code are shown", async () => {
        await row().getByRole("link", { name: vmName }).click();
        await page.getByRole("heading", { name: vmName }).waitFor();
        const nonce = randomUUID();
        const { ending, stdout } = await run(`uname -r; echo ${nonce}`);
        const lines = (await stdout.innerText()).trim().split("\n");
        assert.equal(lines.length, 2);
        assert.match(lines[0], /^\d+\.\d+/);
        assert.equal(lines[1], nonce);
        assert.match(ending, /exit 0/);
        assert.match(ending, /\d (ms|s)/);
    });

    await step("exit code, stderr and a timeout are told apart", async () => {
        const failed = await run("echo out; echo problem >&2; exit 3");
        assert.match(failed.ending, /exit 3/);
        assert.equal((await failed.stdout.innerText()).trim(), "out");
        assert.equal((await failed.stderr.innerText()).trim(), "problem");

        await page.getByText("Folder and time limit").click();
        await page.getByLabel("Time limit").fill("0.5");
        const late = await run("sleep 600");
        assert.match(late.ending, /timed out/);
        await page.getByLabel("Time limit").fill("");
        await inspect("07-commands");
    });

    await step("a running command can be cancelled", async () => {
        await page.getByRole("textbox", { name: "Command" }).fill("sleep 20");
        await page.keyboard.press("Enter");
        await page.getByRole("button", { name: "Cancel" }).click();
        await page.locator('.exec-entry[data-outcome="cancelled"]').waitFor();
    });

    await step("HTML and terminal sequences in output are harmless", async () => {
        const html = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><a href="http://192.0.2.1/">x</a>`;
        const title = await page.title();
        const { entry, stdout } = await run(
            `printf '%s\\n' '${html}'; printf '\\033[31mred\\033[0m \\033]0;owned\\007\\033]8;;http://192.0.2.1/\\033\\\\link\\033]8;;\\033\\\\ \\033[2J\\000\\n'`,
        );
        const [first, second] = (await stdout.innerText()).trimEnd().split("\n");
        assert.equal(first, html);
        assert.equal(second, "red link ␀");
        assert.equal(await stdout.locator(".fg-1").innerText(), "red");
        assert.equal(await entry.locator("img, script, a").count(), 0);
        assert.equal(await page.evaluate("window.hacked"), undefined);
        assert.equal(await page.title(), title);
        await inspect("08-hostile-output");
    });

    await step("long output is cut on the page until asked for", async () => {
        const { entry, stdout } = await run("seq 1 60000");
        assert.equal((await stdout.textContent()).length, 100_000);
        await entry.getByRole("button", { name: /^Show all/ }).click();
        await page.waitForFunction(
            (element) => element.textContent.trimEnd().endsWith("\n60000"),
            await stdout.elementHandle(),
        );
    });

    await step("stop and start", async () => {
        await page.getByRole("button", { name: `Stop ${vmName}` }).click();
        await state("STOPPED").waitFor();
        assert.equal(await page.getByRole("textbox", { name: "Command" }).isDisabled(), true);
        await page.getByRole("button", { name: `Start ${vmName}` }).click();
        await state("RUNNING").waitFor();
        const { ending } = await run("true");
        assert.match(ending, /exit 0/);
    });

    await step("a session that ended leads back to signing in, and from there to the same page", async () => {
        await browser.context.clearCookies();
        await page.getByText("Your session has ended").waitFor();
        await inspect("09-expired");
        await signIn(apiKey);
        await page.getByRole("heading", { name: vmName }).waitFor();
    });

    await step("a narrow screen", async () => {
        await page.setViewportSize({ width: 390, height: 780 });
        await run("id; ls -la /workspace /nowhere");
        await inspect("10-narrow");
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `the page is ${overflow} px wider than the screen`);
        await page.getByRole("link", { name: "Virtual machines", exact: true }).click();
        await row().waitFor();
        await inspect("11-narrow-list");
        await page.setViewportSize({ width: 1180, height: 820 });
    });

    await step("deleting asks first, and leaves an empty list", async () => {
        await page.getByRole("button", { name: `Delete ${vmName}` }).click();
        const dialog = page.getByRole("dialog", { name: "Delete this VM?" });
        await inspect("12-delete");
        await dialog.getByRole("button", { name: "Keep it" }).click();
        await dialog.waitFor({ state: "detached" });
        await row().waitFor();
        await page.getByRole("button", { name: `Delete ${vmName}` }).click();
        await dialog.getByRole("button", { name: "Delete VM" }).click();
        await page.getByText("No virtual machines").waitFor();
    });

    await step("signing out ends the session", async () => {
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.getByLabel("API key").waitFor();
        const status = await page.evaluate(async () => (await fetch("/v1/vms")).status);
        assert.equal(status, 401);
    });

    await step("no request left the origin, and nothing failed unseen", async () => {
        assert.ok(browser.watched.requests.length > 10, "requests were not watched");
        const elsewhere = browser.watched.requests.filter((url) => new URL(url).origin !== origin);
        assert.deepEqual(elsewhere, []);
        assert.deepEqual(browser.watched.failures, []);
    });
});
