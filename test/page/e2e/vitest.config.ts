// The page in a real browser, against the package as users have it: node .ci/page.mjs TARBALL, or
// `npx vitest run --config test/page/e2e/vitest.config.ts` against dist/. Not part of `npm test`, which needs no browser.
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const PACKAGE = process.env["TRACELIGHT_PACKAGE"] ?? join(import.meta.dirname, "../../..");

export default defineConfig({
  resolve: {
    alias: [
      { find: /^tracelight$/, replacement: join(PACKAGE, "dist/index.js") },
      { find: /^tracelight\/(\w+)$/, replacement: join(PACKAGE, "dist/$1/index.js") },
    ],
  },
  test: {
    globalSetup: [join(import.meta.dirname, "setup.ts")],
    include: ["test/page/e2e/**/*.e2e.ts"],
    // One that hangs is to end some day; how long one takes on a busy machine is nobody's fault.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    server: { deps: { external: [/\/dist\//] } },
    // No test may look for credentials on the network.
    env: { AWS_EC2_METADATA_DISABLED: "true", AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    // One waits while another works.
    maxWorkers: 2,
  },
});
