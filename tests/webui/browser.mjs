// Debian's Chromium with a fresh profile, watched: which requests it makes and what goes wrong in the page.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

import { chromium } from "playwright-core";

const flags = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
];

/**
 * @param {string} origin of the manager
 * @returns a page at that origin, `watched` = what it did so far, and `close`.
 */
export async function openBrowser(origin) {
    const profile = await mkdtemp(path.join(tmpdir(), "hutch-webui-profile-"));
    const context = await chromium.launchPersistentContext(profile, {
        executablePath: process.env.HUTCH_CHROMIUM ?? "/usr/bin/chromium",
        headless: true,
        chromiumSandbox: process.getuid?.() !== 0,
        args: flags,
        baseURL: origin,
        viewport: { width: 1180, height: 820 },
        colorScheme: "light",
        locale: "en-GB",
    });
    context.setDefaultTimeout(60_000); // a guest on a slow host may take its time

    const watched = {
        /** URLs of all requests, in order. */
        requests: [],
        /** Uncaught exceptions, and whatever the content security policy refused. */
        failures: [],
    };
    context.on("request", (request) => watched.requests.push(request.url()));
    context.on("weberror", (event) => watched.failures.push(String(event.error())));
    context.on("console", (message) => {
        if (/content security policy/i.test(message.text())) watched.failures.push(message.text());
    });

    const page = context.pages()[0] ?? (await context.newPage());
    return {
        context,
        page,
        watched,
        async close() {
            await context.close();
            await rm(profile, { recursive: true, force: true, maxRetries: 5 });
        },
    };
}

/**
 * What axe-core finds wrong with the page as it is now (WCAG 2.2 A and AA: names, roles, contrast), one line each.
 */
export async function accessibilityFaults(page) {
    const source = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
    // Through the debugger, not as a script of the page, which its content security policy would refuse.
    await page.evaluate(`window.axe === undefined && (() => { ${await readFile(source, "utf8")} })()`);
    const violations = await page.evaluate(async () => {
        const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
        return (await window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] })).violations;
    });
    return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}
