import { defineConfig } from "vitest/config";

// `npm run dev` serves the page on its own port and passes API calls on to a manager.
const manager = "http://127.0.0.1:3000";
// The manager takes state-changing calls of a cookie session only from its own origin.
const proxy = { target: manager, changeOrigin: true, headers: { origin: manager } };

export default defineConfig({
    base: "./",
    server: { proxy: { "/v1": proxy, "/auth": proxy } },
    build: {
        target: "es2022",
        // No data: URIs and no inline script, so that `default-src 'self'` holds without exceptions.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
    },
    test: { include: ["src/**/*.test.ts"], environment: "node" },
});
