// The page in a real browser, against the package as users have it: node .ci/page.mjs TARBALL, or
// `npx vitest run --config test/page/e2e/vitest.config.ts` against dist/. Not part of `npm test`, which needs no browser.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/page/e2e/**/*.e2e.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A browser takes both processors.
    maxWorkers: 1,
    fileParallelism: false,
  },
});
